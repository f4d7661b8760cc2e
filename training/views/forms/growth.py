"""The form that asks what happens with more people."""

from django import forms

from faces.views.forms.fields import PageForm

MOST_PEOPLE = 10_000_000_000
"""More than there are."""

RATES = (10, 100, 1_000, 10_000)


class PeopleForm(PageForm):
    """With how many people, and which rate is to be held."""

    people = forms.IntegerField(
        label="With how many people?",
        min_value=1,
        max_value=MOST_PEOPLE,
        widget=forms.NumberInput(attrs={"min": "1", "inputmode": "numeric"}),
        error_messages={
            "invalid": "Give a whole number of people, such as 5000.",
            "min_value": "Give a number of people from 1 on, such as 5000.",
            "max_value": "So many people there are not. Give a number such as 5000.",
        },
    )
    one_in = forms.TypedChoiceField(
        label="and at most",
        coerce=int,
        choices=[(rate, f"1 in {rate:,} strangers") for rate in RATES],
        error_messages={"invalid_choice": "Choose one of the rates of the list."},
    )
