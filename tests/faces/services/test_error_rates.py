"""Which error rate a tau stands for, and how it is said."""

import pytest

from faces.models import Threshold
from faces.rate_words import rate_words
from faces.services.error_rates import Compares, ErrorRate, error_rate_of

FMR, FPIR = Threshold.ErrorRate.FMR, Threshold.ErrorRate.FPIR
RATE = {"value": 0.001, "low": 0.0005, "high": 0.002, "errors": 10, "trials": 10_000, "people": 8}


def tau(kind: Threshold.ErrorRate, asked: float | None, **measured: object) -> Threshold:
    return Threshold(tau=0.1, error_rate_kind=kind, error_rate=asked, evidence="Tests", measured=measured)


def test_what_was_measured_comes_before_what_was_asked_for() -> None:
    threshold = tau(FMR, 0.002, fmr=RATE)
    assert error_rate_of(threshold, Compares.PERSON) == ErrorRate(FMR, 0.001, 0.0005, 0.002, None, "Tests")
    assert error_rate_of(tau(FMR, 0.002), Compares.PERSON) == ErrorRate(FMR, 0.002, None, None, None, "Tests")


def test_an_fmr_that_was_asked_for_against_people_says_nothing_of_single_photos() -> None:
    assert error_rate_of(tau(FMR, 0.002, fmr=RATE), Compares.PHOTO) is None
    photo = error_rate_of(tau(FMR, 0.002, fmr=RATE, fmr_photo=RATE | {"value": 0.0007}), Compares.PHOTO)
    assert photo is not None
    assert photo.value == 0.0007


def test_a_tau_set_by_hand_has_a_rate_only_where_one_was_measured() -> None:
    assert error_rate_of(tau(Threshold.ErrorRate.NONE, None), Compares.PERSON) is None
    assert error_rate_of(tau(Threshold.ErrorRate.NONE, None, fmr=RATE), Compares.PERSON) is not None
    nothing_tried = RATE | {"value": None, "low": None, "high": None}
    assert error_rate_of(tau(Threshold.ErrorRate.NONE, None, fmr=nothing_tried), Compares.PERSON) is None


def test_a_search_is_told_by_its_fpir_with_the_size_of_the_gallery() -> None:
    threshold = tau(FPIR, 0.01, fpir=RATE, fmr=RATE, people=120)
    assert error_rate_of(threshold, Compares.SEARCH) == ErrorRate(FPIR, 0.001, 0.0005, 0.002, 120, "Tests")
    threshold.gallery_size = 100
    asked = tau(FPIR, 0.01)
    asked.gallery_size = 100
    assert error_rate_of(asked, Compares.SEARCH) == ErrorRate(FPIR, 0.01, None, None, 100, "Tests")
    assert error_rate_of(asked, Compares.PERSON) is None


@pytest.mark.parametrize(
    ("rate", "compares", "words"),
    [
        (
            ErrorRate(FMR, 0.001, 0.0005, 0.002, None, "Ten photos"),
            Compares.PERSON,
            (
                "1 in 1,000 comparisons of a face with the photos of another person passes as a match, as measured; "
                "between 1 in 500 and 1 in 2,000 at 95 %. Measured on: Ten photos."
            ),
        ),
        (
            ErrorRate(FMR, 0.0, 0.0, 0.003, None, ""),
            Compares.PHOTO,
            (
                "None of the measured comparisons of the faces of two different people passes as a match, as measured; "
                "between 1 in 333 and none at 95 %."
            ),
        ),
        (
            ErrorRate(FPIR, 0.01, None, None, 100, ""),
            Compares.SEARCH,
            "1 in 100 strangers is taken for somebody, in a gallery of 100 people; that is what tau was asked for.",
        ),
        (
            None,
            Compares.PHOTO,
            "How often tau lets a comparison of the faces of two different people pass as a match was not measured.",
        ),
    ],
)
def test_rates_are_said_without_statistics(rate: ErrorRate | None, compares: Compares, words: str) -> None:
    assert rate_words(rate, compares) == words
