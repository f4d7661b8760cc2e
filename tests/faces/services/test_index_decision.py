"""Whether a gallery is searched through an index, case by case."""

import pytest

from faces.services.index_decision import SIZES, Action, Facts, Sizes, decide

SMALL = Sizes(build_from=1000, drop_below=500, tail=100, tail_share=0.1, dead_share=0.2)

BUILD, KEEP, DROP = Action.BUILD, Action.KEEP, Action.DROP


@pytest.mark.parametrize(
    ("facts", "action", "reason"),
    [
        (Facts(tail=0), KEEP, "All 0 templates are scanned exactly"),
        (Facts(tail=1), KEEP, "All 1 template are scanned exactly"),
        (Facts(tail=999), KEEP, "From 1,000 on"),
        (Facts(tail=1000), BUILD, "With 1,000 templates or more"),
        (Facts(has_index=True, index_rows=1000, tail=100), KEEP, "up to date"),
        (Facts(has_index=True, index_rows=1000, tail=101), BUILD, "More than 100 templates are younger"),
        # A tenth of what the index holds, where that is more.
        (Facts(has_index=True, index_rows=5000, tail=500), KEEP, "up to date"),
        (Facts(has_index=True, index_rows=5000, tail=501), BUILD, "More than 500 templates are younger"),
        (Facts(has_index=True, index_rows=1000, tail=0, dead=200), KEEP, "up to date"),
        (Facts(has_index=True, index_rows=1000, tail=0, dead=201), BUILD, "20% of the index"),
        # Between the borders an index is neither begun nor given up.
        (Facts(tail=700), KEEP, "scanned exactly"),
        (Facts(has_index=True, index_rows=700, tail=0), KEEP, "up to date"),
        (Facts(has_index=True, index_rows=1000, dead=501, tail=1), BUILD, "50% of the index"),
        (Facts(has_index=True, index_rows=1000, dead=502, tail=1), DROP, "Only 499 templates are left"),
    ],
)
def test_the_decision_follows_from_what_is_stored(facts: Facts, action: Action, reason: str) -> None:
    decision = decide(facts, sizes=SMALL)
    assert decision.action is action
    assert reason in decision.reason


def test_a_new_index_is_kept_whatever_the_size_it_was_wanted_at() -> None:
    for rows in (SIZES.build_from, 100_000, 1_000_000):
        assert decide(Facts(tail=rows)).action is BUILD
        assert decide(Facts(tail=0, has_index=True, index_rows=rows)).action is KEEP


def test_growing_to_a_million_takes_few_builds() -> None:
    rows = index_rows = builds = 0
    while rows < 1_000_000:
        rows += 500
        facts = Facts(tail=rows - index_rows, has_index=index_rows > 0, index_rows=index_rows)
        if decide(facts).action is BUILD:
            index_rows, builds = rows, builds + 1
    assert builds < 70
