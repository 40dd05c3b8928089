"""The request form: a name, the settings of a blueprint, a reason. It is generated; no application is known here."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse

from portal.requesting.asking import AskForm, lifetime_field
from portal.requesting.assuming import UsageForm, figures_of, has_usage
from portal.requesting.fields import field_of, posted_value
from portal.requesting.layout import OF_VPC, Layout, Setting
from portal.requesting.listed import LISTED_WHOLE, not_listed
from portal.requesting.prices import Values
from provisioning.actions.choices import Choices, live_choices
from provisioning.actions.naming import name_problem
from provisioning.actions.requesting import Ask
from provisioning.actions.requesting import Values as Given
from provisioning.blueprints.model import Blueprint
from provisioning.blueprints.values import split_list, validate_values
from provisioning.costs.usage import Usage
from provisioning.lifecycle import ChangeKind
from provisioning.models import Account

_NAME_ATTRS = {
    "class": "mono",
    "autocomplete": "off",
    "autocapitalize": "off",
    "spellcheck": "false",
    "hx-trigger": "input changed delay:300ms",
    "hx-target": "#names",
    "hx-include": "[name='stage'], [name='shown'], [name='replaces'], [name$='start_at'], [name$='lifetime_days']",
    "hx-sync": "#names:replace",  # also ends what the part asked for itself when the page came: the last name wins
}


@dataclass(frozen=True)
class SettingRow:
    """One setting as the page shows it; `note` says what its live list is worth, `cleared` what was taken back."""

    setting: Setting
    field: forms.BoundField
    choices: Choices | None
    cleared: str = ""
    waits_for_vpc: bool = False

    @property
    def wrapper(self) -> str:
        """The id of the part of the page that follows the VPC."""
        return f"follow-{self.setting.stack}-{self.setting.parameter.name}"

    @property
    def follows(self) -> str:
        """The class of the VPC field whose change renews the choices of this one; empty when none does."""
        return f"vpc-of-{self.setting.stack}" if self.setting.choices_from in OF_VPC else ""

    @property
    def is_empty_list(self) -> bool:
        """Whether the list could be read and has nothing in it."""
        return bool(self.choices and not self.choices.problem and not self.choices.options and not self.waits_for_vpc)


@dataclass(frozen=True)
class RowGroup:
    """A titled part of the form; `more` starts folded, unless something in it needs attention."""

    title: str
    rows: tuple[SettingRow, ...]
    more: tuple[SettingRow, ...]

    @property
    def read_at(self) -> datetime | None:
        """When the oldest of its live lists was read; None without one that could be."""
        rows = (*self.rows, *self.more)
        times = [row.choices.read_at for row in rows if row.choices and row.choices.options]
        return min(times, default=None)

    @property
    def is_open(self) -> bool:
        """Whether a folded row has an error."""
        return any(row.field.errors for row in self.more)


class RequestForm(AskForm):
    """Values are read as text and judged by the verb; only live lists are compared here."""

    stage = forms.CharField(widget=forms.HiddenInput, required=False)
    lifetime_days = lifetime_field()

    def __init__(
        self,
        blueprint: Blueprint,
        account: Account,
        *,
        layout: Layout,
        start: Values,
        data: QueryDict | None = None,
        name: str | None = None,
        keeps: bool = False,
        suggests: bool = True,
        initial: Mapping[str, Any] | None = None,
        usage: Usage | None = None,
        assumed: QueryDict | None = None,
    ) -> None:
        """The settings are those of `layout` and begin with `start`, unless `data` was sent.

        `name` is None for an environment that has one already, whose secrets then stay when left empty (`keeps`).
        `suggests` fills live lists that nothing was chosen from; not so once a person has looked at them. `usage` is
        what the price begins with; `assumed` a link or an unsent form that says otherwise.
        """
        super().__init__(data, initial={"key": uuid.uuid4(), **(initial or {})})
        told = data if data is not None else assumed
        told = told if told is not None and has_usage(told) else None
        self.assumptions = UsageForm(told, figures=figures_of(blueprint), start=usage)
        self.blueprint, self.layout, self.account = blueprint, layout, account
        self.posted, self.keeps, self.suggests = data, keeps, suggests
        self.cleared: dict[str, str] = {}
        self.choices: dict[str, Choices] = {}
        if name is None:
            del self.fields["lifetime_days"]
        else:
            attrs = {**_NAME_ATTRS, "hx-get": reverse("request_names", args=[blueprint.slug])}
            self.fields["name"] = forms.CharField(
                label="Name",
                initial=name,
                error_messages={"required": name_problem("")},
                widget=forms.TextInput(attrs=attrs),
                help_text="dev, staging, prod, or dev- and a word of your own.",
            )
        self.current = {setting.key: self._current(setting, start) for setting in layout.settings}
        for setting in layout.settings:
            self._add(setting)

    def _current(self, setting: Setting, start: Values) -> str:
        """What was typed, else what the form starts with."""
        if self.posted is None:
            return start.get(setting.stack, {}).get(setting.parameter.name, "")
        return posted_value(self.posted, setting.key)

    def _add(self, setting: Setting) -> None:
        value = self.current[setting.key]
        found = self._read(setting)
        if found is not None:
            self.choices[setting.key] = found
            value = self.current[setting.key] = self._still_there(setting, found, value)
        self.fields[setting.key] = field_of(setting, value, found, keeps=self.keeps)

    def _read(self, setting: Setting) -> Choices | None:
        """The live choices of a setting, None for one that has none. Those of a VPC wait for it."""
        if not setting.choices_from:
            return None
        vpc = self.layout.vpc_of(setting.stack) if setting.choices_from in OF_VPC else None
        if vpc is None:
            return live_choices(self.account, setting.choices_from)
        chosen = self.current.get(vpc.key)
        if not chosen:
            return replace(live_choices(self.account, "vpc"), options=(), preferred="")
        return live_choices(self.account, setting.choices_from, chosen)

    def _still_there(self, setting: Setting, found: Choices, value: str) -> str:
        """The value without what is not on the list any more; says what was taken back, or takes the obvious one."""
        if found.problem or self.is_bound:
            return value
        chosen = split_list(value)
        if chosen and setting.choices_from not in LISTED_WHOLE:
            return value
        kept = [one for one in chosen if one in found.values]
        if len(kept) < len(chosen):
            lost = ", ".join(one for one in chosen if one not in found.values)
            self.cleared[setting.key] = f"Cleared, because it is not there: {lost}. Check what is chosen now."
        may_suggest = self.suggests or setting.choices_from in OF_VPC
        return ",".join(kept) or (found.preferred if may_suggest else "")

    def is_valid(self) -> bool:
        """Whether both the request and what is assumed can be used, each with all its errors."""
        assumed = self.assumptions.is_valid() or not self.assumptions.is_bound
        return super().is_valid() and assumed

    def ask(self, kind: ChangeKind, values: Given | None = None, confirm: str = "") -> Ask:
        """What the form says, with the assumptions that its plan is to be priced on, and the lifetime if one is
        chosen."""
        goal: dict[str, Any] = {"usage": self.assumptions.usage.as_dict()}
        if self.cleaned_data.get("lifetime_days"):
            goal["lifetime_days"] = self.cleaned_data["lifetime_days"]
        return replace(super().ask(kind, values, confirm), goal=goal)

    def clean_name(self) -> str:
        """The name, if it can be one."""
        name = str(self.cleaned_data["name"])
        problem = name_problem(name)
        if problem:
            raise forms.ValidationError(problem)
        return name

    def clean(self) -> dict[str, Any]:
        """Everything that can be told about the settings now, so that nobody corrects one thing at a time."""
        cleaned = super().clean() or self.cleaned_data
        given = self.values()
        wrong = {kind: validate_values(self.blueprint.stacks[kind].template, given.get(kind, {})) for kind in given}
        for setting in self.layout.settings:
            value = str(cleaned.get(setting.key, ""))
            left_as_is = setting.parameter.no_echo and not value
            if left_as_is or setting.key in self.errors:
                continue
            sentence = wrong.get(setting.stack, {}).get(setting.parameter.name, "")
            sentence = sentence or not_listed(setting, self.choices.get(setting.key), value)
            if sentence:
                self.add_error(setting.key, sentence)
        return cleaned

    def values(self) -> dict[str, dict[str, str]]:
        """What was given, by stack and parameter. A secret left empty is not given."""
        found: dict[str, dict[str, str]] = {}
        for setting in self.layout.settings:
            value = str(self.cleaned_data.get(setting.key, ""))
            if value or not setting.parameter.no_echo:
                found.setdefault(setting.stack, {})[setting.parameter.name] = value
        return found

    def shown(self) -> dict[str, dict[str, str]]:
        """What the settings show now, valid or not and without secrets: what a price is reckoned from."""
        return shown_values(self.layout, self.current)

    @property
    def has_secrets(self) -> bool:
        """Whether any setting is secret."""
        return any(setting.parameter.no_echo for setting in self.layout.settings)

    @property
    def groups(self) -> Iterator[RowGroup]:
        """The settings as the page shows them."""
        for group in self.layout.groups:
            rows = [self.row(setting) for setting in group.settings]
            yield RowGroup(
                group.title,
                tuple(row for row in rows if not row.setting.advanced),
                tuple(row for row in rows if row.setting.advanced),
            )

    def row(self, setting: Setting) -> SettingRow:
        """One setting as the page shows it."""
        vpc = self.layout.vpc_of(setting.stack) if setting.choices_from in OF_VPC else None
        return SettingRow(
            setting,
            self[setting.key],
            self.choices.get(setting.key),
            self.cleared.get(setting.key, ""),
            waits_for_vpc=vpc is not None and not self[vpc.key].value(),
        )


def shown_values(layout: Layout, current: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Values by field name as values by stack and parameter, without secrets and empty ones."""
    found: dict[str, dict[str, str]] = {}
    for setting in layout.settings:
        if current.get(setting.key) and not setting.parameter.no_echo:
            found.setdefault(setting.stack, {})[setting.parameter.name] = current[setting.key]
    return found
