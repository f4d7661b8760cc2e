"""Neck and shoulders with what is worn over them."""

from enum import Enum

import numpy as np
from scipy.interpolate import PchipInterpolator

from faces.drawn_people.identity import Identity
from faces.drawn_people.mesh import Array, Mesh, Part, grid_mesh, tube


class Neckline(Enum):
    CREW = "crew neck"
    V_NECK = "v-neck"
    SHIRT = "shirt collar"
    TURTLENECK = "turtleneck"
    SCOOP = "scoop neck"


NECK_Z = -0.16


def build_body(identity: Identity, neckline: Neckline) -> list[Mesh]:
    """Neck, torso and the collar. The neck's v is 0 under the head and 1 at the chest."""
    meshes = [_neck(identity, neckline), _torso(identity, neckline)]
    if neckline is Neckline.CREW:
        meshes.append(_collar_ring(identity, height=-1.36, swell=0.055, grow=0.07))
    if neckline is Neckline.TURTLENECK:
        meshes.append(_turtleneck(identity))
    if neckline is Neckline.SHIRT:
        meshes.extend(_shirt_collar(identity, side) for side in (-1, 1))
    return meshes


def _ring(radius_x: Array, radius_z: Array, y: Array, z: Array, columns: int) -> Array:
    turn = np.linspace(-np.pi, np.pi, columns)[None, :]
    x = radius_x[:, None] * np.sin(turn)
    depth = radius_z[:, None] * np.cos(turn) + z[:, None]
    return np.stack([x, np.broadcast_to(y[:, None], x.shape), depth], axis=-1).astype(np.float32)


def _neck(identity: Identity, neckline: Neckline) -> Mesh:
    y = np.linspace(-0.35, -1.75, 40)
    flare = 0.9 * np.clip((-1.2 - y) / 0.5, 0, 1) ** 2
    radius = identity.neck_width + 0.30 * flare + 0.02 * np.cos(y * 4)
    points = _ring(radius, radius * 0.96, y, NECK_Z - 0.05 * (y + 1.2), 64)
    return grid_mesh(Part.NECK, points, closed=True, on_head=False)


def _torso(identity: Identity, neckline: Neckline) -> Mesh:
    """Sloping shoulders; uv are x and y. Where the neckline lies bare the cloth is cut away."""
    y = np.concatenate([np.linspace(-1.22, -1.9, 46), np.linspace(-1.95, -3.6, 16)])
    wide = PchipInterpolator([-3.6, -2.4, -2.05, -1.85, -1.7, -1.58, -1.46, -1.34, -1.22][::1],
                             [1.60, 1.62, 1.58, 1.48, 1.28, 0.98, 0.68, 0.50, 0.40])(y)  # fmt: skip
    build = 1.0 + 0.12 * (0.5 - identity.softness) + 0.8 * (identity.neck_width - 0.40)
    wide = np.where(wide > 0.5, 0.5 + (wide - 0.5) * build, wide) + (identity.neck_width - 0.40)
    deep = PchipInterpolator([-3.6, -2.4, -1.85, -1.58, -1.34, -1.22], [0.72, 0.70, 0.60, 0.52, 0.45, 0.40])(y)
    points = _ring(wide, deep, y, -0.22 + 0.05 * np.clip(-1.3 - y, 0, 1), 110)
    x, front = points[..., 0], points[..., 2] > NECK_Z
    return grid_mesh(
        Part.CLOTH,
        points,
        uv=points[..., :2].copy(),
        cover=_cut(neckline, x, points[..., 1], front),
        closed=True,
        on_head=False,
    )


def _cut(neckline: Neckline, x: Array, y: Array, front: Array) -> Array:
    """Negative where the neckline leaves the skin bare; x, y on the torso."""
    match neckline:
        case Neckline.V_NECK:
            edge = np.where(front, -2.05 + 1.55 * np.abs(x), -1.35)
        case Neckline.SHIRT:
            edge = np.where(front, -1.78 + 1.6 * np.abs(x), -1.30)
        case Neckline.SCOOP:
            edge = np.where(front, -1.72 + 0.9 * x**2, -1.42)
        case Neckline.CREW:
            edge = np.where(front, -1.46 + 0.25 * x**2, -1.34)
        case Neckline.TURTLENECK:
            return np.ones_like(x)
    return (np.minimum(edge, -1.2) - y) * 4


def _collar_ring(identity: Identity, *, height: float, swell: float, grow: float) -> Mesh:
    turn = np.linspace(0, 2 * np.pi, 72)
    radius = identity.neck_width + grow
    front = np.cos(turn)
    path = np.stack(
        [radius * np.sin(turn), height - 0.10 * np.clip(front, -0.3, 1), NECK_Z + radius * front], axis=-1
    )
    return tube(Part.COLLAR, path.astype(np.float32), swell, on_head=False)


def _turtleneck(identity: Identity) -> Mesh:
    y = np.linspace(-1.02, -1.62, 30)
    roll = 0.035 * np.sin(np.clip((y + 1.02) / -0.32, 0, 1) * np.pi)
    radius = identity.neck_width + 0.05 + roll + 0.5 * np.clip(-1.42 - y, 0, 1)
    points = _ring(radius, radius, y, np.full_like(y, NECK_Z + 0.02), 72)
    points[..., 1] -= 0.08 * np.clip(np.cos(np.linspace(-np.pi, np.pi, 72)), -0.5, 1)
    return grid_mesh(Part.COLLAR, points, closed=True, on_head=False, two_sided=True)


def _shirt_collar(identity: Identity, side: int) -> Mesh:
    """One wing of a shirt collar: a strip around the neck that ends in a point."""
    along, down = np.meshgrid(np.linspace(0, 1, 40), np.linspace(0, 1, 12))
    turn = np.pi - along * (np.pi - 0.16)
    radius = identity.neck_width + 0.055 + 0.15 * down
    x, z = radius * np.sin(turn), NECK_Z + 0.02 + radius * np.cos(turn)
    top = -1.20 - 0.20 * along**3
    drop = 0.15 + 0.22 * np.clip(along - 0.55, 0, 1) ** 1.5 / 0.3
    y = top - down * drop
    z = z + 0.07 * along**4 * down
    x = x + 0.16 * along**4 * down
    points = np.stack([side * x, y, z], axis=-1).astype(np.float32)
    return grid_mesh(Part.COLLAR, points, on_head=False, two_sided=True)
