"""Forms about photos."""

from django import forms

from faces.models import Photo
from faces.views.forms.fields import GalleryField, PageForm
from faces.words import words_for

REASONS = (
    "no_face_found",
    "several_faces_found",
    "low_quality",
    "cancelled",
    "not_an_image",
    "truncated_image",
    "animated_image",
    "image_too_small",
    "image_too_large",
    "unsupported_image_format",
)


class PhotoFilterForm(PageForm):
    """Which photos a list shows; everything is optional."""

    gallery = GalleryField(required=False, empty_label="All galleries")
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any"), *Photo.State.choices])
    reason = forms.ChoiceField(
        label="Reason",
        required=False,
        choices=[("", "Any"), *((code, words_for(code).label.capitalize()) for code in REASONS)],
    )
    faces = forms.ChoiceField(
        label="Faces",
        required=False,
        choices=[("", "Any"), ("nobody", "With somebody unknown"), ("known", "Everybody known")],
    )
    q = forms.CharField(
        label="File name",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Any"}),
    )
    job = forms.UUIDField(required=False, widget=forms.HiddenInput)


class SelectedPhotosForm(PageForm):
    """What to do with the photos that were ticked."""

    DELETE, RETRY = "delete", "retry"

    photos = forms.ModelMultipleChoiceField(
        queryset=Photo.objects.all(), to_field_name="key", error_messages={"required": "Tick at least one photo."}
    )
    action = forms.ChoiceField(choices=[(DELETE, "Delete"), (RETRY, "Try again")])
    confirmed = forms.BooleanField(required=False)
