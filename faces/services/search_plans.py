"""How a gallery's searches stand right now: tau, the route that they take, and how sure their answers can be."""

import json
from dataclasses import dataclass, replace

from django.db import connection

from faces.models import EncoderVersion, Gallery, PairClassifier, Threshold
from faces.services.nearest import Route
from faces.services.thresholds import TauInForce, in_force_among

# What `faces_standing` returns: of the plan, of the classifier, and of each tau in the order of the model's fields.
PLAN_COLUMNS = ("index_name", "index_up_to", "lists_searched", "probe_noise")
CLASSIFIER_COLUMNS = ("id", "is_calibrated", "parameters")
TAU_COLUMNS = (
    "id",
    "encoder_version_id",
    "gallery_id",
    "use",
    "tau",
    "error_rate_kind",
    "error_rate",
    "gallery_size",
    "evidence",
    "reason",
    "set_by_id",
    "created_at",
)
BESIDE_TAU = len(PLAN_COLUMNS) + len(CLASSIFIER_COLUMNS)

# Every recognition asks this, in one statement: a second one would take as long as looking through 2,000 people. It is
# a function of the database, which keeps its plan.
STANDING = "SELECT * FROM faces_standing(%s, %s)"


@dataclass(frozen=True)
class Standing:
    """What a recognition needs to know.

    Attributes:
        tau: the largest distance of a match.
        route: how the nearest people are found.
        probe_noise: see `encoder.noise`; None where nobody measured it.
        classifier: what a distance says of the probability that the nearest person is the right one; None where nobody
            made one.
    """

    tau: TauInForce
    route: Route
    probe_noise: float | None
    classifier: PairClassifier | None


def standing_of(*, gallery: Gallery, encoder_version: EncoderVersion) -> Standing:
    """Return how this gallery is searched by this version.

    The gallery's own measurement of the noise comes before the encoder version's.

    Raises:
        NoThresholdError: no tau is set.
    """
    use = Threshold.Use.RECOGNITION
    with connection.cursor() as cursor:
        cursor.execute(STANDING, (gallery.pk, encoder_version.pk))
        found = cursor.fetchall()
    rows = [Threshold.from_db(connection.alias, TAU_COLUMNS, values[BESIDE_TAU:]) for values in found]
    tau = in_force_among(rows, gallery=gallery, encoder_version=encoder_version, use=use)
    # The same in every row; nulls where nothing is planned, or nothing was calibrated.
    index_name, up_to, lists_searched, noise, *classifier = found[0][:BESIDE_TAU]
    route = Route.exact(gallery, encoder_version)
    if index_name:
        route = replace(route, index_name=index_name, index_up_to=up_to, lists_searched=lists_searched)
    return Standing(tau, route, encoder_version.probe_noise if noise is None else noise, _classifier(*classifier))


def _classifier(number: int | None, is_calibrated: bool, parameters: str) -> PairClassifier | None:  # noqa: FBT001
    """Return the row as the function returns it: a cursor gives JSON as text."""
    if number is None:
        return None
    return PairClassifier.from_db(connection.alias, CLASSIFIER_COLUMNS, (number, is_calibrated, json.loads(parameters)))
