"""Meshes to a shaded picture: project, z-buffer, color, light, ink."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, maximum_filter

from faces.drawn_people.camera import PIVOT, Framing, Pose, project
from faces.drawn_people.mesh import Array, Mesh, Part
from faces.drawn_people.palette import INK, SHADOW
from faces.drawn_people.raster import rasterize


@dataclass(frozen=True, slots=True)
class Light:
    """Where the light comes from (azimuth to the right of the picture and elevation, degrees), how much of it is
    everywhere (ambient, 0 to 1), its strength and its color."""

    azimuth: float = -35.0
    elevation: float = 35.0
    ambient: float = 0.5
    strength: float = 1.0
    color: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def direction(self) -> Array:
        azimuth, elevation = np.radians([self.azimuth, self.elevation])
        return np.array(
            [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)], np.float32
        )


@dataclass(frozen=True, slots=True)
class Surface:
    """What a material is asked to color: uv (n, 2), normal (n, 3) as seen by the viewer."""

    uv: Array
    normal: Array


_OVERSAMPLING = 2
_PIECE = 8192

Material = Callable[[Surface], Array]


@dataclass(frozen=True, slots=True)
class Shine:
    """Gloss of a part: strength and sharpness of its highlight."""

    strength: float
    sharpness: float


_SHINE = {
    Part.FACE: Shine(0.10, 18),
    Part.HAIR: Shine(0.14, 10),
    Part.METAL: Shine(0.7, 20),
    Part.GLASSES: Shine(0.35, 30),
}


def render(
    meshes: Sequence[Mesh],
    materials: Mapping[Part, Material],
    background: Array,
    *,
    pose: Pose,
    framing: Framing,
    light: Light,
) -> Array:
    """Draw meshes over a background (height, width, 3) of shares; returns shares of the same shape."""
    height, width = _OVERSAMPLING * background.shape[0], _OVERSAMPLING * background.shape[1]
    scene = _assemble(meshes, pose)
    screen = project(scene.vertices, framing, width, height)
    seen = rasterize(screen, scene.triangles, scene.cover, scene.two_sided, width=width, height=height)
    corners = scene.triangles[seen.triangle]
    packed = np.concatenate([scene.normals, scene.uv, screen[:, 2:]], axis=1)
    at = _interpolated(packed, corners, seen.weights)
    part = scene.part[seen.triangle]
    normal, uv, depth = at[:, :3], at[:, 3:5], at[:, 5]
    length = np.sqrt(np.einsum("pc,pc->p", normal, normal))
    normal *= (np.where(normal[:, 2] < 0, -1, 1) / np.maximum(length, 1e-6))[:, None]

    albedo = np.empty((len(part), 3), np.float32)
    for kind in np.unique(part):
        some = np.flatnonzero(part == kind)
        albedo[some] = materials[Part(kind)](Surface(uv[some], normal[some]))
    depths = np.zeros(height * width, np.float32)
    depths[seen.pixel] = depth
    parts = np.zeros(height * width, np.uint8)
    parts[seen.pixel] = part
    depths, parts = depths.reshape(height, width), parts.reshape(height, width)
    unit = framing.size * min(width, height)

    shaded = _lit(albedo, normal, part, light, _occlusion(depths, unit).reshape(-1)[seen.pixel])
    picture = background.repeat(_OVERSAMPLING, axis=0).repeat(_OVERSAMPLING, axis=1).reshape(-1, 3)
    picture[seen.pixel] = shaded
    return _inked(_halved(picture.reshape(height, width, 3)), _outlines(depths, parts, unit))


def _interpolated(packed: Array, corners: npt.NDArray[np.int32], weights: Array) -> Array:
    """Rows of packed (V, C) at pixels with these corners (P, 3) and weights (3, P), piece by piece to stay cached."""
    at = np.empty((len(corners), packed.shape[1]), np.float32)
    for start in range(0, len(corners), _PIECE):
        piece = slice(start, start + _PIECE)
        total = packed[corners[piece, 0]] * weights[0, piece, None]
        total += packed[corners[piece, 1]] * weights[1, piece, None]
        total += packed[corners[piece, 2]] * weights[2, piece, None]
        at[piece] = total
    return at


def _halved(fine: Array) -> Array:
    """The mean of every two by two pixels."""
    rows = fine[::2] + fine[1::2]
    return np.asarray((rows[:, ::2] + rows[:, 1::2]) * np.float32(0.25), np.float32)


@dataclass(frozen=True, slots=True)
class _Scene:
    vertices: Array
    normals: Array
    uv: Array
    cover: Array
    triangles: npt.NDArray[np.int32]
    part: npt.NDArray[np.uint8]
    two_sided: npt.NDArray[np.bool_]


def _assemble(meshes: Sequence[Mesh], pose: Pose) -> _Scene:
    """All meshes in one, the head turned by the pose and the body by a third of it."""
    turns = {True: pose.matrix(), False: pose.part(0.3).matrix()}
    offsets = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    return _Scene(
        vertices=np.concatenate([(mesh.vertices - PIVOT) @ turns[mesh.on_head].T + PIVOT for mesh in meshes]),
        normals=np.concatenate([mesh.normals @ turns[mesh.on_head].T for mesh in meshes]),
        uv=np.concatenate([mesh.uv for mesh in meshes]),
        cover=np.concatenate([mesh.cover for mesh in meshes]),
        triangles=np.concatenate(
            [mesh.triangles + np.int32(offset) for mesh, offset in zip(meshes, offsets, strict=False)]
        ),
        part=np.concatenate([np.full(len(mesh.triangles), mesh.part, np.uint8) for mesh in meshes]),
        two_sided=np.concatenate([np.full(len(mesh.triangles), mesh.two_sided) for mesh in meshes]),
    )


def _smooth(low: float, high: float, value: Array) -> Array:
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _lit(albedo: Array, normal: Array, part: npt.NDArray[np.uint8], light: Light, occlusion: Array) -> Array:
    """Soft light with one painterly step between light and shade, tinted shadows and a highlight."""
    toward = light.direction()
    facing = normal @ toward
    tone = 0.45 * _smooth(-0.12, 0.16, facing) + 0.55 * _smooth(-0.6, 0.9, facing)
    tone *= 1 - np.where(part == Part.FACE, 0.55, 0.75) * occlusion
    shadow = np.array(SHADOW, np.float32) * (0.55 + 0.75 * light.ambient)
    color = shadow + tone[:, None] * (np.array(light.color, np.float32) * light.strength * 1.06 - shadow)
    shaded = albedo * color
    half = toward + np.array([0, 0, 1], np.float32)
    gloss = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1)
    strength, sharpness = np.zeros(len(Part) + 1, np.float32), np.ones(len(Part) + 1, np.float32)
    for kind, shine in _SHINE.items():
        strength[kind], sharpness[kind] = shine.strength, shine.sharpness
    shaded += (strength[part] * gloss ** sharpness[part] * (1 - occlusion))[:, None]
    rim = _smooth(0.55, 0.95, 1 - normal[:, 2]) * np.clip(0.4 + facing, 0, 1)
    return np.asarray(shaded + 0.10 * rim[:, None] * albedo, np.float32)


def _occlusion(depth: Array, unit: float) -> Array:
    """How much (0 to 1) a place lies behind what is around it: the depth buffer's own unsharp mask.

    After Luft, Colditz and Deussen, "Image enhancement by unsharp masking the depth buffer", 2006.
    """
    step = 4
    small = depth[::step, ::step]
    floor = np.where(small > 0, small, 0.44)
    near = gaussian_filter(floor, 0.06 * unit / step)
    wide = gaussian_filter(floor, 0.17 * unit / step)
    behind = np.clip((near - floor) * 16, 0, 0.6) + np.clip((wide - floor - 0.004) * 9, 0, 0.55)
    rows = np.minimum(np.arange(depth.shape[0]) // step, small.shape[0] - 1)
    columns = np.minimum(np.arange(depth.shape[1]) // step, small.shape[1] - 1)
    full = np.clip(behind, 0, 1)[rows[:, None], columns[None, :]]
    return np.asarray(gaussian_filter(full, step * 0.6), np.float32)


def _outlines(depth: Array, part: npt.NDArray[np.uint8], unit: float) -> Array:
    """Share of ink (height / 2, width / 2): a line wherever one thing ends before another."""
    edge = np.zeros(depth.shape, np.uint8)
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        jump = np.abs(depth[first] - depth[second]) > 0.006
        change = part[first] != part[second]
        edge[first] |= np.where(jump, 255, 180 * change).astype(np.uint8)
    width = max(2, round(unit * 0.014))
    share = _halved(maximum_filter(edge, width).astype(np.float32)) / 255
    return np.asarray(gaussian_filter(share, 0.22 * width), np.float32)


def _inked(picture: Array, share: Array) -> Array:
    ink = 0.35 * picture * np.array([1.0, 0.85, 0.9], np.float32) + 0.35 * np.array(INK, np.float32)
    return np.asarray(picture + 0.85 * share[..., None] * (ink - picture), np.float32)
