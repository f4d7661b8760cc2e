"""The head with its features: skull plus relief, the ears and the neck."""

import numpy as np

from faces.drawn_people.expression import Expression
from faces.drawn_people.identity import Identity
from faces.drawn_people.mesh import Array, Mesh, Part, grid_mesh
from faces.drawn_people.skull import Skull

_ROWS = 132


def _around_steps() -> Array:
    """Angles around the head, four times as dense in front as behind, closed."""
    even = np.linspace(-np.pi, np.pi, 145)
    return (even - 0.6 * np.sin(even)).astype(np.float32)


def build_head(identity: Identity, expression: Expression, skull: Skull) -> list[Mesh]:
    """The face, then the ears. The face's uv are x and y before the relief, unrolled to the outside behind the ears."""
    even = np.linspace(0, np.pi, _ROWS, dtype=np.float32)[:, None]
    polar = even + np.float32(0.12) * np.sin(2 * even)  # more rows where the features are
    around = _around_steps()[None, :]
    points = skull.points(polar, around)
    flat = points[..., :2].copy()
    behind = np.broadcast_to(np.cos(around) < 0, flat.shape[:2])
    widest = np.broadcast_to(skull.half_width(skull.height(polar)), flat.shape[:2])
    flat[..., 0] = np.where(behind, np.sign(flat[..., 0] + 1e-9) * (2 * widest - np.abs(flat[..., 0])), flat[..., 0])
    facing = np.clip(np.cos(around) * 4, 0, 1) * np.clip(np.sin(polar) * 4, 0, 1)
    points[..., 2] += facing * relief(identity, expression, flat[..., 0], flat[..., 1])
    points = _lower_jaw(points, expression, around)
    face = grid_mesh(Part.FACE, points, uv=flat, closed=True)
    return [face, *(_ear(identity, skull, side) for side in (-1, 1))]


def _bump(x: Array, y: Array, center: tuple[float, float], size: tuple[float, float]) -> Array:
    return np.asarray(np.exp(-(((x - center[0]) / size[0]) ** 2) - ((y - center[1]) / size[1]) ** 2))


def relief(identity: Identity, expression: Expression, x: Array, y: Array) -> Array:
    """How far the face stands out in z at (x, y), beyond the skull."""
    return _eyes_relief(identity, x, y) + _nose_relief(identity, x, y) + _lower_relief(identity, expression, x, y)


def _eyes_relief(identity: Identity, x: Array, y: Array) -> Array:
    eye = identity.eye_spacing
    beside = np.abs(x)
    ridge = 0.022 + 0.05 * identity.brow_ridge
    out = ridge * np.exp(-(((y - identity.brow_height + 0.02) / 0.075) ** 2) - (np.abs(x) / 0.5) ** 4)
    out -= (0.045 + identity.eye_depth) * _bump(beside, y, (eye - 0.02, 0.0), (0.19, 0.12))
    # the ball of the eye under its lids
    ball = 1 - ((beside - eye) / (identity.eye_width * 1.08)) ** 2 - (y / 0.135) ** 2
    out += 0.085 * np.sqrt(np.clip(ball, 0, 1))
    age = np.clip((identity.age - 45) / 30, 0, 1)
    out += 0.012 * age * _bump(beside, y, (eye, -identity.eye_height - 0.055), (0.11, 0.03))
    return np.asarray(out)


def _nose_relief(identity: Identity, x: Array, y: Array) -> Array:
    length, tip_y = identity.nose_length, -identity.nose_length
    along = np.clip((0.09 - y) / (0.09 + length), 0, 1)
    below = np.clip(1 - (tip_y + 0.02 - y) / (0.075 + 0.02 * identity.nose_tip), 0, 1)
    height = identity.nose_height
    profile = height * (
        along**1.15 * (1 - 0.22 * (1 - identity.nose_bridge)) + 0.16 * identity.nose_bridge * (1 - along)
    )
    profile = np.where(y < 0.12, profile, 0) * np.clip((0.12 - y) / 0.1, 0, 1)
    breadth = 0.055 + 0.02 * identity.nose_bridge + (0.42 * identity.nose_width) * along**2
    out = profile * np.exp(-((np.abs(x) / breadth) ** 2.2)) * (below**0.7)
    lifted = tip_y + 0.035 + 0.025 * identity.nose_tip
    out += 0.045 * _bump(x, y, (0, lifted), (0.07, 0.06))
    wing = identity.nose_width * 0.72
    out += 0.45 * height * _bump(np.abs(x), y, (wing, tip_y + 0.025), (0.055, 0.05))
    return np.asarray(out)


def _lower_relief(identity: Identity, expression: Expression, x: Array, y: Array) -> Array:
    beside = np.abs(x)
    smile = max(expression.smile, 0.0)
    out = (0.03 + 0.035 * identity.cheekbones + 0.03 * smile) * _bump(beside, y, (0.40, -0.17), (0.17, 0.13))
    out += 0.03 * identity.cheeks * _bump(beside, y, (0.40, -0.45), (0.18, 0.18))
    mouth = identity.mouth_y
    width = identity.mouth_width * (1 + 0.2 * smile)
    curve = mouth + 0.05 * expression.smile * (x / width) ** 2
    lips = np.exp(-((beside / width) ** 4))
    out += 0.045 * lips * np.exp(-(((y - mouth) / 0.15) ** 2))
    out += 0.035 * lips * np.exp(-(((y - curve - 0.6 * identity.upper_lip) / (0.7 * identity.upper_lip)) ** 2))
    out += 0.045 * lips * np.exp(-(((y - curve + 0.6 * identity.lower_lip) / (0.7 * identity.lower_lip)) ** 2))
    out -= 0.035 * np.exp(-((beside / (0.6 * width)) ** 2) - ((y - mouth + identity.lower_lip + 0.075) / 0.045) ** 2)
    chin = -0.9 - 0.8 * identity.chin_length
    out += 0.06 * _bump(x, y, (0, chin), (0.19 + 0.07 * identity.chin_width, 0.11))
    # the fold from the nose to the corner of the mouth
    fold = beside - (identity.nose_width + 0.03 + (width - identity.nose_width) * np.clip((-0.36 - y) / 0.27, 0, 1.1))
    depth = 0.008 + 0.016 * smile + 0.014 * np.clip((identity.age - 35) / 35, 0, 1)
    out -= depth * np.exp(-((fold / 0.03) ** 2) - (((y + 0.48) / 0.15) ** 4))
    return np.asarray(out)


def _lower_jaw(points: Array, expression: Expression, around: Array) -> Array:
    """Drop the chin a little for an open mouth."""
    low = np.clip((-0.62 - points[..., 1]) / 0.25, 0, 1) * np.clip(np.cos(around), 0, 1)
    points[..., 1] -= 0.075 * expression.open * low
    return points


def _ear(identity: Identity, skull: Skull, side: int) -> Mesh:
    """A shell-shaped dish with a rim, standing off the head; uv are the dish's own polar coordinates."""
    radius, turn = np.meshgrid(np.linspace(0, 1, 22), np.linspace(0, 2 * np.pi, 48), indexing="ij")
    tall, wide = 0.255 * identity.ear_size, 0.155 * identity.ear_size
    up = np.cos(turn)
    across = np.sin(turn) * (1 + 0.22 * up)
    v, u = radius * up * tall, radius * across * wide
    rim = np.exp(-(((radius - 0.84) / 0.15) ** 2)) * np.clip(0.75 + 0.5 * np.cos(turn - 0.5), 0, 1)
    bowl = np.exp(-((radius / 0.5) ** 4))
    inner = np.exp(-(((radius - 0.52) / 0.13) ** 2)) * np.clip(np.cos(turn - 0.3), 0, 1)
    thick = 0.06 * rim - 0.05 * bowl + 0.03 * inner - 0.10 * np.clip(radius - 0.88, 0, 1) / 0.12
    angle = identity.ear_angle
    # the dish lies along the side of the head: u runs backwards, turned outwards by the angle, and its height outwards
    x = 0.02 + u * np.sin(angle) + wide * np.sin(angle) * 0.8 + thick * np.cos(angle)
    z = -u * np.cos(angle) + thick * np.sin(angle) * 0.9
    y = v - 0.02 * u / wide
    place = np.array([float(skull.half_width(-0.12)) - 0.035, -0.12, -0.16])
    points = np.stack([side * (x + place[0]), y + place[1], z + place[2]], axis=-1).astype(np.float32)
    uv = np.stack([radius, turn / (2 * np.pi)], axis=-1)
    if side > 0:
        points, uv = points[:, ::-1], uv[:, ::-1]
    return grid_mesh(Part.EAR, points, uv=uv, closed=True, two_sided=True)
