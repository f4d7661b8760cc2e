"""LFW's line format, and what people make of it."""

import itertools
import unicodedata
from pathlib import Path

import pytest

from training.exceptions import PairsFileError
from training.services.pairs_file import Pair, PhotoName, read_pairs, take_some

MATED = "Ada\t1\t2"
NON_MATED = "Ada\t1\tBob\t3"


def test_three_fields_are_one_person_and_four_are_two() -> None:
    assert read_pairs([MATED, NON_MATED]) == [
        Pair(PhotoName("Ada", 1), PhotoName("Ada", 2), 0),
        Pair(PhotoName("Ada", 1), PhotoName("Bob", 3), 0),
    ]
    assert [pair.is_mated for pair in read_pairs([MATED, NON_MATED])] == [True, False]


@pytest.mark.parametrize("header", ["10\t300", "10 300", "1100"])
def test_the_first_line_of_lfws_own_files_is_passed_over(header: str) -> None:
    assert len(read_pairs([header, MATED, NON_MATED])) == 2


def test_numbers_alone_are_no_pair_on_a_later_line() -> None:
    with pytest.raises(PairsFileError, match="Line 2 has 2 fields"):
        read_pairs([MATED, "10\t300"])


def test_empty_lines_space_and_line_ends_of_any_system_do_not_matter() -> None:
    assert read_pairs(["\n", f"  {MATED}  \r\n", "", f"{NON_MATED}\n"]) == read_pairs([MATED, NON_MATED])


def test_spaces_separate_where_there_is_no_tab() -> None:
    assert read_pairs(["Ada 1  2"]) == read_pairs([MATED])


def test_names_may_have_spaces_where_tabs_separate() -> None:
    assert read_pairs(["Ada Lovelace\t1\t2"])[0].first == PhotoName("Ada Lovelace", 1)


def test_names_are_composed_as_names_of_folders_are() -> None:
    decomposed = unicodedata.normalize("NFD", "Zoë")
    assert read_pairs([f"{decomposed}\t1\t2"])[0].first.person == "Zoë"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("Ada", "Line 3 has 1 fields"),
        ("Ada\t1", "Line 3 has 2 fields"),
        ("Ada\t1\tBob\t2\t3", "Line 3 has 5 fields"),
        ("Ada\tone\t2", "Line 3: 'one' is no number"),
        ("Ada\t0\t2", "Line 3: '0' is no number"),
        ("Ada\t-1\t2", "Line 3: '-1' is no number"),
        ("Ada\t1\tBob\t1.5", "Line 3: '1.5' is no number"),
        ("Ada\t" + "9" * 30 + "\t2", "is no number"),
        ("Ada\t1\tAda\t2", "Line 3 compares “Ada” with themselves"),
        ("Ada\t2\t2", "Line 3 compares a photo with itself"),
    ],
)
def test_a_malformed_line_is_named_with_its_number(line: str, says: str) -> None:
    with pytest.raises(PairsFileError, match=says):
        read_pairs([MATED, "", line])


@pytest.mark.parametrize("lines", [[], ["\n"], ["10\t300"]])
def test_a_file_without_pairs_is_refused(lines: list[str]) -> None:
    with pytest.raises(PairsFileError, match="no pairs"):
        read_pairs(lines)


def test_each_block_of_mated_then_non_mated_pairs_is_a_fold() -> None:
    lines = [MATED, MATED, NON_MATED, MATED, NON_MATED, NON_MATED, MATED, NON_MATED]
    assert [pair.fold for pair in read_pairs(lines)] == [0, 0, 0, 1, 1, 1, 2, 2]


def test_a_file_of_one_block_is_dealt_out_in_ten_folds_of_both_kinds() -> None:
    pairs = read_pairs([MATED] * 25 + [NON_MATED] * 20)
    for kind in (True, False):
        assert [pair.fold for pair in pairs if pair.is_mated is kind][:12] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


def test_some_pairs_are_taken_evenly() -> None:
    pairs = read_pairs([MATED, NON_MATED] * 50)
    some = take_some(pairs, 20)

    assert len(some) == 20
    assert {pair.fold for pair in some[10:]} > {30, 40}
    assert take_some(pairs, 100) == take_some(pairs, 1000) == pairs


def test_the_pairs_of_lfw_have_ten_folds_and_no_person_is_in_two(shared_data: Path) -> None:
    with (shared_data / "lfw_pairs.txt").open(encoding="utf-8") as file:
        pairs = read_pairs(file)
    people = [
        {name.person for pair in pairs if pair.fold == fold for name in (pair.first, pair.second)} for fold in range(10)
    ]

    assert {pair.fold for pair in pairs} == set(range(10))
    assert (len(pairs), sum(pair.is_mated for pair in pairs)) == (4126, 2306)
    assert all(not one & other for one, other in itertools.combinations(people, 2))
