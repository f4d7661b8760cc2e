"""Forms about unknown faces."""

from django import forms
from django.http import QueryDict

from faces.views.forms.fields import GalleryField, PageForm
from faces.views.forms.people import PersonChoiceForm

LONGEST_ID = 18
"""Digits of a number that the database takes for an id."""


class UnknownFacesForm(PageForm):
    """Whose unknown faces a page shows, and whether those to look at or those that were dismissed."""

    DISMISSED = "dismissed"

    gallery = GalleryField(required=False)
    show = forms.ChoiceField(
        label="Show", required=False, choices=[("", "To look at"), (DISMISSED, "Dismissed")], initial=""
    )


class WhoForm(PersonChoiceForm):
    """Who a probable person is: somebody known, or somebody new, then perhaps with an external id."""

    external_id = forms.CharField(label="External id", required=False, max_length=200)


def ticked_faces(values: QueryDict) -> list[int]:
    """Return the numbers of the faces that are ticked; what is no number is left out."""
    return [int(text) for text in values.getlist("faces") if text.isdecimal() and len(text) <= LONGEST_ID]
