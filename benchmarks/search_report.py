"""The measurements of searches as tables, and as one object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.search_churn import Churn
from benchmarks.search_recall import RecallCounts
from benchmarks.search_results import Measured, Results
from benchmarks.search_service import Percentiles
from benchmarks.search_shape import CROWDS, LFW_MEASURED, QUANTILES, MeasuredDistances
from benchmarks.timing import Row, table

LEAST_RECALL = 0.999
MOST_TO_BARE = 1.3
MOST_GROWTH = 4.0


def print_size(size: Measured, clients: int) -> None:
    """Print one gallery's table."""
    print(table(_title(size), size_rows(size, clients)), end="\n\n", flush=True)


def print_report(results: Results) -> None:
    """Print all other tables."""
    print(shape_table(results.shape))
    print()
    print(table("Loading and storing", loading_rows(results)))
    if results.churn is not None:
        print()
        print(table(f"Half of the faces replaced, {results.sizes[-1].faces:,} faces", churn_rows(results.churn)))
    print()
    print(table(f"In short, tau {results.tau:.4g}, {results.seconds / 60:.1f} minutes", summary_rows(results)))


def _title(size: Measured) -> str:
    standing = size.standing
    how = (
        f"tau {size.tau:.4g}, exact scan"
        if standing.is_exact
        else f"tau {size.tau:.4g}, {standing.lists_searched} of {standing.lists} lists of its index"
    )
    share = f"{size.share_of_table:.1%} of the table"
    return f"{size.faces:,} faces of {standing.templates:,} people ({share}): {how}"


def shape_table(shape: MeasuredDistances) -> str:
    """Squared distances of the generated faces beside those of LFW."""
    lines = ["Squared distances, generated / measured on LFW", f"  {'quantile':>9}{'mated':>18}{'non-mated':>20}"]
    for place, quantile in enumerate(QUANTILES):
        mated = f"{shape.mated[place]:.4f} / {LFW_MEASURED.mated[place]:.4f}"
        other = f"{shape.non_mated[place]:.4f} / {LFW_MEASURED.non_mated[place]:.4f}"
        lines.append(f"  {quantile:>9g}{mated:>18}{other:>20}")
    nearest = ", ".join(
        f"{size:,}: {ours:.4f} / {theirs:.4f}"
        for size, ours, theirs in zip(CROWDS, shape.nearest, LFW_MEASURED.nearest, strict=False)
    )
    lines.append(f"  nearest other person among {nearest}")
    return "\n".join(lines)


def loading_rows(results: Results) -> Sequence[Row]:
    """Rates of loads and builds, and bytes."""
    rows = []
    for size, loading in results.loading.items():
        if loading is None:
            continue
        rows += [
            Row(f"embeddings {size}", loading.rate("embeddings"), "rows/s", 0, "with their templates"),
            Row(f"everything {size}", loading.faces_a_second, "faces/s", 0, "people, photos, faces, embeddings"),
        ]
    for size, built in results.built.items():
        beside = f"; searches beside it p50 {built.meanwhile.p50:.1f} ms" if built.meanwhile else ""
        rows += [
            Row(f"index {size}", built.seconds, "s", 0, f"{built.rows_a_second:,.0f} templates/s{beside}"),
            Row(f"index bytes {size}", built.bytes / built.rows, "bytes/row", 0, f"{built.bytes / 1e6:,.0f} MB"),
        ]
    for name, stored in results.tables.items():
        note = f"{stored.rows:,} rows, {stored.table / 1e6:,.0f} MB + indexes {stored.indexes / 1e6:,.0f} MB"
        rows.append(Row(f"table {name}", stored.per_row, "bytes/row", 0, note))
    return rows


def size_rows(size: Measured, clients: int) -> Sequence[Row]:
    """One gallery."""
    breakdown, many = size.breakdown, size.many_photos
    many_note = f"{many.photos:,} photos; comes first in {many.found:.0%}, {many.people_named:.1f} people named"
    together, bare = size.together, size.bare_together
    return [
        *_recall_rows("enrolled", size.enrolled.counts),
        *_recall_rows("not enrolled", size.strangers.counts),
        *_recall_rows("at the factory's tau", size.at_factory_tau)[:1],
        Row("known by exact answer", size.enrolled.rightly_known, "share", 0, "the encoder's limit, not the search's"),
        _time_row("service", size.service),
        _time_row("bare SQL", size.bare, f"recall@1 {size.bare_recall.recall_at_1:.4f}"),
        Row("service / bare SQL", size.service.p50 / size.bare.p50, "", -MOST_TO_BARE),
        _time_row(
            "FAISS HNSW",
            size.hnsw,
            f"recall@1 {size.hnsw_recall.recall_at_1:.4f}, ef_search {size.hnsw_ef_search},"
            f" built in {size.hnsw_build_seconds:.0f} s",
        ),
        Row("service / FAISS HNSW", size.service.p50 / size.hnsw.p50, ""),
        _time_row("FAISS flat", size.flat),
        _time_row("numpy", size.numpy),
        _time_row(f"{clients} clients", together.times, f"{together.per_second:.0f} answers/s, a process each"),
        _time_row(f"{clients} bare clients", bare.times, f"{bare.per_second:.0f} answers/s"),
        _time_row("many photos", many.times, many_note),
        Row("of it Python", breakdown.python, "ms", 0, "parameters, objects, decisions"),
        Row("of it tau and plan", breakdown.small_statements, "ms", 0, f"{breakdown.statements - 1:.0f} statements"),
        Row("of it planning", breakdown.planning, "ms"),
        Row("of it execution", breakdown.execution, "ms"),
        Row("of it round trip", breakdown.round_trip, "ms", 0, "of the search statement"),
    ]


def _recall_rows(name: str, counts: RecallCounts) -> list[Row]:
    right = f"{counts.right_within:,} of {counts.within:,} within tau; nobody wrongly {counts.wrong_nobody}"
    goal = LEAST_RECALL if name == "enrolled" else 0.0
    return [
        Row(f"recall@1, {name}", counts.recall_at_1, "share", goal, right),
        Row(f"recall@1 without tau, {name}", counts.recall_at_1_without_tau, "share", 0, f"of {counts.asked:,}"),
        Row(f"recall@10, {name}", counts.recall_at_10, "share"),
    ]


def _time_row(name: str, times: Percentiles, note: str = "") -> Row:
    spread = f"p95 {times.p95:.2f}, p99 {times.p99:.2f}, mean {times.mean:.2f}"
    return Row(f"p50 {name}", times.p50, "ms", 0, f"{spread}; {note}" if note else spread)


def churn_rows(churn: Churn) -> Sequence[Row]:
    """Before, between, after."""
    rows = [
        Row("found after deletion", churn.found_after_deletion, "people", 0, f"of {churn.deleted} deleted"),
        Row("deletion of a person", churn.deletion_ms, "ms"),
        Row("faces deleted", churn.delete_faces_a_second, "faces/s", 0, f"{churn.replaced:,} faces"),
        Row("faces loaded again", churn.load_faces_a_second, "faces/s"),
    ]
    for name, moment in (
        ("before", churn.before),
        ("replaced", churn.replaced_half),
        ("after the platform's build", churn.rebuilt),
    ):
        standing = moment.standing
        stored = moment.tables["template"]
        note = (
            f"wrong nobody {moment.wrong_nobody}, p50 {moment.p50_ms:.1f} ms,"
            f" index {standing.index_bytes / 1e6:.1f} MB, tail {standing.tail:,}, dead {standing.dead:,},"
            f" table {stored.table / 1e6:.1f} MB"
        )
        rows.append(Row(f"recall@1 {name}", moment.recall_at_1, "share", LEAST_RECALL, note))
    for name, built in (("build by itself", churn.built), ("build as asked for", churn.asked_for)):
        if built is not None:
            beside = f"searches beside it p50 {built.meanwhile.p50:.1f} ms" if built.meanwhile else ""
            rows.append(Row(name, built.seconds, "s", 0, beside))
    return rows


def summary_rows(results: Results) -> Sequence[Row]:
    """What the goals are about, at the largest size."""
    first, last = results.sizes[0], results.sizes[-1]
    counts = last.enrolled.counts
    rows = [
        Row("recall_at_1", counts.recall_at_1, "share", LEAST_RECALL, "enrolled, at tau"),
        Row("wrong_nobody", counts.wrong_nobody / max(counts.within, 1), "share", -(1 - LEAST_RECALL)),
        Row("ratio_to_bare_sql", last.service.p50 / last.bare.p50, "", -MOST_TO_BARE),
        Row("ratio_to_faiss_hnsw", last.service.p50 / last.hnsw.p50, ""),
        Row("ratio_to_faiss_flat", last.service.p50 / last.flat.p50, ""),
    ]
    if last is not first:
        rows.append(Row("p50_growth", last.service.p50 / first.service.p50, "", -MOST_GROWTH, "largest to smallest"))
    return rows


def as_object(results: Results) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        **{row.name: row.value for row in summary_rows(results)},
        "p50_ms": {str(size.faces): size.service.p50 for size in results.sizes},
        "tau": results.tau,
        "seconds": results.seconds,
        "sizes": {str(size.faces): _size_object(size) for size in results.sizes},
        "loading": {
            str(size): {
                "embeddings_per_s": loading.rate("embeddings"),
                "faces_per_s": loading.faces_a_second,
                "rows": loading.rows,
                "seconds": loading.seconds,
            }
            for size, loading in results.loading.items()
            if loading is not None
        },
        "index": {
            str(size): asdict(built) | {"rows_per_s": built.rows_a_second, "bytes_per_row": built.bytes / built.rows}
            for size, built in results.built.items()
        },
        "tables": {name: asdict(stored) for name, stored in results.tables.items()},
        "shape": {"generated": asdict(results.shape), "measured": asdict(LFW_MEASURED), "quantiles": QUANTILES},
        "churn": None if results.churn is None else asdict(results.churn),
    }


def _size_object(size: Measured) -> dict[str, Any]:
    counts = {
        "enrolled": size.enrolled.counts,
        "not_enrolled": size.strangers.counts,
        "at_factory_tau": size.at_factory_tau,
        "bare_sql": size.bare_recall,
    }
    return {
        "standing": asdict(size.standing),
        "tau": size.tau,
        "share_of_table": size.share_of_table,
        "recall": {name: _recall_object(value) for name, value in counts.items()},
        "known_by_exact_answer": size.enrolled.rightly_known,
        "ratio_to_bare_sql": size.service.p50 / size.bare.p50,
        "ratio_to_faiss_hnsw": size.service.p50 / size.hnsw.p50,
        "ms": {
            "service": asdict(size.service),
            "bare_sql": asdict(size.bare),
            "faiss_hnsw": asdict(size.hnsw),
            "faiss_flat": asdict(size.flat),
            "numpy": asdict(size.numpy),
            "clients": asdict(size.together.times),
            "bare_clients": asdict(size.bare_together.times),
        },
        "answers_per_s": {"clients": size.together.per_second, "bare_clients": size.bare_together.per_second},
        "faiss_hnsw": {
            "recall_at_1": size.hnsw_recall.recall_at_1,
            "ef_search": size.hnsw_ef_search,
            "build_s": size.hnsw_build_seconds,
        },
        "breakdown_ms": asdict(size.breakdown) | {"round_trip": size.breakdown.round_trip},
        "many_photos": asdict(size.many_photos),
        "night": None if size.night is None else asdict(size.night),
    }


def _recall_object(counts: RecallCounts) -> dict[str, float]:
    return {
        "asked": counts.asked,
        "within_tau": counts.within,
        "recall_at_1": counts.recall_at_1,
        "recall_at_1_without_tau": counts.recall_at_1_without_tau,
        "recall_at_10": counts.recall_at_10,
        "wrong_nobody": counts.wrong_nobody,
        "wrong_somebody": counts.wrong_somebody,
    }
