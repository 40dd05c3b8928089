"""NoEcho values (P3): typed once, sealed until the change ends, written nowhere else."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder

from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.actions.taking_back import do_cancel
from provisioning.lifecycle import ChangeKind, StackKind
from provisioning.models import Account, Change, Environment
from provisioning.planning.secrets import opened

from .rows import HIDDEN, PASSWORD, PIN, brought_up, everything, without

SIZED = {"data": HIDDEN["data"], "compute": {**HIDDEN["compute"], "Size": "large"}}


def written() -> str:
    """Every row of every table that a verb writes, as text."""
    return json.dumps(everything(), cls=DjangoJSONEncoder)


@pytest.fixture
def asked(vault: Path, account: Account, alice: Actor) -> Change:
    """alice's request of vault/dev, with both passwords."""
    return do_request_create(alice, "vault", "dev", Ask(ChangeKind.CREATE, SIZED, reason="A try."))


@pytest.fixture
def there(asked: Change) -> Environment:
    """vault/dev with both stacks up."""
    return brought_up(asked)


def nothing_leaked() -> None:
    """Neither password stands anywhere in the database."""
    text = written()
    assert PIN not in text
    assert PASSWORD not in text


def test_they_are_sealed_apart(asked: Change) -> None:
    nothing_leaked()
    asked.refresh_from_db()
    assert opened(asked.secrets) == HIDDEN
    assert asked.goal["values"] == {"data": {}, "compute": {"Size": "large"}}
    compute = asked.operations.get(stack__kind="compute")
    assert compute.parameters == {"Data": "vault-data-dev", "Size": "large"}


def test_the_search_would_find_them(asked: Change) -> None:
    """What is not hidden is in those rows, so what is hidden would be found."""
    assert "A try." in written()
    assert "vault-data-dev" in written()


def test_they_are_checked_all_the_same(vault: Path, alice: Actor) -> None:
    short = {**HIDDEN, "compute": {"Password": "abc"}}
    with pytest.raises(Refusal) as caught:
        do_request_create(alice, "vault", "dev", Ask(ChangeKind.CREATE, short))
    assert set(caught.value.fields) == {"compute.Password"}
    assert "abc" not in str(caught.value.fields)


def test_taking_back_forgets_them(asked: Change, alice: Actor) -> None:
    do_cancel(alice, asked)
    asked.refresh_from_db()
    assert asked.secrets == ""


def test_an_update_keeps_what_nobody_typed_again(there: Environment, alice: Actor) -> None:
    """CloudFormation keeps them (P2); Stackyard no longer knows them."""
    change = do_request(alice, there, Ask(ChangeKind.UPDATE, {"compute": {"Size": "small"}}))
    assert dict(change.operations.values_list("stack__kind", "keep")) == {"data": ["Pin"], "compute": ["Password"]}
    assert change.secrets == ""
    assert all("Password" not in operation.parameters for operation in change.operations.all())


def test_an_update_sends_what_was_typed_again(there: Environment, alice: Actor) -> None:
    change = do_request(alice, there, Ask(ChangeKind.UPDATE, {"compute": {"Password": PASSWORD}}))
    nothing_leaked()
    assert opened(change.secrets)["compute"] == {"Password": PASSWORD}
    assert dict(change.operations.values_list("stack__kind", "keep")) == {"data": ["Pin"], "compute": []}


@pytest.mark.parametrize(
    ("kind", "gone"),
    [
        (ChangeKind.UPDATE, [StackKind.COMPUTE]),
        (ChangeKind.UPDATE, [StackKind.DATA]),
        (ChangeKind.PARK, []),
        (ChangeKind.DELETE_COMPUTE, []),
        (ChangeKind.DELETE_DATA_STACK, [StackKind.COMPUTE]),
    ],
)
def test_values_of_a_stack_that_is_not_touched_are_not_kept_either(
    there: Environment, alice: Actor, kind: ChangeKind, gone: list[StackKind]
) -> None:
    """A form may send more than a change needs."""
    without(there, *gone)
    do_request(alice, there, Ask(kind, SIZED, confirm="dev"))
    nothing_leaked()


def test_hidden_values_cannot_be_woken(there: Environment, alice: Actor) -> None:
    """They are not kept (P3), so waking as it was is not possible; creating again asks for them."""
    without(there, StackKind.COMPUTE)
    with pytest.raises(Refusal, match="hidden values"):
        do_request(alice, there, Ask(ChangeKind.WAKE))
    assert do_request_create(alice, there.application, there.name, Ask(ChangeKind.CREATE, SIZED)).kind == "create"
    nothing_leaked()


def test_unknown_values_of_that_name_are_not_kept_either(there: Environment, alice: Actor) -> None:
    """The right name under the wrong stack."""
    values: dict[str, Any] = {"data": {"Password": PASSWORD}, "compute": {"Pin": PIN}}
    do_request(alice, there, Ask(ChangeKind.UPDATE, values))
    nothing_leaked()
