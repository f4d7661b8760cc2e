import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoder.exceptions import (
    AnimatedImage,
    EmptyFile,
    FileTooLarge,
    ImageError,
    ImageTooLarge,
    ImageTooSmall,
    NotAnImage,
    TruncatedImage,
    UnsupportedImage,
)
from encoder.images import ImageInfo, ImageLimits, check_image, decode_image, inspect_image
from tests.encoder.picture_files import (
    animated,
    corners,
    encoded,
    png_claiming,
    webp_claiming,
    with_orientation,
)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow's remarks about damaged TIFF tags

FORMATS = ["JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF"]


def refused(data: bytes, kind: type[ImageError]) -> ImageError:
    """All doors refuse the file in the same words."""
    with pytest.raises(kind) as by_header:
        inspect_image(data)
    with pytest.raises(kind) as by_check:
        check_image(data)
    with pytest.raises(kind) as by_decoding:
        decode_image(data)
    assert str(by_header.value) == str(by_check.value) == str(by_decoding.value)
    return by_header.value


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_and_told_by_its_bytes(name: str) -> None:
    data = encoded(corners(), name)
    assert inspect_image(data) == ImageInfo(96, 64, name, f"image/{name.lower()}")
    decoded = decode_image(data)
    assert decoded.format == name
    assert decoded.pixels.shape == (64, 96, 3)
    assert decoded.pixels.dtype == np.uint8
    assert np.abs(decoded.pixels[10, 10].astype(int) - (255, 0, 0)).max() < 12


@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF"])
def test_a_lossless_picture_comes_back_to_the_bit(name: str) -> None:
    assert np.array_equal(decode_image(encoded(corners(), name)).pixels, corners())


def test_a_picture_taller_than_a_strip_comes_back_to_the_bit() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (1100, 40, 3), dtype=np.uint8)
    assert np.array_equal(decode_image(encoded(pixels, "PNG")).pixels, pixels)


def test_pixels_can_be_written_to_and_lie_in_one_piece() -> None:
    pixels = decode_image(with_orientation("PNG", 6)).pixels
    assert pixels.flags.writeable
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WebP", "TIFF"])
def test_a_photo_is_turned_as_its_exif_says(name: str, orientation: int) -> None:
    data = with_orientation(name, orientation)
    info = inspect_image(data)
    pixels = decode_image(data).pixels
    assert check_image(data) == info
    assert (info.width, info.height) == (96, 64)
    assert pixels.shape == (64, 96, 3)
    for row, column in ((8, 8), (8, 88), (56, 8), (56, 88)):
        assert np.abs(pixels[row, column].astype(int) - corners()[row, column]).max() < 12


@pytest.mark.parametrize("block", [b"Exif\0\0garbage", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_an_unreadable_exif_block_leaves_the_photo_as_it_is(block: bytes) -> None:
    data = encoded(corners(), "JPEG", exif=block)
    assert inspect_image(data).width == 96
    assert decode_image(data).pixels.shape == (64, 96, 3)


def test_an_orientation_that_does_not_exist_leaves_the_photo_as_it_is() -> None:
    exif = Image.Exif()
    exif[274] = 42
    assert decode_image(encoded(corners(), "JPEG", exif=exif)).pixels.shape == (64, 96, 3)


def test_sixteen_bits_are_scaled_to_eight() -> None:
    grey = np.linspace(0, 65535, 64 * 64).reshape(64, 64).round().astype(np.uint16)
    expected = (grey / 257).round().astype(np.uint8)
    for name in ("PNG", "TIFF"):
        pixels = decode_image(encoded(Image.fromarray(grey), name)).pixels
        assert np.array_equal(pixels, np.repeat(expected[:, :, None], 3, axis=2)), name


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_other_kinds_of_color_become_rgb(mode: str) -> None:
    name = "TIFF" if mode == "CMYK" else "PNG"
    pixels = decode_image(encoded(Image.fromarray(corners()).convert(mode), name)).pixels
    assert pixels.shape == (64, 96, 3)
    assert pixels[56, 88].min() == 255  # white is white in all of them


def test_a_cmyk_jpeg_keeps_its_colors() -> None:
    pixels = decode_image(encoded(Image.fromarray(corners()).convert("CMYK"), "JPEG", quality=95)).pixels
    assert np.abs(pixels[8, 8].astype(int) - (255, 0, 0)).max() < 12


def test_transparency_is_laid_over_mid_grey() -> None:
    rgba = np.zeros((64, 64, 4), dtype=np.uint8)
    rgba[:, :, 0] = 255
    rgba[:32, :, 3] = 255
    rgba[48:, :, 3] = 51  # a fifth
    pixels = decode_image(encoded(rgba, "PNG")).pixels
    assert pixels[0, 0].tolist() == [255, 0, 0]
    assert pixels[40, 0].tolist() == [128, 128, 128]
    assert pixels[60, 0].tolist() == [round(0.2 * 255 + 0.8 * 128), round(0.8 * 128), round(0.8 * 128)]


def test_a_palette_with_a_transparent_color_is_laid_over_mid_grey() -> None:
    image = Image.new("P", (64, 64), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(1, (32, 0, 64, 64))
    pixels = decode_image(encoded(image, "PNG", transparency=0)).pixels
    assert pixels[0, 0].tolist() == [128, 128, 128]
    assert pixels[0, 63].tolist() == [0, 255, 0]


def test_of_a_stereo_photo_the_first_picture_is_taken() -> None:
    second = Image.new("RGB", (96, 64), "black")
    data = encoded(Image.fromarray(corners()), "MPO", save_all=True, append_images=[second])
    assert inspect_image(data).format == "JPEG"
    assert decode_image(data).pixels[56, 88].min() > 240


def test_an_empty_file_is_refused() -> None:
    refused(b"", EmptyFile)


@pytest.mark.parametrize(
    "data", [b"hello, this is text", b"\0" * 200, b"BM is how this text begins", b"\xff\xd8", b"GIF", b"PK\x03\x04zip"]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert "not a picture" in str(refused(data, NotAnImage))


@pytest.mark.parametrize(
    ("data", "phrase"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "video"),
        (b"%PDF-1.7\n", "PDF"),
        (b'<?xml version="1.0"?>\n<svg xmlns="x">', "SVG"),
        (b"8BPS\0\1", "Photoshop"),
    ],
)
def test_a_known_format_that_is_not_supported_is_named(data: bytes, phrase: str) -> None:
    assert phrase in str(refused(data, UnsupportedImage))


def test_a_picture_of_floats_is_not_supported() -> None:
    data = encoded(Image.fromarray(np.zeros((64, 64), dtype=np.float32)), "TIFF")
    assert "'F'" in str(refused(data, UnsupportedImage))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_breaks_off_is_refused(name: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    data = encoded(noise, name)
    for door in (check_image, decode_image):
        with pytest.raises(TruncatedImage, match=name):
            door(data[: int(len(data) * share)])


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["baseline", "progressive"])
def test_a_check_reads_a_jpeg_to_its_end(options: dict[str, bool]) -> None:
    data = encoded(np.random.default_rng(0).integers(0, 256, (640, 480, 3), dtype=np.uint8), "JPEG", **options)
    assert check_image(data) == ImageInfo(480, 640, "JPEG", "image/jpeg")
    for door in (check_image, decode_image):
        with pytest.raises(TruncatedImage):
            door(data[:-2000])


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_with_nothing_behind_its_first_bytes_is_refused_by_its_header(name: str) -> None:
    refused(encoded(corners(), name)[:20], TruncatedImage)


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_decoded_or_refused_and_never_crashes(name: str) -> None:
    data = encoded(np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8), name)
    generator = np.random.default_rng(7)
    for _ in range(60):
        damaged = bytearray(data)
        for place in generator.integers(0, len(data), 8):
            damaged[place] = generator.integers(0, 256)
        checked, decoded = told_of(check_image, bytes(damaged)), told_of(decode_image, bytes(damaged))
        assert checked == decoded


def told_of(door: Callable[[bytes], object], data: bytes) -> str:
    """What was wrong with the file; nothing where it was read."""
    try:
        door(data)
    except ImageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["GIF", "PNG", "WebP", "TIFF"])
def test_an_animation_or_several_pages_are_refused(name: str) -> None:
    assert refused(animated(name), AnimatedImage).params == {"format": name}


def test_a_single_pixel_is_too_small() -> None:
    error = refused(encoded(corners(1, 1), "PNG"), ImageTooSmall)
    assert error.params == {"width": 1, "height": 1, "min_side": 32}


def test_the_smallest_side_allowed_is_allowed() -> None:
    assert decode_image(encoded(corners(32, 500), "PNG")).pixels.shape == (500, 32, 3)
    refused(encoded(corners(31, 500), "PNG"), ImageTooSmall)


@pytest.mark.parametrize("claim", [png_claiming, webp_claiming], ids=["PNG", "WebP"])
@pytest.mark.parametrize("side", [16_383, 11_000])
def test_a_picture_of_too_many_pixels_costs_its_header_only(claim: Callable[[int, int], bytes], side: int) -> None:
    data = claim(side, side)
    tracemalloc.start()
    error = refused(data, ImageTooLarge)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.params["pixels"] == side * side
    assert peak < 1_000_000


def test_twenty_thousand_pixels_square_are_too_many() -> None:
    assert "400,000,000 pixels" in str(refused(png_claiming(20_000, 20_000), ImageTooLarge))


def test_a_bomb_of_a_gif_is_refused() -> None:
    data = bytearray(encoded(corners(), "GIF"))
    data[6:10] = b"\xff\xff\xff\xff"
    refused(bytes(data), ImageTooLarge)


def test_a_gif_whose_frame_is_a_bomb_is_damaged() -> None:
    data = bytearray(encoded(corners(), "GIF"))
    frame = data.rindex(bytes([0x2C, 0, 0, 0, 0, 96, 0, 64, 0]))  # the image descriptor (GIF89a, section 20)
    data[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    refused(bytes(data), TruncatedImage)


def test_a_picture_just_within_the_pixels_allowed_is_decoded() -> None:
    limits = ImageLimits(max_pixels=96 * 64)
    assert decode_image(encoded(corners(), "PNG"), limits=limits).pixels.shape == (64, 96, 3)
    with pytest.raises(ImageTooLarge):
        decode_image(encoded(corners(97, 64), "PNG"), limits=limits)


def test_a_file_of_too_many_bytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    tracemalloc.start()
    with pytest.raises(FileTooLarge, match="200,000,000 bytes"):
        decode_image(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "in truth a PNG.jpg"
    path.write_bytes(encoded(corners(), "PNG"))
    assert inspect_image(path).media_type == "image/png"
    assert np.array_equal(decode_image(path).pixels, corners())


def test_a_path_that_is_not_there_is_an_error_of_the_system_not_of_the_picture(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect_image(tmp_path / "missing.jpg")


def test_decoding_is_the_same_from_bytes_and_from_a_path(tmp_path: Path) -> None:
    data = encoded(corners(), "JPEG")
    (tmp_path / "photo").write_bytes(data)
    assert np.array_equal(decode_image(data).pixels, decode_image(tmp_path / "photo").pixels)
