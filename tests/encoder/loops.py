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
        kept = [i for i in everybody if i in core or distances[i] <= max(2.5 * median, 0.12)]
    point = mean(kept, [max(quality, 0.05) for quality in qualities])
    length = sum(x * x for x in point) ** 0.5
    return [x / length for x in point], [i in kept for i in everybody]


def probe_noise(
    vectors: Sequence[Vector], people: Sequence[int], qualities: Sequence[float]
) -> tuple[float, int] | None:
    """The noise and the number of people it was measured with, as `encoder.noise` defines it; people of few photos."""

    def template_of(members: Sequence[int]) -> list[float]:
        return template([vectors[i] for i in members], [qualities[i] for i in members])[0]

    def kept_of(person: int) -> list[int]:
        members = [i for i, owner in enumerate(people) if owner == person]
        _, kept = template([vectors[i] for i in members], [qualities[i] for i in members])
        return [i for i, stays in zip(members, kept, strict=True) if stays]

    def length(vector: Vector) -> float:
        return float(sum(x * x for x in vector) ** 0.5)

    def minus(a: Vector, b: Vector) -> list[float]:
        return [x - y for x, y in zip(a, b, strict=True)]

    everybody = {person: template_of([i for i, owner in enumerate(people) if owner == person]) for person in people}
    means = []
    for person in everybody:
        faces = kept_of(person)
        half = len(faces) // 2
        squares = []
        for first, second in zip(faces[:half], faces[half:], strict=False) if len(faces) >= 3 else ():
            own = template_of([i for i in faces if i not in (first, second)])
            others = [vector for other, vector in everybody.items() if other != person]
            if others:
                line = minus(own, min(others, key=lambda vector: length(minus(own, vector))))
                difference = minus(vectors[first], vectors[second])
                along = sum(x * y for x, y in zip(difference, line, strict=True)) / length(line)
                squares.append(along**2 / 2)
        if squares:
            means.append(sum(squares) / len(squares))
    return ((sum(means) / len(means)) ** 0.5, len(means)) if means else None
