"""Form fields made from template parameters: what kind of control, which choices, what to start with."""

import re
from typing import Any

from django import forms
from django.http import QueryDict

from portal.requesting.layout import Setting
from provisioning.actions.choices import Choices
from provisioning.blueprints.values import split_list

TYPED = ".typed"
_SHOUTED = re.compile(r"[A-Z]{3,}(_[A-Z]+)*")
_YES_NO = {"true": "Yes", "false": "No"}


class ListBoxes(forms.CheckboxSelectMultiple):
    """Checkboxes whose value is one text, joined by commas, as CloudFormation wants a list."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        """The ticked values, comma joined; a text that came as one stays as it is."""
        ticked = super().value_from_datadict(data, files, name) or []
        return ",".join([ticked] if isinstance(ticked, str) else ticked)

    def format_value(self, value: Any) -> list[str]:
        """The values to tick."""
        return list(split_list(str(value or "")))


class SelectOrType(forms.Select):
    """A list that cannot be complete, with a text field (the name and `.typed`) that wins over it."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:
        """What was typed, else what was chosen."""
        return str(data.get(f"{name}{TYPED}", "")).strip() or super().value_from_datadict(data, files, name) or ""


def posted_value(data: QueryDict, key: str) -> str:
    """What a form sent for a setting, several values comma joined."""
    return data.get(f"{key}{TYPED}", "").strip() or ",".join(data.getlist(key))


class SettingField(forms.CharField):
    """A parameter's value as text. What is wrong with it is said by the verb, in the blueprint's words."""

    def __init__(self, *, unit: str = "", **options: Any) -> None:
        super().__init__(error_messages={"required": "This is needed."}, **options)
        self.unit = unit


def field_of(setting: Setting, value: str, choices: Choices | None, *, keeps: bool) -> SettingField:
    """The form field of a setting that starts with `value`; `keeps` says that a secret left empty stays as it is."""
    secret = setting.parameter.no_echo
    words = f"{setting.help} Leave it empty to keep what is set." if secret and keeps else setting.help
    return SettingField(
        label=setting.label,
        help_text=words.strip(),
        required=setting.required and not (secret and keeps),
        initial="" if secret else value,
        widget=_secret() if secret else _widget(setting, value, choices),
        unit=setting.unit,
    )


def _secret() -> forms.Widget:
    return forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})


def _widget(setting: Setting, value: str, choices: Choices | None) -> forms.Widget:
    parameter = setting.parameter
    attrs = {"class": f"vpc-of-{setting.stack}"} if setting.choices_from == "vpc" else {}
    if choices is not None and not choices.problem:
        if parameter.is_list:
            return ListBoxes(choices=choices.options)
        if setting.choices_from == "image":
            return SelectOrType(choices=_with_own(choices.options, value))
        return forms.Select(attrs=attrs, choices=_with_empty(choices.options, value))
    if parameter.allowed_values and not parameter.is_list:
        return forms.Select(choices=_with_empty(tuple((one, worded(one)) for one in parameter.allowed_values), value))
    if parameter.type == "Number":
        return forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    if "\n" in value or len(value) > 120:
        return forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"})
    mono = f"mono {attrs.get('class', '')}".strip() if parameter.type.removeprefix("List<").startswith("AWS::") else ""
    return forms.TextInput(attrs={**({"class": mono} if mono else {}), "autocomplete": "off"})


def _with_empty(options: tuple[tuple[str, str], ...], value: str) -> list[tuple[str, str]]:
    """The options, after an empty one when the value is none of them: a browser would take the first in silence."""
    return list(options) if value in {one for one, _ in options} else [("", "Choose…"), *options]


def _with_own(options: tuple[tuple[str, str], ...], value: str) -> list[tuple[str, str]]:
    """The options, and the value itself when it is none of them."""
    known = value in {one for one, _ in options}
    return _with_empty(options if known or not value else ((value, value), *options), value)


def worded(value: str) -> str:
    """An allowed value as people read it: PAY_PER_REQUEST is "Pay per request", true is "Yes"."""
    if value in _YES_NO:
        return _YES_NO[value]
    return value.replace("_", " ").capitalize() if _SHOUTED.fullmatch(value) else value
