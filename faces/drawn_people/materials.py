"""How each part is colored: skin from the painted face, strands of hair, cloth with its pattern."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from faces.drawn_people.canvas import Canvas
from faces.drawn_people.identity import Identity
from faces.drawn_people.mesh import Array, Part
from faces.drawn_people.palette import CLOTH_COLORS, GOLD, Color
from faces.drawn_people.render import Material, Surface


class Pattern(Enum):
    PLAIN = "plain"
    STRIPES = "stripes"
    DOTS = "dots"
    CHECKS = "checks"


@dataclass(frozen=True, slots=True)
class Clothes:
    """Colors of the cloth, its second color and its pattern."""

    color: Color
    second: Color
    pattern: Pattern


def build_materials(identity: Identity, face: Canvas, clothes: Clothes) -> Mapping[Part, Material]:
    """A material for every part of a person."""
    hat = CLOTH_COLORS[identity.headgear_hue % len(CLOTH_COLORS)]
    band = CLOTH_COLORS[identity.headgear_hue // 16 % len(CLOTH_COLORS)]
    scarf_pattern = (Pattern.PLAIN, Pattern.PLAIN, Pattern.DOTS)[identity.headgear_hue // 256 % 3]
    beard = np.array(identity.hair_color) * 0.88

    def skin(surface: Surface) -> Array:
        return _flat(surface, identity.skin)

    def ear(surface: Surface) -> Array:
        inner = np.exp(-((surface.uv[:, :1] / 0.45) ** 2))
        flush = 1 - inner * np.array([0.16, 0.30, 0.30], np.float32)
        return np.asarray(_flat(surface, identity.skin) * flush, np.float32)

    return {
        Part.FACE: lambda surface: face.sample(surface.uv[:, 0], surface.uv[:, 1]),
        Part.EAR: ear,
        Part.NECK: skin,
        Part.HAIR: lambda surface: _strands(surface, identity.hair_color, 1.0),
        Part.CURLS: lambda surface: _curls(surface, identity.hair_color),
        Part.BEARD: lambda surface: _strands(surface, (float(beard[0]), float(beard[1]), float(beard[2])), 1.3),
        Part.CLOTH: lambda surface: _cloth(surface, clothes.color, clothes.second, clothes.pattern),
        Part.COLLAR: lambda surface: _flat(surface, clothes.color) * np.float32(0.92),
        Part.HAT: lambda surface: _layers(surface, hat),
        Part.HAT_BAND: lambda surface: _ribs(surface, band),
        Part.SCARF: lambda surface: _cloth(surface, hat, (0.93, 0.89, 0.82), scarf_pattern),
        Part.GLASSES: lambda surface: _flat(surface, identity.glasses_color),
        Part.METAL: lambda surface: _flat(surface, GOLD),
    }


def _flat(surface: Surface, color: Color) -> Array:
    return np.broadcast_to(np.array(color, np.float32), (len(surface.uv), 3)).copy()


def _strands(surface: Surface, color: Color, density: float) -> Array:
    """Locks of three tones and a few dark lines between them."""
    u, v = surface.uv[:, 0] * density, surface.uv[:, 1]
    locks = 0.55 * np.sin(u * 38 + 1.8 * np.sin(v * 3)) + 0.35 * np.sin(u * 87 + 1.2 * np.sin(v * 4.4 + 1) + 1)
    locks += 0.35 * np.sin(u * 17 - 1.5 * v)
    tone = 1 + 0.14 * np.clip(locks * 2.2, -1, 1) - 0.28 * np.clip((-locks - 0.72) * 5, 0, 1)
    return np.asarray(np.array(color, np.float32) * tone[:, None] + 0.012 * tone[:, None], np.float32)


def _curls(surface: Surface, color: Color) -> Array:
    """Dark between the curls, lighter on them, with a turn of the brush on each."""
    height, turn = surface.uv[:, 0], surface.uv[:, 1]
    tone = 0.74 + 0.36 * np.clip(height, 0, 1) + 0.07 * np.sin(height * 17 + turn)
    return np.asarray(np.array(color, np.float32) * tone[:, None] + 0.012, np.float32)


def _layers(surface: Surface, color: Color) -> Array:
    """Wound cloth: darker where a layer begins under the next one."""
    depth = np.clip((0.22 - surface.uv[:, 1:]) * 5, 0, 1)
    return np.asarray(_flat(surface, color) * (1 - 0.30 * depth), np.float32)


def _ribs(surface: Surface, color: Color) -> Array:
    ribs = 1 - 0.10 * np.clip(np.sin(surface.uv[:, :1] * 60) * 3, -1, 0.3)
    return np.asarray(_flat(surface, color) * ribs, np.float32)


def _cloth(surface: Surface, color: Color, second: Color, pattern: Pattern) -> Array:
    cloth = _flat(surface, color)
    u, v = surface.uv[:, 0], surface.uv[:, 1]
    match pattern:
        case Pattern.PLAIN:
            return cloth
        case Pattern.STRIPES:
            share = np.clip(np.sin(v * 26) * 6 - 2.5, 0, 1)
        case Pattern.DOTS:
            share = np.clip((np.cos(u * 34) + np.cos(v * 34) - 1.35) * 8, 0, 1)
        case Pattern.CHECKS:
            share = 0.4 * (np.sin(u * 16) > 0) + 0.4 * (np.sin(v * 16) > 0)
    cloth += share[:, None] * (np.array(second, np.float32) - cloth)
    return np.asarray(cloth, np.float32)
