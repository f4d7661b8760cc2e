"""The process that measures searches; `python -m benchmarks.search` starts it with the settings of a fresh platform."""

from __future__ import annotations

import argparse
import json
import logging
import time

import django

django.setup()
logging.getLogger("faiss.loader").setLevel(logging.WARNING)  # it tells which processors it is not built for

# What follows needs the settings. Clients that ask at the same time are processes that begin here as well.
from django.core.management import call_command  # noqa: E402

from benchmarks.search_churn import churn  # noqa: E402
from benchmarks.search_gallery import load  # noqa: E402
from benchmarks.search_index import asking, settle, table_bytes  # noqa: E402
from benchmarks.search_measure import measured, say, shape_of  # noqa: E402
from benchmarks.search_recall import as_stored  # noqa: E402
from benchmarks.search_report import as_object, print_report, print_size  # noqa: E402
from benchmarks.search_results import Results  # noqa: E402
from benchmarks.search_tau import set_tau_for_size, tau_of  # noqa: E402

LADDER = (10_000, 100_000, 1_000_000)
MOST_CHURNED = 100_000
"""Faces. Larger galleries are churned when they are asked for."""


def main() -> None:
    """Load, index, measure, print."""
    options = parsed()
    started = time.perf_counter()
    call_command("migrate", interactive=False, verbosity=0)
    sizes = [size for size in LADDER if size < options.faces] + [options.faces]
    loaded, loading = [], {}
    for size in sizes:
        say(f"loading {size:,} faces")
        gallery, loading[size] = load(size, seed=options.seed)
        say(f"tau for FPIR 1 % is {set_tau_for_size(gallery):.4f}")
        loaded.append(gallery)
    say("the platform decides about indexes and builds them")
    smallest = loaded[0]
    builds = settle(asking(smallest, as_stored(smallest.synthetic.strangers(100))))
    tables = table_bytes()
    results = []
    for gallery in loaded:
        results.append(measured(gallery, tables, options))
        print_size(results[-1], options.clients)
    is_churned = options.faces <= MOST_CHURNED if options.churn is None else options.churn
    if is_churned:
        say("deleting people, replacing half of the faces")
    report = Results(
        sizes=results,
        loading=loading,
        built={gallery.faces: builds[gallery.gallery.pk] for gallery in loaded if gallery.gallery.pk in builds},
        tables=tables,
        shape=shape_of(loaded[-1].synthetic),
        churn=churn(loaded[-1], tau=tau_of(loaded[-1]), seed=options.seed) if is_churned else None,
        tau=tau_of(loaded[-1]),
        seconds=time.perf_counter() - started,
        clients=options.clients,
    )
    print_report(report)
    if options.json:
        print(json.dumps(as_object(report)))


def parsed() -> argparse.Namespace:
    """What `benchmarks.search` hands on."""
    parser = argparse.ArgumentParser()
    for name in ("faces", "probes", "timed", "clients", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--churn", action=argparse.BooleanOptionalAction)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
