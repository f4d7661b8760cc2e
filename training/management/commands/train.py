"""manage.py train --gallery NAME."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import CommandError

from faces.exceptions import NotFoundError
from faces.management.base import ERROR, FacetCommand, text_argument
from faces.management.working import perform_here
from faces.services.galleries import get_gallery
from training.configuration import TrainingConfiguration
from training.exceptions import InvalidConfigurationError
from training.models import EpochRecord, EvaluationReport, TrainingRun
from training.retraining.work import find_device, train_encoder
from training.services.held_out_outcome import change_words, judgement_of, outcome_words, paired_words, rates_words
from training.services.report_words import percent
from training.services.run_actions import retry_run
from training.services.run_requests import fitted, request_training
from training.services.run_states import settle_runs
from training.services.run_words import CHOICES, GROUPS, Setting, preset_of

KINDS = {"int": int, "float": float, "share": float, "text": str, "choice": str}


class Command(FacetCommand):
    """Retrain the encoder that serves a gallery on the gallery's own photos."""

    help = (
        "Retrain the encoder that serves a gallery on the gallery's own photos, with the triplet loss and the nearest "
        "faces of other people as negatives. The outcome is a candidate: an encoder version that serves nobody yet, "
        "with a report on people it was not trained on. Ctrl-C stops it; what was learned is kept, and --resume goes "
        "on. Exit status: 0 done; 2 an error or cancelled on a page."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what can be said: every setting has an option."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--gallery", type=text_argument, metavar="NAME", help="Its name or slug.")
        what.add_argument("--resume", type=int, metavar="RUN", help="Go on with the run of this number.")
        parser.add_argument("--quick", action="store_true", help="Train the last layers alone: minutes, not an hour.")
        parser.add_argument("--json", action="store_true", help="End with one line that holds the outcome as JSON.")
        for group in GROUPS:
            settings = parser.add_argument_group(group.title)
            for setting in group.settings:
                _add_setting(settings, setting)

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask for the run or take it up again, do it here, sum up."""
        run = self._resumed(options) if options["resume"] is not None else self._requested(options)
        if run.job is None:
            raise CommandError("The job of this training run is gone. Start a new run.", returncode=ERROR)
        try:
            perform_here(
                self,
                run.job,
                train_encoder,
                description="Training",
                unit="steps",
                interrupted="Interrupted. What was learned until the last epoch is kept: "
                f"`manage.py train --resume {run.pk}` goes on from there.",
                is_shown=options["verbosity"] > 0,
            )
        finally:
            settle_runs(gallery=run.gallery)
        run.refresh_from_db()
        report = EvaluationReport.objects.get(pk=run.job.result["report"])
        self.stdout.write("\n".join(_lines(run, report)))
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(run, report)))

    def _requested(self, options: Mapping[str, Any]) -> TrainingRun:
        gallery = get_gallery(options["gallery"])
        configuration = _configuration(options)
        find_device(configuration.device)
        if "people_per_batch" not in _given(options):
            configuration = fitted(gallery, configuration)
        return request_training(gallery=gallery, configuration=configuration)

    def _resumed(self, options: Mapping[str, Any]) -> TrainingRun:
        run = TrainingRun.objects.select_related("gallery", "parent", "job").filter(pk=options["resume"]).first()
        if run is None:
            raise NotFoundError(f"There is no training run {options['resume']}.")
        if given := [_option(name) for name in _given(options)]:
            raise InvalidConfigurationError(
                f"A run goes on with the settings that it began with. Leave out {', '.join(given)}.",
                fields=dict.fromkeys(_given(options), "It cannot be changed any more."),
            )
        find_device(str(run.configuration.get("device", "auto")))
        settle_runs(gallery=run.gallery)
        run.refresh_from_db()
        return retry_run(run=run) if run.is_finished else run


def _add_setting(parser: Any, setting: Setting) -> None:
    usual = getattr(TrainingConfiguration(), setting.name)
    text = f"{setting.label}. {setting.help}".replace("%", "%%")
    if setting.kind == "bool":
        parser.add_argument("--no-guard", dest=setting.name, action="store_false", default=None, help=f"Not: {text}")
        return
    fewer = " or as many as there are" if setting.name == "people_per_batch" else ""
    told = f" ({usual}{fewer} if not given)" if usual is not None else ""
    parser.add_argument(
        _option(setting.name),
        dest=setting.name,
        type=KINDS[setting.kind],
        choices=[str(choice) for choice in CHOICES[setting.name]] if setting.kind == "choice" else None,
        metavar="WORD" if setting.kind in ("choice", "text") else "N",
        help=f"{text}{told}",
    )


def _option(name: str) -> str:
    return "--no-guard" if name == "uses_guard" else f"--{name.replace('_', '-')}"


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    names = [setting.name for group in GROUPS for setting in group.settings]
    return {name: options[name] for name in names if options.get(name) is not None}


def _configuration(options: Mapping[str, Any]) -> TrainingConfiguration:
    begins = preset_of("quick" if options["quick"] else "usual").configuration
    return TrainingConfiguration.from_json(begins.as_json() | _given(options)).checked()


def _lines(run: TrainingRun, report: EvaluationReport) -> Iterator[str]:
    seconds = sum(record.seconds for record in run.epoch_records.all())
    yield (
        f"Training run {run.pk}: {run.steps:,} steps on {run.photos:,} faces of {run.people:,} people in "
        f"{seconds:.0f} s ({run.device})"
    )
    for record in run.epoch_records.all():
        yield f"  {_epoch_in_words(record, is_best=record.number == run.best_epoch)}"
    if run.job is not None and run.job.note:
        yield run.job.note
    yield f"\nCandidate {run.candidate_id}: {run.candidate}, judged on {report.measured_on}"
    judgement = judgement_of(report)
    if judgement is None:
        return
    for title, compared in (("Photos as they are", judgement.plain), ("Poor copies", judgement.probes)):
        if compared is not None:
            yield f"  {title}: EER {rates_words(compared.eer)}; {change_words(compared.eer)}"
            yield f"  {title}: TAR {rates_words(compared.tar)}. {paired_words(compared)}"
    yield outcome_words(judgement)


def _epoch_in_words(record: EpochRecord, *, is_best: bool) -> str:
    rates = "too few comparisons" if record.held_out_eer is None else f"EER {percent(record.held_out_eer)}"
    if record.held_out_tar is not None:
        rates += f", TAR {percent(record.held_out_tar)} at FMR {record.held_out_fmr:g}"
    if not record.number:
        return f"Before: {rates} of the watched people"
    share = record.active / record.triplets if record.triplets else 0.0
    best = " (the best)" if is_best else ""
    return f"Epoch {record.number}: loss {record.loss or 0:.4f}, {percent(share)} of triplets active; {rates}{best}"


def _as_json(run: TrainingRun, report: EvaluationReport) -> dict[str, Any]:
    judgement = judgement_of(report)
    return {
        "run": run.pk,
        "candidate": run.candidate_id,
        "report": report.pk,
        "best_epoch": run.best_epoch,
        "steps": run.steps,
        "seconds": round(sum(record.seconds for record in run.epoch_records.all()), 3),
        "difference": report.difference,
        "difference_low": report.difference_low,
        "difference_high": report.difference_high,
        "comparison": judgement.as_json() if judgement is not None else None,
    }
