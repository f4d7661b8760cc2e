"""Who looks like a person or a face: asked and recorded alike for both."""

import time
from typing import Any

from rest_framework.request import Request

from faces.api.access import asker_of
from faces.models import Face, Person
from faces.services.events import record_similar
from faces.services.similarity import similar_to_face, similar_to_person


def answer_similar(request: Request, about: Person | Face, *, limit: int) -> dict[str, Any]:
    """Search for similar people, and record that somebody asked."""
    started = time.perf_counter()
    if isinstance(about, Person):
        similarity = similar_to_person(person=about, limit=limit)
    else:
        similarity = similar_to_face(face=about, limit=limit)
    duration_ms = (time.perf_counter() - started) * 1000
    event = record_similar(
        asker=asker_of(request), about=about, similarity=similarity, limit=limit, duration_ms=duration_ms
    )
    return {"event": event, "similarity": similarity}
