"""Eyes and brows on the face's canvas."""

import numpy as np

from faces.drawn_people.canvas import Canvas, Window, inside, spot
from faces.drawn_people.expression import Expression
from faces.drawn_people.identity import Identity
from faces.drawn_people.mesh import Array
from faces.drawn_people.palette import INK, Color

EYE_WHITE: Color = (0.97, 0.955, 0.93)
_IRIS_RADIUS = 0.074


def paint_eyes(canvas: Canvas, identity: Identity, expression: Expression) -> None:
    """Both eyes: socket, white, iris with its light, lids and lashes."""
    for side in (-1, 1):
        center = side * identity.eye_spacing
        window = canvas.window(center - 0.26, center + 0.26, -0.24, 0.24)
        _paint_eye(window, identity, expression, side)


def _lids(window: Window, identity: Identity, expression: Expression, side: int) -> tuple[Array, Array, Array]:
    """q (1, columns): -1 at the inner to 1 at the outer corner; y of the upper and the lower lid there."""
    q = side * (window.x - side * identity.eye_spacing) / identity.eye_width
    bulge = np.clip(1 - q**2, 0, 1)
    age = np.clip((identity.age - 40) / 40, 0, 1)
    axis = identity.eye_tilt * identity.eye_width * q + 0.006
    height = identity.eye_height * (1 - 0.92 * expression.blink)
    droop = 1 - 0.14 * age * np.clip(q, 0, 1)
    upper = axis + height * bulge**0.72 * (1 - 0.10 * q) * droop
    squeeze = 0.30 * max(expression.smile, 0) + 0.15 * expression.blink
    lower = axis - 0.68 * identity.eye_height * (1 - squeeze) * bulge**0.85 * (1 + 0.12 * q)
    return q, upper, np.minimum(lower, upper - 0.004)


def _paint_eye(window: Window, identity: Identity, expression: Expression, side: int) -> None:
    q, upper, lower = _lids(window, identity, expression, side)
    skin, width = np.array(identity.skin), identity.eye_width
    center = (side * identity.eye_spacing, 0.0)
    window.shade(0.45 * spot(window, (center[0], 0.03), (0.2, 0.11)), (0.80, 0.68, 0.70))
    within = inside(np.abs(q) - 1, 0.03)
    ball = within * inside(np.maximum(window.y - upper, lower - window.y))
    window.mix(ball, EYE_WHITE)
    window.shade(0.5 * ball * inside(upper - 0.028 - window.y, 0.015), (0.72, 0.70, 0.78))
    _paint_iris(window, ball, identity, expression, center)
    # the crease of the upper lid, the lash lines, the lower lid
    crease = np.abs(window.y - upper - 0.028 - 0.012 * (1 - expression.blink)) - 0.007 * np.clip(1.1 - q**2, 0, 1)
    window.mix(0.55 * inside(np.abs(q) - 1.0, 0.05) * inside(crease), tuple(skin * (0.55, 0.42, 0.42)))
    lash = 0.010 + 0.012 * identity.lashes * np.clip(0.6 + 0.4 * q, 0, 1)
    line = np.abs(window.y - upper - 0.3 * lash) - lash * np.clip(0.55 + 0.45 * (1 - q**2), 0, 1)
    window.mix(0.95 * inside(np.abs(q) - 1.03, 0.05) * inside(line), INK)
    if identity.lashes > 0.45:
        flick = window.y - upper - 0.045 * np.clip(q - 0.72, 0, 1) / 0.4
        tail = np.abs(flick) - 0.012 * np.clip(1.45 - q, 0, 1)
        window.mix(0.9 * inside(np.abs(q - 1.05) - 0.33, 0.05) * inside(tail), INK)
    low = np.abs(window.y - lower) - 0.005
    window.mix(0.6 * inside(np.abs(q - 0.1) - 0.85, 0.1) * inside(low), tuple(skin * (0.50, 0.36, 0.36)))
    corner = spot(window, (center[0] - side * width * 0.97, -0.004), (0.018, 0.014))
    window.mix(0.6 * corner, tuple(skin * (0.95, 0.62, 0.60)))


def _paint_iris(
    window: Window, ball: Array, identity: Identity, expression: Expression, center: tuple[float, float]
) -> None:
    x = center[0] + 0.045 * expression.gaze_x
    y = 0.012 + 0.025 * expression.gaze_y
    distance = np.hypot(window.x - x, window.y - y)
    iris = np.array(identity.iris)
    window.mix(ball * inside(distance - _IRIS_RADIUS), tuple(iris * 0.62))
    window.mix(ball * inside(distance - _IRIS_RADIUS + 0.012, 0.010), tuple(iris))
    lower_light = ball * inside(distance - _IRIS_RADIUS + 0.014, 0.01) * np.clip((y - window.y) / 0.06, 0, 1)
    window.mix(0.6 * lower_light, tuple(np.clip(iris * 1.5 + 0.06, 0, 1)))
    window.mix(ball * inside(distance - 0.034), INK)
    window.mix(ball * inside(np.hypot(window.x - x - 0.024, window.y - y - 0.026) - 0.018), (1.0, 1.0, 1.0))
    window.mix(0.7 * ball * inside(np.hypot(window.x - x + 0.026, window.y - y + 0.028) - 0.009), (1.0, 1.0, 1.0))


def paint_brows(canvas: Canvas, identity: Identity, expression: Expression) -> None:
    """Both brows, thick inside and thin outside, with strokes of hair."""
    color = np.array(identity.hair_color) * 0.72
    # fair and grey brows would vanish, or look blue beside warm skin
    pale = float(np.clip((color.mean() - 0.30) / 0.3, 0, 0.75))
    color = color * (1 - pale) + np.array([0.42, 0.36, 0.32]) * pale
    rng = np.random.default_rng([identity.seed, 3])
    for side in (-1, 1):
        center = side * (identity.eye_spacing + 0.01)
        window = canvas.window(center - 0.32, center + 0.32, 0.02, 0.48)
        q = side * (window.x - center) / identity.brow_length
        height = identity.brow_height + 0.035 * expression.brows
        arch = 0.055 * identity.brow_arch * (1 - ((q - 0.25) / 0.9) ** 2)
        middle = height + identity.brow_tilt * identity.brow_length * q - 0.03 * q**2 + arch
        thickness = identity.brow_thickness * np.clip(1.0 - 0.38 * q, 0.25, 1.3) * np.clip(1.15 - q**4, 0, 1)
        hairs = np.sin((window.x * side * 0.9 - window.y * 0.9) * 210 + rng.uniform(0, 6)) * 0.004
        share = inside(np.abs(window.y - middle) - thickness + hairs, 0.008) * inside(np.abs(q) - 1, 0.04)
        window.mix(0.88 * share, tuple(color))
