"""Forms that ask who somebody is."""

from typing import Any

from django import forms

from faces.views.forms.fields import GalleryField, PageForm, all_errors
from faces.views.forms.people import PersonChoiceForm

PICTURES = "image/jpeg,image/png,image/webp,image/gif,image/bmp,image/tiff,.jpg,.jpeg,.png,.webp,.gif,.bmp,.tif,.tiff"


class PhotoField(forms.FileField):
    """One photo. What is wrong with its bytes is found out by whoever decodes it, an empty file included."""

    def __init__(self, **kwargs: Any) -> None:
        """Offer pictures in the browser's own dialog."""
        kwargs.setdefault("widget", forms.FileInput(attrs={"accept": PICTURES}))
        kwargs.setdefault("allow_empty_file", True)
        super().__init__(**kwargs)


class RecognizeForm(PageForm):
    """A photo to recognize, and the gallery to do it in."""

    gallery = GalleryField(label="Search in")
    photo = PhotoField(label="Photo", error_messages={"required": "Choose a photo first."})


class VerifyForm(PageForm):
    """A photo, and whom it is claimed to show. Which of the three is meant says `against`.

    The person is chosen or typed as in `PersonChoiceForm`; `claimed` in the cleaned data is who was found.
    """

    PERSON, UPLOAD, STORED = "person", "upload", "stored"

    gallery = GalleryField()
    photo = PhotoField(label="Photo to check", error_messages={"required": "Choose the photo to check."})
    against = forms.ChoiceField(
        choices=[(PERSON, "A person"), (UPLOAD, "Another photo"), (STORED, "A photo in the gallery")],
        initial=PERSON,
        widget=forms.RadioSelect,
    )
    other = PhotoField(label="Other photo", required=False)
    stored = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Ask for what the choice needs."""
        values = super().clean() or {}
        if values.get("against") == self.PERSON and values.get("gallery"):
            choice = PersonChoiceForm(self.data, gallery=values["gallery"])
            if choice.is_valid():
                values["claimed"] = choice.chosen
            else:
                self.add_error(None, all_errors(choice))
        if values.get("against") == self.UPLOAD and not values.get("other"):
            self.add_error("other", "Choose the other photo, too.")
        if values.get("against") == self.STORED and not values.get("stored"):
            self.add_error("stored", "Choose a photo of the gallery.")
        return values
