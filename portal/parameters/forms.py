"""Forms about one parameter: a field for its value by type, and what every request sends beside it."""

from typing import Any

from django import forms

from portal.requesting.asking import AskForm
from provisioning.actions.refusals import Refusal
from provisioning.actions.setting import AskToSet
from provisioning.blueprints.model import Flag
from provisioning.flags.rules import STRING

YES, NO = "yes", "no"
LONG = 60  # characters from which a text gets more than one line
EMPTY = "A value cannot be empty. Delete the parameter instead."
KINDS = (("String", "Text"), ("StringList", "List"), ("SecureString", "Secret"))


class TextField(forms.CharField):
    """A text exactly as typed, spaces at its ends too; only the line ends that browsers make are taken back."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strip=False, error_messages={"required": EMPTY}, **kwargs)

    def to_python(self, value: Any) -> str:
        """The text with the line ends of Unix."""
        return (super().to_python(value) or "").replace("\r\n", "\n")


class ListField(TextField):
    """One member a line; stored with commas between them."""

    def to_python(self, value: Any) -> str:
        """The members in one text. Raises ValidationError for a comma in one."""
        members = [line.strip() for line in super().to_python(value).strip().split("\n")]
        if any("," in member for member in members):
            raise forms.ValidationError("A member of a list cannot hold a comma: AWS divides members by it.")
        return ",".join(members)

    def prepare_value(self, value: Any) -> Any:
        """As lines, for the text area; what was typed stays as it was typed."""
        return value.replace(",", "\n") if isinstance(value, str) and "\n" not in value else value


def value_field(kind: str, stored: str, flag: Flag | None = None) -> forms.Field:
    """The field for a value of that type. `stored` is what it begins with, which a secret's never does."""
    if kind == "boolean":
        other = {"true": "false", "false": "true"}.get(stored)
        choices = [("true", "true"), ("false", "false")]
        return forms.ChoiceField(label="Value", choices=choices, widget=forms.RadioSelect, initial=other)
    if kind == "choice" and flag is not None:
        choices = [(one, one) for one in flag.allowed]
        return forms.ChoiceField(label="Value", choices=choices, widget=forms.RadioSelect, initial=stored)
    if kind == "secret":
        return TextField(
            label="New value",
            widget=forms.PasswordInput(attrs={"class": "mono", "autocomplete": "new-password"}),
            help_text="Kept encrypted; the one that is stored now is not shown.",
        )
    if kind == "list":
        area = forms.Textarea(attrs=_mono(rows=min(12, stored.count(",") + 3)))
        return ListField(label="Members, one a line", widget=area, initial=stored)
    if kind == "number":
        return TextField(label="Value", widget=forms.TextInput(attrs={"inputmode": "decimal"}), initial=stored)
    rows = 10 if kind == "json" else min(12, stored.count("\n") + 2) if len(stored) > LONG or "\n" in stored else 1
    return TextField(label="Value", widget=forms.Textarea(attrs=_mono(rows=rows)), initial=stored)


def _mono(**attrs: object) -> dict[str, Any]:
    return {"class": "mono", "spellcheck": "false", "autocapitalize": "off", **attrs}


class ParameterForm(AskForm):
    """What every request about a parameter says. `expected` is the version that was looked at, empty for none;
    `confirmed` is asked for after a quick flip (pitfall 22)."""

    expected = forms.IntegerField(required=False, widget=forms.HiddenInput)
    redeploy = forms.ChoiceField(
        label="After that",
        required=False,
        choices=[(YES, "Redeploy, so that what runs has it"), (NO, "Leave what runs as it is")],
    )
    confirmed = forms.BooleanField(label="Yes, set it again", required=False, widget=forms.HiddenInput)

    field_order: tuple[str, ...] = ("value", "confirmed", "reason", "redeploy", "start_at")

    def __init__(self, *args: Any, redeploys: bool = False, decides: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["replaces"]
        self.fields["redeploy"].initial = YES if redeploys else NO
        self.fields["redeploy"].needed = " "  # type: ignore[attr-defined]  # read by pieces/field.html: never empty
        self.fields["reason"].widget.attrs["rows"] = 1
        if not decides:
            del self.fields["start_at"]
            self.fields["reason"].help_text = "Kept in the history and in the audit."

    def asked(self) -> AskToSet:
        """What the form says beside the value, once it is valid."""
        sent = self.cleaned_data
        return AskToSet(
            reason=sent["reason"].strip(),
            key=sent["key"],
            start_at=sent.get("start_at"),
            redeploy={YES: True, NO: False}.get(sent["redeploy"]),
            confirmed=bool(sent["confirmed"]),
        )

    def refuse(self, refusal: Refusal) -> None:
        """A refusal on the field that it is about. One that is about a parameter stands at its value."""
        fields = {name if name in self.fields else "value": text for name, text in refusal.fields.items()}
        if "value" in fields and "value" not in self.fields:
            fields = {}
        super().refuse(Refusal(refusal.sentence, refusal.code, fields=fields))
        if refusal.code == "quick-flip":
            self.fields["confirmed"].widget = forms.CheckboxInput()

    def look_at(self, version: int | None) -> None:
        """Have the form stand on this version from now on: whoever sends it again has seen it."""
        self.data = dict(self.data.items()) | {"expected": "" if version is None else str(version)}


class SetForm(ParameterForm):
    """A value for a parameter."""

    def __init__(self, *args: Any, kind: str, stored: str = "", flag: Flag | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"] = value_field(kind, stored, flag)
        self.order_fields(self.field_order)


class NewForm(SetForm):
    """A parameter that is not there yet. Spaces in its name are told, not cut off (pitfall 18)."""

    name = forms.CharField(
        label="Name",
        max_length=1011,
        strip=False,
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )

    field_order = ("name", "value", "confirmed", "reason", "redeploy", "start_at")

    def __init__(self, *args: Any, type: str = STRING, **kwargs: Any) -> None:  # noqa: A002 - AWS's own word for it
        kind = {"StringList": "list", "SecureString": "secret"}.get(type, "text")
        super().__init__(*args, kind=kind, **kwargs)

    def refuse(self, refusal: Refusal) -> None:
        """What is about the value begins with the name; the rest is about the name itself."""
        key = self.cleaned_data.get("name", "")
        if key in refusal.fields and not refusal.fields[key].startswith(f"{key}: "):
            fields = {"name": refusal.fields[key]}
            super().refuse(Refusal(refusal.sentence, refusal.code, fields=fields))
        else:
            super().refuse(refusal)
