"""What is worn on the head: hats, scarves, glasses, earrings."""

import numpy as np

from faces.drawn_people.identity import Earrings, Glasses, Headgear, Identity
from faces.drawn_people.mesh import Array, Mesh, Part, ball, grid_mesh, tube
from faces.drawn_people.skull import Skull


def build_headgear(identity: Identity, skull: Skull) -> list[Mesh]:
    """The person's headgear, if any."""
    match identity.headgear:
        case Headgear.NONE:
            return []
        case Headgear.CAP:
            return [_dome(skull, 0.085, front=0.48, back=0.25, crown=0.06), _brim(skull)]
        case Headgear.BEANIE:
            return [_dome(skull, 0.10, front=0.60, back=0.05, crown=0.10), *_fold(skull)]
        case Headgear.HAT:
            return [_dome(skull, 0.10, front=0.50, back=0.38, crown=0.16), _hat_band(skull), _wide_brim(skull)]
        case Headgear.TURBAN:
            return _turban(skull)
        case Headgear.HEADSCARF:
            return _headscarf(identity, skull)


def _sphere_grid(rows: int, columns: int, lowest: float) -> tuple[Array, Array]:
    polar = np.linspace(0, lowest, rows, dtype=np.float32)[:, None]
    around = np.linspace(-np.pi, np.pi, columns, dtype=np.float32)[None, :]
    return polar, around


def _rim(around: Array, front: float, back: float) -> Array:
    """y of a rim that is at one height in front and another behind."""
    return np.asarray(0.5 * (front + back) + 0.5 * (front - back) * np.cos(around), np.float32)


def _dome(skull: Skull, grow: float, *, front: float, back: float, crown: float) -> Mesh:
    polar, around = _sphere_grid(70, 140, 1.75)
    y = skull.height(polar)
    height = grow + crown * np.clip(y, 0, 1) ** 2
    points = skull.points(polar, around, grow=np.broadcast_to(height, (70, 140)))
    uv = np.stack(np.broadcast_arrays(around, polar), axis=-1)
    return grid_mesh(Part.HAT, points, uv=uv, cover=(y - _rim(around, front, back)) * 6, closed=True, two_sided=True)


def _level_ring(skull: Skull, y: Array, grow: Array | float, columns: int) -> Array:
    """Rings around the head (rows, columns, 3) at heights y (rows, columns), grown outwards."""
    around = np.broadcast_to(np.linspace(-np.pi, np.pi, columns), y.shape)
    polar = np.where(y > 0, np.arccos(np.clip(y, -1, 1)), np.pi / 2 + np.arcsin(np.clip(-y / -skull.chin, 0, 1)))
    return skull.points(polar.astype(np.float32), around.astype(np.float32), grow=np.broadcast_to(grow, y.shape))


def _fold(skull: Skull) -> list[Mesh]:
    around = np.linspace(-np.pi, np.pi, 140)[None, :]
    across = np.linspace(0, 1, 18)[:, None]
    y = _rim(around, 0.70, 0.16) - 0.24 * across
    swell = 0.10 + 0.065 * np.sin(np.pi * np.clip(across, 0.04, 0.96)) ** 0.5
    points = _level_ring(skull, y, swell, 140)
    uv = np.stack(np.broadcast_arrays(around, across), axis=-1)
    return [grid_mesh(Part.HAT_BAND, points, uv=uv, closed=True, two_sided=True)]


def _hat_band(skull: Skull) -> Mesh:
    around = np.linspace(-np.pi, np.pi, 140)[None, :]
    y = _rim(around, 0.66, 0.52) - 0.16 * np.linspace(0, 1, 6)[:, None]
    return grid_mesh(Part.HAT_BAND, _level_ring(skull, y, 0.15, 140), closed=True, two_sided=True)


def _brim(skull: Skull) -> Mesh:
    """The peak of a cap: a bent plate in front."""
    across = np.linspace(-1, 1, 60)[None, :]
    out = np.linspace(0, 1, 20)[:, None]
    around = across * 1.12
    base = _level_ring(skull, np.full((1, 60), 0.50) - 0.05 * across**2, 0.085, 60)
    start = skull.points(
        np.full((1, 60), float(np.arccos(0.50)), np.float32), around.astype(np.float32), grow=np.full((1, 60), 0.09)
    )
    del base
    reach = 0.52 * np.sqrt(np.clip(1 - across**2, 0, 1)) * out
    points = np.repeat(start, 20, axis=0)
    points[..., 2] += reach
    points[..., 1] += -0.10 * out * np.sqrt(np.clip(1 - across**2, 0, 1)) - 0.07 * across**2 + 0.02
    points[..., 0] *= 1 + 0.04 * out
    return grid_mesh(Part.HAT_BAND, points.astype(np.float32), two_sided=True)


def _wide_brim(skull: Skull) -> Mesh:
    around = np.linspace(-np.pi, np.pi, 140)[None, :]
    out = np.linspace(0, 1, 22)[:, None]
    y = np.broadcast_to(_rim(around, 0.50, 0.38), (22, 140))
    points = _level_ring(skull, y, 0.10, 140)
    points[..., 0] += 0.42 * out * np.sin(around)
    points[..., 2] += 0.42 * out * np.cos(around)
    points[..., 1] += 0.10 * out**2 * np.abs(np.sin(around)) ** 2 - 0.05 * out * np.cos(around)
    return grid_mesh(Part.HAT, points[::-1].astype(np.float32), closed=True, two_sided=True)


def _turban(skull: Skull) -> list[Mesh]:
    """Layers wound crosswise, meeting in a point over the forehead."""
    polar, around = _sphere_grid(90, 200, 1.9)
    y = skull.height(polar)
    beside = np.abs(np.sin(around)) * (np.cos(around) > 0) + (np.cos(around) <= 0)
    rim = 0.60 - 0.42 * np.clip(np.abs(around) / 1.5, 0, 1.3) ** 1.3
    folds = np.abs(np.sin((y * 1.0 + 0.55 * beside) * 17))
    bulge = 0.16 + 0.13 * np.clip(y, 0, 1) + 0.05 * np.sin(np.clip((y - rim) / 0.6, 0, 1) * np.pi) + 0.025 * folds
    bulge = bulge * np.clip(0.55 + (y - rim) * 2.5, 0.3, 1)
    points = skull.points(polar, around, grow=bulge)
    uv = np.stack(np.broadcast_arrays(y + 0.55 * beside, folds), axis=-1)
    shell = grid_mesh(Part.HAT, points, uv=uv, cover=(y - rim) * 6, closed=True, two_sided=True)
    under, turn = _sphere_grid(40, 120, 1.6)
    height = skull.height(under)
    v = 0.53 - 0.10 * np.abs(turn)
    lining = grid_mesh(
        Part.HAT_BAND,
        skull.points(under, turn, grow=np.full((40, 120), 0.035)),
        cover=np.broadcast_to((height - v) * 6, (40, 120)) * np.where(np.abs(turn) < 1.3, 1, -1),
        closed=True,
    )
    return [shell, lining]


def _headscarf(identity: Identity, skull: Skull) -> list[Mesh]:
    """A scarf around the face, and its drape over neck and shoulders."""
    polar, around = _sphere_grid(110, 180, np.pi)
    plain = skull.points(polar, around)
    x, y = plain[..., 0], plain[..., 1]
    middle, half = 0.5 * (0.66 + skull.chin), 0.5 * (0.66 - skull.chin) + 0.01
    wide = 0.61 * identity.head_width
    opening = (np.abs(x) / wide) ** 2.3 + (np.abs(y - middle) / half) ** 2.3 - 1
    cover = np.where(plain[..., 2] > skull.axis(0.0), opening, 1.0)
    folds = 0.012 * np.sin(9 * np.hypot(x, y - 0.2) + 3 * np.sin(around))
    grow = 0.075 + 0.05 * np.clip(-y, 0, 1) + folds + 0.03 * np.clip(y, 0, 1)
    hood = grid_mesh(
        Part.SCARF,
        skull.points(polar, around, grow=grow),
        uv=np.stack([opening, np.broadcast_to(polar, opening.shape)], axis=-1),
        cover=cover * 2,
        closed=True,
        two_sided=True,
    )
    return [hood, _drape(identity)]


def _drape(identity: Identity) -> Mesh:
    down = np.linspace(0, 1, 60)[:, None]
    turn = np.linspace(-np.pi, np.pi, 160)[None, :]
    y = -0.62 - 1.45 * down - 0.12 * np.cos(turn) * down
    radius = 0.60 + 0.08 * down + 0.58 * np.clip(down - 0.42, 0, 1) ** 1.2 + 0.02 * np.sin(turn * 9 + down * 9) * (0.4 + down)
    x = radius * np.sin(turn) * (1 + 0.25 * np.clip(down - 0.3, 0, 1))
    z = -0.10 + (radius * 0.95 + 0.02 * np.sin(down * 26 + 2 * turn)) * np.cos(turn)
    y = y - 0.10 * np.clip(np.cos(turn), 0, 1) * (1 - down)
    points = np.stack(np.broadcast_arrays(x * identity.head_width, y, z), axis=-1).astype(np.float32)
    return grid_mesh(Part.SCARF, points, closed=True, on_head=False, two_sided=True)


def build_glasses(identity: Identity, skull: Skull) -> list[Mesh]:
    """Rims, bridge and temples in front of the eyes."""
    if identity.glasses is Glasses.NONE:
        return []
    wide, tall = identity.eye_width * 1.12 + 0.045, 0.165
    power = {Glasses.ROUND: 1.0, Glasses.SQUARE: 0.45, Glasses.CAT_EYE: 0.7}[identity.glasses]
    if identity.glasses is Glasses.ROUND:
        wide, tall = min(wide, 0.215), 0.20
    front = float(skull.axis(0.0) + skull.front(0.0)) + 0.10
    turn = np.linspace(0, 2 * np.pi, 61)
    meshes = []
    for side in (-1, 1):
        u = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power * wide
        v = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power * tall - 0.015
        if identity.glasses is Glasses.CAT_EYE:
            v = v + 0.075 * np.clip(side * u / wide, 0, 1) * (v > 0)
        x = side * identity.eye_spacing * 1.04 + u
        path = np.stack([x, v, front - 0.30 * np.abs(x) ** 2.2], axis=-1)
        path[-1] = path[0]
        meshes.append(tube(Part.GLASSES, path.astype(np.float32), 0.017, sides=7))
        edge = side * (identity.eye_spacing * 1.04 + wide)
        ear = side * (float(skull.half_width(0.1)) + 0.02)
        temple = np.array([(edge, 0.05, front - 0.30 * abs(edge) ** 2.2), (ear, 0.06, 0.15), (ear, 0.03, -0.25)])
        meshes.append(tube(Part.GLASSES, temple.astype(np.float32), 0.018, sides=7))
    inner = identity.eye_spacing * 1.04 - wide
    across = np.linspace(-1, 1, 14)
    bridge = np.stack([across * inner, 0.03 + 0.03 * (1 - across**2), front + 0.01 + 0 * across], axis=-1)
    meshes.append(tube(Part.GLASSES, bridge.astype(np.float32), 0.016, sides=7))
    return meshes


def build_earrings(identity: Identity, skull: Skull) -> list[Mesh]:
    """A pair of earrings at the lobes."""
    lobe = float(skull.half_width(-0.12)) + 0.05, -0.12 - 0.22 * identity.ear_size, -0.10
    meshes = []
    for side in (-1, 1):
        x, y, z = side * lobe[0], lobe[1], lobe[2]
        match identity.earrings:
            case Earrings.NONE:
                return []
            case Earrings.STUDS:
                meshes.append(ball(Part.METAL, (x, y, z + 0.05), (0.038, 0.038, 0.038), rows=10, columns=14))
            case Earrings.HOOPS:
                turn = np.linspace(0, 2 * np.pi, 33)
                hoop = np.stack([x + 0.10 * np.sin(turn), y - 0.10 + 0.12 * np.cos(turn), z + 0 * turn], axis=-1)
                meshes.append(tube(Part.METAL, hoop.astype(np.float32), 0.014, sides=6))
            case Earrings.DROPS:
                meshes.append(ball(Part.METAL, (x, y - 0.02, z + 0.03), (0.02, 0.05, 0.02), rows=8, columns=12))
                meshes.append(ball(Part.METAL, (x, y - 0.13, z + 0.03), (0.045, 0.075, 0.045), rows=12, columns=16))
    return meshes
