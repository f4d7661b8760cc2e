"""How a gallery's searches stand right now: tau, the route that they take, and how well they tell people apart."""

from dataclasses import dataclass, replace

from django.db import connection

from faces.models import EncoderVersion, Gallery, Threshold
from faces.services.nearest import Route
from faces.services.thresholds import TauInForce, in_force_among

# Without what was measured at a tau: no search asks for it, and a cursor would give it as text.
TAU_COLUMNS = tuple(field.attname for field in Threshold._meta.concrete_fields if field.attname != "measured")

# Every recognition asks this, in one statement: a second one would take as long as looking through 2,000 people.
STANDING = f"""
    SELECT DISTINCT ON (tau.gallery_id)
        plan.index_name, plan.index_up_to, plan.lists_searched, plan.probe_noise,
        {", ".join(f"tau.{column}" for column in TAU_COLUMNS)}
    FROM faces_threshold AS tau
    LEFT JOIN faces_searchplan AS plan ON plan.gallery_id = %(gallery)s AND plan.encoder_version_id = %(version)s
    WHERE tau.encoder_version_id = %(version)s AND tau.use = %(use)s
        AND (tau.gallery_id = %(gallery)s OR tau.gallery_id IS NULL)
    ORDER BY tau.gallery_id, tau.created_at DESC, tau.id DESC
"""  # noqa: S608 - made of constants


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
    use = Threshold.Use.RECOGNITION
    parameters: dict[str, int | str] = {"gallery": gallery.pk, "version": encoder_version.pk, "use": use.value}
    with connection.cursor() as cursor:
        cursor.execute(STANDING, parameters)
        found = cursor.fetchall()
    rows = [Threshold.from_db(connection.alias, TAU_COLUMNS, values) for _, _, _, _, *values in found]
    tau = in_force_among(rows, gallery=gallery, encoder_version=encoder_version, use=use)
    index_name, up_to, lists_searched, noise = found[0][:4]  # the same in every row; nulls where nothing is planned
    route = Route.exact(gallery, encoder_version)
    if index_name:
        route = replace(route, index_name=index_name, index_up_to=up_to, lists_searched=lists_searched)
    return Standing(tau, route, encoder_version.probe_noise if noise is None else noise)
