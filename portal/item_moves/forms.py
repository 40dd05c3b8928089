"""What the forms that move items send."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms

from portal.item_moves.instead import FIRST, RANDOM, Instead
from portal.item_moves.words import NOTATIONS, rate_label
from portal.requesting.asking import AskForm
from provisioning.actions.copying import MOST_ITEMS
from provisioning.actions.exporting import RATES
from provisioning.actions.importing import MODES
from provisioning.actions.moves import WriteCost
from provisioning.actions.writing_in_prod import AskToWrite
from provisioning.engine.jobs.importing import NEW

COUNTS = (10, 100, 1_000, MOST_ITEMS)
FIND_OUT = "find-out"


class UploadForm(forms.Form):
    """A file, and how it is written. `key` makes two clicks one dry run."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".ndjson,.jsonl,.json,.csv,.tsv,.txt"}),
    )
    notation = forms.TypedChoiceField(
        label="JSON is",
        choices=[(name or FIND_OUT, label) for name, label in NOTATIONS.items()],
        coerce=lambda name: "" if name == FIND_OUT else name,
        help_text='Typed JSON names every type, as in {"id": {"S": "a"}}. The dry run says what it took the file for.',
    )

    @classmethod
    def fresh(cls) -> "UploadForm":
        """A form that nobody has sent yet."""
        return cls(initial={"key": uuid.uuid4()})


class RunForm(AskForm):
    """Running what was checked or frozen. `asks` says that a second person decides: then a reason is needed, and a
    start may be said. `typed` is shown where something has to be typed, `mode` where there is a choice."""

    field_order = ("key", "replaces", "into", "which", "count", "mode", "unsure", "rate", "typed", "reason", "start_at")

    def __init__(
        self, data: Mapping[str, Any] | None, *, asks: bool, reason_help: str = "", instead: Instead | None = None
    ) -> None:
        super().__init__(data, initial={"key": uuid.uuid4(), **(instead.values if instead else {})})
        self.asks = asks
        if asks:
            self.fields["reason"].required = not reason_help
            self.fields["reason"].help_text = reason_help or self.fields["reason"].help_text
            self.fields["reason"].error_messages["required"] = "Say why."
        else:
            del self.fields["reason"], self.fields["start_at"]

    def ask_rate(self, cost: Callable[[int], WriteCost], usual: WriteCost) -> None:
        """Have a rate chosen; `cost` says what it comes to."""
        self.fields["rate"] = forms.TypedChoiceField(
            label="Rate",
            coerce=int,
            choices=[(rate, rate_label(cost(rate))) for rate in _rates(usual)],
            widget=forms.RadioSelect,
            initial=usual.rate,
            help_text="What is left of the capacity is the application's. Writing slower costs the same.",
        )
        self.order_fields(self.field_order)

    def ask_mode(self, labels: Mapping[str, str]) -> None:
        """Have chosen what happens to items that are there already."""
        self.fields["mode"] = forms.ChoiceField(
            label="What is written", choices=list(labels.items()), widget=forms.RadioSelect, initial=NEW
        )
        self.order_fields(self.field_order)

    def ask_unsure(self, count: int) -> None:
        """Have said whether items are put back of which is not known whether the job was at them."""
        what = "1 item" if count == 1 else f"{count:,} items"
        self.fields["unsure"] = forms.BooleanField(
            label=f"Also {what} of which is not known whether it was this job",
            required=False,
            help_text="A worker ended before it could note what came of them. If somebody else did that to one of"
            " them, it is their change that is put back.",
        )
        self.order_fields(self.field_order)

    def ask_typed(self, name: str, count: int) -> None:
        """Have the environment's name or the number of items typed."""
        attrs = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false", "class": "mono"}
        self.fields["typed"] = forms.CharField(
            label=f"Type {name} or {count} to confirm", max_length=100, widget=forms.TextInput(attrs=attrs)
        )
        self.order_fields(self.field_order)

    def ask_sample(self, into: Sequence[tuple[int, str]], counts: Sequence[tuple[int, str]], *, random: bool) -> None:
        """Have chosen where a sample goes, how large it is, and which items it has. A start is not asked for: a copy
        into an environment that nobody decides about has none."""
        self.fields.pop("start_at", None)
        self.fields["into"] = forms.TypedChoiceField(label="Into", coerce=int, choices=list(into))
        which = [(FIRST, "The first ones that are found")] + ([(RANDOM, "Some from everywhere")] if random else [])
        self.fields["which"] = forms.ChoiceField(
            label="Which items", choices=which, widget=forms.RadioSelect, initial=FIRST
        )
        self.fields["count"] = forms.TypedChoiceField(
            label="How many, at most", coerce=int, choices=list(counts), widget=forms.RadioSelect, initial=COUNTS[1]
        )
        self.fields["mode"] = forms.ChoiceField(
            label="What is written", choices=list(MODES.items()), widget=forms.RadioSelect, initial=NEW
        )
        self.order_fields(self.field_order)

    def asked(self) -> AskToWrite:
        """What it says to whoever decides, once it is valid."""
        sent = self.cleaned_data
        reason, start_at = str(sent.get("reason", "")).strip(), sent.get("start_at")
        return AskToWrite(reason, sent["key"], start_at, sent["replaces"])


class FreezeForm(forms.Form):
    """Freezing a list. `key` makes two clicks one list."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    rate = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


def _rates(usual: WriteCost) -> list[int]:
    """The rates that are offered: of provisioned capacity never more than there is."""
    if not usual.provisioned:
        return sorted({*RATES, usual.rate})
    return sorted({max(1, usual.provisioned // 4), usual.rate, usual.provisioned})
