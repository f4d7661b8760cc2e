"""From photos in folders to error rates, with an encoder that sees what a picture's color says."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from encoder.geometry import BoundingBox, EncodedPhoto
from faces.services.folders import FoundFile, scan_folder
from tests import factories
from training.exceptions import TooFewComparisonsError
from training.services.pairs_evaluation import compare_pairs, evaluate_pairs
from training.services.pairs_file import PhotoName, read_pairs
from training.services.portraits import Portraits, encode_portraits, photo_name

NO_FACE = 255


def put(path: Path, *, axis: int, size: tuple[int, int] = (40, 40)) -> None:
    """A picture whose face lies along an axis; `NO_FACE` for one without."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (axis, 0, 0)).save(path)


def encode(pictures: Sequence[npt.NDArray[np.uint8]]) -> list[EncodedPhoto]:
    """See one face along the axis that the red of a picture says; in the picture's corner a second, small one."""
    photos = []
    for pixels in pictures:
        axis = int(pixels[0, 0, 0])
        height, width = pixels.shape[:2]
        main = factories.encoded_face(factories.axis(axis % 128), box=BoundingBox(10, 10, 30, 30))
        bystander = factories.encoded_face(factories.axis(127), box=BoundingBox(0, 0, 5, 5))
        photos.append(factories.encoded_photo([] if axis == NO_FACE else [bystander, main], size=(width, height)))
    return photos


def encoded(folder: Path) -> Portraits:
    return encode_portraits(scan_folder(folder).files, encode=encode)


def test_the_main_face_of_every_photo_is_kept_with_its_person(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "Ada_0001.png", axis=3)
    put(tmp_path / "Ada" / "Ada_0002.png", axis=4)
    put(tmp_path / "Bob" / "Bob_0001.png", axis=5)
    portraits = encoded(tmp_path)

    assert np.argmax(portraits.embeddings, axis=1).tolist() == [3, 4, 5]
    assert portraits.people.tolist() == [0, 0, 1]
    assert portraits.photos_per_second > 0


def test_photos_without_a_face_and_files_that_are_no_photos_are_set_apart(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "Ada_0001.png", axis=3)
    put(tmp_path / "Ada" / "Ada_0002.png", axis=NO_FACE)
    (tmp_path / "Ada" / "notes.txt").write_text("this is no picture")
    portraits = encoded(tmp_path)

    assert [file.name for file in portraits.files] == ["Ada/Ada_0001.png"]
    assert [file.name for file in portraits.without_face] == ["Ada/Ada_0002.png"]
    assert [(refusal.name, refusal.code) for refusal in portraits.refused] == [("Ada/notes.txt", "not_an_image")]


def test_every_file_counts_as_progress_once(tmp_path: Path) -> None:
    for number in range(1, 40):
        put(tmp_path / "Ada" / f"{number}.png", axis=NO_FACE if number == 5 else number)
    (tmp_path / "Ada" / "notes.txt").write_text("this is no picture")
    done: list[int] = []
    encode_portraits(scan_folder(tmp_path).files, encode=encode, progress=done.append)

    assert sum(done) == 40


def test_batches_keep_photos_and_faces_together_whatever_their_size(tmp_path: Path) -> None:
    for number in range(1, 41):
        put(tmp_path / "Ada" / f"{number:04}.png", axis=number, size=(40 + number, 90 - number))
    portraits = encoded(tmp_path)

    numbers = [name.number for file in portraits.files if (name := photo_name(file))]
    assert np.argmax(portraits.embeddings, axis=1).tolist() == numbers == list(range(1, 41))


@pytest.mark.parametrize(
    ("stem", "number"),
    [("Ada_0001", 1), ("12", 12), ("Ada 2 - 003", 3), ("IMG_20240101", 20240101), ("Ada", None), ("3_b", None)],
)
def test_a_photo_is_called_by_the_number_its_name_ends_in(stem: str, number: int | None) -> None:
    file = FoundFile(Path(f"/photos/Ada/{stem}.jpg"), f"Ada/{stem}.jpg", "Ada", 1)

    assert photo_name(file) == (None if number is None else PhotoName("Ada", number))


def three_people(folder: Path) -> Portraits:
    """Ada's two photos are equal, Bob's are 2 apart, one of Cleo's two shows no face; different people are 2 apart."""
    for name, axes in {"Ada": (1, 1), "Bob": (2, 3), "Cleo": (4, NO_FACE)}.items():
        for number, axis in enumerate(axes, start=1):
            put(folder / name / f"{name}_{number:04}.png", axis=axis)
    return encoded(folder)


def test_pairs_are_compared_and_those_that_cannot_be_are_counted(tmp_path: Path) -> None:
    portraits = three_people(tmp_path)
    pairs = read_pairs(["Ada 1 2", "Bob 1 2", "Cleo 1 2", "Ada 1 3", "Dan 1 2", "Ada 1 Bob 1", "Ada 2 Cleo 2"])
    compared = compare_pairs(pairs, portraits)

    assert compared.distances.tolist() == [0.0, 2.0, 2.0]
    assert compared.is_mated.tolist() == [True, True, False]
    assert (compared.excluded.without_face, compared.excluded.missing) == (2, 2)


def test_rates_over_all_pairs_are_counted_over_the_folder_and_not_the_file(tmp_path: Path) -> None:
    portraits = three_people(tmp_path)
    pairs = read_pairs(["Ada 1 2", "Ada 1 Bob 1", "Bob 1 2", "Ada 1 Cleo 1"])
    evaluation = evaluate_pairs(pairs, portraits)

    assert (evaluation.all_pairs.mated, evaluation.all_pairs.non_mated) == (2, 8)
    assert evaluation.accuracy.accuracies == (1.0, 0.5)
    assert evaluation.tau == 0.0
    point = evaluation.at_fmrs()[1e-3]
    assert point is not None
    assert (point.tau, point.fmr, point.tar) == (0.0, 0.0, 0.5)
    assert evaluation.smallest_fmr == 3 / 8


def test_too_few_pairs_are_an_error_that_says_how_many_there_were(tmp_path: Path) -> None:
    portraits = three_people(tmp_path)

    with pytest.raises(TooFewComparisonsError, match="1 of 2 could be compared"):
        evaluate_pairs(read_pairs(["Ada 1 2", "Ada 1 Dan 1"]), portraits)


def test_a_folder_without_faces_is_an_error(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "1.png", axis=NO_FACE)

    with pytest.raises(TooFewComparisonsError, match="No photo of the folder shows a face"):
        evaluate_pairs(read_pairs(["Ada 1 2"]), encoded(tmp_path))
