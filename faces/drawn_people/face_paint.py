"""The face's colors, painted on its plane: skin, cheeks, freckles, lines of age, nose, mouth.

Eyes and brows have their own file.
"""

import numpy as np

from faces.drawn_people.canvas import Canvas, Window, inside, spot, stroke
from faces.drawn_people.expression import Expression
from faces.drawn_people.eye_paint import paint_brows, paint_eyes
from faces.drawn_people.identity import Beard, Identity
from faces.drawn_people.mesh import Array
from faces.drawn_people.palette import Color

TEETH: Color = (0.97, 0.95, 0.91)
MOUTH_INSIDE: Color = (0.42, 0.13, 0.15)


def tinted(color: Color, factor: Color) -> Color:
    """A color multiplied by another one."""
    return color[0] * factor[0], color[1] * factor[1], color[2] * factor[2]


def paint_face(identity: Identity, expression: Expression, *, scale: float = 220.0) -> Canvas:
    """Paint a face; scale: texture pixels a unit of the model frame."""
    canvas = Canvas(left=-0.98, right=0.98, bottom=-1.2, top=0.95, scale=scale, color=identity.skin)
    _paint_complexion(canvas, identity)
    _paint_age(canvas, identity)
    if identity.beard is Beard.STUBBLE:
        _paint_stubble(canvas, identity)
    _paint_nose(canvas, identity)
    _paint_mouth(canvas, identity, expression)
    paint_eyes(canvas, identity, expression)
    paint_brows(canvas, identity, expression)
    return canvas


def _paint_complexion(canvas: Canvas, identity: Identity) -> None:
    flush = (1.03, 0.80, 0.77)
    for side in (-1, 1):
        cheek = canvas.side_window(side, 0.05, 0.8, -0.6, 0.15)
        cheek.shade(0.55 * spot(cheek, (side * 0.42, -0.24), (0.19, 0.15)), flush)
    nose = canvas.window(-0.25, 0.25, -0.6, -0.1)
    nose.shade(0.4 * spot(nose, (0, -identity.nose_length), (0.12, 0.09)), flush)
    if identity.freckles:
        rng = np.random.default_rng([identity.seed, 7])
        for _ in range(int(60 * identity.freckles)):
            x, y = float(rng.normal(0, 0.28)), float(rng.normal(-0.2, 0.09))
            size = float(rng.uniform(0.007, 0.014))
            _paint_dot(canvas, (x, y), size, 0.6, tinted(identity.skin, (0.70, 0.55, 0.48)))
    if identity.mole is not None:
        _paint_dot(canvas, identity.mole, 0.014, 0.85, tinted(identity.skin, (0.45, 0.35, 0.35)))


def _paint_dot(canvas: Canvas, center: tuple[float, float], radius: float, share: float, color: Color) -> None:
    x, y = center
    around = radius + 0.02
    dot = canvas.window(x - around, x + around, y - around, y + around)
    dot.mix(share * inside(np.hypot(dot.x - x, dot.y - y) - radius, 0.005), color)


def _paint_age(canvas: Canvas, identity: Identity) -> None:
    """Brush lines that come with the years: beside the mouth, under and beside the eyes, over the brow."""
    old = float(np.clip((identity.age - 32) / 35, 0, 1))
    if old <= 0:
        return
    ink = tinted(identity.skin, (0.62, 0.48, 0.46))
    wing, corner = identity.nose_width + 0.025, identity.mouth_width + 0.05
    for side in (-1, 1):
        side_window = canvas.side_window(side, 0.0, 0.75, -0.8, 0.3)
        tip = -identity.nose_length + 0.03
        fold = [(side * wing, tip), (side * (wing + 0.06), -0.5), (side * corner, identity.mouth_y)]
        side_window.mix(0.65 * old * stroke(side_window, np.array(fold), 0.02), ink)
        eye, low = identity.eye_spacing, -identity.eye_height - 0.07
        bag = [(side * (eye - 0.12), low + 0.02), (side * eye, low - 0.015), (side * (eye + 0.11), low + 0.03)]
        side_window.mix(0.55 * old * stroke(side_window, np.array(bag), 0.015), ink)
        for k in range(3 if old > 0.35 else 0):
            out = eye + identity.eye_width + 0.035
            crow = [(side * out, 0.02 - 0.03 * k), (side * (out + 0.075), 0.055 - 0.06 * k)]
            side_window.mix(0.6 * old * stroke(side_window, np.array(crow), 0.012), ink)
    forehead = canvas.window(-0.5, 0.5, 0.25, 0.6)
    for k in range(int(3.2 * old)):
        y = identity.brow_height + 0.15 + 0.075 * k
        half = 0.3 - 0.05 * k
        wave = np.stack([np.linspace(-half, half, 7), y + 0.012 * np.cos(np.arange(7) * 1.7)], axis=-1)
        forehead.mix(0.45 * old * stroke(forehead, wave, 0.014), ink)


def beard_share(identity: Identity, x: Array, y: Array) -> Array:
    """How much beard grows at a point of the face's plane: 0 none to 1 full, by the beard's cut."""
    mouth, beside = identity.mouth_y, np.abs(x)
    line = -0.02 - 0.40 * np.clip(1 - ((beside - 0.12) / 0.60) ** 2, 0, 1)  # from the sideburn down the cheek
    jaw = inside(y - line, 0.05)
    top = -identity.nose_length - 0.05
    reach = beside / (identity.mouth_width * 1.12 + 0.03)
    middle = 0.5 * (top + mouth + 0.5 * identity.upper_lip) - 0.07 * reach**2
    half = 0.5 * (top - mouth - 0.3 * identity.upper_lip)
    thickness = half * np.clip(1 - reach**2.6, 0, 1) ** 0.8 * (1 - 0.25 * np.exp(-((beside / 0.03) ** 2)))
    mustache = inside(np.abs(y - middle) - thickness, 0.012) * inside(reach - 1, 0.02)
    lip_height = 0.022 + 1.1 * identity.lower_lip
    lips = (beside / (identity.mouth_width * 1.12)) ** 2 + ((y - mouth + 0.01) / lip_height) ** 2 - 1
    around = inside(-lips, 0.15)
    chin = inside(np.hypot(beside / 0.30, (y + 0.92) / 0.30) - 1, 0.08)
    if identity.beard is Beard.MUSTACHE:
        return mustache
    if identity.beard is Beard.GOATEE:
        return np.asarray(np.maximum(chin * around, mustache) * (beside < 0.34), np.float32)
    if identity.beard in (Beard.SHORT, Beard.FULL, Beard.STUBBLE):
        full = jaw * around * inside(y - mouth - 0.30 - beside * 0.4, 0.05)
        return np.asarray(np.maximum(full, mustache), np.float32)
    return np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)


def _paint_stubble(canvas: Canvas, identity: Identity) -> None:
    window = canvas.window(-0.8, 0.8, -1.2, 0.1)
    window.shade(0.45 * beard_share(identity, window.x, window.y), (0.62, 0.62, 0.70))


def _paint_nose(canvas: Canvas, identity: Identity) -> None:
    tip = -identity.nose_length
    wing = identity.nose_width
    window = canvas.window(-0.35, 0.35, tip - 0.15, 0.2)
    dark = tinted(identity.skin, (0.42, 0.28, 0.28))
    window.shade(0.25 * spot(window, (0, tip - 0.075), (wing, 0.035)), (0.72, 0.6, 0.62))
    for side in (-1, 1):
        across, down = window.x - side * wing * 0.46, window.y - (tip - 0.032) + 0.15 * np.abs(window.x)
        window.mix(0.9 * inside(np.hypot(across / 1.5, down) - 0.021, 0.007), dark)
        arc = np.linspace(-0.9, 1.25, 8)
        line = np.stack([side * (wing * 0.72 + 0.062 * np.cos(arc)), tip + 0.015 + 0.062 * np.sin(arc)], axis=-1)
        window.mix(0.55 * stroke(window, line.astype(np.float32), 0.02), dark)
    base = np.array([(-0.05, tip - 0.048), (0.0, tip - 0.062), (0.05, tip - 0.048)])
    window.mix(0.5 * stroke(window, base, 0.016), dark)
    window.mix(0.35 * spot(window, (0.012, tip + 0.055), (0.03, 0.03)), (1.0, 0.97, 0.93))


def _paint_mouth(canvas: Canvas, identity: Identity, expression: Expression) -> None:
    """Two lips with a bow above, the line between them, or the teeth."""
    mouth = identity.mouth_y
    window = canvas.window(-0.45, 0.45, mouth - 0.3, mouth + 0.22)
    width = identity.mouth_width * (1 + 0.18 * max(expression.smile, 0) - 0.05 * expression.open)
    s = window.x / width
    bulge = np.clip(1 - s**2, 0, 1)
    middle = mouth + (0.075 * expression.smile) * (s**2 - 0.3) + 0.006 * np.cos(3 * np.pi * s) * bulge
    gap = 0.085 * expression.open
    upper, lower = middle + 0.3 * gap * bulge**0.8, middle - gap * bulge**0.7
    bow = 1 - 0.30 * np.exp(-((s / 0.16) ** 2)) + 0.10 * np.exp(-(((np.abs(s) - 0.28) / 0.18) ** 2))
    top = upper + identity.upper_lip * bulge**0.75 * bow
    bottom = lower - identity.lower_lip * (1 - 0.15 * max(expression.smile, 0)) * bulge**0.65
    red = 0.35 + 0.65 * identity.lip_color
    lip = tinted(identity.skin, (1 - 0.10 * red, 0.80 - 0.28 * red, 0.80 - 0.24 * red))
    within = inside(np.abs(window.x) - width, 0.006)
    window.mix(within * inside(np.maximum(window.y - top, bottom - window.y)), lip)
    window.shade(within * inside(np.maximum(window.y - top, upper - window.y)), (0.86, 0.80, 0.82))
    light = spot(window, (0.03, mouth - gap - 0.55 * identity.lower_lip), (0.32 * width, 0.28 * identity.lower_lip))
    window.mix(0.35 * light, (1.0, 0.93, 0.90))
    if gap > 0.012:
        _paint_open_mouth(window, upper, lower, within, gap)
    line = np.minimum(np.abs(window.y - upper), np.abs(window.y - lower)) - 0.009 * (0.5 + 0.5 * bulge)
    ink = tinted(identity.skin, (0.40, 0.20, 0.22))
    window.mix(0.9 * inside(np.abs(window.x) - width * 1.03, 0.01) * inside(line), ink)
    for side in (-1, 1):
        corner = (side * width * 1.02, mouth + 0.0525 * expression.smile)
        window.mix(0.55 * spot(window, corner, (0.022, 0.02)), ink)
    shade = spot(window, (0, float(mouth - gap - identity.lower_lip - 0.05)), (0.6 * width, 0.028))
    window.shade(0.5 * shade, (0.74, 0.62, 0.64))


def _paint_open_mouth(window: Window, upper: Array, lower: Array, within: Array, gap: float) -> None:
    hole = within * inside(np.maximum(window.y - upper, lower - window.y))
    window.mix(hole, MOUTH_INSIDE)
    teeth = hole * inside(upper - 0.62 * gap - window.y)
    window.mix(teeth, TEETH)
    window.shade(teeth * inside(upper - 0.014 - window.y), (0.85, 0.80, 0.82))
