"""One photo of a drawn person: what is different from photo to photo, by lot, and the picture."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from faces.drawn_people.background import Wall, paint_background
from faces.drawn_people.body import Neckline, build_body
from faces.drawn_people.camera import Framing, Pose
from faces.drawn_people.expression import Expression
from faces.drawn_people.face_paint import paint_face
from faces.drawn_people.hair import build_beard, build_hair
from faces.drawn_people.head import build_head
from faces.drawn_people.identity import Headgear, Identity
from faces.drawn_people.materials import Clothes, Pattern, build_materials
from faces.drawn_people.mesh import Array, Mesh
from faces.drawn_people.palette import CLOTH_COLORS, WALL_COLORS, Color
from faces.drawn_people.render import Light, render
from faces.drawn_people.skull import build_skull
from faces.drawn_people.worn import build_earrings, build_glasses, build_headgear

_SALT = 40_013
SMALLEST_SIDE = 32


@dataclass(frozen=True, slots=True)
class Shot:
    """Everything about one photo but the person. blur in pixels of the picture, noise in levels of 255."""

    pose: Pose
    expression: Expression
    framing: Framing
    light: Light
    clothes: Clothes
    neckline: Neckline
    wall: Wall
    wall_color: Color
    blur: float
    noise: float
    grain_seed: int


def draw_shot(rng: np.random.Generator) -> Shot:
    """Pose, face, light, distance, clothes and background of one photo, by lot."""
    smile = float(np.clip(rng.normal(0.48, 0.33), -0.15, 1))
    opened = float(rng.uniform(0.25, 0.9)) if smile > 0.25 and rng.random() < 0.45 else 0.0
    warmth = float(rng.normal(0, 0.025))
    color, second = rng.choice(len(CLOTH_COLORS), 2, replace=False)
    patterns = (Pattern.PLAIN, Pattern.PLAIN, Pattern.STRIPES, Pattern.DOTS, Pattern.CHECKS)
    return Shot(
        pose=Pose(
            yaw=float(np.clip(rng.normal(0, 13), -32, 32)),
            pitch=float(np.clip(rng.normal(1, 5), -12, 12)),
            roll=float(np.clip(rng.normal(0, 4), -11, 11)),
        ),
        expression=Expression(
            smile=smile,
            open=opened,
            blink=float(rng.uniform(0, 0.3)),
            brows=float(np.clip(rng.normal(0.25, 0.35), -0.6, 1)),
            gaze_x=float(np.clip(rng.normal(0, 0.25), -0.6, 0.6)),
            gaze_y=float(np.clip(rng.normal(0, 0.2), -1, 1)),
        ),
        framing=Framing(
            x=float(0.5 + rng.normal(0, 0.025)),
            y=float(0.47 + rng.normal(0, 0.02)),
            size=float(rng.uniform(0.22, 0.315)),
        ),
        light=Light(
            azimuth=float(rng.choice([-1, 1]) * rng.uniform(8, 55)),
            elevation=float(rng.uniform(15, 55)),
            ambient=float(rng.uniform(0.40, 0.75)),
            strength=float(rng.uniform(0.93, 1.05)),
            color=(1 + warmth, 1.0, 1 - 1.4 * warmth),
        ),
        clothes=Clothes(CLOTH_COLORS[color], CLOTH_COLORS[second], patterns[int(rng.integers(len(patterns)))]),
        neckline=list(Neckline)[int(rng.integers(len(Neckline)))],
        wall=list(Wall)[int(rng.integers(len(Wall)))],
        wall_color=WALL_COLORS[int(rng.integers(len(WALL_COLORS)))],
        blur=float(rng.uniform(0, 0.7)),
        noise=float(rng.uniform(0.5, 4)),
        grain_seed=int(rng.integers(1 << 31)),
    )


def build_person(identity: Identity, expression: Expression, neckline: Neckline) -> list[Mesh]:
    """All surfaces of a person in the model frame, before any turn."""
    skull = build_skull(identity)
    head = build_head(identity, expression, skull)
    if identity.headgear is Headgear.HEADSCARF:
        head = head[:1]  # the ears lie under it
    return [
        *head,
        *build_beard(identity, head[0]),
        *build_hair(identity, skull),
        *build_headgear(identity, skull),
        *build_glasses(identity, skull),
        *build_earrings(identity, skull),
        *build_body(identity, neckline),
    ]


def render_shot(identity: Identity, shot: Shot, size: tuple[int, int] = (400, 400)) -> npt.NDArray[np.uint8]:
    """The picture (height, width, 3), RGB, of a person in a shot; size is (width, height) in pixels."""
    width, height = size
    if min(size) < SMALLEST_SIDE:
        raise ValueError(f"A drawn photo needs {SMALLEST_SIDE} or more pixels a side, not {width}x{height}.")
    rng = np.random.default_rng([shot.grain_seed, 1])
    background = paint_background(shot.wall, shot.wall_color, width, height, rng)
    scale = float(np.clip(1.7 * shot.framing.size * min(size), 60, 400))
    face = paint_face(identity, shot.expression, scale=scale)
    picture = render(
        build_person(identity, shot.expression, shot.neckline),
        build_materials(identity, face, shot.clothes),
        background,
        pose=shot.pose,
        framing=shot.framing,
        light=shot.light,
    )
    return _developed(picture, shot, rng)


def _developed(picture: Array, shot: Shot, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Blur, the paper's grain and noise."""
    if shot.blur > 0.15:
        picture = gaussian_filter(picture, (shot.blur, shot.blur, 0))
    height, width = picture.shape[:2]
    paper = gaussian_filter(rng.standard_normal((height, width), np.float32), 0.8)
    picture = picture * (1 + 0.022 * paper[..., None])
    picture = 255 * picture + shot.noise * rng.standard_normal(picture.shape, np.float32)
    return np.asarray(np.clip(np.rint(picture), 0, 255), np.uint8)


def draw_photo(identity: Identity, photo_seed: int, size: tuple[int, int] = (400, 400)) -> npt.NDArray[np.uint8]:
    """Photo number photo_seed (0 or more) of a person, (height, width, 3) RGB: always the same pixels."""
    rng = np.random.default_rng([identity.seed, photo_seed, _SALT])
    return render_shot(identity, draw_shot(rng), size)
