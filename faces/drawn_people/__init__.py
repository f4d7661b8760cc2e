"""Drawn people: portraits of people who do not exist, drawn from numbers, for a gallery without anybody's biometrics.

A head is a mesh with hair, clothes and accessories, seen through a z-buffer, shaded and inked. Everything is
deterministic by seed.
"""

from faces.drawn_people.identity import Beard, Earrings, Glasses, HairStyle, Headgear, Identity, draw_identity
from faces.drawn_people.people import draw_people
from faces.drawn_people.photo import Shot, draw_photo, draw_shot, render_shot

__all__ = [
    "Beard",
    "Earrings",
    "Glasses",
    "HairStyle",
    "Headgear",
    "Identity",
    "Shot",
    "draw_identity",
    "draw_people",
    "draw_photo",
    "draw_shot",
    "render_shot",
]
