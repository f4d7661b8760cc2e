"""Forms about questions."""

from django import forms

from faces.views.forms.fields import GalleryField, PageForm
from training.models import ReviewItem


class ReviewFilterForm(PageForm):
    """Which questions are shown."""

    ANSWERED = "answered"

    gallery = GalleryField(required=False)
    kind = forms.ChoiceField(
        label="About",
        required=False,
        choices=[
            ("", "People and faces"),
            (ReviewItem.Kind.DUPLICATE_PERSON, "People under two names"),
            (ReviewItem.Kind.WRONG_LABEL, "Faces under a wrong name"),
        ],
    )
    show = forms.ChoiceField(label="Show", required=False, choices=[("", "Open"), (ANSWERED, "Answered")])


class AnswerForm(PageForm):
    """An answer; `face` and `person` are those of the question, the latter empty for nobody."""

    answer = forms.ChoiceField(choices=[choice for choice in ReviewItem.Answer.choices if choice[0]])
    keep = forms.ChoiceField(required=False, choices=[("", ""), ("first", "first"), ("second", "second")])
    face = forms.ChoiceField(required=False, choices=[("", ""), ("first", "first"), ("second", "second")])
    to = forms.ChoiceField(required=False, choices=[("", ""), ("other", "other"), ("nobody", "nobody")])

    def clean(self) -> dict[str, str]:
        """Ask for what a wrong label needs."""
        values: dict[str, str] = super().clean() or {}
        if values.get("answer") == ReviewItem.Answer.WRONG and not (values.get("face") and values.get("to")):
            raise forms.ValidationError("Say which face has the wrong name, and whose it is.")
        return values
