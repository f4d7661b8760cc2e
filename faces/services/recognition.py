"""Recognition (1:N): who in this gallery is it, or nobody?"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from django.db import connection

from encoder.geometry import EncodedFace
from faces.exceptions import InvalidRequestError
from faces.models import Face, Gallery, Person, Photo
from faces.services.nearest import Route, Vectors, nearest_templates, parameters
from faces.services.probability import Probability, probability
from faces.services.search_plans import Standing, standing_of
from faces.services.thresholds import TauInForce

MAX_CANDIDATES = 100

DOUBT = 1.6448536269514722
"""The 95 % quantile of the normal distribution: two people count as told apart where the noise of the probe would put
them in the wrong order in at most one case of twenty."""


class Outcome(StrEnum):
    """The answer in a word."""

    MATCH = "match"
    NOBODY = "nobody"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class Candidate:
    """One ranked person: `face` is their enrolled face nearest to the probe, `distance` is that of their template.

    Of face, person and photo it has loaded what answers tell of them; anything else is fetched when it is asked for.
    `apart` is the plain L2 distance between the person's template and that of the first candidate. `template_id`
    tells later whether the person still has the same template.
    """

    face: Face
    distance: float
    is_match: bool
    apart: float = 0.0
    template_id: int | None = None


@dataclass(frozen=True)
class Recognition:
    """The answer for one probe face.

    Attributes:
        probe: the face that was asked about.
        candidates: the nearest people, nearest first, one entry each, those beyond tau included and marked.
        tau: the largest distance of a match.
        gap: how much farther the second person is than the first; None where there are fewer than two people.
        resolvable_gap: the smallest gap at which the encoder can tell these two apart; None where there are fewer than
            two people, or the noise of this encoder version was not measured.
        rivals: the people within tau whom the encoder cannot tell apart, the first candidate among them; empty where
            there is no doubt.
        route: how they were found.
        probe_noise: the scatter of probes that `resolvable_gap` follows from; None where it was not measured.
        probability: that the first candidate is the right person, where the probe's person is enrolled as often as
            not; whether or not they are within tau. None where nothing was calibrated, where there is no candidate, and
            where there are rivals: it is measured by the distance to the first alone, which knows nothing of a second.
    """

    probe: EncodedFace
    candidates: tuple[Candidate, ...]
    tau: TauInForce
    gap: float | None
    resolvable_gap: float | None
    rivals: tuple[Candidate, ...]
    route: Route
    probe_noise: float | None = None
    probability: Probability | None = None

    @property
    def outcome(self) -> Outcome:
        """Somebody, nobody, or one of several who cannot be told apart."""
        if not self.candidates or not self.candidates[0].is_match:
            return Outcome.NOBODY
        return Outcome.AMBIGUOUS if self.rivals else Outcome.MATCH

    @property
    def match(self) -> Candidate | None:
        """The person it is, or None for nobody and for an ambiguous answer."""
        return self.candidates[0] if self.outcome == Outcome.MATCH else None


def resolvable_gap(probe_noise: float, apart: float) -> float:
    """Return the smallest difference of two distances at which the nearer of two people is told from the other.

    For unit vectors the gap d(f, t2) - d(f, t1) is 2 f·(t1 - t2). A probe f scatters around its person's mean with the
    standard deviation `probe_noise` along any line, so the gap scatters with 2 · probe_noise · |t1 - t2|; a gap below
    1.645 times that has the wrong sign in more than one case of twenty.

    Args:
        probe_noise: see `encoder.noise`.
        apart: |t1 - t2|, the plain L2 distance of the two templates.
    """
    return DOUBT * 2 * probe_noise * apart


# What answers tell of each of the nearest people, with the face that looks most like the probe: a function of the
# database, which keeps its plans; planned anew with every search, the joins took longer than looking at 2,000 people.
# `<->` orders by the plain L2 distance; the squared one is computed anew for the few rows that are left, because a
# squared square root is not quite what it was, and tau is compared with `<=`.
RECOGNIZE = """
    WITH {nearest_templates}, ranked AS (
        SELECT nearest.index, nearest.template_id, nearest.person_id, nearest.l2,
            probe.vector AS probe,
            halfvec_l2_squared_distance(nearest.vector, probe.vector) AS distance,
            nearest.vector <-> first_value(nearest.vector) OVER (
                PARTITION BY nearest.index ORDER BY nearest.l2, nearest.person_id
            ) AS apart
        FROM nearest JOIN probe USING (index)
    )
    SELECT ranked.index, ranked.distance, ranked.apart, ranked.template_id,
        shown.face_id, shown.gallery_id, shown.photo_id, ranked.person_id, true,
        ranked.person_id, shown.gallery_id, shown.person_name, shown.external_id,
        shown.photo_id, shown.gallery_id, shown.photo_key, shown.photo_name
    FROM ranked CROSS JOIN LATERAL faces_shown(ranked.person_id, %(version)s, ranked.probe) AS shown
    WHERE shown.face_id IS NOT NULL
    ORDER BY ranked.index, ranked.l2, ranked.person_id
"""
# As in the statement; `from_db` takes them in the order of the model's fields.
FACE_COLUMNS = ("id", "gallery_id", "photo_id", "person_id", "is_enrolled")
PERSON_COLUMNS = ("id", "gallery_id", "name", "external_id")
PHOTO_COLUMNS = ("id", "gallery_id", "key", "name")


def recognize(*, gallery: Gallery, probes: Sequence[EncodedFace], limit: int = 5) -> list[Recognition]:
    """Name the nearest people for every probe face, in one similarity query.

    Args:
        gallery: who may be found. The probes must be encoded by the version that serves it.
        probes: faces, possibly none.
        limit: how many people to rank, 1 to 100.

    Returns:
        One answer per probe, in their order.

    Raises:
        InvalidRequestError: `limit` is out of range, or a probe has another dimension than the gallery's embeddings.
        NoThresholdError: no tau is set.
    """
    if not 1 <= limit <= MAX_CANDIDATES:
        raise InvalidRequestError(f"Ask for 1 to {MAX_CANDIDATES} candidates, not {limit}.", limit=limit)
    version = gallery.encoder_version
    standing = standing_of(gallery=gallery, encoder_version=version)
    for probe in probes:
        if probe.embedding.shape != (version.dimension,):
            raise InvalidRequestError(
                f"The probe has {probe.embedding.size} numbers; version “{version.name}” has {version.dimension}."
            )
    if not probes:
        return []
    # At least two people, for the gap.
    vectors = [probe.embedding for probe in probes]
    ranked = ranked_people(standing.route, vectors, limit=max(limit, 2), tau=standing.tau.tau)
    return [_answer(probe, candidates, standing, limit) for probe, candidates in zip(probes, ranked, strict=True)]


def _answer(probe: EncodedFace, candidates: Sequence[Candidate], standing: Standing, limit: int) -> Recognition:
    noise = standing.probe_noise
    gap = candidates[1].distance - candidates[0].distance if len(candidates) > 1 else None
    rivals = rivals_among(candidates, noise)
    return Recognition(
        probe=probe,
        candidates=tuple(candidates[:limit]),
        tau=standing.tau,
        gap=gap,
        resolvable_gap=resolvable_gap(noise, candidates[1].apart) if gap is not None and noise is not None else None,
        rivals=rivals,
        route=standing.route,
        probe_noise=noise,
        probability=_probability(standing, candidates) if not rivals else None,
    )


def _probability(standing: Standing, candidates: Sequence[Candidate]) -> Probability | None:
    if standing.classifier is None or not candidates:
        return None
    value = probability(standing.classifier, candidates[0].distance)
    return None if value is None else Probability(value, standing.classifier.pk)


def rivals_among(candidates: Sequence[Candidate], probe_noise: float | None) -> tuple[Candidate, ...]:
    """Return the people within tau who cannot be told from the first, with the first; empty where there is none.

    Where the noise was never measured, everybody within tau is in doubt as soon as there are two.
    """
    matches = [candidate for candidate in candidates if candidate.is_match]
    if len(matches) < 2:
        return ()
    first = matches[0]
    others = [
        other
        for other in matches[1:]
        if probe_noise is None or other.distance - first.distance <= resolvable_gap(probe_noise, other.apart)
    ]
    return (first, *others) if others else ()


def ranked_people(
    route: Route, vectors: Vectors, *, limit: int, tau: float, without: Sequence[int] = ()
) -> list[list[Candidate]]:
    """Return the nearest people of every probe, nearest first, each with their best photo, in one query.

    Args:
        route, vectors, limit, without: as for `nearest_people`.
        tau: the largest distance of a match.
    """
    statement = RECOGNIZE.format(nearest_templates=nearest_templates(route, leaves_out=any(without)))
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters(route, vectors, limit=limit, without=without))
        rows = cursor.fetchall()
    answers: list[list[Candidate]] = [[] for _ in vectors]
    for index, of_probe in groupby(rows, key=lambda row: row[0]):
        answers[index - 1] = [
            Candidate(_face(values), float(distance), bool(distance <= tau), float(apart), template)
            for _, distance, apart, template, *values in of_probe
        ]
    return answers


def _face(values: Sequence[object]) -> Face:
    """Return a face with its person and photo, of the columns that the statement selects."""
    end = len(FACE_COLUMNS) + len(PERSON_COLUMNS)
    face = Face.from_db(connection.alias, FACE_COLUMNS, values[: len(FACE_COLUMNS)])
    face.person = Person.from_db(connection.alias, PERSON_COLUMNS, values[len(FACE_COLUMNS) : end])
    face.photo = Photo.from_db(connection.alias, PHOTO_COLUMNS, values[end:])
    return face
