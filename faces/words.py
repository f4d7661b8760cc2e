"""Plain words for every code that a page shows: what happened, and what would help.

Codes come from `encoder.exceptions`, `faces.exceptions`, `Photo.reason` and `Job.result`. The words carry no numbers:
an error that has just been raised says them itself, these are for codes that were stored.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A few words for a badge or a count, and a sentence for whoever asks what to do."""

    label: str
    sentence: str


_WORDS: dict[str, Words] = {
    "new": Words("taken in", "The photo was taken in."),
    "known": Words("already there", "The gallery had this very photo already; nothing was stored twice."),
    "no_face_found": Words(
        "no face found",
        "No face was found. A face is found when it is at least 40 pixels wide, fairly sharp and not turned away.",
    ),
    "several_faces_found": Words(
        "several faces",
        "The photo was sent as one person's, but shows several faces that are equally likely to be meant. "
        "Choose the right face below.",
    ),
    "low_quality": Words(
        "poor quality",
        "The face is too small, blurred, dark, bright, turned away or unclear for searches to use it; the photo's "
        "page says by how much. Add a better photo, or enroll the face all the same.",
    ),
    "unusable_photo": Words("cannot be used", "The photo can be read, but not used for this."),
    "cancelled": Words(
        "cancelled", "The upload was cancelled before a worker came to this photo. Try again brings it back."
    ),
    "empty_file": Words("empty file", "The file has no content. Send the photo again."),
    "not_an_image": Words(
        "not a picture", "The file is not a picture. JPEG, PNG, WebP, GIF, BMP and TIFF are understood."
    ),
    "truncated_image": Words("damaged file", "The file is damaged or incomplete. Send the original again."),
    "animated_image": Words("animation", "The file holds several pictures. Send a single one."),
    "image_too_small": Words("too small", "The picture has too few pixels to show a face. Send a larger one."),
    "image_too_large": Words("too many pixels", "The picture has too many pixels. Send a smaller copy."),
    "file_too_large": Words("file too large", "The file is larger than Facet accepts. Send a smaller copy."),
    "unsupported_image_format": Words(
        "format not supported", "This kind of picture is not supported. Save it as JPEG or PNG and send it again."
    ),
    "image_error": Words("cannot be used", "The file cannot be used as a photo."),
    "conflict": Words(
        "somebody else's photo",
        "The gallery has this very photo as the portrait of another person. Correct that one first.",
    ),
    "too_small": Words("too small", "The face has too few pixels."),
    "too_blurred": Words("blurred", "The face is blurred."),
    "too_dark": Words("too dark", "The face is too dark."),
    "too_bright": Words("too bright", "The face is too bright."),
    "turned_away": Words("turned away", "The face is turned away."),
    "unclear": Words(
        "unclear", "The face can hardly be made out: part of it may be covered, or the picture is grainy."
    ),
    "failed": Words("failed", "Something went wrong on Facet's side. Try again sends the photo to a worker once more."),
}


def words_for(code: str) -> Words:
    """Return the words for a code; one that nobody has put into words yet is shown as it is."""
    fallback = code.replace("_", " ")
    return _WORDS.get(code, Words(fallback, f"{fallback.capitalize()}."))


def known_codes() -> frozenset[str]:
    """Return every code that has words."""
    return frozenset(_WORDS)
