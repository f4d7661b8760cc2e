"""Mistakes in who is said to be whom: how many of those that were planted are found, and what else is suspected.

    .venv/bin/python -m benchmarks.label_noise_found ../shared/data/lfw [--seeds 20] [--faces FILE] [--json]

A folder a person. In each drawing of 200 people with three photos or more, ten are there under two names and ten photos
are under a wrong one. Told are recall (of what was planted) and precision (of what is suspected), over all drawings
with Wilson intervals; then the same of people with four photos or more, and what is suspected in the album as it is:
look at those pictures before you call them false alarms.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.label_noise_planted import Planted, plant
from benchmarks.template_faces import SUFFIXES, Album
from faces.services.intervals import Share, share
from training.mining.suspects import Suspects, find_suspects

FEWEST = (3, 4)


@dataclass(frozen=True)
class Score:
    """How many of what was planted were found, and how many suspects there are that were not planted."""

    planted: int
    found: int
    false: int

    def __add__(self, other: "Score") -> "Score":
        return Score(self.planted + other.planted, self.found + other.found, self.false + other.false)

    @property
    def recall(self) -> Share:
        """Of what was planted, how much is suspected."""
        return share(self.found, self.planted)

    @property
    def precision(self) -> Share:
        """Of what is suspected, how much was planted."""
        return share(self.found, self.found + self.false)

    def as_json(self) -> dict[str, object]:
        """Counts, recall and precision."""
        return asdict(self) | {"recall": asdict(self.recall), "precision": asdict(self.precision)}


def scores(planted: Planted, suspects: Suspects) -> tuple[Score, Score]:
    """Return the scores of people under two names and of photos under a wrong one."""
    twice = {tuple(pair) for pair in planted.twice.tolist()}
    pairs = {tuple(pair) for pair in suspects.people.tolist()}
    wrong, faces = set(planted.wrong.tolist()), set(suspects.faces.tolist())
    return (
        Score(len(twice), len(twice & pairs), len(pairs - twice)),
        Score(len(wrong), len(wrong & faces), len(faces - wrong)),
    )


def measure(album: Album, *, seeds: int, fewest: int) -> dict[str, object]:
    """Plant and look so often, and print a line each."""
    people, faces = Score(0, 0, 0), Score(0, 0, 0)
    for seed in range(seeds):
        planted = plant(album.people, np.random.default_rng(seed), fewest=fewest)
        suspects = find_suspects(album.embeddings[planted.rows], planted.names, seed=seed)
        found = scores(planted, suspects)
        people, faces = people + found[0], faces + found[1]
    print(f"\n200 people with {fewest} photos or more, {seeds} drawings")
    for name, score in (("people under two names", people), ("photos under a wrong name", faces)):
        print(f"  {name}: recall {_words(score.recall)}, precision {_words(score.precision)}")
        print(f"    {score.planted} planted, {score.found} found, {score.false} others suspected")
    return {"people": people.as_json(), "faces": faces.as_json()}


def _words(told: Share) -> str:
    if told.value is None or told.low is None or told.high is None:
        return "not tried"
    return f"{100 * told.value:.1f} % ({100 * told.low:.1f} to {100 * told.high:.1f})"


def as_it_is(album: Album, folder: Path) -> list[list[str]]:
    """Return and print the pairs of photos that are suspected with nothing planted."""
    files = _files(folder, len(album), album)
    suspects = find_suspects(album.embeddings, album.people)
    pairs = [*suspects.people_rows.tolist(), *np.stack([suspects.faces, suspects.owner_rows], axis=1).tolist()]
    print(f"\nThe album as it is: {len(album):,} photos of {len(np.unique(album.people)):,} people")
    print(f"  {len(suspects.people)} pairs of people, {len(suspects.faces)} photos")
    for first, second in pairs:
        print(f"  {files[first]} and {files[second]}")
    return [[files[first], files[second]] for first, second in pairs]


def _files(folder: Path, count: int, album: Album) -> list[str]:
    """Return the name of each face's photo; photos are numbered as `Album.of` numbers them."""
    photos = [
        path.name
        for person in sorted(path for path in folder.iterdir() if path.is_dir())
        for path in sorted(person.iterdir())
        if path.suffix.lower() in SUFFIXES
    ]
    return [photos[album.photos[row]] for row in range(count)]


def main() -> None:
    """Measure, and with --json print one object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one folder a person")
    parser.add_argument("--seeds", type=int, default=20, help="drawings of people and mistakes")
    parser.add_argument("--faces", type=Path, help="keep the faces in this .npz, and use them again")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    album = Album.kept(options.folder, options.faces, limit=None, copies=False)
    result: dict[str, object] = {
        f"{fewest} photos or more": measure(album, seeds=options.seeds, fewest=fewest) for fewest in FEWEST
    }
    result["as it is"] = as_it_is(album, options.folder)
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
