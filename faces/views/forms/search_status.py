"""Forms about how galleries are searched."""

from django import forms

from faces.services.recall import GOALS
from faces.views.forms.fields import PageForm
from faces.views.recall_words import percent


class GoalForm(PageForm):
    """What share of answers must be the exact ones."""

    goal = forms.ChoiceField(label="Goal", choices=[(f"{goal:g}", percent(goal)) for goal in GOALS])
