"""What can go wrong inside the encoder: each a fact with a stable code, its numbers, and a sentence for people."""

# ruff: noqa: N818 (the names say what was found, such as EmptyFile, and not that it is an error)

from __future__ import annotations

from functools import partial
from typing import ClassVar, TypeAlias

Fact: TypeAlias = str | int | float


class EncoderError(Exception):
    """The base of all errors of the encoder.

    `code` names the kind for programs and never changes; `params` are the facts that `sentence` is filled with.
    `str()` gives the filled sentence: what was wrong, and what would be right.
    """

    code: ClassVar[str] = "encoder_error"
    sentence: ClassVar[str] = "The encoder could not do this."

    def __init__(self, **params: Fact) -> None:
        self.params: dict[str, Fact] = params
        super().__init__(self.sentence.format(**params))

    def __reduce__(self) -> tuple[partial[EncoderError], tuple[()]]:
        """Pickles by the facts, so that an error survives the way from one process to another."""
        return partial(type(self), **self.params), ()


class ImageError(EncoderError):
    """A file that cannot be used as a photo. Each kind says in its params what was found and what is allowed."""

    code = "image_error"
    sentence = "The file cannot be used as a photo."


class EmptyFile(ImageError):
    code = "empty_file"
    sentence = "The file is empty (0 bytes). Send the bytes of a photo."


class FileTooLarge(ImageError):
    """Params: size_bytes, max_bytes."""

    code = "file_too_large"
    sentence = (
        "The file has {size_bytes:,} bytes. At most {max_bytes:,} bytes are accepted; send a smaller copy of the photo."
    )


class NotAnImage(ImageError):
    code = "not_an_image"
    sentence = (
        "The file is not a picture. Accepted are JPEG, PNG, WebP, GIF, BMP and TIFF, whatever the file's name ends in."
    )


class UnsupportedImage(ImageError):
    """Params: format (what was found, as a phrase)."""

    code = "unsupported_image_format"
    sentence = "The file holds {format}, which is not supported. Save it as a JPEG or PNG with 8 or 16 bits a channel."


class TruncatedImage(ImageError):
    """Params: format."""

    code = "truncated_image"
    sentence = "The {format} file is damaged or breaks off before the picture ends. Send the complete file."


class AnimatedImage(ImageError):
    """Params: format."""

    code = "animated_image"
    sentence = "The {format} file holds several pictures (an animation, or pages). Send a single picture."


class ImageTooSmall(ImageError):
    """Params: width, height, min_side, all in pixels."""

    code = "image_too_small"
    sentence = "The picture has {width} x {height} pixels. Both sides must have at least {min_side} pixels."


class ImageTooLarge(ImageError):
    """Params: width, height, pixels, max_pixels."""

    code = "image_too_large"
    sentence = (
        "The picture has {width:,} x {height:,} = {pixels:,} pixels. "
        "At most {max_pixels:,} pixels are accepted; send a smaller copy of the photo."
    )


class WeightsError(EncoderError):
    """A file of weights that cannot be used."""

    code = "weights_error"
    sentence = "The weights cannot be used."


class WeightsMissing(WeightsError):
    """Params: name (of the file), remedy (a sentence)."""

    code = "weights_missing"
    sentence = "The weights file {name} is not there. {remedy}"


class WeightsAltered(WeightsError):
    """Params: name, expected (SHA-256), found (SHA-256)."""

    code = "weights_altered"
    sentence = (
        "The weights file {name} is not the one that was asked for: its SHA-256 is {found}, "
        "but it must be {expected}. Restore the original file."
    )


class WeightsMalformed(WeightsError):
    """Params: name, reason (what was found, and what would be right)."""

    code = "weights_malformed"
    sentence = "The weights file {name} cannot be read: {reason}."


class WeightsTooLarge(WeightsError):
    """Params: name, size_bytes, max_bytes."""

    code = "weights_too_large"
    sentence = (
        "The weights file {name} has {size_bytes:,} bytes, and at most {max_bytes:,} are read. Save the network's "
        "state dict alone, without an optimizer's state or the layer that only training needs."
    )


class WeightsUnfit(WeightsError):
    """Params: name, architecture, differences (the first of them, in words), hint (a sentence with a space, or "")."""

    code = "weights_unfit"
    sentence = "The weights file {name} does not fit {architecture}: {differences}.{hint}"


class WeightsBroken(WeightsError):
    """Params: name, reason."""

    code = "weights_broken"
    sentence = "The weights file {name} fits, but its network cannot tell faces apart: {reason}."


class EmbeddingInvalid(EncoderError):
    """Params: index (of the crop in its batch)."""

    code = "embedding_invalid"
    sentence = (
        "The embedding of crop {index} is zero or not finite, so it has no direction. "
        "The weights of this encoder version are broken; serve another one."
    )
