"""Forms of adding photos."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from faces.views.forms.fields import GalleryField, PageForm
from faces.views.forms.search import PICTURES


class SeveralFilesInput(forms.ClearableFileInput):
    """A file field of the browser that takes several files."""

    allow_multiple_selected = True


class SeveralPhotosField(forms.FileField):
    """Any number of files, at least one; each is judged by itself later."""

    def __init__(self, **kwargs: Any) -> None:
        """Offer pictures in the browser's own dialog."""
        kwargs.setdefault("widget", SeveralFilesInput(attrs={"accept": PICTURES, "multiple": True}))
        kwargs.setdefault("allow_empty_file", True)
        super().__init__(**kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Return the files."""
        files = data if isinstance(data, list | tuple) and data else [None]
        return [super(SeveralPhotosField, self).clean(file, initial) for file in files]


class UploadForm(PageForm):
    """Where photos go and whom they show; the person is checked by a form of their own."""

    NOBODY, PERSON, FOLDERS = "nobody", "person", "folders"

    gallery = GalleryField(label="Into gallery")
    whom = forms.ChoiceField(
        choices=[
            (NOBODY, "Anybody"),
            (PERSON, "One person"),
            (FOLDERS, "One folder a person"),
        ],
        initial=NOBODY,
        widget=forms.RadioSelect,
    )


class PhotosForm(UploadForm):
    """The same with the photos, for browsers without scripts."""

    photos = SeveralPhotosField(label="Photos", error_messages={"required": "Choose at least one photo."})
