"""The look that all fields share, and the two ways to name a gallery or a person."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from encoder.exceptions import ImageError
from faces.exceptions import FacetError
from faces.models import Gallery

STYLED = (forms.TextInput, forms.NumberInput, forms.Textarea, forms.Select, forms.DateInput, forms.FileInput)


class PageForm(forms.Form):
    """A form whose fields look like the pages they stand on; optional fields say so in their label's place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give every field the style of the pages."""
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field.widget, STYLED) and not field.widget.is_hidden:
                field.widget.attrs.setdefault("class", "f-input")

    def refuse(self, error: FacetError | ImageError, field: str | None = None) -> None:
        """Show what a service or the encoder said as this form's error, at a field or above all of them."""
        self.add_error(field, ValidationError(str(error), code=error.code))


def all_errors(form: forms.Form) -> str:
    """Return everything that is wrong with a form, in one line."""
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


class GalleryField(forms.ModelChoiceField[Gallery]):
    """Choose one gallery; chosen already where there is only one."""

    def __init__(self, **kwargs: Any) -> None:
        """Offer all galleries."""
        kwargs.setdefault("queryset", Gallery.objects.all())
        kwargs.setdefault("label", "Gallery")
        kwargs.setdefault("empty_label", None)
        super().__init__(**kwargs)


class DateField(forms.DateField):
    """A day, chosen in the browser's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        """Use the browser's field."""
        kwargs.setdefault("widget", forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
        super().__init__(**kwargs)
