"""Whether two faces are one person's, as binary classification: does anything tell more than their distance does?

    .venv/bin/python -m benchmarks.pair_probability ../shared/data/lfw [--limit N] [--faces FILE] [--hidden FILE]
        [--json]

A folder a person. People are divided in three parts by chance: each classifier is fitted to the pairs of faces within
one part, calibrated on a second and measured on the third; then the parts change places, until everybody was measured
once. Each row is the mean of the three. The two kinds of pairs count the same (a prior of 1/2), and of the mated ones
everybody's count the same. Intervals of 95 % are from people drawn anew, the same for all classifiers.

DeepFace's χ² is defined for features of 0 or more, as they leave a ReLU, and embeddings are no such features. With
--hidden it is judged on what the encoder's last layer makes them of, with up to five photos of people with several.

Then: whether the probability of a recognition holds for each of its answers, `match`, `ambiguous` and `nobody`, at the
factory's tau and noise, with half of the searches for people who are enrolled.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy_rates import first_of_each
from benchmarks.pair_hidden import hidden_features
from benchmarks.pair_models import EMBEDDINGS, HIDDEN, HIDDEN_MODELS, MODELS, PLAIN, Floats, Model, Pairs, Vectors
from benchmarks.pair_recognition import answers, by_outcome
from benchmarks.template_faces import Album, Labels
from training.metrics.distances import row_distances
from training.metrics.evidence import Comparisons
from training.metrics.judged import Judged
from training.metrics.reliability import Losses, Ranked, limits, resampled_weights

PARTS = 3
HELD_OUT = 3
"""One person of so many of the first part, to choose the penalty by."""
HIDDEN_OF_ONE = 5
"""Photos of one person that are encoded once more."""
TO_LEARN, TO_MEASURE = 60_000, 1_000_000
"""Non-mated pairs."""
MATED_OF_ONE = 50
"""Mated pairs of one person to learn from; more tell little more."""
FMR = 1e-3
RESAMPLES = 200
TAU, NOISE = 0.0993, 0.03
"""Of the factory, for recognition."""
MEASURES = ("brier", "log_loss", "calibration_error", "tar")


def main() -> None:
    """Measure, and print tables, and with --json one object on the last line."""
    options = _options()
    album = Album.kept(options.folder, options.faces, limit=options.limit, copies=False)
    album = album[~album.is_copy]
    result = study(album, resamples=options.resamples) | {"recognition": recognition(album)}
    if options.hidden:
        few, features = _with_hidden(options.folder, album, options.hidden)
        print()
        result["hidden"] = study(few, models=HIDDEN_MODELS, hidden=features, resamples=options.resamples)
    if options.json:
        print(json.dumps(result))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one folder a person")
    parser.add_argument("--limit", type=int, help="only so many people")
    parser.add_argument("--faces", type=Path, help="keep the faces in this .npz, and use them again")
    parser.add_argument("--hidden", type=Path, help="judge χ² where it is defined; keep the features in this .npz")
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _with_hidden(folder: Path, album: Album, path: Path) -> tuple[Album, Vectors]:
    _, owner, counts = np.unique(album.people, return_inverse=True, return_counts=True)
    rows = first_of_each(album.people, HIDDEN_OF_ONE)
    rows = rows[counts[owner][rows] > 1]
    if path.exists():
        with np.load(path) as arrays:
            features: Vectors = arrays["features"]
    else:
        features = hidden_features(folder, album, rows)
        np.savez(path, features=features)
    return album[rows], features


@dataclass(frozen=True, eq=False)
class Result:
    """Of one classifier: `value` of each of `MEASURES` (4,), and with people drawn anew (B, 4)."""

    value: Floats
    drawn: Floats


def study(
    album: Album,
    *,
    models: Mapping[str, Callable[[], Model]] = MODELS,
    hidden: Vectors | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, object]:
    """Print what each classifier is worth, and return it; `hidden` (M, H) is what the embeddings are made of."""
    vectors = {EMBEDDINGS: album.embeddings} | ({} if hidden is None else {HIDDEN: hidden})
    part_of = parts(album.people, seed)
    results: dict[str, list[Result]] = {}
    undefined: dict[str, str] = {}
    for turn in range(PARTS):
        first, second, third = (np.flatnonzero((part_of + turn) % PARTS == number) for number in range(PARTS))
        held_out = np.isin(album.people[first], np.unique(album.people[first])[::HELD_OUT])
        *learned, scaled = (
            pairs_of(album, vectors, rows, TO_LEARN, seed, MATED_OF_ONE)
            for rows in (first[~held_out], first[held_out], second)
        )
        judged = pairs_of(album, vectors, third, TO_MEASURE, seed)
        claims: dict[str, Floats] = {}
        for name, make in models.items():
            model = make()
            try:
                model.fit(learned[0], learned[1])
            except ValueError as error:
                undefined[name] = str(error)
                continue
            model.calibrate(scaled)
            claims[name] = model.probabilities(judged)
        for name, result in measured(claims, judged.judged, resamples, seed).items():
            results.setdefault(name, []).append(result)
    return _told(album, {name: _mean(turns) for name, turns in results.items()}, undefined)


def parts(people: Labels, seed: int) -> Labels:
    """(M,) 0 to 2: people with several photos, and people with one, each divided alike."""
    numbers, owner, counts = np.unique(people, return_inverse=True, return_counts=True)
    rng = np.random.default_rng(seed)
    part_of = np.zeros(len(numbers), dtype=np.int64)
    for kind in (np.flatnonzero(counts > 1), np.flatnonzero(counts == 1)):
        part_of[rng.permutation(kind)] = np.arange(len(kind)) % PARTS
    return part_of[owner]


def pairs_of(
    album: Album,
    vectors: Mapping[str, Vectors],
    rows: Labels,
    non_mated: int,
    seed: int,
    mated_of_one: int = 10**9,
) -> Pairs:
    """Pairs of the faces at `rows`: all mated ones, at most so many of one person, and so many others by chance."""
    rng = np.random.default_rng(seed)
    people = album.people[rows]
    mated = [
        pairs if len(pairs) <= mated_of_one else rng.choice(pairs, mated_of_one, replace=False)
        for pairs in (_pairs_within(np.flatnonzero(people == person)) for person in np.unique(people))
    ]
    if len(rows) ** 2 < 4 * non_mated:
        drawn = _pairs_within(np.arange(len(rows)))
    else:
        drawn = np.unique(np.sort(rng.integers(0, len(rows), size=(2 * non_mated, 2)), axis=1), axis=0)
    others = rng.permutation(drawn[people[drawn[:, 0]] != people[drawn[:, 1]]])[:non_mated]
    every = np.concatenate([*mated, others])
    kinds = [_comparisons(album, rows[pairs]) for pairs in (every[: -len(others)], others)]
    everybody = np.ones(int(album.people.max()) + 1, dtype=np.bool_)
    judged = Judged.of_comparisons(kinds[0], kinds[1], everybody)
    return Pairs(judged, vectors, *rows[every].T)


def _pairs_within(rows: Labels) -> Labels:
    return np.column_stack([rows[side] for side in np.triu_indices(len(rows), k=1)])


def _comparisons(album: Album, pairs: Labels) -> Comparisons:
    one, other = pairs.T
    distances = row_distances(album.embeddings[one], album.embeddings[other])
    trials = np.bincount(album.people[one], minlength=int(album.people.max()) + 1).astype(np.float64)
    return Comparisons(album.people[one], album.people[other], distances, np.ones(len(pairs)), trials)


def measured(claims: dict[str, Floats], judged: Judged, resamples: int, seed: int) -> dict[str, Result]:
    """What each claimed of the same pairs is worth."""
    losses = {name: Losses.of(claimed, judged) for name, claimed in claims.items()}
    ranked = {name: Ranked.of(-claimed, judged) for name, claimed in claims.items()}

    def rates(weights: Floats) -> dict[str, list[float]]:
        return {name: [*losses[name].mean(weights), ranked[name].at(FMR, weights)[0]] for name in claims}

    value = rates(judged.weights)
    drawn = [rates(weights) for weights in resampled_weights(judged, resamples, seed)]
    return {name: Result(np.array(value[name]), np.array([draw[name] for draw in drawn])) for name in claims}


def _mean(turns: list[Result]) -> Result:
    return Result(np.mean([turn.value for turn in turns], axis=0), np.mean([turn.drawn for turn in turns], axis=0))


def _told(album: Album, results: dict[str, Result], undefined: dict[str, str]) -> dict[str, object]:
    _, counts = np.unique(album.people, return_counts=True)
    print(
        f"{len(album):,} faces of {len(counts):,} people, {int(np.sum(counts > 1)):,} of them with several; "
        "prior 1/2; claiming 1/2 of everything has a Brier score of 0.25 and a log loss of 0.693"
    )
    print(
        f"{'':36}{'Brier':>9}{'interval':>20}{'log loss':>10}{'calibration error':>19}"
        f"{'TAR at FMR 1e-3, %':>20}{'interval':>16}{'more than distance':>22}"
    )
    rows: dict[str, object] = {}
    for name, result in results.items():
        brier, log_loss, error, tar = result.value.tolist()
        low, high = np.apply_along_axis(lambda column: np.array(limits(column)), 0, result.drawn)
        more = result.drawn[:, -1] - results[PLAIN].drawn[:, -1]
        more_low, more_high = limits(more)
        difference = "" if name == PLAIN else f"{100 * more_low:+.2f} to {100 * more_high:+.2f}"
        print(
            f"{name:36}{brier:9.5f}{f'{low[0]:.5f} to {high[0]:.5f}':>20}{log_loss:10.4f}{error:19.4f}"
            f"{100 * tar:20.2f}{f'{100 * low[-1]:.2f} to {100 * high[-1]:.2f}':>16}{difference:>22}"
        )
        rows[name] = dict(zip(MEASURES, result.value.tolist(), strict=True)) | {
            "intervals": dict(zip(MEASURES, zip(low.tolist(), high.tolist(), strict=True), strict=True)),
            "tar_more_than_distance": tar - float(results[PLAIN].value[-1]),
            "tar_more_interval": (more_low, more_high),
        }
    for name, reason in undefined.items():
        print(f"{name:36}not defined: {reason}")
    return {"rows": rows, "undefined": undefined, "faces": len(album), "people": len(counts), "fmr": FMR}


def recognition(album: Album, *, seed: int = 0) -> dict[str, object]:
    """Print whether the probability that the nearest person is the right one holds for each answer, and return it."""
    told = by_outcome(answers(album), parts(album.people, seed), tau=TAU, noise=NOISE)
    print(f"\n{'answers at tau ' + str(TAU):36}{'searches':>10}{'share, %':>10}{'claimed, %':>12}{'right, %':>10}")
    for name, kind in told.items():
        print(f"{name:36}{kind.searches:10,}{100 * kind.share:10.1f}{100 * kind.claimed:12.1f}{100 * kind.seen:10.1f}")
    return {name: asdict(kind) for name, kind in told.items()}


if __name__ == "__main__":
    main()
