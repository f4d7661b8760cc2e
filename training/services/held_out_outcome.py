"""Whether a candidate is better than its parent, as its report says it, and in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from training.metrics.paired import Change, Outcome, Paired
from training.models import EvaluationReport
from training.services.report_words import count, one_in, percent

COMPARISON = "comparison"
"""Of `EvaluationReport.snapshot`: `Judgement.as_json`."""

TOLERATED = 0.01
"""What TAR on photos as they are may surely lose (the interval's lower limit) where poor copies are clearly better."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A candidate beside its parent.

    Attributes:
        plain: photos as they are among each other.
        probes: copies made poorer, as the run trained for, among photos as they are; None where it did not.
    """

    plain: Paired
    probes: Paired | None = None

    @property
    def outcome(self) -> Outcome:
        """What counts when it is asked whether the candidate should serve.

        By photos as they are, unless it was trained for poor ones: then it is better when it is with these, and loses
        next to nothing (`TOLERATED`) on the others.
        """
        if self.probes is None:
            return self.plain.outcome
        outcomes = {self.plain.outcome, self.probes.outcome}
        if self.probes.outcome is Outcome.BETTER and self.plain.tar.low >= -TOLERATED:
            return Outcome.BETTER
        if Outcome.WORSE in outcomes:
            return Outcome.WORSE
        return Outcome.BETTER if self.plain.outcome is Outcome.BETTER else Outcome.NO_CLEAR_DIFFERENCE

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return {
            "outcome": self.outcome.value,
            "plain": self.plain.as_json(),
            "probes": None if self.probes is None else self.probes.as_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return what `as_json` gave."""
        probes = data.get("probes")
        return cls(Paired.from_json(data["plain"]), None if probes is None else Paired.from_json(probes))


def judgement_of(report: EvaluationReport) -> Judgement | None:
    """Return how a report's version compares with another one; None where it was compared with none."""
    data: dict[str, Any] | None = report.snapshot.get(COMPARISON)
    return None if data is None else Judgement.from_json(data)


def outcome_words(judgement: Judgement) -> str:
    """Return the verdict in a sentence."""
    is_mixed = judgement.probes is not None and judgement.probes.outcome is Outcome.BETTER
    if is_mixed and judgement.outcome is Outcome.WORSE:
        return "The candidate is better than its parent on poor photos, and worse on good ones."
    if is_mixed and judgement.outcome is Outcome.NO_CLEAR_DIFFERENCE:
        return (
            "The candidate is better than its parent on poor photos; so few people cannot tell whether it loses more "
            f"than {100 * TOLERATED:g} point on good ones."
        )
    return {
        Outcome.BETTER: "The candidate is better than its parent.",
        Outcome.NO_CLEAR_DIFFERENCE: "No clear difference: so few people cannot tell the candidate from its parent.",
        Outcome.WORSE: "The candidate is worse than its parent.",
    }[judgement.outcome]


def judgement_sentences(judgement: Judgement) -> Iterator[str]:
    """Yield what was compared, in words and numbers; what the run trained for comes first."""
    if judgement.probes is None:
        yield paired_words(judgement.plain)
        return
    for photos, compared in (
        ("Copies as poor as the run trained for, looked for among good photos", judgement.probes),
        ("Good photos among each other", judgement.plain),
    ):
        words = paired_words(compared)
        yield f"{photos}: {words[0].lower()}{words[1:]}"


def paired_words(compared: Paired) -> str:
    """Return a comparison in words and numbers."""
    after, before = (round(rate * compared.mated) for rate in (compared.tar.after, compared.tar.before))
    return (
        f"Of {count(compared.mated)} mated comparisons, {count(after)} match instead of {count(before)} at an FMR of "
        f"{one_in(compared.fmr)}; the difference is {change_words(compared.tar)}."
    )


def change_words(change: Change) -> str:
    """Return a difference in points of percent with its interval: "+2.1 points (95 %: +0.8 to +3.4)"."""
    low, high = points(change.low), points(change.high)
    return f"{points(change.difference)} points (95 %: {low} to {high})"


def points(share: float) -> str:
    """Return a difference of shares in points of percent, with its sign: "+2.1"; "0.0" for next to nothing."""
    text = f"{100 * share:+.1f}" if abs(share) >= 0.001 else f"{100 * share:+.2f}"
    return text if float(text) else "0.0"


def rates_words(change: Change) -> str:
    """Return two rates: "94.1 % → 96.2 %"."""
    return f"{percent(change.before)} → {percent(change.after)}"
