"""Forms about encoder versions."""

from django import forms

from faces.models import Threshold
from faces.services.thresholds import MAX_DISTANCE
from faces.views.forms.fields import PageForm


class TauField(forms.FloatField):
    """A tau for one use."""

    def __init__(self, *, label: str, help_text: str) -> None:
        """Keep it between 0 and 4."""
        super().__init__(
            label=label,
            help_text=help_text,
            min_value=0,
            max_value=MAX_DISTANCE,
            widget=forms.NumberInput(attrs={"step": "any", "min": "0", "max": "4", "inputmode": "decimal"}),
            error_messages={"invalid": "tau is a number from 0 to 4, such as 0.12."},
        )


class AvailableForm(PageForm):
    """The taus that a version decides by once it serves galleries."""

    verification_tau = TauField(
        label="tau for verification (1:1)", help_text="Squared distance, 0 to 4. Smaller is stricter."
    )
    recognition_tau = TauField(
        label="tau for recognition (1:N)", help_text="Stricter than for verification: a stranger is compared with all."
    )
    reason = forms.CharField(
        label="Where they come from",
        max_length=500,
        help_text="Such as the publisher's figures, or your own measurement. The history keeps it.",
    )

    @property
    def taus(self) -> dict[Threshold.Use, float]:
        """What was entered, by use."""
        return {use: self.cleaned_data[f"{use}_tau"] for use in Threshold.Use}
