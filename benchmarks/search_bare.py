"""The bare SQL: what somebody writes who has the same table and the same index, and wants numbers only."""

from __future__ import annotations

import time

import numpy as np
import psycopg
from django.conf import settings
from pgvector import HalfVector

from benchmarks.search_recall import Answer
from benchmarks.synthetic_gallery import Floats
from faces.models import Gallery, Threshold
from faces.services.nearest import Route
from faces.services.search_plans import standing_of
from faces.services.thresholds import tau_in_force

# Which gallery, version and part of the table are constants, as the index is partial.
THROUGH_INDEX = """
    SELECT person_id, (vector::halfvec({dimension})) <-> %s::halfvec({dimension}) AS l2 FROM faces_template
    WHERE gallery_id = {gallery} AND encoder_version_id = {version} AND id <= {up_to}
    ORDER BY l2 LIMIT %s
"""
SCAN = """
    SELECT person_id, vector <-> %s::halfvec AS l2 FROM faces_template
    WHERE gallery_id = {gallery} AND encoder_version_id = {version} ORDER BY l2 LIMIT %s
"""


class BareSql:
    """One statement on a connection of psycopg's own, with the settings that the service's search has."""

    def __init__(self, gallery: Gallery) -> None:
        """As the gallery's plan is now; it does not follow a new index."""
        version = gallery.encoder_version
        route = standing_of(gallery=gallery, encoder_version=version).route
        tau = tau_in_force(gallery=gallery, encoder_version=version, use=Threshold.Use.RECOGNITION).tau
        self._longest = float(np.sqrt(tau))
        statement = SCAN if route.is_exact else THROUGH_INDEX
        self._statement = statement.format(
            dimension=version.dimension, gallery=gallery.pk, version=version.pk, up_to=route.index_up_to
        ).encode()
        self._connection = psycopg.connect(settings.EMBEDDED_POSTGRES.conninfo(), autocommit=True)
        for name, value in search_settings(route).items():
            self._connection.execute("SELECT set_config(%s, %s, false)", (name, value))

    def rows(self, probe: Floats, limit: int) -> list[tuple[int, float]]:
        """Numbers of people, and plain L2 distances."""
        return self._connection.execute(self._statement, (HalfVector(probe).to_text(), limit)).fetchall()

    def answer(self, probe: Floats, limit: int) -> Answer:
        """For counting recall."""
        rows = self.rows(probe, limit)
        return Answer([person for person, _ in rows], not rows or rows[0][1] > self._longest)

    def seconds(self, probe: Floats, limit: int = 5) -> float:
        """How long one answer takes."""
        started = time.perf_counter()
        self.rows(probe, limit)
        return time.perf_counter() - started

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def search_settings(route: Route) -> dict[str, str]:
    """What the service sets for its search."""
    if route.is_exact:
        return {}
    return {"ivfflat.probes": str(route.lists_searched)}
