"""Forms about API keys."""

from datetime import datetime, time

from django import forms
from django.utils import timezone

from faces.models import ApiKey, Gallery
from faces.views.forms.fields import DateField, PageForm


class ApiKeyForm(PageForm):
    """What a program may do, where, and until when."""

    name = forms.CharField(label="Which program uses it", max_length=100)
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=ApiKey.Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick at least one thing that the key allows."},
    )
    galleries = forms.ModelMultipleChoiceField(
        label="In which galleries",
        queryset=Gallery.objects.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="It sees no other gallery.",
    )
    expires = DateField(
        label="Works until", required=False, help_text="The end of that day. Empty: until it is revoked."
    )

    @property
    def expires_at(self) -> datetime | None:
        """The end of the last day, in the platform's time zone; only after validation."""
        day = self.cleaned_data.get("expires")
        return timezone.make_aware(datetime.combine(day, time.max)) if day else None
