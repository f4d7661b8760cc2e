"""Mistakes planted in who is said to be whom: people under two names, and photos under a wrong one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Planted:
    """M faces with mistakes among their names.

    Attributes:
        rows: (M,) which faces of the album they are.
        names: (M,) whose each is said to be, mistakes and all.
        truth: (M,) whose each really is; people under two names have one number here.
        twice: (Q, 2) two names of one person, the smaller first.
        wrong: (F,) places of faces under a wrong name, ascending.
        owners: (F,) the name that each should be under.
    """

    rows: Labels
    names: Labels
    truth: Labels
    twice: Labels
    wrong: Labels
    owners: Labels


def plant(
    people: Labels,
    rng: np.random.Generator,
    *,
    count: int = 200,
    twice: int = 10,
    wrong: int = 10,
    fewest: int = 3,
    most: int = 20,
) -> Planted:
    """Draw people and mistakes.

    Half of the photos of each of `twice` people go under a new name: of three photos one. One photo each of `wrong`
    others goes to one of those who are not there twice.

    Args:
        people: (N,) whose each face of the album is.
        rng: for all that is drawn.
        count: people drawn, of those with enough photos.
        twice: people under two names.
        wrong: photos under a wrong name.
        fewest: photos of everybody who is drawn.
        most: photos of a person that take part.

    Raises:
        ValueError: fewer people than that have so many photos.
    """
    ids, photos = np.unique(people, return_counts=True)
    enough = ids[photos >= fewest]
    if len(enough) < count:
        raise ValueError(f"{len(enough)} people have {fewest} photos or more; {count} are needed.")
    drawn = rng.choice(enough, count, replace=False)
    albums = [rng.permutation(np.flatnonzero(people == person))[:most] for person in drawn]
    rows = np.concatenate(albums).astype(np.int64)
    truth = np.repeat(np.arange(count), [len(album) for album in albums]).astype(np.int64)
    names = truth.copy()
    order = rng.permutation(count)
    for place, person in enumerate(order[:twice]):
        faces = rng.permutation(np.flatnonzero(truth == person))
        names[faces[: len(faces) // 2]] = count + place
    moved = []
    for person in order[twice : twice + wrong]:
        face = int(rng.choice(np.flatnonzero(truth == person)))
        names[face] = rng.choice(np.setdiff1d(order[twice:], [person]))
        moved.append(face)
    places = np.sort(np.array(moved, dtype=np.int64))
    pairs = np.stack([order[:twice], count + np.arange(twice)], axis=1).astype(np.int64)
    return Planted(rows=rows, names=names, truth=truth, twice=pairs, wrong=places, owners=truth[places])
