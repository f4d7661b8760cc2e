"""The faces of the calibration benchmark: of a folder of people's photos, and of drawn people."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from benchmarks.template_faces import Album
from encoder.templates import templates
from faces.services.drawing import draw_files, photos_to_draw
from training.metrics.distances import row_distances, squared_distances
from training.metrics.identification import templates_without_photo
from training.metrics.types import Counts, Distances, Labels

REACH = 0.2
"""Non-mated comparisons are kept up to this distance; no tau lies beyond that anybody would ask for."""
BLOCK = 512


def faces_of(folder: Path, *, limit: int | None, kept: Path | None) -> Album:
    """Encode the photos of the first `limit` people, or take what an earlier run has `kept`; enrolled faces only.

    Args:
        folder: one folder a person.
        limit: None for everybody.
        kept: an .npz, written where there is none.
    """
    album = Album.kept(folder, kept, limit=limit, copies=False)
    album = album[np.isin(album.people, np.unique(album.people)[:limit])]
    return album[album.is_good & ~album.is_copy]


def draw_people(folder: Path, *, people: int, photos_each: int) -> None:
    """Draw everybody who is not in the folder yet."""
    wanted = {
        folder / f"{photo.seed:05}" / photo.file_name: photo
        for photo in photos_to_draw(people=people, photos_each=photos_each)
    }
    missing = {path: photo for path, photo in wanted.items() if not path.exists()}
    for number, (path, (_, data)) in enumerate(zip(missing, draw_files(missing.values()), strict=True), start=1):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        print(f"\r{number:,} of {len(missing):,} photos drawn", end="", file=sys.stderr, flush=True)
    if missing:
        print(file=sys.stderr)


@dataclass(frozen=True, eq=False)
class Crowd:
    """M faces of P people, numbered from 0, and who is near to whom.

    Attributes:
        album: the faces; its people are the numbers.
        own: (M,) distance to the person's template of the other photos; infinite where there is none.
        probe, other: (E,) row of a face, and number of another person whose template is near to it.
        distance: (E,) ascending, up to `REACH`.
    """

    album: Album
    own: Distances
    probe: Labels
    other: Labels
    distance: Distances

    @property
    def people(self) -> int:
        """How many people there are."""
        return int(self.album.people.max()) + 1

    @property
    def faces_each(self) -> Counts:
        """(P,) how many faces each person has."""
        return np.bincount(self.album.people).astype(np.int64)

    @classmethod
    def of(cls, album: Album) -> Self:
        """Compare every face with every template."""
        numbers = np.unique(album.people, return_inverse=True)[1].astype(np.int64)
        album = Album(**{**vars(album), "people": numbers})
        vectors = templates(album.embeddings, numbers, album.qualities).vectors
        rest, is_mated = templates_without_photo(album.embeddings, numbers, album.photos, album.qualities)
        found: list[tuple[Counts, Counts, Distances]] = []
        for start in range(0, len(album), BLOCK):
            distances = squared_distances(album.embeddings[start : start + BLOCK], vectors)  # (B, P)
            distances[np.arange(len(distances)), numbers[start : start + BLOCK]] = np.inf
            rows, columns = np.nonzero(distances <= REACH)
            found.append((rows + start, columns, distances[rows, columns]))
        probe, other, distance = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.argsort(distance, kind="stable")
        return cls(
            album=album,
            own=np.where(is_mated, row_distances(album.embeddings, rest), np.inf),
            probe=probe[order],
            other=other[order],
            distance=distance[order],
        )

    def among(self, chosen: npt.NDArray[np.bool_]) -> Crowd:
        """Only these people, (P,), numbered anew in their order. A template is that of its person alone."""
        number = np.cumsum(chosen) - 1
        rows = chosen[self.album.people]
        row = np.cumsum(rows) - 1
        near = rows[self.probe] & chosen[self.other]
        album = self.album[rows]
        return Crowd(
            album=Album(**{**vars(album), "people": number[album.people].astype(np.int64)}),
            own=self.own[rows],
            probe=row[self.probe[near]],
            other=number[self.other[near]],
            distance=self.distance[near],
        )

    def within(self, tau: float) -> slice:
        """Return which of the near pairs match at this tau.

        Raises:
            ValueError: not all matches are known.
        """
        if tau > REACH:
            raise ValueError(f"Comparisons are known up to {REACH:g}, not up to tau {tau:.4f}.")
        return slice(0, int(np.searchsorted(self.distance, tau, side="right")))
