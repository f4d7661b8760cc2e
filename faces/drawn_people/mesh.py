"""Triangle meshes made of grids of points: lofts, tubes, balls.

Model frame: x to the right of the picture, y up, z towards the viewer. The head's half height is 1, the eyes are at
y = 0.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating[Any]]
Indices: TypeAlias = npt.NDArray[np.int32]


class Part(IntEnum):
    """What a surface is made of; 0 is kept for the background."""

    FACE = 1
    EAR = 2
    NECK = 3
    HAIR = 4
    BEARD = 5
    CLOTH = 6
    COLLAR = 7
    HAT = 8
    HAT_BAND = 9
    SCARF = 10
    GLASSES = 11
    METAL = 12
    CURLS = 13


@dataclass(frozen=True, slots=True)
class Mesh:
    """One surface.

    vertices and normals are (V, 3) in the model frame, triangles (T, 3) counter-clockwise seen from outside,
    uv (V, 2) material coordinates whose meaning depends on the part, cover (V,): where it is negative the surface is
    cut away.
    """

    part: Part
    vertices: Array
    normals: Array
    triangles: Indices
    uv: Array
    cover: Array
    on_head: bool = True
    two_sided: bool = False


def grid_mesh(
    part: Part,
    points: Array,
    *,
    uv: Array | None = None,
    cover: Array | None = None,
    closed: bool = False,
    on_head: bool = True,
    two_sided: bool = False,
) -> Mesh:
    """Join a grid of points (rows, columns, 3) to a surface.

    Seen from outside, columns run to the right and rows downwards. closed: the last column repeats the first one.
    uv (rows, columns, 2) is the share of the way along columns and rows unless it is given.
    """
    rows, columns = points.shape[:2]
    normals = grid_normals(points, closed=closed)
    if uv is None:
        across, down = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows))
        uv = np.stack([across, down], axis=-1)
    if cover is None:
        cover = np.ones((rows, columns), np.float32)
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    triangles = np.concatenate(
        [np.stack([a, c, b], axis=-1).reshape(-1, 3), np.stack([b, c, d], axis=-1).reshape(-1, 3)]
    )
    return Mesh(
        part=part,
        vertices=points.reshape(-1, 3).astype(np.float32),
        normals=normals.reshape(-1, 3),
        triangles=triangles,
        uv=uv.reshape(-1, 2).astype(np.float32),
        cover=cover.reshape(-1).astype(np.float32),
        on_head=on_head,
        two_sided=two_sided,
    )


def grid_normals(points: Array, *, closed: bool = False) -> Array:
    """Unit normals (rows, columns, 3) of a grid of points, by central differences; zero where the grid collapses."""
    down = np.gradient(points, axis=0)
    if closed:
        ring = np.concatenate([points[:, -2:-1], points, points[:, 1:2]], axis=1)
        across = (ring[:, 2:] - ring[:, :-2]) / 2
    else:
        across = np.gradient(points, axis=1)
    normals = np.cross(down, across)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    return np.asarray(normals / np.maximum(length, 1e-9), np.float32)


def tube(part: Part, path: Array, radius: Array | float, *, sides: int = 8, on_head: bool = True) -> Mesh:
    """A round tube along path (n, 3), radius (n,) or one for all; a path that ends where it began makes a ring."""
    tangent = np.gradient(path, axis=0)
    if np.allclose(path[0], path[-1], atol=1e-5):
        tangent[0] = tangent[-1] = path[1] - path[-2]
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    aside = np.cross(tangent, np.array([0.31, 0.17, 0.93]))
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-9)
    other = np.cross(tangent, aside)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.cos(angle)[None, :, None] * aside[:, None] + np.sin(angle)[None, :, None] * other[:, None]
    thickness = np.broadcast_to(np.asarray(radius, np.float32), (len(path),))
    points = path[:, None] + thickness[:, None, None] * ring
    return grid_mesh(part, points.astype(np.float32), closed=True, on_head=on_head, two_sided=True)


def ball(
    part: Part,
    center: tuple[float, float, float],
    radii: tuple[float, float, float],
    *,
    rows: int = 28,
    columns: int = 44,
    on_head: bool = True,
) -> Mesh:
    """An ellipsoid."""
    polar, around = np.meshgrid(np.linspace(0, np.pi, rows), np.linspace(-np.pi, np.pi, columns), indexing="ij")
    unit = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], axis=-1)
    points = np.asarray(center) + unit * np.asarray(radii)
    return grid_mesh(part, points.astype(np.float32), closed=True, on_head=on_head)
