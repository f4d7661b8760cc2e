"""The form that starts a training run."""

from collections.abc import Mapping
from typing import Any

from django import forms

from faces.views.forms.fields import PageForm
from training.configuration import TrainingConfiguration
from training.exceptions import InvalidConfigurationError
from training.services.run_words import CHOICES, GROUPS, SETTINGS, Setting

NUMBERS = {"int": "Give a whole number, such as {usual}.", "float": "Give a number, such as {usual}."}


def _field(setting: Setting) -> forms.Field:
    common: dict[str, Any] = {"label": setting.label, "help_text": setting.help, "required": not setting.is_optional}
    usual = TrainingConfiguration().as_json()[setting.name]
    common["initial"] = usual
    if setting.kind == "choice":
        return forms.ChoiceField(choices=[(key.value, words) for key, words in CHOICES[setting.name].items()], **common)
    if setting.kind == "bool":
        return forms.BooleanField(**{**common, "required": False})
    if setting.kind == "text":
        return forms.CharField(max_length=50, **common)
    if setting.kind == "int":
        wrong = NUMBERS["int"].format(usual=usual)
        widget = forms.NumberInput(attrs={"inputmode": "numeric", "step": "1"})
        return forms.IntegerField(widget=widget, error_messages={"invalid": wrong}, **common)
    wrong = NUMBERS["float"].format(usual=30 if usual is None else usual)
    widget = forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"})
    return forms.FloatField(widget=widget, error_messages={"invalid": wrong}, **common)


class TrainingForm(PageForm):
    """Every setting of a run. What is right is for the configuration to say; the form only reads."""

    def __init__(self, *args: Any, configuration: TrainingConfiguration | None = None, **kwargs: Any) -> None:
        """Make a field of each setting, filled in from a configuration."""
        if configuration is not None:
            kwargs["initial"] = configuration.as_json()
        super().__init__(*args, **kwargs)
        for name, setting in SETTINGS.items():
            field = _field(setting)
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs.setdefault("class", "f-input")
            self.fields[name] = field

    def configuration(self) -> TrainingConfiguration | None:
        """Return what was asked for; None where something is wrong, which then stands at its field."""
        if not self.is_valid():
            return None
        try:
            return TrainingConfiguration.from_json(self.cleaned_data).checked()
        except InvalidConfigurationError as error:
            self.refuse_fields(error)
            return None

    def refuse_fields(self, error: InvalidConfigurationError) -> None:
        """Show each sentence at the field that it is about."""
        wrong: Mapping[str, str] = error.params.get("fields", {})  # type: ignore[assignment]
        for name, sentence in wrong.items():
            self.add_error(name if name in self.fields else None, sentence)
        if not wrong:
            self.refuse(error)

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields as they are shown."""
        return [(group.title, [self[setting.name] for setting in group.settings]) for group in GROUPS]
