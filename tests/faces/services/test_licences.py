"""What a licence allows is said only where it is known."""

import pytest

from faces.services.licences import terms_of


@pytest.mark.parametrize("licence", ["CC0-1.0", "cc0-1.0", " MIT ", "Apache-2.0", "BSD-3-Clause", "CC-BY-4.0"])
def test_known_free_licences_allow_commercial_use(licence: str) -> None:
    terms = terms_of(licence)
    assert terms.is_commercial is True
    assert terms.address.startswith("https://")
    assert "commercial use included" in terms.summary


@pytest.mark.parametrize(
    "licence",
    [
        "CC-BY-NC-4.0",
        "CC-BY-NC-SA-4.0",
        "CC-BY-NC-ND-4.0",
        "CC-BY-NC-SA-3.0",
        "InsightFace: non-commercial research purposes only",
        "Noncommercial use",
        "insightface-non-commercial-research",
        "For academic use only",
        "may be used only for research",
        "Not for commercial purposes",
    ],
)
def test_licences_that_forbid_it_are_flagged(licence: str) -> None:
    terms = terms_of(licence)
    assert terms.is_commercial is False
    assert terms.summary.startswith("Not for commercial use.")


@pytest.mark.parametrize("licence", ["Ours", "LicenseRef-Acme", "Commercial licence 4711 of Acme", "GPL-3.0-only"])
def test_of_an_unknown_licence_nothing_is_promised(licence: str) -> None:
    terms = terms_of(licence)
    assert (terms.is_commercial, terms.address) == (None, "")
    assert "Read it before you use these weights" in terms.summary
