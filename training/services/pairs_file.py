"""Pairs of photos in the line format of Labeled Faces in the Wild.

`name  i  j` are photos i and j of one person, `name1  i  name2  j` photos of two people, separated by tabs (or by
spaces, where no name has any). A first line of one or two numbers, as in LFW's own files, is passed over.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from training.exceptions import PairsFileError

FOLDS_OF_A_PLAIN_FILE = 10


@dataclass(frozen=True, slots=True)
class PhotoName:
    """Photo `number` (from 1) of a person, as LFW counts them."""

    person: str
    number: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos to compare, and the fold that the pair belongs to (from 0)."""

    first: PhotoName
    second: PhotoName
    fold: int

    @property
    def is_mated(self) -> bool:
        """Whether both are of one person."""
        return self.first.person == self.second.person


def read_pairs(lines: Iterable[str]) -> list[Pair]:
    """Read pairs and their folds.

    In LFW's files each fold is a block of mated pairs followed by one of non-mated pairs, and no person is in two
    folds: those blocks are the folds. A file of one block is dealt out in ten folds, each kind in turn.

    Raises:
        PairsFileError: a line is malformed (the text says which), or there is no pair.
    """
    pairs: list[Pair] = []
    fold = 0
    for number, line in enumerate(lines, start=1):
        fields = _fields(line)
        if not fields or (number == 1 and _is_header(fields)):
            continue
        first, second = _photos(fields, number)
        is_mated = first.person == second.person
        if pairs and is_mated and not pairs[-1].is_mated:
            fold += 1
        pairs.append(Pair(first, second, fold))
    if not pairs:
        raise PairsFileError("The file holds no pairs.")
    return pairs if fold else _dealt_out(pairs)


def take_some(pairs: list[Pair], limit: int) -> list[Pair]:
    """Return at most `limit` pairs, spread evenly over the file, so that every fold and kind stays in it."""
    if limit >= len(pairs):
        return pairs
    return [pairs[index * len(pairs) // limit] for index in range(limit)]


def _fields(line: str) -> list[str]:
    text = unicodedata.normalize("NFC", line.strip())
    return [field.strip() for field in (text.split("\t") if "\t" in text else text.split())]


def _is_header(fields: list[str]) -> bool:
    return len(fields) <= 2 and all(field.isdecimal() for field in fields)


def _photos(fields: list[str], line: int) -> tuple[PhotoName, PhotoName]:
    match fields:
        case [name, i, j]:
            first, second = PhotoName(name, _number(i, line)), PhotoName(name, _number(j, line))
        case [name1, i, name2, j] if name1 != name2:
            first, second = PhotoName(name1, _number(i, line)), PhotoName(name2, _number(j, line))
        case [name1, _, _, _]:
            raise PairsFileError(
                f"Line {line} compares “{name1}” with themselves in the form for two people; write `name i j`.",
                line=line,
            )
        case _:
            raise PairsFileError(
                f"Line {line} has {len(fields)} fields. A line is `name i j` (one person) or `name1 i name2 j` "
                "(two people), separated by tabs.",
                line=line,
            )
    if first == second:
        raise PairsFileError(f"Line {line} compares a photo with itself.", line=line)
    return first, second


def _number(text: str, line: int) -> int:
    if not (text.isdecimal() and len(text) < 10 and int(text) > 0):
        raise PairsFileError(f"Line {line}: {text!r} is no number of a photo; photos count from 1.", line=line)
    return int(text)


def _dealt_out(pairs: list[Pair]) -> list[Pair]:
    counts = {True: 0, False: 0}
    dealt = []
    for pair in pairs:
        dealt.append(Pair(pair.first, pair.second, counts[pair.is_mated] % FOLDS_OF_A_PLAIN_FILE))
        counts[pair.is_mated] += 1
    return dealt
