"""The error rates of a gallery: the work of a job."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from faces.exceptions import InvalidRequestError, JobCancelledError
from faces.models import EncoderVersion, Gallery, Job, Threshold
from faces.services.thresholds import TauInForce, tau_or_none
from faces.services.waiting import kept_alive
from faces.services.working import Show, unseen
from training.exceptions import TooFewComparisonsError
from training.metrics.evidence import Evidence
from training.metrics.figures import Figures
from training.metrics.measuring import figures_of
from training.models import EvaluationReport
from training.services.enrolled import Enrolled, enrolled_at_this_moment
from training.services.evidence import gather_evidence
from training.services.pair_classifiers import fit_classifiers
from training.services.report_words import rate_of
from training.services.requesting import FEWEST_PEOPLE, MINIMUM_PEOPLE
from training.services.subgroups import Subgroups, subgroups

RESAMPLES = 200
COUNTS = 12
"""How often that many resamples are counted, about: for each curve and each number of people."""

SECONDS_BETWEEN_REPORTS = 0.5


def evaluate_gallery(job: Job, *, show: Show = unseen) -> Mapping[str, object]:
    """Measure the error rates of the job's gallery and keep them as an `EvaluationReport`.

    `parameters` are those of `request_evaluation`. Nothing is stored before everything is known. Begun again after a
    kill, it measures the gallery as it is then, unless the report was stored already.

    Raises:
        JobCancelledError: somebody cancelled the job.
        InvalidRequestError: the job names no gallery, or its encoder version is gone.
        TooFewComparisonsError: meanwhile there are fewer than two people.
    """
    if job.gallery is None:
        raise InvalidRequestError("Error rates are those of a gallery; this job names none.")
    stored = EvaluationReport.objects.filter(job=job).first()
    return _outcome(stored) if stored is not None else _Evaluation(job, job.gallery, show).run()


@dataclass
class _Evaluation:
    job: Job
    gallery: Gallery
    show: Show
    total: int = 0
    done: int = 0
    note: str = ""
    reported_at: float = float("-inf")

    def run(self) -> Mapping[str, object]:
        started, moment = time.monotonic(), timezone.now()
        parameters = self.job.parameters
        version = self._version()
        seed, minimum = int(parameters.get("seed", 0)), int(parameters.get("minimum_people", MINIMUM_PEOPLE))
        self._report(0, "Reading the enrolled faces")
        taus = {use: tau_or_none(gallery=self.gallery, encoder_version=version, use=use) for use in Threshold.Use}
        in_force = {use.value: tau for use, tau in taus.items() if tau is not None}
        with ExitStack() as stack:
            with kept_alive(self.job, note=self.note):
                enrolled = stack.enter_context(enrolled_at_this_moment(self.gallery, version))
            evidence = self._evidence(enrolled, seed)
            groups = subgroups(self.gallery, version.pk, enrolled.everybody)
        figures = self._figures(evidence, in_force, groups, seed, minimum)
        report = EvaluationReport(
            encoder_version=version,
            gallery=self.gallery,
            job=self.job,
            kind=EvaluationReport.Kind.GALLERY,
            measured_on=_in_words(self.gallery, evidence)[:300],
            people=len(evidence.people),
            photos=evidence.photos,
            mated=round(evidence.photo_mated.total),
            non_mated=round(evidence.photo_non_mated.total),
            snapshot={
                "moment": moment.isoformat(),
                "gallery": {"id": self.gallery.pk, "slug": self.gallery.slug, "people": len(evidence.people)},
                "faces": evidence.faces,
                "photos": evidence.photos,
                "probes": len(evidence.searches.person),
                "is_complete": evidence.is_complete,
                "encoder_version": of_version(version),
                "tau": {use: {"tau": tau.tau, "threshold": tau.threshold.pk} for use, tau in in_force.items()},
                "seed": seed,
                "resamples": RESAMPLES,
                "minimum_people": minimum,
                "fields": list(groups.fields),
                "fields_left_out": dict(groups.left_out),
            },
            figures=figures.as_json(),
            seconds=round(time.monotonic() - started, 3),
        )
        self._store(report, evidence, version, seed)
        return _outcome(report)

    def _version(self) -> EncoderVersion:
        wanted = self.job.parameters.get("encoder_version", self.gallery.encoder_version_id)
        version = EncoderVersion.objects.filter(pk=wanted).first()
        if version is None:
            raise InvalidRequestError("The encoder version that was to be measured is gone.")
        return version

    def _evidence(self, enrolled: Enrolled, seed: int) -> Evidence:
        if len(enrolled.everybody) < FEWEST_PEOPLE:
            raise TooFewComparisonsError(
                f"There are fewer than {FEWEST_PEOPLE} people to compare in gallery “{self.gallery.slug}” now."
            )
        self.total = len(enrolled.faces) + len(enrolled.templates) + RESAMPLES * COUNTS
        return gather_evidence(enrolled, seed=seed, report=self._report)

    def _figures(
        self, evidence: Evidence, in_force: Mapping[str, TauInForce], groups: Subgroups, seed: int, minimum: int
    ) -> Figures:
        begun, counted, note = self.done, 0, f"Resampling {len(evidence.people):,} people"

        def progress(resamples: int) -> None:
            nonlocal counted
            counted += resamples
            self._report(min(begun + counted, self.total), note)

        with kept_alive(self.job, note=note):  # groups of people tell of no progress
            return figures_of(
                evidence,
                tau={use: tau.tau for use, tau in in_force.items()},
                fields=groups.fields,
                seed=seed,
                resamples=RESAMPLES,
                minimum_people=minimum,
                progress=progress,
            )

    def _store(self, report: EvaluationReport, evidence: Evidence, version: EncoderVersion, seed: int) -> None:
        self._report(self.done, "Fitting the probability", is_due=True)
        with kept_alive(self.job, note=self.note), transaction.atomic():
            report.save()
            fit_classifiers(gallery=self.gallery, encoder_version=version, evidence=evidence, seed=seed)
        self.job.report(self.total, self.total, "Done")  # too late to cancel it
        self.show(self.total, self.total, "Done")

    def _report(self, done: int, note: str, *, is_due: bool = False) -> None:
        self.done, self.note = done, note
        if not is_due and time.monotonic() - self.reported_at < SECONDS_BETWEEN_REPORTS:
            return
        self.show(done, self.total, note)
        if not self.job.report(done, self.total, note):
            raise JobCancelledError("It was cancelled; no report was stored.")
        self.reported_at = time.monotonic()


def of_version(version: EncoderVersion) -> dict[str, object]:
    """Return which weights were measured, as a report's snapshot says it."""
    return {
        "id": version.pk,
        "name": version.name,
        "weights_sha256": version.weights_sha256,
        "preprocessing_version": version.preprocessing_version,
    }


def _in_words(gallery: Gallery, evidence: Evidence) -> str:
    whole = f"Gallery “{gallery.name}”: {evidence.faces:,} faces of {len(evidence.people):,} people"
    if evidence.is_complete:
        return f"{whole}, each compared with all others"
    return f"{whole}, of whom {len(evidence.searches.person):,} faces drawn by chance were compared with all others"


def _outcome(report: EvaluationReport) -> Mapping[str, object]:
    """Return the report's number and, where a tau is in force, the error rates at it."""
    figures = Figures.from_json(report.figures)
    outcome: dict[str, Any] = {"report": report.pk, "people": report.people, "photos": report.photos}
    curves = {
        "verification": {"fmr": figures.person.fmr, "fnmr": figures.person.fnmr},
        "recognition": {"fpir": figures.recognition.fpir, "fnir": figures.recognition.fnir},
    }
    for use, tau in figures.tau.items():
        for name, series in curves[use].items():
            outcome[name] = rate_of(series, figures.taus.index(tau)).value
    return outcome
