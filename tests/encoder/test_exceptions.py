import pickle

import pytest

from encoder import exceptions
from encoder.exceptions import EncoderError, FileTooLarge, ImageError, ImageTooLarge, WeightsError

EXAMPLES = [
    exceptions.EmptyFile(),
    FileTooLarge(size_bytes=200_000_000, max_bytes=52_428_800),
    exceptions.NotAnImage(),
    exceptions.UnsupportedImage(format="a HEIC picture"),
    exceptions.TruncatedImage(format="JPEG"),
    exceptions.AnimatedImage(format="GIF"),
    exceptions.ImageTooSmall(width=1, height=1, min_side=32),
    ImageTooLarge(width=20_000, height=20_000, pixels=400_000_000, max_pixels=120_000_000),
    exceptions.WeightsMissing(name="weights.dat", remedy="Put it back."),
    exceptions.WeightsAltered(name="weights.dat", expected="aa", found="bb"),
    exceptions.WeightsMalformed(name="weights.dat", reason="it ends too early"),
    exceptions.WeightsTooLarge(name="weights.pt", size_bytes=2_000_000_000, max_bytes=1_073_741_824),
    exceptions.WeightsUnfit(
        name="weights.pt",
        architecture="iresnet50",
        differences="missing: fc.weight",
        hint=" It looks like iresnet100.",
    ),
    exceptions.WeightsBroken(name="weights.pt", reason="its answer is zero"),
    exceptions.EmbeddingInvalid(index=3),
]


def kinds(base: type[EncoderError]) -> set[type[EncoderError]]:
    return {base}.union(*(kinds(kind) for kind in base.__subclasses__()))


def test_every_kind_of_error_has_an_example_here() -> None:
    assert kinds(EncoderError) - {type(example) for example in EXAMPLES} == {EncoderError, ImageError, WeightsError}


def test_no_two_kinds_share_a_code() -> None:
    codes = [kind.code for kind in kinds(EncoderError)]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_an_error_says_in_whole_sentences_with_its_numbers_what_is_wrong(error: EncoderError) -> None:
    text = str(error)
    assert text[0].isupper()
    assert text.endswith(".")
    assert "{" not in text
    for fact in error.params.values():
        assert (f"{fact:,}" if isinstance(fact, int) else str(fact)) in text


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: error.code)
def test_an_error_survives_pickling(error: EncoderError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.params) == (type(error), str(error), error.params)


def test_a_forgotten_fact_is_noticed_where_the_error_is_raised() -> None:
    with pytest.raises(KeyError, match="max_bytes"):
        FileTooLarge(size_bytes=1)
