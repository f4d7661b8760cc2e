"""What a licence of weights allows, in plain words."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class LicenceTerms:
    """What one may do with weights.

    Attributes:
        is_commercial: whether commercial use is allowed; None where only the licence's own text says.
        summary: the terms in a sentence or two; they do not replace the licence.
        address: its text on the web; "" where none is known.
    """

    is_commercial: bool | None
    summary: str
    address: str = ""


_NOTICE = "Free for any use, commercial use included, as long as its notice of copyright stays with copies."
_CREDIT = "Free for any use, commercial use included, as long as its authors are named."
_NOT_COMMERCIAL = "Not for commercial use."
_CREATIVE_COMMONS = "https://creativecommons.org"

# By SPDX identifier in lower case (https://spdx.org/licenses)
_KNOWN: dict[str, LicenceTerms] = {
    "cc0-1.0": LicenceTerms(
        is_commercial=True,
        summary="In the public domain: free for any use, commercial use included, without conditions.",
        address=f"{_CREATIVE_COMMONS}/publicdomain/zero/1.0/",
    ),
    "mit": LicenceTerms(is_commercial=True, summary=_NOTICE, address="https://spdx.org/licenses/MIT.html"),
    "apache-2.0": LicenceTerms(
        is_commercial=True, summary=_NOTICE, address="https://www.apache.org/licenses/LICENSE-2.0"
    ),
    "bsd-2-clause": LicenceTerms(
        is_commercial=True, summary=_NOTICE, address="https://spdx.org/licenses/BSD-2-Clause.html"
    ),
    "bsd-3-clause": LicenceTerms(
        is_commercial=True, summary=_NOTICE, address="https://spdx.org/licenses/BSD-3-Clause.html"
    ),
    "cc-by-4.0": LicenceTerms(is_commercial=True, summary=_CREDIT, address=f"{_CREATIVE_COMMONS}/licenses/by/4.0/"),
    "cc-by-sa-4.0": LicenceTerms(
        is_commercial=True,
        summary=f"{_CREDIT} Weights made from them must be shared under the same licence.",
        address=f"{_CREATIVE_COMMONS}/licenses/by-sa/4.0/",
    ),
    "cc-by-nc-4.0": LicenceTerms(
        is_commercial=False,
        summary=f"{_NOT_COMMERCIAL} Other use is free as long as the authors are named.",
        address=f"{_CREATIVE_COMMONS}/licenses/by-nc/4.0/",
    ),
    "cc-by-nc-sa-4.0": LicenceTerms(
        is_commercial=False,
        summary=f"{_NOT_COMMERCIAL} Weights made from them must be shared under the same licence.",
        address=f"{_CREATIVE_COMMONS}/licenses/by-nc-sa/4.0/",
    ),
    "cc-by-nc-nd-4.0": LicenceTerms(
        is_commercial=False,
        summary=f"{_NOT_COMMERCIAL} Weights made from them must not be shared.",
        address=f"{_CREATIVE_COMMONS}/licenses/by-nc-nd/4.0/",
    ),
}
_RESTRICTED = re.compile(
    r"non[\s_-]*commercial|-nc(-|\b)|(research|academic|educational?|evaluation)\b.*\b(only|purposes?|use)\b"
    r"|\bonly\b.*\b(research|academic)|not\b.*\bcommercial",
    re.IGNORECASE,
)


def terms_of(licence: str) -> LicenceTerms:
    """Return what a licence allows: known by its SPDX identifier, else by words such as “non-commercial”."""
    known = _KNOWN.get(licence.strip().lower())
    if known is not None:
        return known
    if _RESTRICTED.search(licence):
        return LicenceTerms(
            is_commercial=False, summary=f"{_NOT_COMMERCIAL} Read the licence before you use it for anything else."
        )
    return LicenceTerms(
        is_commercial=None,
        summary="Facet does not know this licence. Read it before you use these weights, above all commercially.",
    )
