"""Forms about tau."""

from django import forms

from faces.services.thresholds import MAX_DISTANCE
from faces.views.forms.fields import PageForm


class TauForm(PageForm):
    """A tau set by hand, and why."""

    tau = forms.FloatField(
        label="tau",
        min_value=0,
        max_value=MAX_DISTANCE,
        widget=forms.NumberInput(attrs={"step": "any", "min": "0", "max": "4", "inputmode": "decimal"}),
        help_text="Squared distance, 0 to 4. Smaller is stricter.",
        error_messages={"invalid": "tau is a number from 0 to 4, such as 0.12."},
    )
    reason = forms.CharField(
        label="Why", max_length=500, help_text="The history keeps it, for whoever wonders later.", strip=True
    )
