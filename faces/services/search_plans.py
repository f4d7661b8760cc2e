"""How a gallery's searches stand right now: tau, the route that they take, and how sure their answers can be."""

import json
from dataclasses import dataclass, replace

from django.db import connection

from faces.models import EncoderVersion, Gallery, PairClassifier, Threshold
from faces.services.nearest import Route
from faces.services.thresholds import TauInForce, in_force_among

# Without what was measured at a tau: no search asks for it, and a cursor would give it as text.
TAU_COLUMNS = tuple(field.attname for field in Threshold._meta.concrete_fields if field.attname != "measured")

CLASSIFIER_COLUMNS = ("id", "is_calibrated", "parameters")
COLUMNS_BESIDE_TAU = 4 + len(CLASSIFIER_COLUMNS)

# Every recognition asks this, in one statement: a second one would take as long as looking through 2,000 people. The
# classifier is chosen as in `faces.services.probability`.
STANDING = f"""
    SELECT DISTINCT ON (tau.gallery_id)
        plan.index_name, plan.index_up_to, plan.lists_searched, plan.probe_noise,
        classifier.id, classifier.is_calibrated, classifier.parameters,
        {", ".join(f"tau.{column}" for column in TAU_COLUMNS)}
    FROM faces_threshold AS tau
    LEFT JOIN faces_searchplan AS plan ON plan.gallery_id = %(gallery)s AND plan.encoder_version_id = %(version)s
    LEFT JOIN faces_pairclassifier AS classifier ON classifier.id = (
        SELECT id FROM faces_pairclassifier
        WHERE encoder_version_id = %(version)s AND compares = %(compares)s
            AND (gallery_id = %(gallery)s OR gallery_id IS NULL)
        ORDER BY gallery_id NULLS LAST, id DESC LIMIT 1
    )
    WHERE tau.encoder_version_id = %(version)s AND tau.use = %(use)s
        AND (tau.gallery_id = %(gallery)s OR tau.gallery_id IS NULL)
    ORDER BY tau.gallery_id, tau.created_at DESC, tau.id DESC
"""  # noqa: S608 - made of constants


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
    parameters: dict[str, int | str] = {
        "gallery": gallery.pk,
        "version": encoder_version.pk,
        "use": use.value,
        "compares": PairClassifier.Compares.SEARCH.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(STANDING, parameters)
        found = cursor.fetchall()
    rows = [Threshold.from_db(connection.alias, TAU_COLUMNS, values[COLUMNS_BESIDE_TAU:]) for values in found]
    tau = in_force_among(rows, gallery=gallery, encoder_version=encoder_version, use=use)
    # The same in every row; nulls where nothing is planned, or nothing was calibrated.
    index_name, up_to, lists_searched, noise, *classifier = found[0][:COLUMNS_BESIDE_TAU]
    route = Route.exact(gallery, encoder_version)
    if index_name:
        route = replace(route, index_name=index_name, index_up_to=up_to, lists_searched=lists_searched)
    return Standing(tau, route, encoder_version.probe_noise if noise is None else noise, _classifier(*classifier))


def _classifier(number: int | None, is_calibrated: bool, parameters: str) -> PairClassifier | None:  # noqa: FBT001
    """Return the row as the statement selects it: a cursor gives JSON as text."""
    if number is None:
        return None
    return PairClassifier.from_db(connection.alias, CLASSIFIER_COLUMNS, (number, is_calibrated, json.loads(parameters)))
