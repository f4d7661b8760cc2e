"""A training run: the work of a job."""

import errno
import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic

import torch
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from encoder.devices import choose_device
from encoder.exceptions import EncoderError
from encoder.pipeline import FaceEncoder
from faces.encoding import weights_file
from faces.exceptions import FacetError, InvalidRequestError, JobCancelledError, WrongStateError
from faces.models import Job
from faces.services.working import Show, unseen
from training.configuration import TrainingConfiguration
from training.exceptions import TrainingFailedError
from training.learning.learner import Learner
from training.mining.sets import Part
from training.models import EpochRecord, EvaluationReport, TrainingRun
from training.retraining.candidates import Judge, candidate_spec, spec_of
from training.retraining.crops import Material, cut_crops
from training.retraining.epochs import standing
from training.retraining.reporting import Reporter
from training.retraining.trainer import FACES_IN_A_UNIT, Trainer, device_in_words, without_those_who_left
from training.services.mining import drop_leftovers
from training.services.run_candidates import discard_candidate
from training.services.run_files import forget_files, remove_leftover_files
from training.services.run_scratch import scratch_folder
from training.services.run_states import settle_runs
from training.services.training_sets import check_enough, choose_faces

logger = logging.getLogger(__name__)

S = TrainingRun.State


def train_encoder(job: Job, *, show: Show = unseen) -> Mapping[str, object]:
    """Do the job's training run, from its beginning or from its last checkpoint.

    Raises:
        InvalidRequestError: the job has no run.
        JobCancelledError: somebody cancelled the job; what was learned is kept.
        TrainingFailedError: the run cannot go on; the text says why.
        TooLittleToLearnError: there are too few people or photos by now.
    """
    run = TrainingRun.objects.select_related("gallery", "parent").filter(job=job).first()
    if run is None:
        raise InvalidRequestError("This job belongs to no training run.")
    if run.state == S.SUCCEEDED:
        return _outcome(run)
    settle_runs()
    with _ended_as_it_ends(run):
        _begin(run)
        _clean_up(run)
        with _all_cores(), scratch_folder(run.pk) as folder:
            return _Attempt(job, run, show, folder).do()


class _Attempt:
    def __init__(self, job: Job, run: TrainingRun, show: Show, folder: Path) -> None:
        self.run = run
        self.folder = folder
        self.began_at = monotonic()
        self.configuration = TrainingConfiguration.from_json(run.configuration).checked()
        self.reporter = Reporter(job, run, show)
        self.device = find_device(self.configuration.device)
        TrainingRun.objects.filter(pk=run.pk).update(device=device_in_words(self.device))

    def do(self) -> Mapping[str, object]:
        with weights_file(self.run.parent) as weights:
            material = self._gather(weights)
            if self.run.state == S.TRAINING:
                material = self._train(material, weights)
                self.run.move_to(S.EVALUATING)
        material = without_those_who_left(self.run, material)
        Judge(self.run, self.configuration, material.faces, self.reporter, self.folder, self.device).judge()
        return self._succeed(material)

    def _gather(self, weights: Path | None) -> Material:
        self.reporter.tell("Choosing the faces to learn from")
        chosen = choose_faces(
            self.run.gallery,
            self.configuration,
            before=self.run.started_at,
            moved=self.run.checkpoint.get("moved"),
        )
        units = len(chosen) // FACES_IN_A_UNIT + 1
        judged = 2 * int((chosen.parts == Part.HELD_OUT).sum()) // FACES_IN_A_UNIT + 1
        self.reporter.total = units + self.configuration.epochs * self.configuration.steps_per_epoch + judged
        note = "Cutting the faces out of their photos"
        progress = self.reporter.progress(note, len(chosen), units=units)
        encoder = FaceEncoder.load(spec_of(self.run.parent), weights, device=str(self.device))
        material = cut_crops(chosen, encoder, self.folder / "crops.npy", progress=progress)
        check_enough(self.run.gallery, material.usable)
        there = material.usable
        TrainingRun.objects.filter(pk=self.run.pk).update(
            people=there.people_in(Part.TRAINED_ON),
            photos=int((there.parts == Part.TRAINED_ON).sum()),
            watched_people=there.people_in(Part.WATCHED),
            held_out_people=there.people_in(Part.HELD_OUT),
        )
        self.run.refresh_from_db()
        return material

    def _train(self, material: Material, weights: Path | None) -> Material:
        spec = candidate_spec(self.run)
        learner = Learner(spec, weights, self.configuration, device=self.device, folder=self.folder)
        with closing(learner):
            note = "Embedding all faces by the encoder as it is"
            learner.prepare(material.faces, progress=self.reporter.progress(note, len(material.faces)))
            trainer = Trainer(
                self.run, self.configuration, material, learner, self.reporter, self.folder, self.device, self.began_at
            )
            trainer.train()
        return trainer.material

    def _succeed(self, material: Material) -> Mapping[str, object]:
        with _locked(self.run) as held:
            held.move_to(S.SUCCEEDED, candidate=held.candidate)
            kept = held.checkpoint, held.best
            TrainingRun.objects.filter(pk=held.pk).update(checkpoint={}, best={})
        forget_files(*kept)
        self.run.refresh_from_db()
        outcome = dict(_outcome(self.run)) | {"unreadable": material.unreadable}
        reporter = self.reporter
        reporter.show(reporter.total, reporter.total, "Done")
        reporter.job.report(reporter.total, reporter.total, _in_words(self.run, material))  # too late to cancel it
        return outcome


def find_device(name: str) -> torch.device:
    """Return the device of a run on this machine; "auto" is what the operator chose for encoding.

    Raises:
        TrainingFailedError: it is not there; the text says what is.
    """
    try:
        return choose_device(settings.ENCODER_DEVICE if name == "auto" else name)
    except ValueError as error:
        raise TrainingFailedError(f"This run cannot be done here. {error}") from error


def _begin(run: TrainingRun) -> None:
    """Bring the run to `training`, from wherever an earlier attempt left it; one that was being judged stays there."""
    if run.state in (S.FAILED, S.CANCELLED):
        run.move_to(S.QUEUED)
    if run.state == S.QUEUED:
        run.move_to(S.TRAINING)


def _clean_up(run: TrainingRun) -> None:
    """Remove what attempts that were killed have left behind."""
    drop_leftovers()
    remove_leftover_files(only=run)
    remove_leftover_files()


@contextmanager
def _ended_as_it_ends(run: TrainingRun) -> Iterator[None]:
    """Have the run fail or be cancelled together with its work; where the database is away both are taken up later."""
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except JobCancelledError:
        _end(run, S.CANCELLED)
        raise
    except Exception as error:
        if not TrainingRun.objects.filter(pk=run.pk).exists():
            raise JobCancelledError("The run was deleted, and its gallery perhaps with it.") from error
        told = _told(error)
        _end(
            run,
            S.FAILED,
            error=told.detail if told else f"It went wrong: {type(error).__name__}. The log has the details.",
        )
        if told is None or told is error:
            raise
        raise told from error


def _told(error: Exception) -> FacetError | None:
    """Return an expected end in a sentence; None for what nobody expected."""
    is_memory = isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error)
    match error:
        case FacetError():
            return error
        case EncoderError():
            return TrainingFailedError(str(error))
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return TrainingFailedError("The disk is full. Make room, and try again: what was learned is kept.")
        case _ if is_memory:
            return TrainingFailedError(
                "There was not enough memory. Take fewer people or photos in a batch, or fewer layers that learn."
            )
    return None


def _end(run: TrainingRun, state: TrainingRun.State, *, error: str = "") -> None:
    try:
        discard_candidate(run)
        run.move_to(state, error=error)
        remove_leftover_files(only=run)
    except (WrongStateError, TrainingRun.DoesNotExist):
        # Somebody else ended it, or it is gone with its gallery.
        logger.warning("A training run was ended by somebody else meanwhile", extra={"run": run.pk})


@contextmanager
def _locked(run: TrainingRun) -> Iterator[TrainingRun]:
    with transaction.atomic():
        yield TrainingRun.objects.select_for_update().get(pk=run.pk)


@contextmanager
def _all_cores() -> Iterator[None]:
    """Compute with all cores, or as many threads as the operator allows; the worker is nice to everything else."""
    before = torch.get_num_threads()
    torch.set_num_threads(settings.ENCODER_THREADS or settings.CORES)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # what the run held is for others now; the worker goes on


def _outcome(run: TrainingRun) -> Mapping[str, object]:
    report = EvaluationReport.objects.filter(training_run=run, encoder_version=run.candidate_id).first()
    return {"run": run.pk, "candidate": run.candidate_id, "report": report.pk if report else None}


def _in_words(run: TrainingRun, material: Material) -> str:
    records = EpochRecord.objects.filter(run=run)
    parent, best = records.get(number=0), min(records.filter(number__gt=0), key=standing)
    left_out = (
        f" {material.unreadable:,} faces were left out: their photo cannot be read." if material.unreadable else ""
    )
    if standing(best)[:2] >= standing(parent)[:2]:
        return (
            "No epoch did better by the watched people than the encoder as it was; the candidate is that of epoch "
            f"{best.number}, the best one. See its report.{left_out}"
        )
    return f"The candidate is that of epoch {best.number}, the best one by the watched people.{left_out}"
