"""How a gallery's searches stand: the route that they take, and how far they can be trusted to tell people apart."""

from dataclasses import dataclass

from faces.models import EncoderVersion, Gallery, SearchPlan
from faces.services.nearest import Route


@dataclass(frozen=True)
class Standing:
    """What a search needs to know: its route, and the noise of a probe (None where it was never measured)."""

    route: Route
    probe_noise: float | None


def standing_of(*, gallery: Gallery, encoder_version: EncoderVersion) -> Standing:
    """Return how this gallery is searched by this version right now.

    The gallery's own measurement of the noise comes before the encoder version's.
    """
    plan = SearchPlan.objects.filter(gallery=gallery, encoder_version=encoder_version).first()
    own = plan.probe_noise if plan is not None else None
    noise = encoder_version.probe_noise if own is None else own
    return Standing(Route.of(plan, gallery, encoder_version), noise)
