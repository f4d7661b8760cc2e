"""How likely an answer is right: the pair classifier in force, and what it says of a distance.

What is told is P(event | distance) where the event is as likely as not beforehand (a prior of 1/2): of a claim that is
true as often as false; in recognition, of a face whose person is enrolled as often as not, that the nearest person is
the right one. Where strangers are rarer or more frequent than that, the true share is another.
"""

from dataclasses import dataclass

from faces.models import EncoderVersion, Gallery, PairClassifier
from faces.services.probability_curve import FORMAT, ProbabilityCurve

PRIOR = 0.5

# The gallery's own, even one that says that there is no probability, comes before that for all galleries.
IN_FORCE = """
    SELECT id, is_calibrated, parameters, note FROM faces_pairclassifier
    WHERE encoder_version_id = %s AND compares = %s AND (gallery_id = %s OR gallery_id IS NULL)
    ORDER BY gallery_id NULLS LAST, id DESC
    LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Probability:
    """A calibrated probability, 0 to 1, and the number of the `PairClassifier` that it comes from."""

    value: float
    classifier: int


def classifier_in_force(
    *, gallery: Gallery | None, encoder_version: EncoderVersion, compares: PairClassifier.Compares
) -> PairClassifier | None:
    """Return the newest classifier of this gallery, else the newest for all galleries; None where nobody made one.

    It may be one that is not calibrated and says why. Of the row, what answers need is loaded.
    """
    parameters = (encoder_version.pk, compares.value, gallery.pk if gallery is not None else None)
    return next(iter(PairClassifier.objects.raw(IN_FORCE, parameters)), None)


def probability(classifier: PairClassifier | None, distance: float) -> float | None:
    """Return how likely the classifier's event is at a distance, 0 to 1.

    None where it is not calibrated, and of one that another version of Facet made: the next evaluation makes a new one,
    and until then searches go on.
    """
    if classifier is None or not classifier.is_calibrated or classifier.parameters.get("format") != FORMAT:
        return None
    return ProbabilityCurve.from_json(classifier.parameters).at(distance)


def probability_in_force(
    *,
    gallery: Gallery | None,
    encoder_version: EncoderVersion,
    compares: PairClassifier.Compares,
    distance: float,
) -> Probability | None:
    """Return what the classifier in force says of a distance; None where there is none, or no calibrated one."""
    classifier = classifier_in_force(gallery=gallery, encoder_version=encoder_version, compares=compares)
    value = probability(classifier, distance)
    return None if classifier is None or value is None else Probability(value, classifier.pk)
