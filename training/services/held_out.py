"""Judging a candidate by people who were held out from its training, beside its parent."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db import transaction
from django.utils import timezone

from faces.models import EncoderVersion
from training.metrics.evidence import Evidence
from training.metrics.measuring import figures_of
from training.metrics.paired import Compared, Paired, paired
from training.metrics.resampling import draws_of_people
from training.metrics.types import Embeddings
from training.metrics.watching import pairs_of_people, smallest_fmr
from training.mining.sets import Part, TrainingSet
from training.models import EvaluationReport, TrainingRun
from training.services import changed_pairs
from training.services.evaluating import RESAMPLES, SECONDS_BETWEEN_REPORTS, of_version
from training.services.evidence import gather_evidence
from training.services.held_out_faces import HeldOutFaces, held_out_faces
from training.services.held_out_outcome import COMPARISON, Judgement
from training.services.held_out_pairs import most_changed
from training.services.held_out_probes import compare_probes

Tell: TypeAlias = Callable[[str], None]
"""Told what is being done. It may raise to stop: nothing is stored before everything is known."""

FALSE_MATCH_RATES = (1e-3, 1e-2, 1e-1)
"""Those that TAR may be told at, the wanted one first."""

PAIRED_RESAMPLES = 400

SEED = 0
"""Of the resamples of people; the same in every run, so that the same vectors give the same figures."""


def unheard(_note: str) -> None:
    """Be told of what is being done, and do nothing."""


def judge_candidate(
    *,
    run: TrainingRun,
    candidate: EncoderVersion,
    training_set: TrainingSet,
    parent_vectors: Embeddings,
    candidate_vectors: Embeddings,
    parent_probes: Embeddings | None = None,
    candidate_probes: Embeddings | None = None,
    tell: Tell = unheard,
) -> EvaluationReport:
    """Measure the run's parent and its candidate on the held-out people, and keep a report of each.

    Both are measured on the same photos by the same code, in the deployed form: what is judged is what would serve.
    Of people with very many photos some count (`metrics.paired_people`). Reports that were kept of the run
    before are replaced.

    Args:
        run: whose `parent` is the one version.
        candidate: the other one.
        training_set: the run's.
        parent_vectors: (H, D) of unit length: the deployed embeddings of the H held-out rows of the set, in their
            order, by the parent.
        candidate_vectors: (H, D) by the candidate.
        parent_probes: (H, D) by the parent of copies of the same faces, made as the run's augmentation makes them,
            where it trains for such; they are looked for among the photos as they are.
        candidate_probes: (H, D) by the candidate.
        tell: told what is being done; it may raise to stop.

    Returns:
        The candidate's report, which says how it compares with the parent.

    Raises:
        TooFewComparisonsError: fewer than two people are held out, or none of them has two photos.
        ValueError: the numbers of vectors do not fit, or there are probes of one version only.
    """
    expected = len(training_set.rows_of(Part.HELD_OUT))
    for vectors in (parent_vectors, candidate_vectors, parent_probes, candidate_probes):
        if vectors is not None and len(vectors) != expected:
            raise ValueError(f"{expected} faces are held out, and there are {len(vectors)} vectors.")
    if (parent_probes is None) != (candidate_probes is None):
        raise ValueError("Probes are compared by both versions or by none.")
    tell("Reading the held-out faces")
    before = _Side(run.parent, parent_vectors, parent_probes)
    after = _Side(candidate, candidate_vectors, candidate_probes)
    return _Judging(run, held_out_faces(training_set), tell).judge(before, after)


@dataclass(frozen=True)
class _Side:
    version: EncoderVersion
    vectors: Embeddings
    probes: Embeddings | None


@dataclass
class _Judging:
    run: TrainingRun
    held_out: HeldOutFaces
    tell: Tell
    told_at: float = float("-inf")

    def judge(self, before: _Side, after: _Side) -> EvaluationReport:
        reports, evidences = [], []
        for side in (before, after):
            report, evidence = self._report(side)
            reports.append(report)
            evidences.append(evidence)
        judgement = self._judgement(before, after, evidences)
        report = reports[1]
        report.compared_with = before.version
        tar = judgement.plain.tar
        report.difference, report.difference_low, report.difference_high = tar.difference, tar.low, tar.high
        report.snapshot |= {"parent": of_version(before.version), COMPARISON: judgement.as_json()}
        pairs = most_changed(
            self.held_out, self.held_out.as_stored(before.vectors), self.held_out.as_stored(after.vectors)
        )
        report.figures |= {changed_pairs.KEY: changed_pairs.as_json(pairs)}
        with transaction.atomic():
            EvaluationReport.objects.filter(training_run=self.run, kind=EvaluationReport.Kind.HELD_OUT).delete()
            for each in reports:
                each.save()
        return report

    def _report(self, side: _Side) -> tuple[EvaluationReport, Evidence]:
        """Return a report that is not stored yet, and what it rests on."""
        started, moment = time.monotonic(), timezone.now()
        enrolled = self.held_out.enrolled(side.vectors)
        evidence = gather_evidence(enrolled, seed=SEED, report=lambda _, note: self.tell(note))
        self.tell(f"Resampling {len(evidence.people):,} held-out people")
        figures = figures_of(
            evidence, tau={}, fields={}, seed=SEED, resamples=RESAMPLES, progress=lambda _: self._still_at_it()
        )
        report = EvaluationReport(
            encoder_version=side.version,
            gallery=self.run.gallery,
            training_run=self.run,
            kind=EvaluationReport.Kind.HELD_OUT,
            measured_on=self._in_words(evidence)[:300],
            people=len(evidence.people),
            photos=evidence.photos,
            mated=round(evidence.photo_mated.total),
            non_mated=round(evidence.photo_non_mated.total),
            snapshot={"moment": moment.isoformat(), "encoder_version": of_version(side.version)}
            | self._measured_on(evidence),
            figures=figures.as_json(),
            seconds=round(time.monotonic() - started, 3),
        )
        return report, evidence

    def _still_at_it(self) -> None:
        if time.monotonic() - self.told_at >= SECONDS_BETWEEN_REPORTS:
            self.tell(f"Resampling {len(self.held_out.everybody):,} held-out people")
            self.told_at = time.monotonic()

    def _measured_on(self, evidence: Evidence) -> dict[str, Any]:
        gallery = self.run.gallery
        return {
            "training_run": self.run.pk,
            "gallery": {"id": gallery.pk, "slug": gallery.slug, "people": len(evidence.people)},
            "faces": evidence.faces,
            "faces_sha256": self.held_out.sha256,
            "most_photos": self.held_out.most_photos,
            "photos": evidence.photos,
            "probes": len(evidence.searches.person),
            "is_complete": evidence.is_complete,
            "fmr": self._fmr,
            "tau": {},
            "seed": SEED,
            "resamples": RESAMPLES,
        }

    def _in_words(self, evidence: Evidence) -> str:
        return (
            f"{evidence.faces:,} faces of {len(evidence.people):,} people of gallery “{self.run.gallery.name}” who "
            f"were held out from training run {self.run.pk}"
        )

    @property
    def _fmr(self) -> float:
        return smallest_fmr(pairs_of_people(self.held_out.people), FALSE_MATCH_RATES) or FALSE_MATCH_RATES[-1]

    def _judgement(self, before: _Side, after: _Side, evidences: list[Evidence]) -> Judgement:
        self.tell("Comparing the candidate with its parent")
        compared = [Compared(evidence.photo_mated, evidence.photo_non_mated) for evidence in evidences]
        plain = self._paired(*compared)
        if before.probes is None or after.probes is None:
            return Judgement(plain)
        return Judgement(
            plain,
            self._paired(
                compare_probes(self.held_out, before.probes, before.vectors, seed=SEED),
                compare_probes(self.held_out, after.probes, after.vectors, seed=SEED),
            ),
        )

    def _paired(self, before: Compared, after: Compared) -> Paired:
        draws = draws_of_people(len(self.held_out.everybody), PAIRED_RESAMPLES, SEED)
        return paired(before, after, fmr=self._fmr, draws=draws, progress=lambda _: self._still_at_it())
