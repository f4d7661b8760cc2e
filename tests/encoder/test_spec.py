import json
from dataclasses import replace

import pytest

from encoder.spec import ARCHITECTURE_DEFAULTS, DLIB_RESNET_SPEC, MIRRORED_PAIR, Architecture, EncoderSpec, View


def test_a_spec_survives_the_way_through_json() -> None:
    assert EncoderSpec.from_json(DLIB_RESNET_SPEC.to_json()) == DLIB_RESNET_SPEC


def test_views_survive_the_way_through_json() -> None:
    spec = replace(DLIB_RESNET_SPEC, views=(View(), View(degrees=-7.5, scale=1.06), View(mirrored=True)))
    assert EncoderSpec.from_json(spec.to_json()) == spec
    assert EncoderSpec.from_json(spec.to_json()).fingerprint == spec.fingerprint


def test_a_text_from_before_there_were_views_means_the_mirrored_pair() -> None:
    facts = json.loads(DLIB_RESNET_SPEC.to_json())
    del facts["views"]
    old = EncoderSpec.from_json(json.dumps(facts))
    assert old == replace(DLIB_RESNET_SPEC, views=(View(), View(mirrored=True)))
    assert old.views == MIRRORED_PAIR


@pytest.mark.parametrize("views", [{}, None, 3, [7], [{"color": "red"}], []], ids=str)
def test_views_that_are_none_are_refused(views: object) -> None:
    facts = json.loads(DLIB_RESNET_SPEC.to_json()) | {"views": views}
    with pytest.raises(ValueError, match=r".+"):
        EncoderSpec.from_json(json.dumps(facts))


@pytest.mark.parametrize("scale", [0.0, -1.0, 2.5, float("nan")])
def test_a_view_shows_about_the_face_and_not_a_pore(scale: float) -> None:
    with pytest.raises(ValueError, match=r"scaled by 0\.5 to 2"):
        View(scale=scale)


@pytest.mark.parametrize("text", ["{}", "[]", "null", "no json", '{"architecture": "transformer"}'])
def test_text_that_describes_no_encoder_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        EncoderSpec.from_json(text)


def test_a_spec_with_an_unknown_fact_is_refused() -> None:
    text = DLIB_RESNET_SPEC.to_json().replace('"licence"', '"color": "red", "licence"')
    with pytest.raises(ValueError, match="color"):
        EncoderSpec.from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        {"dimension": 256},
        {"input_size": 112},
        {"mean": (127.5, 127.5, 127.5)},
        {"scale": 128.0},
        {"alignment": ((0.0, 0.0),) * 5},
        {"weights_sha256": "0" * 64},
        {"preprocessing_version": 99},
        {"views": (View(),)},
    ],
    ids=str,
)
def test_whatever_decides_the_output_changes_the_fingerprint(change: dict[str, object]) -> None:
    assert replace(DLIB_RESNET_SPEC, **change).fingerprint != DLIB_RESNET_SPEC.fingerprint  # type: ignore[arg-type]


def test_a_new_name_leaves_the_fingerprint_alone() -> None:
    renamed = replace(DLIB_RESNET_SPEC, name="Renamed", licence="other", source="elsewhere")
    assert renamed.fingerprint == DLIB_RESNET_SPEC.fingerprint


@pytest.mark.parametrize("change", [{"dimension": 0}, {"input_size": 0}, {"scale": 0.0}], ids=str)
def test_an_impossible_size_is_refused_with_the_numbers(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="positive"):
        replace(DLIB_RESNET_SPEC, **change)  # type: ignore[arg-type]


def test_an_alignment_has_exactly_five_points() -> None:
    with pytest.raises(ValueError, match="five points"):
        replace(DLIB_RESNET_SPEC, alignment=((1.0, 2.0),) * 4)


def test_the_factory_encoder_makes_128_numbers_of_150_pixels() -> None:
    assert DLIB_RESNET_SPEC.architecture is Architecture.DLIB_RESNET
    assert (DLIB_RESNET_SPEC.dimension, DLIB_RESNET_SPEC.input_size) == (128, 150)


def test_every_architecture_says_what_its_weights_are_usually_made_for() -> None:
    assert set(ARCHITECTURE_DEFAULTS) == set(Architecture)
    for usual in ARCHITECTURE_DEFAULTS.values():
        assert all(0 < x < usual.input_size and 0 < y < usual.input_size for x, y in usual.alignment)


def test_the_template_of_iresnet_is_that_of_arcface_half_a_pixel_on() -> None:
    published = [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
    template = ARCHITECTURE_DEFAULTS[Architecture.IRESNET50].alignment
    for (x, y), (ours_x, ours_y) in zip(published, template, strict=True):
        assert (ours_x - x, ours_y - y) == pytest.approx((0.5, 0.5))
