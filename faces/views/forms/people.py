"""Forms about people."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from faces.exceptions import FacetError
from faces.models import Gallery, Person
from faces.services.people import get_person
from faces.views.forms.fields import DateField, GalleryField, PageForm


class PersonFilterForm(PageForm):
    """Which people a list shows; everything is optional."""

    q = forms.CharField(
        label="Name or external id",
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Anybody"}),
    )
    gallery = GalleryField(required=False, empty_label="All galleries")
    consent = forms.ChoiceField(label="Consent", required=False, choices=[("", "Any"), *Person.Consent.choices])
    faces = forms.ChoiceField(
        label="Searches find them",
        required=False,
        choices=[
            ("", "Any"),
            ("yes", "Yes"),
            ("unlike", "Yes, with faces unlike the others"),
            ("no", "No, no enrolled face"),
        ],
    )


class PersonForm(PageForm):
    """What an organisation knows of a person."""

    name = forms.CharField(label="Name", max_length=300)
    external_id = forms.CharField(
        label="External id", required=False, max_length=200, help_text="Your own number for this person. Optional."
    )
    consent = forms.ChoiceField(label="Consent", choices=Person.Consent.choices, initial=Person.Consent.UNKNOWN)
    consent_purpose = forms.CharField(
        label="Consent for what",
        required=False,
        max_length=300,
        help_text="Such as “entrance control, building A”. Optional.",
    )
    consent_until = DateField(label="Consent until", required=False, help_text="Optional.")


class NewPersonForm(PersonForm):
    """A new person belongs to a gallery."""

    gallery = GalleryField()
    field_order = ("gallery", "name", "external_id")


class PersonChoiceForm(PageForm):
    """One person of a gallery, chosen from the list (`person`) or typed (`person_name`).

    Without scripts only the typed text arrives; it then has to be the name or external id of exactly one person.
    """

    person = forms.IntegerField(required=False, widget=forms.HiddenInput)
    person_name = forms.CharField(label="Person", required=False, max_length=300)

    def __init__(self, *args: Any, gallery: Gallery, may_be_new: bool = False, **kwargs: Any) -> None:
        """Keep the gallery, and whether a name that nobody has is an answer."""
        super().__init__(*args, **kwargs)
        self.gallery = gallery
        self.may_be_new = may_be_new
        self.chosen: Person | None = None

    def clean(self) -> dict[str, Any]:
        """Find the person; `chosen` stays None where a new one is wanted."""
        values = super().clean() or {}
        number, typed = values.get("person"), (values.get("person_name") or "").strip()
        if number is not None:
            try:
                self.chosen = get_person(self.gallery, number)
            except FacetError as error:
                raise ValidationError(error.detail) from error
        elif not typed:
            raise ValidationError("Choose a person.")
        elif not self.may_be_new:
            self.chosen = self._named(typed)
        return values

    def _named(self, typed: str) -> Person:
        people = Person.objects.of(self.gallery).present().filter(Q(name__iexact=typed) | Q(external_id=typed))
        found = list(people[:2])
        if not found:
            raise ValidationError(f"Nobody in gallery “{self.gallery}” is called “{typed}”.")
        if len(found) > 1:
            raise ValidationError(
                f"Several people are called “{typed}”. Choose one from the list, or type the external id."
            )
        return found[0]
