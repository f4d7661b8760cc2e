"""Everything about one gallery: right or wrong, how fast, beside whom, and where the time goes."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.search_bare import BareSql
from benchmarks.search_fit import distances_of
from benchmarks.search_gallery import LoadedGallery, stored_templates
from benchmarks.search_index import TableBytes, one_night, standing
from benchmarks.search_recall import Exact, Vectors, as_stored
from benchmarks.search_results import Kind, ManyPhotos, Measured
from benchmarks.search_rivals import Flat, Hnsw, Numpy, answer_of, seconds_of
from benchmarks.search_service import Percentiles, Service, ask_together, break_down, recall_of
from benchmarks.search_shape import MeasuredDistances
from benchmarks.search_tau import factory_tau, judged_by, tau_of
from benchmarks.synthetic_gallery import Floats, SyntheticGallery
from benchmarks.timing import take_turns

TIMED_SLOWLY = 60
"""Probes for rivals that read all vectors each time."""

EXPLAINED = 60
JUDGED = 500
"""Probes for the recall of rivals."""

MANY_PHOTOS_PROBES = 50
NIGHTLY = 1000
SHAPE_FACES = 12_000


def say(words: str) -> None:
    """Tell how far it is."""
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def measured(loaded: LoadedGallery, tables: Mapping[str, TableBytes], options: argparse.Namespace) -> Measured:
    """Everything about one gallery."""
    size = f"{loaded.faces:,} faces"
    tau, gallery = tau_of(loaded), loaded.gallery
    say(f"{size}: the platform's nightly look at its own recall")
    night = one_night(gallery, probes=NIGHTLY)
    say(f"{size}: exact answers")
    templates = Vectors(*stored_templates(gallery))
    rng = np.random.default_rng([options.seed, loaded.faces])
    people = rng.integers(0, loaded.synthetic.person_count, options.probes)
    enrolled = as_stored(loaded.synthetic.probes(people))
    strangers = as_stored(loaded.synthetic.strangers(options.probes))
    exact, exact_strangers = Exact.of(templates, enrolled), Exact.of(templates, strangers)
    service = Service(gallery)
    service.warm(np.concatenate([enrolled[:100], strangers[:100]])[::4])
    say(f"{size}: {2 * options.probes:,} probes answered by the service and exactly")
    counts = recall_of(service.answer, templates, enrolled, exact, tau)
    counts_strangers = recall_of(service.answer, templates, strangers, exact_strangers, tau)
    factory = factory_tau(loaded)
    by_factory = judged_by(service.answer, templates, factory)
    counts_factory = recall_of(by_factory, templates, enrolled, exact, factory)
    say(f"{size}: rivals are made ready")
    hnsw = Hnsw(templates.vector)
    hnsw.tune(templates, enrolled, exact, tau, counts.recall_at_1)
    bare = BareSql(gallery)
    judged = Exact(exact.distance[:JUDGED], exact.nearest[:JUDGED])
    recall_bare = recall_of(bare.answer, templates, enrolled[:JUDGED], judged, tau)
    recall_hnsw = recall_of(answer_of(hnsw, templates, tau), templates, enrolled[:JUDGED], judged, tau)
    say(f"{size}: service, bare SQL, FAISS and numpy take turns")
    mixed = np.stack([enrolled, strangers], axis=1).reshape(-1, enrolled.shape[1])
    near = timed({"service": service.seconds, "bare": bare.seconds, "hnsw": seconds_of(hnsw)}, mixed, options.timed)
    far = timed(
        {"flat": seconds_of(Flat(templates.vector)), "numpy": seconds_of(Numpy(templates.vector))}, mixed, TIMED_SLOWLY
    )
    bare.close()
    say(f"{size}: {options.clients} clients at once")
    asked = mixed[: options.timed]
    return Measured(
        faces=loaded.faces,
        standing=standing(gallery),
        share_of_table=len(templates.people) / tables["template"].rows,
        enrolled=Kind(counts, float((exact.nearest == loaded.people[people]).mean())),
        strangers=Kind(counts_strangers, 0.0),
        tau=tau,
        at_factory_tau=counts_factory,
        service=near["service"],
        bare=near["bare"],
        bare_recall=recall_bare,
        hnsw=near["hnsw"],
        hnsw_recall=recall_hnsw,
        hnsw_ef_search=hnsw.ef_search,
        hnsw_build_seconds=hnsw.build_seconds,
        flat=far["flat"],
        numpy=far["numpy"],
        together=ask_together("service", gallery, asked, options.clients),
        bare_together=ask_together("bare", gallery, asked, options.clients),
        breakdown=break_down(service, mixed[:EXPLAINED]),
        many_photos=ask_for_many_photos(loaded, service),
        night=night,
    )


def timed(contestants: Mapping[str, Callable[[Floats], float]], probes: Floats, rounds: int) -> dict[str, Percentiles]:
    """Times of contestants that take turns; in one round each has another probe, so that none finds pages warmed."""
    step = len(probes) // len(contestants)

    def turn(number: int, ask: Callable[[Floats], float]) -> Callable[[int], float]:
        return lambda place: ask(probes[(place + number * step) % len(probes)])

    turns = {name: turn(number, ask) for number, (name, ask) in enumerate(contestants.items())}
    take_turns(turns, 10)
    return {name: Percentiles.of(times) for name, times in take_turns(turns, rounds).items()}


def ask_for_many_photos(loaded: LoadedGallery, service: Service) -> ManyPhotos:
    """New faces of the person who has the most."""
    index = loaded.synthetic.most_photographed
    probes = as_stored(loaded.synthetic.probes(np.full(MANY_PHOTOS_PROBES, index), seed=1))
    answers = [service.answer(probe) for probe in probes]
    number = int(loaded.people[index])
    return ManyPhotos(
        photos=int(loaded.synthetic.faces_of[index]),
        times=Percentiles.of([service.seconds(probe) for probe in probes]),
        found=float(np.mean([answer.people[:1] == [number] for answer in answers])),
        people_named=float(np.mean([len(set(answer.people)) for answer in answers])),
    )


def shape_of(synthetic: SyntheticGallery) -> MeasuredDistances:
    """Distances among some of the faces."""
    first = next(synthetic.blocks())
    return distances_of(first.vector[:SHAPE_FACES], first.person[:SHAPE_FACES])
