"""What a person says when asking for items to be written."""

import uuid
from typing import Any

from django import forms

from portal.requesting.asking import AskForm
from provisioning.actions.writing_in_prod import AskToWrite


class AskToWriteForm(AskForm):
    """The shared part of every request, with a reason that has to be given. `writes` is what is asked for, sealed: it
    comes back as it was shown."""

    writes = forms.CharField(widget=forms.HiddenInput, max_length=8_000_000)

    field_order = ("key", "replaces", "writes", "reason", "start_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason = self.fields["reason"]
        reason.required, reason.error_messages["required"] = True, "Say why."

    @classmethod
    def fresh(cls, writes: str, replaces: uuid.UUID | None = None) -> "AskToWriteForm":
        """A form that nobody has sent yet."""
        return cls(initial={"key": uuid.uuid4(), "writes": writes, "replaces": replaces})

    def asked(self) -> AskToWrite:
        """What it says, once it is valid."""
        sent = self.cleaned_data
        return AskToWrite(sent["reason"].strip(), sent["key"], sent.get("start_at"), sent["replaces"])
