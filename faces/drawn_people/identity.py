"""Who a drawn person is: everything that stays the same from photo to photo, and how it is drawn by lot."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from faces.drawn_people.names import drawn_name
from faces.drawn_people.palette import GREY_HAIR, HAIR_COLORS, IRIS_COLORS, Color, skin_color

_SALT = 20_011


class HairStyle(Enum):
    BALD = "bald"
    RECEDING = "receding"
    CROP = "crop"
    SHORT = "short"
    SWEPT = "swept"
    QUIFF = "quiff"
    CURLY = "curly"
    AFRO = "afro"
    BOB = "bob"
    FRINGE_BOB = "fringe bob"
    LONG = "long"
    LONG_FRINGE = "long with a fringe"
    WAVY = "wavy"
    BUN = "bun"
    TWO_BUNS = "two buns"
    PONYTAIL = "ponytail"


class Beard(Enum):
    NONE = "none"
    STUBBLE = "stubble"
    MUSTACHE = "mustache"
    GOATEE = "goatee"
    SHORT = "short"
    FULL = "full"


class Glasses(Enum):
    NONE = "none"
    ROUND = "round"
    SQUARE = "square"
    CAT_EYE = "cat eye"


class Headgear(Enum):
    NONE = "none"
    CAP = "cap"
    BEANIE = "beanie"
    HEADSCARF = "headscarf"
    TURBAN = "turban"
    HAT = "hat"


class Earrings(Enum):
    NONE = "none"
    STUDS = "studs"
    HOOPS = "hoops"
    DROPS = "drops"


@dataclass(frozen=True, slots=True)
class Identity:
    """One drawn person.

    Lengths are in the model frame (the head's half height is 1, y up, eyes at y = 0), colors are RGB shares from 0 to
    1, age is in years, softness goes from 0 (rugged) to 1 (soft), eye_tilt and brow_tilt are slopes (positive: the
    outer end is higher), ear_angle is in radians. All else is a share from 0 to 1 or, where RANGES says so, from -1
    to 1.
    """

    seed: int
    name: str
    age: float
    softness: float
    skin: Color
    # the head
    head_width: float
    jaw: float
    chin_length: float
    chin_width: float
    cheekbones: float
    cheeks: float
    brow_ridge: float
    ear_size: float
    ear_angle: float
    neck_width: float
    # the eyes
    eye_spacing: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    eye_depth: float
    iris: Color
    lashes: float
    # the brows
    brow_height: float
    brow_length: float
    brow_thickness: float
    brow_tilt: float
    brow_arch: float
    # the nose
    nose_length: float
    nose_width: float
    nose_height: float
    nose_bridge: float
    nose_tip: float
    # the mouth
    mouth_y: float
    mouth_width: float
    upper_lip: float
    lower_lip: float
    lip_color: float
    # hair and what is worn
    hair_style: HairStyle
    hair_color: Color
    hair_volume: float
    hairline: float
    beard: Beard
    freckles: float
    mole: tuple[float, float] | None
    glasses: Glasses
    glasses_color: Color
    headgear: Headgear
    headgear_hue: int
    earrings: Earrings


# name: (lowest, highest) of what is drawn evenly by lot, in the model frame
RANGES: dict[str, tuple[float, float]] = {
    "head_width": (0.90, 1.10),
    "jaw": (-1.0, 1.0),
    "chin_length": (-0.06, 0.12),
    "chin_width": (-1.0, 1.0),
    "cheekbones": (0.0, 1.0),
    "cheeks": (-1.0, 1.0),
    "brow_ridge": (0.0, 1.0),
    "ear_size": (0.85, 1.25),
    "ear_angle": (0.25, 0.75),
    "neck_width": (0.34, 0.46),
    "eye_spacing": (0.265, 0.345),
    "eye_width": (0.125, 0.175),
    "eye_height": (0.062, 0.108),
    "eye_tilt": (-0.14, 0.22),
    "eye_depth": (0.03, 0.12),
    "lashes": (0.0, 1.0),
    "brow_height": (0.15, 0.25),
    "brow_length": (0.15, 0.22),
    "brow_thickness": (0.014, 0.044),
    "brow_tilt": (-0.28, 0.10),
    "brow_arch": (0.0, 1.0),
    "nose_length": (0.31, 0.45),
    "nose_width": (0.095, 0.175),
    "nose_height": (0.13, 0.25),
    "nose_bridge": (0.0, 1.0),
    "nose_tip": (-1.0, 1.0),
    "mouth_y": (-0.66, -0.56),
    "mouth_width": (0.17, 0.27),
    "upper_lip": (0.025, 0.065),
    "lower_lip": (0.035, 0.085),
    "lip_color": (0.0, 1.0),
    "hair_volume": (0.0, 1.0),
    "hairline": (0.60, 0.76),
}

_PLAIN_STYLES = (
    HairStyle.CROP,
    HairStyle.SHORT,
    HairStyle.SWEPT,
    HairStyle.QUIFF,
    HairStyle.CURLY,
    HairStyle.AFRO,
)
_SOFT_STYLES = (
    HairStyle.BOB,
    HairStyle.FRINGE_BOB,
    HairStyle.LONG,
    HairStyle.LONG_FRINGE,
    HairStyle.WAVY,
    HairStyle.BUN,
    HairStyle.TWO_BUNS,
    HairStyle.PONYTAIL,
    HairStyle.CURLY,
    HairStyle.AFRO,
    HairStyle.CROP,
)


def draw_identity(seed: int) -> Identity:
    """The drawn person with this seed (0 or more): always the same one.

    Tone, age and softness step through their ranges by irrational shares (a Kronecker sequence), so that people with
    neighboring seeds are spread evenly over them; all else is drawn by lot.
    """
    name = drawn_name(seed)
    rng = np.random.default_rng([seed, _SALT])
    tone, softness, years = (seed * np.array([0.8191725, 0.6710436, 0.5497005]) + np.array([0.13, 0.31, 0.72])) % 1
    age = float(19 + 58 * years**1.25)
    lot = {key: float(rng.uniform(low, high)) for key, (low, high) in RANGES.items()}
    lot["jaw"] = float(np.clip(lot["jaw"] + 0.5 - softness, -1, 1))
    lot["brow_ridge"] *= float(1 - 0.7 * softness)
    lot["lashes"] = float(np.clip(0.35 + 0.90 * (softness - 0.4) + 0.2 * (lot["lashes"] - 0.5), 0, 1))
    lot["neck_width"] -= float(0.05 * (softness - 0.5))
    lot["brow_thickness"] -= float(0.008 * (softness - 0.5))
    headgear = _headgear(rng, softness)
    hair_style = _hair_style(rng, softness, age)
    return Identity(
        seed=seed,
        name=name,
        age=age,
        softness=float(softness),
        skin=skin_color(float(tone), rng),
        iris=_pick(rng, IRIS_COLORS[:3] if tone > 0.55 else IRIS_COLORS),
        hair_style=hair_style,
        hair_color=_hair_color(rng, float(tone), age),
        beard=_beard(rng, softness),
        freckles=float(rng.uniform(0.4, 1)) if tone < 0.5 and rng.random() < 0.3 else 0.0,
        mole=_mole(rng),
        glasses=_glasses(rng, age),
        glasses_color=_pick(rng, ((0.13, 0.12, 0.15), (0.45, 0.22, 0.14), (0.16, 0.25, 0.42), (0.55, 0.16, 0.2))),
        headgear=headgear,
        headgear_hue=int(rng.integers(1 << 16)),
        earrings=_earrings(rng, softness, headgear),
        **lot,
    )


def _pick(rng: np.random.Generator, colors: tuple[Color, ...]) -> Color:
    return colors[int(rng.integers(len(colors)))]


def _hair_style(rng: np.random.Generator, softness: float, age: float) -> HairStyle:
    if softness > 0.5:
        return _SOFT_STYLES[int(rng.integers(len(_SOFT_STYLES)))]
    thin = np.clip((age - 30) / 60, 0.06, 0.5)
    lot = rng.random()
    if lot < thin:
        return HairStyle.BALD if lot < thin / 2 else HairStyle.RECEDING
    if rng.random() < 0.1:
        return (HairStyle.LONG, HairStyle.BUN, HairStyle.WAVY)[int(rng.integers(3))]
    return _PLAIN_STYLES[int(rng.integers(len(_PLAIN_STYLES)))]


def _hair_color(rng: np.random.Generator, tone: float, age: float) -> Color:
    """Darker skin mostly has dark hair; grey comes with age."""
    colors = HAIR_COLORS[:3] if tone > 0.6 else HAIR_COLORS
    color = np.array(_pick(rng, colors)) * rng.uniform(0.85, 1.15)
    grey = float(np.clip((age - rng.uniform(38, 62)) / 18, 0, 1))
    mixed = np.clip(color * (1 - grey) + np.array(GREY_HAIR) * grey * rng.uniform(0.85, 1.1), 0, 1)
    return float(mixed[0]), float(mixed[1]), float(mixed[2])


def _beard(rng: np.random.Generator, softness: float) -> Beard:
    if softness > 0.45 or rng.random() < 0.35:
        return Beard.NONE
    return (Beard.STUBBLE, Beard.MUSTACHE, Beard.GOATEE, Beard.SHORT, Beard.FULL)[int(rng.integers(5))]


def _mole(rng: np.random.Generator) -> tuple[float, float] | None:
    if rng.random() > 0.25:
        return None
    side = 1 if rng.random() < 0.5 else -1
    return side * float(rng.uniform(0.2, 0.42)), float(rng.uniform(-0.7, -0.15))


def _glasses(rng: np.random.Generator, age: float) -> Glasses:
    if rng.random() > 0.2 + 0.2 * (age > 50):
        return Glasses.NONE
    return (Glasses.ROUND, Glasses.SQUARE, Glasses.CAT_EYE)[int(rng.integers(3))]


def _headgear(rng: np.random.Generator, softness: float) -> Headgear:
    lot = rng.random()
    if lot > 0.24:
        return Headgear.NONE
    if lot > 0.10:
        return (Headgear.CAP, Headgear.BEANIE, Headgear.HAT)[int(rng.integers(3))]
    return Headgear.HEADSCARF if softness > 0.5 else Headgear.TURBAN


def _earrings(rng: np.random.Generator, softness: float, headgear: Headgear) -> Earrings:
    if headgear is Headgear.HEADSCARF or rng.random() > 0.1 + 0.5 * (softness > 0.5):
        return Earrings.NONE
    return (Earrings.STUDS, Earrings.HOOPS, Earrings.DROPS)[int(rng.integers(3))]
