"""What mistakes among names cost a training, and what the guard against them saves: the same steps with and without.

    .venv/bin/python -m benchmarks.label_noise [FOLDER] [--seeds 3] [--steps 120] [--mistakes 10]
        [--kept FILE] [--json]

FOLDER has one folder a person; without it 300 people are drawn. In each drawing some of 200 people are there under two
names, and as many photos are under a wrong one (--mistakes). A quick run (the last layers, on stored features) learns
from them as they are said to be, once without and once with the guard, and once more from the true names. Everybody
else is held out: told are EER and TAR at FMR 1e-3 of photos of people that no run has seen; TAR of the people who were
learned from, by who they really are; and how many times farther apart the photos of one person under two names are
afterwards than those of one name. Differences are paired by drawing, with 95 % intervals by Student's t.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev

import numpy as np
import torch
from scipy.stats import t as student

from benchmarks.label_noise_planted import Planted, plant
from benchmarks.retraining_faces import Album, drawn_album
from encoder.pipeline import FaceEncoder
from encoder.spec import EncoderSpec
from training.configuration import Augmentation, Layers, Negatives, TrainingConfiguration
from training.learning.learner import Learner
from training.learning.neighbors import nearest_of_others
from training.metrics.distances import squared_distances
from training.metrics.types import Counts, Embeddings
from training.metrics.watching import watched_figures
from training.mining.barred import BarredPairs
from training.mining.planning import plan_epoch
from training.mining.sets import Part, TrainingSet
from training.mining.suspects import find_suspects

CPU = torch.device("cpu")
EPOCHS = 4
NEIGHBORS = 30
DRAWN_PEOPLE = 300
WAYS = ("without", "with", "true names")


@dataclass(frozen=True)
class Told:
    """What one training came to.

    Attributes:
        eer, tar: of the held-out people.
        own_tar: of the people who were learned from, by who they really are.
        twice: how many times farther apart photos of one person under two names are than those of one name.
        suspects: pairs of people and faces that the guard kept out.
    """

    eer: float
    tar: float
    own_tar: float
    twice: float
    suspects: int = 0


@dataclass(frozen=True, eq=False)
class Drawing:
    """People with mistakes among their names, and the held-out people behind them.

    Attributes:
        faces: the training set with the names as they are said to be; its first M are learned from.
        planted: of these M.
    """

    faces: TrainingSet
    planted: Planted

    @classmethod
    def of(cls, album: Album, seed: int, *, people: int, mistakes: int = 10) -> "Drawing":
        """Draw; who is not drawn is held out."""
        rng = np.random.default_rng(seed)
        planted = plant(album.people, rng, count=people, twice=mistakes, wrong=mistakes, fewest=4)
        held_out = np.flatnonzero(~np.isin(album.people, album.people[planted.rows]))
        rows = np.concatenate([planted.rows, held_out])
        others = planted.names.max() + 1 + album.people[held_out]
        parts = np.repeat([Part.TRAINED_ON, Part.HELD_OUT], [len(planted.rows), len(held_out)]).astype(np.int8)
        names = np.concatenate([planted.names, others])
        crops = album.crops[rows]
        return cls(TrainingSet(np.arange(len(rows), dtype=np.int64), names, parts, crops), planted)

    def under(self, names: Counts) -> TrainingSet:
        """The same with other names of those who are learned from."""
        people = self.faces.people.copy()
        people[: len(names)] = names
        return TrainingSet(self.faces.faces, people, self.faces.parts, self.faces.crops)


def train(drawing: Drawing, way: str, spec: EncoderSpec, configuration: TrainingConfiguration) -> tuple[Told, Told]:
    """Train in one of the `WAYS`; return what the parent and the outcome are worth."""
    faces = drawing.under(drawing.planted.truth) if way == "true names" else drawing.faces
    rows = faces.rows_of(Part.TRAINED_ON)
    with tempfile.TemporaryDirectory() as folder:
        learner = Learner(spec, None, configuration, device=CPU, folder=Path(folder))
        try:
            learner.prepare(faces)
            before = judge(drawing, learner.parent)
            barred = BarredPairs.of()
            kept_out = 0
            if way == "with":
                suspects = find_suspects(learner.parent[rows], faces.people[rows], seed=configuration.seed)
                barred, kept_out = BarredPairs.of(people=suspects.people), len(suspects)
                rows = np.setdiff1d(rows, suspects.excluded_rows)
            _learn(learner, faces, rows, barred, configuration)
            after = judge(drawing, learner.embed(np.arange(len(faces), dtype=np.int64)))
        finally:
            learner.close()
    return before, replace(after, suspects=kept_out)


def _learn(
    learner: Learner, faces: TrainingSet, rows: Counts, barred: BarredPairs, configuration: TrainingConfiguration
) -> None:
    people, step = faces.people[rows], 0
    total = configuration.epochs * configuration.steps_per_epoch
    for epoch in range(configuration.epochs):
        vectors = learner.embed(rows)
        found = nearest_of_others(vectors, people, NEIGHBORS, device=CPU)
        batches = plan_epoch(
            faces=faces.faces[rows],
            people=people,
            rows=rows,
            neighbors=barred.mask_neighbors(found, faces.faces[rows], people),
            vectors=vectors,
            configuration=configuration,
            barred=barred,
            rng=np.random.default_rng([configuration.seed, epoch]),
        )
        for batch in batches:
            learner.step(batch, step=step, total_steps=total)
            step += 1


def judge(drawing: Drawing, vectors: Embeddings) -> Told:
    """Judge (N, D) embeddings of all faces of a drawing."""
    rows = drawing.faces.rows_of(Part.HELD_OUT)
    found = watched_figures(vectors[rows], vectors[rows], drawing.faces.people[rows])
    own = vectors[: len(drawing.planted.truth)]
    own_tar = watched_figures(own, own, drawing.planted.truth).tar
    if found.eer is None or found.tar is None or own_tar is None:
        raise SystemExit("Too few people are held out to judge by; give more people with four photos or more.")
    names = drawing.planted.names
    apart = [
        squared_distances(vectors[np.flatnonzero(names == first)], vectors[np.flatnonzero(names == second)]).mean()
        for first, second in drawing.planted.twice
    ]
    ratio = float(np.mean(apart)) / _within(vectors[rows], drawing.faces.people[rows])
    return Told(eer=found.eer, tar=found.tar, own_tar=own_tar, twice=ratio)


def _within(vectors: Embeddings, people: Counts) -> float:
    """Return the mean squared distance of two photos of one person; every person counts the same."""
    albums = [vectors[people == person] for person in np.unique(people)]
    distances = [squared_distances(album, album) for album in albums if len(album) > 1]
    mean = fmean(float(each.sum() / (len(each) * (len(each) - 1))) for each in distances)
    return max(mean, 1e-9)


def difference(first: Sequence[float], second: Sequence[float]) -> dict[str, float]:
    """Return the mean of the paired differences of two lists, and its 95 % interval."""
    gaps = [a - b for a, b in zip(first, second, strict=True)]
    mean = fmean(gaps)
    half = student.ppf(0.975, len(gaps) - 1) * stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else float("nan")
    return {"mean": mean, "low": mean - half, "high": mean + half}


def compared(told: Mapping[str, Sequence[Told]]) -> dict[str, dict[str, float]]:
    """Return what the guard changes, and what true names would: paired differences from training without."""
    return {
        f"{way}: {name}": difference(
            [getattr(each, name) for each in told[way]], [getattr(each, name) for each in told["without"]]
        )
        for way in ("with", "true names")
        for name in ("eer", "tar", "own_tar", "twice")
    }


def main() -> None:
    """Train, and print a line each, the differences, and with --json one object on the last line."""
    options = _options()
    album = Album.of(options.folder, options.kept) if options.folder else _drawn(options.kept)
    spec = FaceEncoder.load().spec
    told: dict[str, list[Told]] = {way: [] for way in ("before", *WAYS)}
    for seed in range(options.seeds):
        drawing = Drawing.of(album, seed, people=options.people, mistakes=options.mistakes)
        configuration = TrainingConfiguration(
            layers=Layers.LAST,
            augmentation=Augmentation.USUAL,
            negatives=Negatives.BLOCKWISE,
            epochs=EPOCHS,
            steps_per_epoch=max(options.steps // EPOCHS, 1),
            seed=seed,
        ).checked()
        for way in WAYS:
            before, after = train(drawing, way, spec, configuration)
            if way == WAYS[0]:
                told["before"].append(before)
                print(_line(seed, "before", before), flush=True)
            told[way].append(after)
            print(_line(seed, way, after), flush=True)
    differences = compared(told)
    for name, gap in differences.items():
        print(f"{name} minus without: {gap['mean']:+.4f} ({gap['low']:+.4f} to {gap['high']:+.4f})")
    if options.json:
        runs = {way: [asdict(each) for each in rows] for way, rows in told.items()}
        print(json.dumps({"runs": runs, "differences": differences}))


def _line(seed: int, way: str, told: Told) -> str:
    rates = f"EER {100 * told.eer:.2f} %, TAR at FMR 1e-3 {100 * told.tar:.2f} %, {100 * told.own_tar:.2f} % of who was"
    apart = f"two names of one person {told.twice:.2f} times as far apart as one"
    suspects = f", {told.suspects} suspects" if told.suspects else ""
    return f"drawing {seed + 1}, {way:<10} {rates} learned from, {apart}{suspects}"


def _drawn(kept: Path | None) -> Album:
    with tempfile.TemporaryDirectory() as folder:
        return drawn_album(Path(folder), people=DRAWN_PEOPLE, kept=kept)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="one folder a person; without it people are drawn")
    parser.add_argument("--people", type=int, default=200, help="who is learned from; everybody else is held out")
    parser.add_argument("--seeds", type=int, default=3, help="drawings")
    parser.add_argument("--steps", type=int, default=120, help="of each training")
    parser.add_argument("--mistakes", type=int, default=10, help="people under two names, and photos under a wrong one")
    parser.add_argument("--kept", type=Path, help="keep the aligned faces in this .npz, and use them again")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
