"""How a gallery's searches stand right now: tau, the route that they take, and how well they tell people apart."""

from dataclasses import dataclass

from faces.models import EncoderVersion, Gallery, SearchPlan, Threshold
from faces.services.nearest import Route
from faces.services.thresholds import TauInForce, choose_tau

# Every recognition asks this, in one statement: a second one would take as long as looking through 2,000 people.
STANDING = """
    SELECT DISTINCT ON (tau.gallery_id) tau.*,
        plan.index_name, plan.index_up_to, plan.lists_searched, plan.probe_noise
    FROM faces_threshold AS tau
    LEFT JOIN faces_searchplan AS plan ON plan.gallery_id = %(gallery)s AND plan.encoder_version_id = %(version)s
    WHERE tau.encoder_version_id = %(version)s AND tau.use = %(use)s
        AND (tau.gallery_id = %(gallery)s OR tau.gallery_id IS NULL)
    ORDER BY tau.gallery_id, tau.created_at DESC, tau.id DESC
"""


@dataclass(frozen=True)
class Standing:
    """What a recognition needs to know: tau, its route, and the noise of a probe (None where nobody measured it)."""

    tau: TauInForce
    route: Route
    probe_noise: float | None


def standing_of(*, gallery: Gallery, encoder_version: EncoderVersion) -> Standing:
    """Return how this gallery is searched by this version.

    The gallery's own measurement of the noise comes before the encoder version's.

    Raises:
        NoThresholdError: no tau is set.
    """
    version = encoder_version
    use = Threshold.Use.RECOGNITION
    rows = list(Threshold.objects.raw(STANDING, {"gallery": gallery.pk, "version": version.pk, "use": use.value}))
    tau = choose_tau(rows, gallery=gallery, encoder_version=version, use=use)
    found = rows[0]  # every row carries the same plan, or nulls
    plan = SearchPlan(
        index_name=found.index_name or "",
        index_up_to=found.index_up_to or 0,
        lists_searched=found.lists_searched or 0,
        probe_noise=found.probe_noise,
    )
    noise = version.probe_noise if plan.probe_noise is None else plan.probe_noise
    return Standing(tau, Route.of(plan, gallery, version), noise)
