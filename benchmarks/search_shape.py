"""The shape of real embeddings in a few numbers: variances, spreads and quantiles, and no embedding of anybody.

`LFW_SHAPE` and `LFW_MEASURED` were printed by `python -m benchmarks.search --fit PATH`; see benchmarks/search_fit.py.
"""

from __future__ import annotations

from dataclasses import dataclass

QUANTILES = (1e-4, 1e-3, 1e-2, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
CROWDS = (250, 500, 1000, 2000, 4000)
"""Numbers of people among whom the nearest other one is looked for."""


@dataclass(frozen=True)
class EmbeddingShape:
    """What decides how far apart faces are. Variances are of unit vectors, along axes at right angles to the mean.

    Attributes:
        dimension: D.
        mean_length: of the mean of all embeddings.
        between: (A,) variance of identities along each axis, largest first.
        within: (A,) variance of one person's faces along the same axes.
        pole_share: how much of the first axis' variance is which of two poles one belongs to (women and men).
        group_share: how much of the next axes' variance is the group one belongs to.
        noise_spread: standard deviation of the logarithm of a face's noise.
        same_occasion: share of faces that have noise in common with the same person's face before.
        quality_of_noise: correlation of a face's quality with the logarithm of its noise, sign turned.
        quality: quantiles of quality, evenly spaced from the worst face to the best.
        groups: how many there are.
        grouped_axes: how many axes behind the first they differ on.
    """

    dimension: int
    mean_length: float
    between: tuple[float, ...]
    within: tuple[float, ...]
    pole_share: float
    group_share: float
    noise_spread: float
    same_occasion: float
    quality_of_noise: float
    quality: tuple[float, ...]
    groups: int = 300
    grouped_axes: int = 75

    @property
    def axes(self) -> int:
        """A."""
        return len(self.between)


@dataclass(frozen=True)
class MeasuredDistances:
    """Squared distances, as quantiles at `QUANTILES`, and to the nearest other person as a mean for each of `CROWDS`.

    One face a person for the non-mated ones; of a person's mated ones at most those of six faces.
    """

    mated: tuple[float, ...]
    non_mated: tuple[float, ...]
    nearest: tuple[float, ...]


# fmt: off
LFW_SHAPE = EmbeddingShape(
    dimension=128,
    mean_length=0.9201,
    between=(
        0.0139, 0.011, 0.0073, 0.00676, 0.00547, 0.00489, 0.00401, 0.00311, 0.00297, 0.00279, 0.00255, 0.00244, 0.00237,
        0.00207, 0.00203, 0.0019, 0.00168, 0.00161, 0.00158, 0.00153, 0.00135, 0.00131, 0.00125, 0.00123, 0.00117,
        0.00112, 0.00107, 0.00102, 0.000987, 0.000922, 0.000858, 0.000842, 0.000818, 0.000785, 0.000768, 0.00074,
        0.000715, 0.000666, 0.000657, 0.000614, 0.000576, 0.000568, 0.000526, 0.000506, 0.000487, 0.000473, 0.000465,
        0.000403, 0.000397, 0.00038, 0.000375, 0.000347, 0.000325, 0.000318, 0.000314, 0.000302, 0.000283, 0.000261,
        0.000246, 0.000241, 0.000233, 0.000202, 0.000191, 0.000189, 0.000173, 0.000161, 0.00016, 0.000152, 0.000133,
        0.000128, 0.00012, 0.00011, 9.51e-05, 8.83e-05, 5.81e-05, 4.19e-05,
    ),
    within=(
        0.000541, 0.000768, 0.000817, 0.000856, 0.000847, 0.000853, 0.000955, 0.000819, 0.000868, 0.000797, 0.00089,
        0.000922, 0.000821, 0.000843, 0.000825, 0.000731, 0.000763, 0.000656, 0.000741, 0.000722, 0.000749, 0.000584,
        0.00067, 0.000683, 0.000595, 0.000655, 0.000617, 0.000595, 0.000634, 0.000613, 0.000556, 0.000597, 0.000521,
        0.000512, 0.000554, 0.000545, 0.000502, 0.00048, 0.000498, 0.000459, 0.0005, 0.00047, 0.000483, 0.000441,
        0.000444, 0.000439, 0.000441, 0.000403, 0.0004, 0.000432, 0.000386, 0.000406, 0.000382, 0.000374, 0.000399,
        0.000376, 0.000332, 0.00035, 0.000309, 0.000334, 0.000275, 0.000255, 0.000297, 0.000281, 0.000314, 0.00029,
        0.000298, 0.000308, 0.000251, 0.000289, 0.000268, 0.000272, 0.000249, 0.00024, 0.000151, 7.39e-05,
    ),
    pole_share=0.772,
    group_share=0.496,
    noise_spread=0.223,
    same_occasion=0.043,
    quality_of_noise=0.15,
    quality=(
        0.1185, 0.7853, 0.8369, 0.8613, 0.878, 0.8915, 0.9025, 0.9109, 0.9183, 0.9249, 0.9303, 0.9353, 0.9399, 0.9444,
        0.9484, 0.9523, 0.9564, 0.9601, 0.9641, 0.9693, 0.9779,
    ),
)

LFW_MEASURED = MeasuredDistances(
    mated=(0.0033, 0.011, 0.0231, 0.0368, 0.0585, 0.0751, 0.095, 0.1317, 0.1615),
    non_mated=(0.106, 0.1315, 0.1656, 0.2005, 0.2588, 0.3052, 0.3546, 0.4284, 0.48),
    nearest=(0.1512, 0.1416, 0.1346, 0.1271, 0.1198),
)
# fmt: on
