"""Forms about tau."""

from typing import Any

from django import forms

from faces.services.thresholds import MAX_DISTANCE
from faces.views.forms.fields import PageForm

BY_HAND, BY_RATE = "hand", "rate"

ONE_IN: dict[str, str] = {
    "verification": "impostors verified",
    "recognition": "strangers recognized as somebody",
}


def _reason() -> forms.CharField:
    return forms.CharField(
        label="Why", max_length=500, help_text="The history keeps it, for whoever wonders later.", strip=True
    )


class TauForm(PageForm):
    """A tau set by hand or by the error rate that it may have, and why."""

    how = forms.ChoiceField(
        choices=[(BY_HAND, "By hand"), (BY_RATE, "By an error rate")], required=False, widget=forms.RadioSelect
    )
    tau = forms.FloatField(
        label="tau",
        required=False,
        min_value=0,
        max_value=MAX_DISTANCE,
        widget=forms.NumberInput(attrs={"step": "any", "min": "0", "max": "4", "inputmode": "decimal"}),
        help_text="Squared distance, 0 to 4. Smaller is stricter.",
        error_messages={"invalid": "tau is a number from 0 to 4, such as 0.12."},
    )
    one_in = forms.FloatField(
        label="At most 1 in",
        required=False,
        min_value=1,
        widget=forms.NumberInput(attrs={"step": "any", "min": "1", "inputmode": "numeric", "placeholder": "100"}),
        error_messages={
            "invalid": "Give a number of people, such as 100.",
            "min_value": "Give a number above 1, such as 100.",
        },
    )
    reason = _reason()

    def clean(self) -> dict[str, Any]:
        """Ask for the number that the chosen way needs."""
        values = super().clean() or {}
        needed = "one_in" if self.is_by_rate else "tau"
        if values.get(needed) is None and needed not in self.errors:
            self.add_error(needed, "This field is required.")
        if values.get("one_in") == 1:
            self.add_error("one_in", "Give a number above 1, such as 100.")
        return values

    @property
    def is_by_rate(self) -> bool:
        """Whether an error rate is asked for."""
        return bool(self["how"].value() == BY_RATE)


class HoldForm(PageForm):
    """Why a tau is set anew for the rate that it was asked for before."""

    reason = _reason()
