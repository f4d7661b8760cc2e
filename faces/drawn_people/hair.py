"""Hair: a shell over the skull, a curtain that hangs from it, buns and tails, and the beard."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from faces.drawn_people.face_paint import beard_share
from faces.drawn_people.identity import Beard, HairStyle, Headgear, Identity
from faces.drawn_people.mesh import Array, Mesh, Part, ball, grid_mesh, tube
from faces.drawn_people.skull import Skull


@dataclass(frozen=True, slots=True)
class Cut:
    """A haircut.

    top, side and lift are thicknesses in head units, lift adds to the front; part from 0 (none) to 1 (deep) is the
    parting; fringe is how far the front hangs below the hairline; curls is the number of bumps, 0 for straight hair,
    and curl their height; length is the y where a curtain ends, if there is one, flare and wave its form; high is how
    far the hairline has receded, 0 or 1.
    """

    top: float
    side: float
    lift: float = 0.0
    part: float = 0.0
    fringe: float = 0.0
    curls: int = 0
    curl: float = 0.0
    length: float | None = None
    flare: float = 0.0
    wave: float = 0.0
    high: float = 0.0


CUTS: dict[HairStyle, Cut] = {
    HairStyle.RECEDING: Cut(0.03, 0.045, high=1.0),
    HairStyle.CROP: Cut(0.035, 0.02),
    HairStyle.SHORT: Cut(0.11, 0.045, lift=0.04, part=0.3),
    HairStyle.SWEPT: Cut(0.13, 0.05, lift=0.07, part=1.0, fringe=0.08),
    HairStyle.QUIFF: Cut(0.15, 0.035, lift=0.17, part=0.15),
    HairStyle.CURLY: Cut(0.13, 0.08, lift=0.05, fringe=0.08, curls=120, curl=0.13),
    HairStyle.AFRO: Cut(0.34, 0.27, curls=240, curl=0.085),
    HairStyle.BOB: Cut(0.12, 0.09, part=0.7, length=-0.80, flare=0.06),
    HairStyle.FRINGE_BOB: Cut(0.12, 0.09, fringe=0.33, length=-0.72, flare=0.08),
    HairStyle.LONG: Cut(0.13, 0.11, flare=0.10, part=0.6, length=-1.85),
    HairStyle.LONG_FRINGE: Cut(0.13, 0.11, flare=0.10, fringe=0.33, length=-1.75),
    HairStyle.WAVY: Cut(0.15, 0.13, part=0.8, length=-1.55, flare=0.14, wave=1.0),
    HairStyle.BUN: Cut(0.06, 0.045),
    HairStyle.TWO_BUNS: Cut(0.06, 0.045),
    HairStyle.PONYTAIL: Cut(0.075, 0.05, part=0.8),
}

# where hair begins, as y over the angle around the head in degrees; the first two entries are the person's own hairline
_LINE_AT = np.array([0.0, 30.0, 50.0, 62.0, 71.0, 79.0, 88.0, 95.0, 112.0, 128.0, 145.0, 180.0])
_LINE_Y = np.array([0.0, 0.0, 0.0, 0.40, 0.10, -0.12, -0.14, 0.12, 0.08, -0.30, -0.52, -0.56])


def hairline(identity: Identity, cut: Cut, around: Array) -> Array:
    """y of the hairline at an angle around the head (radians)."""
    y = _LINE_Y.copy()
    y[:3] = np.array([1.0, 0.985, 0.86]) * identity.hairline
    if cut.high:
        y[:5] = [0.93, 0.90, 0.80, 0.52, 0.16]
    y[:3] -= cut.fringe * np.array([1.0, 1.05, 1.15])
    if cut.fringe > 0.2:
        y[3] -= 0.10
    return np.asarray(np.interp(np.degrees(np.abs(around)), _LINE_AT, y), np.float32)


def build_hair(identity: Identity, skull: Skull) -> list[Mesh]:
    """All hair of the head. uv: across and along the strands."""
    if identity.hair_style is HairStyle.BALD or identity.headgear in (Headgear.HEADSCARF, Headgear.TURBAN):
        return []
    cut = CUTS[identity.hair_style]
    covered = identity.headgear is not Headgear.NONE
    meshes = [_shell(identity, skull, cut, covered=covered)]
    if cut.length is not None:
        meshes.append(_curtain(identity, skull, cut, cut.length, covered=covered))
    if not covered:
        meshes.extend(_tied(identity))
    return meshes


def _smooth(low: float, high: float, value: Array) -> Array:
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _volume(identity: Identity) -> float:
    return 0.75 + 0.55 * identity.hair_volume


def _shell(identity: Identity, skull: Skull, cut: Cut, *, covered: bool) -> Mesh:
    polar = np.linspace(0.0, 2.25, 74, dtype=np.float32)[:, None]
    around = np.linspace(-np.pi, np.pi, 150, dtype=np.float32)[None, :]
    y = np.broadcast_to(skull.height(polar), (74, 150))
    line = hairline(identity, cut, around)
    rng = np.random.default_rng([identity.seed, 11])
    phase = rng.uniform(0, 6, 3)
    jag = 0.016 * np.sin(around * 47 + phase[0]) + 0.012 * np.sin(around * 83 + phase[1])
    above = y - line - jag * (0.6 if cut.curls else 0.25 if cut.part > 0.5 else 1.0)
    grown = _thickness(identity, cut, polar, around, above)
    curl = np.zeros_like(grown)
    if cut.curls:
        curl = _curls(rng, cut.curls, polar, around)
        grown = grown + cut.curl * curl * _smooth(-0.02, 0.15, above)
    if covered:
        grown = np.minimum(grown, 0.05 + 0.04 * (y < 0.3))
    points = skull.points(polar, around, grow=grown)
    if cut.part > 0.5:
        # strands run sideways from the parting, over the top and down: lines about an axis that lies low in the head
        over = np.arctan2(points[..., 2] + 0.1, points[..., 1] + 0.55)
        uv = np.stack([1.5 * over, np.abs(points[..., 0])], axis=-1)
    elif cut.curls:
        uv = np.stack([curl, np.broadcast_to(polar * 9, curl.shape)], axis=-1)
    else:
        lean = cut.part * 0.9 * np.clip(np.cos(around), 0, 1)
        uv = np.stack(np.broadcast_arrays(around + lean * polar, polar), axis=-1)
    part = Part.CURLS if cut.curls else Part.HAIR
    return grid_mesh(part, points, uv=uv, cover=above * 6, closed=True, two_sided=True)


def _thickness(identity: Identity, cut: Cut, polar: Array, around: Array, above: Array) -> Array:
    """Thickness of the shell: thin at its edge, thickest at the top, parted or lifted in front."""
    up = _smooth(1.45, 0.75, polar)
    front = np.clip(np.cos(around), 0, 1)
    thick = (cut.side + (cut.top - cut.side) * up) * _volume(identity)
    thick = thick + cut.lift * front**2 * np.sin(polar) * _smooth(1.30, 0.95, polar) * _smooth(0.0, 0.12, above)
    if cut.part > 0.25:
        side = 1 if identity.seed % 2 else -1
        groove = np.exp(-(((around * side - 0.52) / 0.10) ** 2)) * _smooth(0.15, 0.4, polar)
        thick = thick * (1 - 0.55 * groove * front)
        thick = thick + 0.035 * cut.part * np.sin(around * side + 2.6) * front * up
    strands = 0.010 * np.sin(around * 31 + 2 * polar * cut.part) + 0.006 * np.sin(around * 57 + 1.0)
    ramp = 0.45 if cut.top > 0.3 else 0.14 if cut.top > 0.08 else 0.25
    edge = 0.014 + (1 - 0.014) * np.sqrt(_smooth(-0.02, ramp, above))
    if cut.fringe > 0.2:
        edge = np.maximum(edge, 0.62 * front)
    return np.asarray((thick + strands * np.sin(polar)) * edge, np.float32)


def _curls(rng: np.random.Generator, count: int, polar: Array, around: Array) -> Array:
    """Round bumps (0 between them to 1 on top) at directions spread over the head."""
    index = np.arange(count) + 0.5
    golden = np.pi * (1 + 5**0.5) * index
    level = 1 - 1.65 * index / count
    flat = np.sqrt(1 - level**2)
    centers = np.stack([flat * np.cos(golden), level, flat * np.sin(golden)], axis=-1)
    centers += rng.normal(0, 0.25 / np.sqrt(count), centers.shape)
    centers /= np.linalg.norm(centers, axis=1, keepdims=True)
    place = np.stack(
        np.broadcast_arrays(np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)), axis=-1
    )
    nearest = (place.reshape(-1, 3).astype(np.float32) @ centers.T.astype(np.float32)).max(axis=1)
    gap = np.arccos(np.clip(nearest, -1, 1)) / (2.05 / np.sqrt(count))
    return np.asarray(np.sqrt(np.clip(1 - gap**2, 0, 1)).reshape(place.shape[:2]), np.float32)


def _curtain(identity: Identity, skull: Skull, cut: Cut, length: float, *, covered: bool) -> Mesh:
    """Hair that hangs down beside and behind the face, open in front."""
    rows, columns = 64, 120
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, columns, dtype=np.float32)[None, :]
    top = 0.30 if covered else 0.62
    level = top + (length - top) * down
    opening = np.interp(level, [-1.9, -1.0, -0.4, 0.1, 0.45, 0.65], [0.80, 1.02, 1.18, 1.12, 0.95, 0.72])
    around = opening + (2 * np.pi - 2 * opening) * across
    held = np.maximum(level, 0.02)
    width, axis = skull.half_width(held), skull.axis(held)
    ring = np.sqrt(np.clip(1 - held**2, 0, 1))
    below = np.clip(-level, 0, 2)
    thick = cut.side * _volume(identity) + cut.flare * _smooth(0.0, 0.9, below)
    thick = thick * (0.45 if covered else 1.0) + (cut.top - cut.side) * 0.5 * _smooth(0.2, 0.6, level) * (not covered)
    if length > -1.0:
        thick = thick - 0.06 * _smooth(0.72, 1.0, down)
    ripple = cut.wave * 0.045 * np.sin(level * 8.5 + 1.4 * np.cos(around * 2)) * _smooth(0.0, 0.35, below)
    locks = (0.022 * np.sin(around * 15) + 0.012 * np.sin(around * 34)) * _smooth(0.3, -0.3, level)
    grow = thick + ripple + locks
    depth = np.where(np.cos(around) > 0, skull.front(held) * 0.90, skull.back(held)) * ring
    x = (width + grow) * np.sin(around)
    z = axis + (depth + grow) * np.cos(around)
    ends = 0.04 * np.sin(around * 22) + 0.03 * np.sin(around * 41)
    y = level - down**6 * ends
    points = np.stack(np.broadcast_arrays(x, y, z), axis=-1).astype(np.float32)
    uv = np.stack(np.broadcast_arrays(around + 0.15 * cut.wave * np.sin(level * 8.5), 1 - level), axis=-1)
    return grid_mesh(Part.HAIR, points[:, ::1], uv=uv, two_sided=True)


def _tied(identity: Identity) -> list[Mesh]:
    size = 0.9 + 0.3 * identity.hair_volume
    match identity.hair_style:
        case HairStyle.BUN:
            return [_bun((0.0, 1.06, -0.30), 0.30 * size)]
        case HairStyle.TWO_BUNS:
            return [_bun((side * 0.55, 0.93, -0.15), 0.25 * size) for side in (-1, 1)]
        case HairStyle.PONYTAIL:
            return [_tail(1 if identity.seed % 2 else -1, 0.20 * size)]
        case _:
            return []


def _tail(side: int, thickness: float) -> Mesh:
    """From the back of the head over one shoulder."""
    nodes = [(0.1, 0.62, -0.92), (0.5, 0.55, -1.1), (0.86, 0.0, -0.85), (0.92, -0.7, -0.5), (0.8, -1.4, -0.1)]
    t = np.linspace(0, 1, 36)
    path = CubicSpline(np.linspace(0, 1, 5), nodes)(t) * (side, 1, 1)
    radius = thickness * np.sin(np.pi * (0.12 + 0.86 * t)) ** 0.6
    return tube(Part.HAIR, path.astype(np.float32), radius.astype(np.float32), sides=20)


def _bun(center: tuple[float, float, float], radius: float) -> Mesh:
    return ball(Part.HAIR, center, (radius, radius * 0.88, radius))


def build_beard(identity: Identity, face: Mesh) -> list[Mesh]:
    """The beard as a layer over the face mesh. uv: across and along the hairs."""
    if identity.beard in (Beard.NONE, Beard.STUBBLE):
        return []
    x, y = face.uv[:, 0], face.uv[:, 1]
    share = beard_share(identity, x, y)
    long = {Beard.FULL: 0.15, Beard.SHORT: 0.05, Beard.GOATEE: 0.07, Beard.MUSTACHE: 0.05}[identity.beard]
    chin = np.exp(-((x / 0.4) ** 2)) * np.clip((-0.55 - y) / 0.4, 0, 1.2)
    thick = np.clip((share - 0.4) / 0.5, 0, 1) * (0.03 + long * (0.25 + 0.75 * chin)) + 0.01
    strands = 0.012 * np.sin(x * 75 + 4 * y) + 0.01 * np.sin(x * 41 - 6 * y)
    vertices = face.vertices + face.normals * (thick + strands * np.clip(share, 0, 1))[:, None]
    if identity.beard is Beard.FULL:
        vertices[:, 1] -= 0.13 * np.clip(share, 0, 1) * chin
    normals = face.normals + np.stack([2.2 * np.cos(x * 75 + 4 * y) * 0.12, 0 * x, 0 * x], axis=-1)
    cover = share - 0.45 + strands * 6
    uv = np.stack([x * 2.2 + 0.3 * y, y], axis=-1)
    return [Mesh(Part.BEARD, vertices, normals, face.triangles, uv, cover)]
