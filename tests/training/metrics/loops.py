"""The definitions of the error rates, as plainly as they can be written."""

from collections.abc import Sequence

from tests.encoder.loops import template

Vector = Sequence[float]


def squared_distance(a: Vector, b: Vector) -> float:
    return min(4.0, max(0.0, sum((x - y) ** 2 for x, y in zip(a, b, strict=True))))


def fmr(non_mated: Sequence[float], tau: float) -> float:
    return sum(1 for distance in non_mated if distance <= tau) / len(non_mated)


def fnmr(mated: Sequence[float], tau: float) -> float:
    return sum(1 for distance in mated if not distance <= tau) / len(mated)


def pairs(vectors: Sequence[Vector], people: Sequence[int]) -> tuple[list[float], list[float]]:
    """Distances of all mated and of all non-mated pairs."""
    mated: list[float] = []
    non_mated: list[float] = []
    for i in range(len(vectors)):
        for j in range(i + 1, len(vectors)):
            kind = mated if people[i] == people[j] else non_mated
            kind.append(squared_distance(vectors[i], vectors[j]))
    return mated, non_mated


def best_tau(mated: Sequence[float], non_mated: Sequence[float]) -> float:
    """The tightest tau among 0 and all distances with the most right decisions."""
    best, most = 0.0, -1
    for tau in sorted({0.0, *mated, *non_mated}):
        right = sum(1 for d in mated if d <= tau) + sum(1 for d in non_mated if not d <= tau)
        if right > most:
            best, most = tau, right
    return best


def leave_one_out_by_faces(
    vectors: Sequence[Vector], people: Sequence[int], photos: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Of each probe, the nearest other photo of its person and the nearest face of anybody else."""
    own, other = [], []
    for i, probe in enumerate(vectors):
        nearest_own = nearest_other = float("inf")
        for j, face in enumerate(vectors):
            if photos[i] == photos[j]:
                continue
            distance = squared_distance(probe, face)
            if people[i] == people[j]:
                nearest_own = min(nearest_own, distance)
            else:
                nearest_other = min(nearest_other, distance)
        own.append(nearest_own)
        other.append(nearest_other)
    return own, other


def leave_one_out_of_templates(
    vectors: Sequence[Vector], people: Sequence[int], photos: Sequence[int], qualities: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Of each probe, its person's template without its photo, and the nearest template of anybody else."""
    own, other = [], []
    for i, probe in enumerate(vectors):
        nearest = {True: float("inf"), False: float("inf")}
        for person in set(people):
            is_own = person == people[i]
            faces = [j for j in range(len(vectors)) if people[j] == person and not (is_own and photos[j] == photos[i])]
            if faces:
                stands_for, _ = template([vectors[j] for j in faces], [qualities[j] for j in faces])
                nearest[is_own] = min(nearest[is_own], squared_distance(probe, stands_for))
        own.append(nearest[True])
        other.append(nearest[False])
    return own, other
