"""Forms about galleries."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from faces.models import EncoderVersion
from faces.services.encoders import available_encoder_versions, default_encoder_version
from faces.services.licences import terms_of
from faces.views.forms.fields import PageForm


class GalleryForm(PageForm):
    """A gallery's name."""

    name = forms.CharField(
        label="Name",
        max_length=200,
        help_text="What the people in it have in common, such as “Staff” or “Members 2026”.",
    )


class VersionField(forms.ModelChoiceField[EncoderVersion]):
    """Choose an encoder version by its name and licence."""

    def label_from_instance(self, version: EncoderVersion) -> str:
        """Return what a choice says."""
        terms = terms_of(version.licence)
        warning = ", not for commercial use" if terms.is_commercial is False else ""
        return f"{version.name} ({version.licence}{warning})"


class AddGalleryForm(GalleryForm):
    """A new gallery; asks for the encoder version only where there is a choice."""

    encoder_version = VersionField(
        queryset=EncoderVersion.objects.none(),
        label="Encoder version",
        empty_label=None,
        required=False,
        help_text="What turns faces into numbers. It is chosen once: numbers of two versions are never compared.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the available versions, the usual one first chosen."""
        super().__init__(*args, **kwargs)
        versions = available_encoder_versions()
        if len(versions) > 1:
            field = cast("VersionField", self.fields["encoder_version"])
            field.queryset = versions
            field.initial = default_encoder_version()
        else:
            del self.fields["encoder_version"]


class ConfirmForm(PageForm):
    """Something that cannot be undone: its name has to be typed."""

    name = forms.CharField(label="Type the name to confirm", widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, expected: str, **kwargs: Any) -> None:
        """Keep the name that has to be typed."""
        super().__init__(*args, **kwargs)
        self.expected = expected

    def clean_name(self) -> str:
        """Compare what was typed with the name."""
        name: str = self.cleaned_data["name"]
        if name.strip() != self.expected.strip():
            raise ValidationError("That is not the name. Type it exactly as it stands above.")
        return name
