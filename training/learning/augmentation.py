"""What is done to aligned faces before the network sees them while it learns.

A face of a poor camera is made in the order in which that happens: it is small, blurred and compressed first, and only
then turned and enlarged by an alignment that follows imprecise landmarks.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional

from encoder.devices import upload
from encoder.images import Pixels
from training.configuration import Augmentation

Key: TypeAlias = tuple[int, ...]
"""What a copy is for, in numbers; the same key makes the same copy."""
Values: TypeAlias = npt.NDArray[np.float32]

POOR_SHARE = 0.75
"""Of the faces that become poor ones; the others stay sharp, so that the network does not forget these."""
CROP = 150
"""Pixels of the side of the crop that sizes are said for; other crops are reduced by as much."""
POOR_SIDES = (24, 40)
POOR_QUALITIES = (20, 50)
BLUR = 0.8
"""At most, standard deviation in pixels of the small picture."""
BLURRED_SHARE = 0.2

DEGREES = 10.0
SHIFT = 0.02
"""Of the side."""
SCALE = 0.04
LIGHT = 0.2
"""How far brightness and contrast are from 1."""

CAMERAS = 8
"""Threads that make poor copies, beside a GPU."""

_PROBE = 1


@dataclass(frozen=True)
class Poverty:
    """How a camera spoils a face: `side` in pixels of the whole crop, `quality` of JPEG, `blur` in small pixels."""

    side: int
    quality: int
    blur: float


@dataclass(frozen=True, eq=False)
class Looks:
    """How each of B faces is seen.

    Attributes:
        turns: (B, 2, 3) float32: from places in the copy to places in the crop, both from -1 to 1 across.
        lights: (B, 2) float32: contrast about middle grey, then brightness; 1 leaves them as they are.
        poverty: of those that a poor camera took; None for the others.
    """

    turns: Values
    lights: Values
    poverty: Sequence[Poverty | None]

    def only(self, places: Sequence[int]) -> Looks:
        """Of some of the faces."""
        return Looks(self.turns[places], self.lights[places], [self.poverty[place] for place in places])


@dataclass(frozen=True, eq=False)
class Copies:
    """Of B faces, on the device.

    Attributes:
        taken: (B, S, S, 3) uint8, the copies.
        good: the same ones, turned and lit alike, by a good camera.
        is_poor: (B,) bool: whether the two differ.
    """

    taken: Tensor
    good: Tensor
    is_poor: Tensor


class Augmenter:
    """Makes copies of faces as a run's augmentation says, the same ones for the same keys."""

    def __init__(self, kind: Augmentation, seed: int, device: torch.device) -> None:
        """`device`: where copies are turned and end up."""
        self.kind = kind
        self.seed = seed
        self._device = device
        # Beside a GPU one thread of the CPU would be what everything waits for; on a CPU the network needs the others.
        self._threads = ThreadPoolExecutor(CAMERAS, thread_name_prefix="cameras") if device.type == "cuda" else None

    def __call__(self, crops: Pixels, keys: Sequence[Key]) -> Tensor:
        """(B, S, S, 3) uint8 and B keys -> (B, S, S, 3) uint8 on the device."""
        return self.copies(crops, keys).taken

    def copies(self, crops: Pixels, keys: Sequence[Key]) -> Copies:
        """The same, and what a good camera would have made of each face."""
        is_poor = torch.zeros(len(crops), dtype=torch.bool)
        if self.kind == Augmentation.NONE:
            as_they_are = upload(crops, self._device)
            return Copies(as_they_are, as_they_are, is_poor.to(self._device))
        looks = _drawn(self.kind, [np.random.default_rng((self.seed, *key)) for key in keys])
        good = seen(upload(crops, self._device), looks)
        poor = [place for place, poverty in enumerate(looks.poverty) if poverty]
        if not poor:
            return Copies(good, good, is_poor.to(self._device))
        is_poor[poor] = True
        taken = good.clone()
        spoiled = self._spoiled(crops[poor], [looks.poverty[place] for place in poor])
        taken[poor] = seen(upload(spoiled, self._device), looks.only(poor))
        return Copies(taken, good, is_poor.to(self._device))

    def probes(self, crops: Pixels, rows: Sequence[int]) -> Pixels:
        """Each face as a poor camera takes it, by its row; where the run knows no poor cameras, as it is."""
        if self.kind != Augmentation.POOR_CAMERAS:
            return crops
        return self._spoiled(crops, [_poverty(np.random.default_rng((self.seed, _PROBE, row))) for row in rows])

    def close(self) -> None:
        """End the threads."""
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def _spoiled(self, crops: Pixels, poverty: Sequence[Poverty | None]) -> Pixels:
        if not any(poverty):
            return crops
        over = map if self._threads is None else self._threads.map
        return np.stack(list(over(_copy, crops, poverty)))


def poor_copy(crop: Pixels, poverty: Poverty) -> Pixels:
    """(S, S, 3) uint8 RGB to the same, reduced by a box filter, blurred, compressed, and enlarged again."""
    size = crop.shape[0]
    side = max(round(poverty.side * size / CROP), 4)
    small = Image.fromarray(crop).resize((side, side), Image.Resampling.BOX)
    if poverty.blur:
        small = small.filter(ImageFilter.GaussianBlur(poverty.blur))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=poverty.quality)
    with Image.open(file) as compressed:
        return np.asarray(compressed.convert("RGB").resize((size, size), Image.Resampling.BICUBIC))


def _copy(crop: Pixels, poverty: Poverty | None) -> Pixels:
    return crop if poverty is None else poor_copy(crop, poverty)


def seen(crops: Tensor, looks: Looks) -> Tensor:
    """(B, S, S, 3) uint8, turned and in other light. Beyond a crop's edge its outermost pixels go on."""
    turns, lights = (torch.from_numpy(part).to(crops.device, non_blocking=True) for part in (looks.turns, looks.lights))
    pixels = crops.permute(0, 3, 1, 2).float().contiguous()  # (B, 3, S, S)
    grid = functional.affine_grid(turns, list(pixels.shape), align_corners=False)
    turned = functional.grid_sample(pixels, grid, mode="bilinear", padding_mode="border", align_corners=False)
    contrast, brightness = lights[:, 0, None, None, None], lights[:, 1, None, None, None]
    lit = turned.mul_(contrast * brightness).add_(128 * (1 - contrast) * brightness)
    return lit.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _drawn(kind: Augmentation, chances: Sequence[np.random.Generator]) -> Looks:
    turns, lights = np.zeros((len(chances), 2, 3), np.float32), np.ones((len(chances), 2), np.float32)
    poverty: list[Poverty | None] = []
    for place, chance in enumerate(chances):
        turns[place], lights[place] = _turn(chance), 1 + LIGHT * chance.uniform(-1, 1, 2)
        is_poor = kind == Augmentation.POOR_CAMERAS and chance.random() < POOR_SHARE
        poverty.append(_poverty(chance) if is_poor else None)
    return Looks(turns, lights, poverty)


def _turn(chance: np.random.Generator) -> npt.NDArray[np.float64]:
    angle = np.radians(chance.uniform(-DEGREES, DEGREES))
    scale = 1 + SCALE * chance.uniform(-1, 1)
    mirror = chance.choice((-1.0, 1.0))
    shift = 2 * SHIFT * chance.uniform(-1, 1, 2)  # a side is 2 long
    cosine, sine = np.cos(angle) / scale, np.sin(angle) / scale
    return np.array([[mirror * cosine, sine, shift[0]], [-mirror * sine, cosine, shift[1]]])


def _poverty(chance: np.random.Generator) -> Poverty:
    side = np.exp(chance.uniform(*np.log(POOR_SIDES)))  # as many from 24 to 31 as from 31 to 40
    blur = chance.uniform(0, BLUR) if chance.random() < BLURRED_SHARE else 0.0
    low, high = POOR_QUALITIES
    return Poverty(side=round(float(side)), quality=int(chance.integers(low, high + 1)), blur=float(blur))
