"""Making the candidate of a run, and judging it by the people who were held out."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from django.db import transaction

from encoder.checkpoints import load_backbone
from encoder.devices import choose_dtype
from encoder.noise import probe_noise
from encoder.spec import EncoderSpec
from faces.encoding import weights_file
from faces.models import EncoderVersion, Face
from faces.services.encoders import store_candidate
from training.configuration import Augmentation, TrainingConfiguration
from training.learning.augmentation import Augmenter
from training.learning.embedding import deployed_embeddings, embedded, embedder_of
from training.metrics.types import Embeddings
from training.mining.sets import Part, TrainingSet
from training.models import EvaluationReport, TrainingRun
from training.retraining.reporting import Reporter
from training.services.held_out import judge_candidate
from training.services.run_candidates import discard_candidate
from training.services.run_files import fetch_file

LONGEST_NAME = 100
PEOPLE_FOR_NOISE = 30
"""With fewer, the parent's noise says more of the candidate than its own."""


def spec_of(version: EncoderVersion) -> EncoderSpec:
    """Return the encoder library's own description of a version."""
    return EncoderSpec.from_json(json.dumps(version.spec))


def candidate_spec(run: TrainingRun) -> EncoderSpec:
    """Return the parent's spec under the candidate's name; its digest is still the parent's."""
    source = f"Encoder version “{run.parent.name}”, retrained on gallery “{run.gallery.name}” (training run {run.pk})"
    return replace(spec_of(run.parent), name=candidate_name(run), source=source)


def candidate_name(run: TrainingRun) -> str:
    """Return a name that no other version has: the family's, and which run of which gallery made it."""
    family = re.sub(r", retrained \d+ on .*$", "", run.parent.name)
    middle = f", retrained {run.pk} on "
    room = LONGEST_NAME - len(middle)
    gallery = run.gallery.name[: max(room - len(family), room // 3)]
    return f"{family[: room - len(gallery)]}{middle}{gallery}"


@dataclass(frozen=True)
class Judge:
    """Makes and judges the candidate of the best epoch.

    Attributes:
        run: has a best epoch.
        folder: scratch space.
        device: where the faces are embedded.
    """

    run: TrainingRun
    configuration: TrainingConfiguration
    training_set: TrainingSet
    reporter: Reporter
    folder: Path
    device: torch.device

    def judge(self) -> EvaluationReport:
        """Store the candidate, and measure it beside its parent on the held-out people.

        Raises:
            JobCancelledError: somebody cancelled the job.
            TrainingFailedError: the weights of the best epoch are gone.
        """
        weights = fetch_file(self.run.best, self.folder / "candidate.safetensors")
        spec = replace(candidate_spec(self.run), weights_sha256=self.run.best["sha256"])
        with weights_file(self.run.parent) as parent:
            before = self._embedded("its parent", spec_of(self.run.parent), parent)
        after = self._embedded("the candidate", spec, weights)
        candidate = self._store(spec, weights, after[0])
        with self.reporter.alive("Judging the candidate by the people who were held out"):
            return judge_candidate(
                run=self.run,
                candidate=candidate,
                training_set=self.training_set,
                parent_vectors=before[0],
                candidate_vectors=after[0],
                parent_probes=before[1],
                candidate_probes=after[1],
                tell=self.reporter.tell,
            )

    def _embedded(self, whose: str, spec: EncoderSpec, weights: Path | None) -> tuple[Embeddings, Embeddings | None]:
        """Embed the held-out faces, and copies of them as the run's cameras make them where it knows any."""
        rows = self.training_set.rows_of(Part.HELD_OUT)
        note = f"Embedding the people who were held out by {whose}"
        units = len(rows) / 64
        progress = self.reporter.progress(note, len(rows), units=units)
        crops = self.training_set.crops
        vectors = deployed_embeddings(spec, weights, crops, rows, self.device, progress=progress)
        if self.configuration.augmentation != Augmentation.POOR_CAMERAS:
            return vectors, None
        progress = self.reporter.progress(f"{note}, as poor cameras see them", len(rows))
        augmenter = Augmenter(self.configuration.augmentation, self.configuration.seed, self.device)
        dtype = choose_dtype("auto", self.device)
        embedder = embedder_of(spec, load_backbone(spec, weights), self.device, dtype)
        probes = embedded(embedder, lambda some: augmenter.probes(crops[some], some.tolist()), rows, progress)
        return vectors, probes

    def _store(self, spec: EncoderSpec, weights: Path, vectors: Embeddings) -> EncoderVersion:
        """Make the version and name it in the run, both or neither; one that an earlier attempt made goes first."""
        self.reporter.tell("Storing the candidate")
        discard_candidate(self.run)
        noise = self._noise(vectors)
        with transaction.atomic():
            version = store_candidate(spec=spec, weights=weights).version
            version.parent = self.run.parent
            version.probe_noise = noise
            version.save(update_fields=["parent", "probe_noise"])
            TrainingRun.objects.filter(pk=self.run.pk).update(candidate=version)
        self.run.refresh_from_db()
        return version

    def _noise(self, vectors: Embeddings) -> float | None:
        rows = self.training_set.rows_of(Part.HELD_OUT)
        faces, people = self.training_set.faces[rows], self.training_set.people[rows]
        qualities = dict(Face.objects.filter(pk__in=faces.tolist()).values_list("pk", "quality"))
        found = probe_noise(vectors, people, np.array([qualities.get(int(face), 0.0) for face in faces]))
        known = found is not None and found.people >= PEOPLE_FOR_NOISE and found.sigma > 0
        return found.sigma if found is not None and known else self.run.parent.probe_noise
