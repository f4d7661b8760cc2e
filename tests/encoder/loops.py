"""The definition of a template, as plainly as it can be written."""

from collections.abc import Sequence

Vector = Sequence[float]


def template(vectors: Sequence[Vector], qualities: Sequence[float]) -> tuple[list[float], list[bool]]:
    """A person's template and the faces that it is made of, step by step as `encoder.templates` defines it."""

    def mean(members: Sequence[int], weights: Sequence[float]) -> list[float]:
        total = sum(weights[i] for i in members)
        return [sum(weights[i] * vectors[i][k] for i in members) / total for k in range(len(vectors[0]))]

    def squares(i: int, point: Vector) -> float:
        return sum((x - y) ** 2 for x, y in zip(vectors[i], point, strict=True))

    everybody = list(range(len(vectors)))
    kept = everybody
    if len(vectors) >= 3:
        equal = [1.0] * len(vectors)
        center = mean(everybody, equal)
        core = sorted(everybody, key=lambda i: squares(i, center))[: len(vectors) // 2 + 1]
        distances = [squares(i, mean([j for j in core if j != i], equal)) for i in everybody]
        median = sorted(distances)[(len(vectors) - 1) // 2]
        kept = [i for i in everybody if i in core or distances[i] <= 2.5 * median]
    point = mean(kept, [max(quality, 0.05) for quality in qualities])
    length = sum(x * x for x in point) ** 0.5
    return [x / length for x in point], [i in kept for i in everybody]
