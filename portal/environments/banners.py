"""What stands on top of an environment's overview: what is under way, what went wrong, what is left of it."""

from dataclasses import dataclass

from django.urls import reverse

from portal.environments.protection import tables_of
from provisioning.lifecycle import BESIDE_STACKS, ChangeKind, ChangeStatus
from provisioning.models import Environment


@dataclass(frozen=True)
class Banner:
    """What is under way or went wrong, with the way to it. `moving` asks the page to look again."""

    tone: str
    title: str
    text: str
    url: str
    label: str
    moving: bool


def what_is_left(environment: Environment) -> Banner:
    """What is left of an environment without stacks: kept tables, a receipt, or nothing that is known."""
    tables = tables_of(environment)
    items = sum(table.item_count for table in tables)
    if tables:
        one = len(tables) == 1
        count = f"{len(tables)} table{'' if one else 's'} with about {items:,} item{'' if items == 1 else 's'}"
        text = f"Both stacks are gone. {count} stayed, and no stack owns {'it' if one else 'them'}."
        return _quiet(text, reverse("orphans"), "Kept tables")
    succeeded = environment.changes.filter(status=ChangeStatus.SUCCEEDED).defer("plan", "goal")
    last = succeeded.exclude(kind__in=BESIDE_STACKS).order_by("-requested_at").first()
    if last is None:
        return _quiet("It has no stacks.")
    if last.kind == ChangeKind.DELETE_DATA:
        text = "Both stacks are gone, and its data was deleted after a backup of every table."
        return _quiet(text, reverse("change", args=[last.pk]), "See the receipt")
    return _quiet("Both stacks are gone. Tables stay when their stack is deleted; none has been listed so far.")


def _quiet(text: str, url: str = "", label: str = "") -> Banner:
    return Banner("quiet", "Removed", text, url, label, moving=False)
