"""Forms about galleries."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from faces.views.forms.fields import PageForm


class GalleryForm(PageForm):
    """A gallery's name."""

    name = forms.CharField(
        label="Name",
        max_length=200,
        help_text="What the people in it have in common, such as “Staff” or “Members 2026”.",
    )


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
