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
_COLUMNS = 120

# half width, half depth and the place of the trunk's axis over y, from the hem of the picture up to the neck
_TRUNK_Y = [-3.6, -2.4, -2.05, -1.85, -1.70, -1.58, -1.46, -1.34, -1.22]
_TRUNK_WIDE = [1.60, 1.62, 1.58, 1.48, 1.28, 0.98, 0.68, 0.50, 0.41]
_TRUNK_DEEP = [0.74, 0.72, 0.66, 0.61, 0.57, 0.53, 0.49, 0.45, 0.41]


def build_body(identity: Identity, neckline: Neckline) -> list[Mesh]:
    """Neck, chest, the cloth over it and its collar."""
    trunk = _Trunk(identity)
    around = np.linspace(-np.pi, np.pi, _COLUMNS)[None, :]
    y = np.concatenate([np.linspace(-1.22, -1.9, 46), np.linspace(-1.95, -3.6, 14)])[:, None]
    chest = grid_mesh(Part.NECK, trunk.points(around, y[:52], grow=-0.015), closed=True, on_head=False)
    points = trunk.points(around, y, grow=0.02)
    cover = np.broadcast_to((_neckline_y(neckline, around) - y) * 4, points.shape[:2])
    cloth = grid_mesh(Part.CLOTH, points, uv=points[..., :2].copy(), cover=cover, closed=True, on_head=False)
    return [_neck(identity), chest, cloth, *_collar(identity, neckline, trunk)]


class _Trunk:
    """Sloping shoulders: a loft of ellipses, broader for the rugged."""

    def __init__(self, identity: Identity) -> None:
        build = 1.0 + 0.12 * (0.5 - identity.softness) + 0.8 * (identity.neck_width - 0.40)
        wide = np.array(_TRUNK_WIDE)
        wide = np.where(wide > 0.5, 0.5 + (wide - 0.5) * build, wide) + (identity.neck_width - 0.40)
        self._wide = PchipInterpolator(_TRUNK_Y, wide)
        self._deep = PchipInterpolator(_TRUNK_Y, np.array(_TRUNK_DEEP) + (identity.neck_width - 0.40))

    def points(self, around: Array, y: Array, *, grow: float = 0.0) -> Array:
        around, y = np.broadcast_arrays(around, y)
        x = (self._wide(y) + grow) * np.sin(around)
        z = (self._deep(y) + grow) * np.cos(around) - 0.17 + 0.05 * np.clip(-1.3 - y, 0, 1)
        return np.stack([x, y, z], axis=-1).astype(np.float32)


def _neckline_y(neckline: Neckline, around: Array) -> Array:
    """Where the cloth ends, as y over the angle around the neck."""
    front = np.clip(np.cos(around), 0, 1)
    match neckline:
        case Neckline.CREW:
            return -1.37 - 0.10 * front
        case Neckline.V_NECK:
            return -1.40 - 0.52 * np.clip(1 - np.abs(around) / 1.1, 0, 1) ** 1.4
        case Neckline.SHIRT:
            return -1.33 - 0.42 * np.clip(1 - np.abs(around) / 0.95, 0, 1) ** 1.4
        case Neckline.SCOOP:
            return -1.42 - 0.32 * front**1.8
        case Neckline.TURTLENECK:
            return np.full_like(around, -1.24)


def _neck(identity: Identity) -> Mesh:
    y = np.linspace(-0.35, -1.6, 34)[:, None]
    around = np.linspace(-np.pi, np.pi, 64)[None, :]
    radius = identity.neck_width + 0.012 * np.cos(y * 4)
    x, z = radius * np.sin(around), radius * np.cos(around) * 0.97 + NECK_Z - 0.03 * (y + 1.2)
    points = np.stack(np.broadcast_arrays(x, y, z), axis=-1).astype(np.float32)
    return grid_mesh(Part.NECK, points, closed=True, on_head=False)


def _collar(identity: Identity, neckline: Neckline, trunk: _Trunk) -> list[Mesh]:
    match neckline:
        case Neckline.CREW | Neckline.SCOOP | Neckline.V_NECK:
            around = np.linspace(-np.pi, np.pi, 97)
            path = trunk.points(around, _neckline_y(neckline, around), grow=0.015)
            return [tube(Part.COLLAR, path, 0.045 if neckline is Neckline.CREW else 0.028, on_head=False)]
        case Neckline.TURTLENECK:
            return [_turtleneck(identity)]
        case Neckline.SHIRT:
            return [_shirt_collar(identity, side) for side in (-1, 1)]


def _turtleneck(identity: Identity) -> Mesh:
    y = np.linspace(-1.03, -1.55, 30)[:, None]
    around = np.linspace(-np.pi, np.pi, 72)[None, :]
    roll = 0.045 * np.sin(np.clip((y + 1.03) / -0.34, 0, 1) * np.pi) ** 0.6
    radius = identity.neck_width + 0.035 + roll + 0.25 * np.clip(-1.40 - y, 0, 1)
    x, z = radius * np.sin(around), radius * np.cos(around) + NECK_Z + 0.02
    points = np.stack(np.broadcast_arrays(x, y - 0.07 * np.cos(around), z), axis=-1).astype(np.float32)
    return grid_mesh(Part.COLLAR, points, closed=True, on_head=False, two_sided=True)


def _shirt_collar(identity: Identity, side: int) -> Mesh:
    """One wing of a shirt collar: a strip around the neck that ends in a point."""
    along, down = np.meshgrid(np.linspace(0, 1, 40), np.linspace(0, 1, 12))
    turn = np.pi - along * (np.pi - 0.20)
    radius = identity.neck_width + 0.045 + 0.17 * down
    x = radius * np.sin(turn) + 0.17 * along**4 * down
    z = NECK_Z + 0.03 + radius * np.cos(turn) + 0.10 * along**4 * down
    drop = 0.17 + 0.22 * np.clip(along - 0.55, 0, 1) ** 1.5 / 0.3
    y = -1.17 - 0.22 * along**3 - down * drop
    points = np.stack([side * x, y, z], axis=-1).astype(np.float32)
    return grid_mesh(Part.COLLAR, points, on_head=False, two_sided=True)
