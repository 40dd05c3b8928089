"""Changes of prod in every state that a decision can have, written as rows: rich plans, earlier ones, and a receipt.

`write` runs inside Stackyard's own programs (`manage.py shell`), `path_of` beside the browser.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.utils import timezone
from pages import rich_plans, rows

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind, Verdict
from provisioning.models import Environment

COMMENT = "Not on a Friday, please: nobody is there to look after it."


def path_of(name: str) -> str:
    """The path of one of the changes in CHANGES."""
    return f"/changes/{_key(name)}/"


def write() -> None:
    """Every change of CHANGES, each of an environment of its own that follows the policy of prod."""
    alice, ada = User.objects.get(username="alice"), User.objects.get(username="ada")
    for name, make in CHANGES.items():
        make(rows.environment(alice, f"dev-{name}", stage="prod"), alice, ada)


def _key(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_DNS, name)


def _waiting(prod: Environment, alice: User, ada: User) -> None:
    change = rows.change(prod, alice, ChangeStatus.AWAITING_APPROVAL, pk=_key("waiting"), reason="Larger machines.")
    rich_plans.sealed(change, rich_plans.adoption_plan())
    rich_plans.decided(change, ada, Verdict.APPROVED, "Looks right.")
    change.plans.update(void_because="hello-erlang-data-prod was updated at 14:05 by somebody else.")
    change.expires_at = timezone.now() + timedelta(hours=50)
    rich_plans.sealed(change, rich_plans.update_plan())


def _sent_back(prod: Environment, alice: User, ada: User) -> None:
    change = rich_plans.asked(prod, alice, pk=_key("sent-back"), sent_back=True)
    rich_plans.decided(change, ada, Verdict.SENT_BACK, COMMENT)


def _held(prod: Environment, alice: User, ada: User) -> None:
    rich_plans.held(prod, alice, ada, pk=_key("held"))


def _scheduled(prod: Environment, alice: User, ada: User) -> None:
    rich_plans.held(prod, alice, ada, pk=_key("scheduled"), start_at=timezone.now() + timedelta(days=1))


def _adopting(prod: Environment, alice: User, ada: User) -> None:
    plan = rich_plans.taking_over_plan()
    rich_plans.asked(prod, alice, ChangeKind.ADOPT, pk=_key("adopting"), sealed_plan=plan)


def _superseded(prod: Environment, alice: User, ada: User) -> None:
    old = rich_plans.asked(prod, alice, pk=_key("superseded"), status=ChangeStatus.SUPERSEDED)
    rich_plans.asked(prod, alice, supersedes=old)


def _deleting(prod: Environment, alice: User, ada: User) -> None:
    rows.without(prod, StackKind.COMPUTE)
    plan = rich_plans.update_plan(deletion=rich_plans.DELETION)
    rich_plans.asked(prod, alice, ChangeKind.DELETE_DATA, pk=_key("deleting"), sealed_plan=plan)
    _unprotect(prod, ada)


def _deleted(prod: Environment, alice: User, ada: User) -> None:
    rows.without(prod, *StackKind)
    columns = {"status": ChangeStatus.SUCCEEDED, "receipt": rich_plans.RECEIPT, "pk": _key("deleted")}
    rich_plans.asked(prod, alice, ChangeKind.DELETE_DATA, **columns)


def _unprotected(prod: Environment, alice: User, ada: User) -> None:
    rows.without(prod, StackKind.COMPUTE)
    _unprotect(prod, ada)
    rows.change(prod, ada, ChangeStatus.SUCCEEDED, ChangeKind.UNPROTECT, pk=_key("unprotected"))


def _unprotect(prod: Environment, by: User) -> None:
    since = {"unprotected_by": by, "unprotected_at": timezone.now(), "unprotected_because": "The product has ended."}
    Environment.objects.filter(pk=prod.pk).update(data_protected=False, **since)


CHANGES: Mapping[str, Callable[[Environment, User, User], None]] = {
    "waiting": _waiting,
    "sent-back": _sent_back,
    "held": _held,
    "scheduled": _scheduled,
    "adopting": _adopting,
    "superseded": _superseded,
    "deleting": _deleting,
    "deleted": _deleted,
    "unprotected": _unprotected,
}
