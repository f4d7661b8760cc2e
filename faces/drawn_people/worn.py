"""What is worn on the head: hats, scarves, glasses, earrings."""

import numpy as np

from faces.drawn_people.identity import Earrings, Glasses, Headgear, Identity
from faces.drawn_people.mesh import Array, Mesh, Part, ball, grid_mesh, tube
from faces.drawn_people.skull import Skull


def build_headgear(identity: Identity, skull: Skull) -> list[Mesh]:
    """The person's headgear, if any. A hat's v is the way across a layer of cloth, 0 where the layer begins."""
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
    polar, around = _sphere_grid(48, 110, 1.75)
    y = skull.height(polar)
    height = grow + crown * np.clip(y, 0, 1) ** 2
    points = skull.points(polar, around, grow=np.broadcast_to(height, (48, 110)))
    uv = np.stack(np.broadcast_arrays(around, np.full_like(polar, 0.5)), axis=-1)
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
    start = skull.points(
        np.full((1, 60), float(np.arccos(0.50)), np.float32), around.astype(np.float32), grow=np.full((1, 60), 0.09)
    )
    bow = np.sqrt(np.clip(1 - across**2, 0, 1))
    points = np.repeat(start, 20, axis=0)
    points[..., 2] += 0.50 * bow * out
    points[..., 1] += 0.03 - 0.17 * out * bow - 0.11 * across**2
    points[..., 0] *= 1 + 0.06 * out
    return grid_mesh(Part.HAT_BAND, points[::-1].astype(np.float32), two_sided=True)


def _wide_brim(skull: Skull) -> Mesh:
    around = np.linspace(-np.pi, np.pi, 140)[None, :]
    out = np.linspace(0, 1, 22)[:, None]
    y = np.broadcast_to(_rim(around, 0.50, 0.38), (22, 140))
    points = _level_ring(skull, y, 0.10, 140)
    points[..., 0] += 0.36 * out * np.sin(around)
    points[..., 2] += 0.36 * out * np.cos(around)
    points[..., 1] += 0.12 * out**2 * np.sin(around) ** 2 - 0.09 * out * np.cos(around)
    uv = np.full((22, 140, 2), 0.5)
    return grid_mesh(Part.HAT, points[::-1].astype(np.float32), uv=uv, closed=True, two_sided=True)


def _turban(skull: Skull) -> list[Mesh]:
    """Cloth wound crosswise in layers that meet in a point over the forehead, and the edge of the cloth beneath."""
    polar, around = _sphere_grid(100, 150, 1.95)
    y = np.broadcast_to(skull.height(polar), (100, 150))
    front = np.clip(np.cos(around), -0.35, 1)
    rim = 0.18 + 0.40 * np.clip(np.cos(around), 0, 1) ** 1.4 - 0.10 * (np.cos(around) < 0)
    # layers rise from the sides to the middle of the front: right over left
    side = np.where(np.sin(around) > 0.06, 1.0, 0.0)
    rise = y + 0.62 * np.abs(np.sin(around)) * front
    share = (rise * 4.6 + 0.5 * side) % 1.0
    layer = np.minimum(share / 0.75, (1 - share) / 0.25)
    bulge = 0.15 + 0.12 * np.clip(y, 0, 1) ** 2 + 0.09 * np.sin(np.clip((y - rim) / 0.75, 0, 1) * np.pi)
    bulge = (bulge + 0.05 * layer * np.sin(polar)) * np.clip(0.62 + (y - rim) * 2.2, 0.3, 1)
    points = skull.points(polar, around, grow=bulge)
    uv = np.stack(np.broadcast_arrays(rise, layer), axis=-1)
    shell = grid_mesh(Part.HAT, points, uv=uv, cover=(y - rim) * 6, closed=True, two_sided=True)
    under, turn = _sphere_grid(40, 120, 1.6)
    peak = np.where(np.abs(turn) < 1.2, 0.535 - 0.26 * turn**2, 2.0)
    lining = grid_mesh(
        Part.HAT_BAND,
        skull.points(under, turn, grow=np.full((40, 120), 0.04)),
        cover=(skull.height(under) - peak) * 6,
        closed=True,
    )
    return [shell, lining]


def _headscarf(identity: Identity, skull: Skull) -> list[Mesh]:
    """A scarf around the face, and its drape over neck and shoulders."""
    polar, around = _sphere_grid(84, 130, np.pi)
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
        uv=np.stack([x + 0.6 * plain[..., 2], y], axis=-1),
        cover=cover * 2,
        closed=True,
        two_sided=True,
    )
    return [hood, _drape(identity)]


def _drape(identity: Identity) -> Mesh:
    """From under the chin over neck and shoulders, longest in front."""
    down = np.linspace(0, 1, 70)[:, None]
    turn = np.linspace(-np.pi, np.pi, 160)[None, :]
    # its upper edge hides under the chin in front and inside the hood behind, wherever the head turns
    edge = 0.30 * np.clip(0.4 - np.cos(turn), 0, 1) - 0.26 * np.clip(np.cos(turn), 0, 1)
    y = -0.42 - (1.32 + 0.38 * np.cos(turn)) * down + edge * (1 - down)
    wide = np.interp(-y, [0.42, 0.8, 1.15, 1.35, 1.46, 1.58, 1.7, 1.9], [0.58, 0.63, 0.63, 0.68, 0.8, 1.1, 1.4, 1.6])
    deep = np.interp(-y, [0.42, 0.8, 1.15, 1.46, 1.9, 2.3], [0.52, 0.56, 0.57, 0.62, 0.74, 0.82])
    pleats = 0.03 * down * np.sin(turn * 13 + 4 * down) + 0.018 * np.sin(down * 21 + 3 * np.abs(turn)) * (1 - down)
    x = (identity.head_width * wide + pleats) * np.sin(turn)
    z = (deep + pleats) * np.cos(turn) - 0.12
    points = np.stack(np.broadcast_arrays(x, y, z), axis=-1).astype(np.float32)
    return grid_mesh(Part.SCARF, points, uv=points[..., :2].copy(), closed=True, on_head=False, two_sided=True)


def build_glasses(identity: Identity, skull: Skull) -> list[Mesh]:
    """Rims, bridge and temples in front of the eyes."""
    if identity.glasses is Glasses.NONE:
        return []
    wide, tall = identity.eye_width * 1.12 + 0.045, 0.165
    power = {Glasses.ROUND: 1.0, Glasses.SQUARE: 0.45, Glasses.CAT_EYE: 0.7}[identity.glasses]
    if identity.glasses is Glasses.ROUND:
        wide, tall = min(wide, 0.215), 0.20
    front = float(skull.axis(0.0) + skull.front(0.0)) + 0.10
    round_u, round_v = _superellipse(power)
    meshes = []
    for side in (-1, 1):
        u, v = round_u * wide, round_v * tall - 0.015
        if identity.glasses is Glasses.CAT_EYE:
            v = v + 0.075 * np.clip(side * u / wide, 0, 1) * (v > 0)
        x = side * identity.eye_spacing * 1.04 + u
        path = np.stack([x, v, front - 0.30 * np.abs(x) ** 2.2], axis=-1)
        path[-1] = path[0]
        meshes.append(tube(Part.GLASSES, path.astype(np.float32), 0.017, sides=7))
        edge = side * (identity.eye_spacing * 1.04 + wide)
        ear = side * (float(skull.half_width(0.1)) - 0.005)
        temple = np.array([(edge, 0.05, front - 0.30 * abs(edge) ** 2.2), (ear, 0.06, 0.15), (ear, 0.03, -0.25)])
        meshes.append(tube(Part.GLASSES, temple.astype(np.float32), 0.018, sides=7))
    inner = identity.eye_spacing * 1.04 - wide
    across = np.linspace(-1, 1, 14)
    bridge = np.stack([across * inner, 0.03 + 0.03 * (1 - across**2), front + 0.01 + 0 * across], axis=-1)
    meshes.append(tube(Part.GLASSES, bridge.astype(np.float32), 0.016, sides=7))
    return meshes


def _superellipse(power: float) -> tuple[Array, Array]:
    """A closed curve between circle (1) and square (0) with evenly spaced points."""
    turn = np.linspace(0, 2 * np.pi, 721)
    u = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** power
    v = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** power
    along = np.concatenate([[0], np.cumsum(np.hypot(np.diff(u), np.diff(v)))])
    at = np.linspace(0, along[-1], 73)
    return np.interp(at, along, u), np.interp(at, along, v)


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
