"""What becomes of a gallery that changes: people deleted, half of the faces replaced, the index built anew."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from django.db import connection

from benchmarks.search_gallery import LoadedGallery, Loading, load_faces, stored_templates
from benchmarks.search_index import Built, Standing, TableBytes, asking, rebuild, settle, standing, table_bytes
from benchmarks.search_recall import Exact, Vectors, as_stored
from benchmarks.search_service import Percentiles, Service, recall_of
from benchmarks.synthetic_gallery import FaceBlock, Floats, Integers
from faces.services.people import delete_person

DELETED = 20
LOOKED_FOR = 500
TIMED = 200
PHOTOS_AT_ONCE = 5000


@dataclass(frozen=True)
class Moment:
    """How searches do at one moment: of probes whose person is enrolled."""

    recall_at_1: float
    wrong_nobody: int
    p50_ms: float
    standing: Standing
    tables: dict[str, TableBytes]


@dataclass(frozen=True)
class Churn:
    """Before, after half of the faces were replaced, and after what the platform then did by itself.

    Attributes:
        found_after_deletion: of people who were found, deleted, and asked for at once: how many were named again.
        deletion_ms: median, of one person.
        delete_faces_a_second: faces with photo, embedding and what becomes of the template.
        load_faces_a_second: of the new ones.
        built: the platform's own build; None where it found none was needed.
        asked_for: a build that was asked for without need, where the platform found none was.
    """

    deleted: int
    found_after_deletion: int
    deletion_ms: float
    replaced: int
    delete_faces_a_second: float
    load_faces_a_second: float
    before: Moment
    replaced_half: Moment
    rebuilt: Moment
    built: Built | None
    asked_for: Built | None


def churn(loaded: LoadedGallery, *, tau: float, seed: int) -> Churn:
    """Do all of it to one gallery."""
    rng = np.random.default_rng([seed, 99])
    found, deletion = _delete_people(loaded, rng)
    present, _ = stored_templates(loaded.gallery)
    here = np.flatnonzero(np.isin(loaded.people, present))
    probes = as_stored(loaded.synthetic.probes(rng.choice(here, LOOKED_FOR), seed=98))
    before = moment(loaded, probes, tau)
    leaving = _half_of_the_faces(loaded, rng.permutation(here))
    started = time.perf_counter()
    replaced = _delete_photos(loaded, leaving)
    delete_seconds = time.perf_counter() - started
    loading = _load_again(loaded, leaving)
    replaced_half = moment(loaded, probes, tau)
    ask = asking(loaded, probes)
    built = settle(ask).get(loaded.gallery.pk)
    is_indexed = not standing(loaded.gallery).is_exact
    asked_for = rebuild(loaded.gallery, ask) if built is None and is_indexed else None
    return Churn(
        deleted=DELETED,
        found_after_deletion=found,
        deletion_ms=deletion,
        replaced=replaced,
        delete_faces_a_second=replaced / delete_seconds,
        load_faces_a_second=loading.faces_a_second,
        before=before,
        replaced_half=replaced_half,
        rebuilt=moment(loaded, probes, tau),
        built=built,
        asked_for=asked_for,
    )


def moment(loaded: LoadedGallery, probes: Floats, tau: float) -> Moment:
    """Measure now."""
    templates = Vectors(*stored_templates(loaded.gallery))
    service = Service(loaded.gallery)
    service.warm(probes)
    counts = recall_of(service.answer, templates, probes, Exact.of(templates, probes), tau)
    times = Percentiles.of([service.seconds(probe) for probe in probes[:TIMED]])
    return Moment(counts.recall_at_1, counts.wrong_nobody, times.p50, standing(loaded.gallery), table_bytes())


def _delete_people(loaded: LoadedGallery, rng: np.random.Generator) -> tuple[int, float]:
    """Delete people who are found; returns how many are found again by the very next search, and milliseconds."""
    service, again, times = Service(loaded.gallery), 0, []
    deleted = 0
    for index in rng.permutation(loaded.synthetic.person_count):
        probe = as_stored(loaded.synthetic.probes(np.array([index]), seed=97))[0]
        number = int(loaded.people[index])
        if service.answer(probe).people[:1] != [number]:
            continue
        started = time.perf_counter()
        delete_person(person=loaded.person(int(index)))
        times.append(time.perf_counter() - started)
        again += number in service.answer(probe).people
        deleted += 1
        if deleted == DELETED:
            break
    return again, float(np.median(times)) * 1000


def _half_of_the_faces(loaded: LoadedGallery, people: Integers) -> Integers:
    """The first of these people who have half of the faces together, in ascending order."""
    so_far = np.cumsum(loaded.synthetic.faces_of[people])
    return np.sort(people[: int(np.searchsorted(so_far, so_far[-1] / 2)) + 1])


def _delete_photos(loaded: LoadedGallery, people: Integers) -> int:
    """Delete all photos of these people; their faces and embeddings go with them. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT photo_id FROM faces_face WHERE person_id = ANY (%s)", [loaded.people[people].tolist()])
        photos = [photo for (photo,) in cursor.fetchall()]
        for start in range(0, len(photos), PHOTOS_AT_ONCE):
            cursor.execute("DELETE FROM faces_photo WHERE id = ANY (%s)", [photos[start : start + PHOTOS_AT_ONCE]])
    return len(photos)


def _load_again(loaded: LoadedGallery, people: Integers) -> Loading:
    """Give these people as many new faces as they had."""
    person = np.repeat(people, loaded.synthetic.faces_of[people])
    vector = loaded.synthetic.probes(person, seed=96)
    loading = Loading()
    load_faces(loaded, FaceBlock(person, vector, np.full(len(person), 0.9, np.float32)), loading)
    return loading
