"""Error rates in words on the page of a tau."""

import pytest

from training.metrics.figures import Rate
from training.views.rate_cards import rate_cards


@pytest.mark.parametrize(
    ("name", "rate", "said"),
    [
        (
            "fpir",
            Rate(1 / 240, 1 / 320, 1 / 180, 50, 12_000, 40),
            ("1 in 240 strangers would be recognized as somebody", "95 % interval 1 in 180 to 1 in 320", ""),
        ),
        (
            "fnir",
            Rate(0.041, 0.032, 0.05, 41, 1000, 35),
            ("4.1 % of searches for known people would not find them", "95 % interval 3.2 % to 5 %", ""),
        ),
        (
            "fmr",
            Rate(0.001, 0.0, 0.004, 3, 3000, 2),
            (
                "1 in 1,000 impostors would be verified as somebody else",
                "95 % interval 1 in 250 to none",
                "too few people to say: 2 had errors, 30 would do",
            ),
        ),
        (
            "fpir",
            Rate(0.0, 0.0, 0.02, 0, 150, 0),
            (
                "None of the strangers was recognized as somebody",
                "in 150 searches; at most 1 in 50",
                "too few people to say more",
            ),
        ),
        (
            "fnmr",
            Rate(0.0, 0.0, 0.02, 0, 150, 0),
            (
                "None of the comparisons refused the right person",
                "in 150 comparisons; at most 2 %",
                "too few people to say more",
            ),
        ),
        ("fmr_photo", Rate(None, None, None, 0, 0, 0), ("? nothing was tried", "", "not measured")),
    ],
)
def test_a_rate_is_told_with_how_sure_it_is(name: str, rate: Rate, said: tuple[str, str, str]) -> None:
    (card,) = rate_cards({name: rate}, (name,))
    assert (f"{card.value} {card.words}", card.interval, card.doubt) == said
