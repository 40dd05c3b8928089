"""do_request: later changes of an environment, in an order that its stacks allow, by those who may."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from provisioning.actions.actor import Actor
from provisioning.actions.order import why_not_now
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import SAYS, TOUCHES, Ask, do_request, do_request_create
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import AuditEntry, Change, Environment, Stack, Template

from .rows import HIDDEN, NETWORK, at, brought_up, everything, without

K, DATA, COMPUTE = ChangeKind, StackKind.DATA, StackKind.COMPUTE
LATER = [kind for kind in TOUCHES if kind != ChangeKind.CREATE]  # what touches no stack has verbs of its own


def ask(kind: ChangeKind, environment: Environment | None = None, **more: Any) -> Ask:
    """What a person sends, with a reason, and the name typed where it is asked for."""
    said = {"goal": {SAYS[kind]: ["something"]}} if kind in SAYS else {}
    return Ask(kind, confirm=environment.name if environment else "", **{"reason": "Because.", **said, **more})


def made_for(kind: ChangeKind, environment: Environment) -> None:
    """Bring the environment where a change of this kind may be asked for."""
    gone = {K.WAKE: [COMPUTE], K.DELETE_DATA_STACK: [COMPUTE], K.DELETE_DATA: [COMPUTE], K.ADOPT: [DATA, COMPUTE]}
    without(environment, *gone.get(kind, []))
    Environment.objects.update(data_protected=kind not in {K.PROTECT, K.DELETE_DATA})


def refused(actor: Actor, environment: Environment, sent: Ask) -> Refusal:
    """Why the request is not taken; nothing at all may have been written."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        do_request(actor, environment, sent)
    assert everything() == before
    return caught.value


@pytest.mark.parametrize(
    ("kind", "gone", "touches"),
    [
        (K.UPDATE, (), ["compute", "data"]),
        (K.UPDATE, (COMPUTE,), ["data"]),
        (K.UPDATE, (DATA,), ["compute"]),
        (K.PARK, (), ["compute"]),
        (K.WAKE, (COMPUTE,), ["compute"]),
        (K.DELETE_COMPUTE, (), ["compute"]),
        (K.DELETE_DATA_STACK, (COMPUTE,), ["data"]),
    ],
)
def test_what_each_kind_touches(
    live: Environment,
    alice: Actor,
    kind: ChangeKind,
    gone: Sequence[StackKind],
    touches: list[str],
) -> None:
    without(live, *gone)
    entries = AuditEntry.objects.count()
    change = do_request(alice, live, ask(kind, live, reason="Because."))
    assert (change.status, change.kind) == (ChangeStatus.PLANNING, kind)
    assert sorted(change.operations.values_list("stack__kind", flat=True)) == touches
    assert all(change.operations.values_list("is_open", flat=True))
    assert AuditEntry.objects.count() == entries + 1
    entry = AuditEntry.objects.first()
    assert entry is not None
    assert (entry.verb, entry.by_id, entry.reason, entry.change_id) == (
        f"request_{kind}",
        alice.user_id,
        "Because.",
        change.pk,
    )


@pytest.mark.parametrize(
    ("kind", "gone", "says"),
    [
        (K.CREATE, (), "exists already."),
        (K.UPDATE, (DATA, COMPUTE), "has no stacks to update. Create it first."),
        (K.PARK, (COMPUTE,), "has no compute to park."),
        (K.PARK, (DATA, COMPUTE), "has no compute to park."),
        (K.DELETE_COMPUTE, (COMPUTE,), "has no compute to delete."),
        (K.WAKE, (), "is awake already."),
        (K.WAKE, (DATA, COMPUTE), "has no data stack to wake on. Create it first."),
        (K.DELETE_DATA_STACK, (DATA, COMPUTE), "has no data stack."),
        (K.DELETE_DATA_STACK, (), "Park the environment or delete its compute first."),
        (K.DELETE_DATA, (), "Park the environment or delete its compute first."),
        (K.DELETE_DATA, (COMPUTE,), "Switch its protection off first: that is a change of its own."),
        (K.PROTECT, (), "is protected already."),
        (K.ADOPT, (), "is Stackyard's already."),
    ],
)
def test_the_wrong_order(
    live: Environment, alice: Actor, kind: ChangeKind, gone: Sequence[StackKind], says: str
) -> None:
    """X5: what uses something goes before what it uses. The page asks the same and gets the same sentence."""
    without(live, *gone)
    refusal = refused(alice, live, ask(kind, live))
    assert (refusal.code, refusal.forbidden) == ("wrong-order", False)
    assert refusal.sentence.endswith(says)
    assert why_not_now(live, kind) == refusal.sentence


def test_parking_twice(live: Environment, alice: Actor) -> None:
    """While the first one is under way it is in the way; once it is done there is nothing left to park."""
    first = do_request(alice, live, ask(K.PARK))
    refusal = refused(alice, live, ask(K.PARK))
    assert (refusal.code, refusal.change_id) == ("change-open", str(first.pk))
    at(first, ChangeStatus.SUCCEEDED)
    without(live, COMPUTE)
    assert refused(alice, live, ask(K.PARK)).code == "wrong-order"


def test_what_never_had_compute_cannot_wake(live: Environment, alice: Actor) -> None:
    without(live, COMPUTE)
    Stack.objects.filter(kind=COMPUTE).update(template=None)
    assert refused(alice, live, ask(K.WAKE)).sentence.endswith("there is nothing to wake. Create it.")


@pytest.mark.parametrize("kind", LATER)
def test_one_change_at_a_time(shared: Environment, alice: Actor, bob: Actor, kind: ChangeKind) -> None:
    """Whatever the other change is, and even where the two would touch different stacks."""
    first = do_request(alice, shared, ask(K.UPDATE))
    refusal = refused(bob, shared, ask(kind, shared))
    assert (refusal.code, refusal.change_id) == ("change-open", str(first.pk))
    assert refusal.sentence == ("alice has a change of hello-erlang/dev open: update, planning. One change at a time.")
    at(first, ChangeStatus.REJECTED)
    made_for(kind, shared)
    assert do_request(bob, shared, ask(kind, shared)).requested_by_id == bob.user_id


@pytest.mark.parametrize("kind", LATER)
def test_auditors_read(live: Environment, audrey: Actor, kind: ChangeKind) -> None:
    refusal = refused(audrey, live, ask(kind, live))
    assert (refusal.code, refusal.forbidden) == ("not-allowed", True)


@pytest.mark.parametrize("kind", LATER)
def test_a_personal_environment_is_its_owners(live: Environment, bob: Actor, kind: ChangeKind) -> None:
    refusal = refused(bob, live, ask(kind, live))
    assert (refusal.code, refusal.forbidden) == ("not-yours", True)
    assert refusal.sentence == "hello-erlang/dev-alice belongs to alice. Ask them, or an admin."


def test_an_admin_may_tidy_up_after_everybody(live: Environment, ada: Actor) -> None:
    assert do_request(ada, live, ask(K.PARK)).requested_by_id == ada.user_id


@pytest.mark.parametrize("kind", [K.DELETE_COMPUTE, K.DELETE_DATA_STACK])
@pytest.mark.parametrize("typed", ["", "dev", "DEV-ALICE", "dev-alice ", "hello-erlang/dev-alice"])
def test_deleting_needs_the_name_typed(live: Environment, alice: Actor, kind: ChangeKind, typed: str) -> None:
    without(live, *([COMPUTE] if kind == K.DELETE_DATA_STACK else []))
    refusal = refused(alice, live, Ask(kind, confirm=typed))
    assert (refusal.code, refusal.sentence) == ("confirm", "Type dev-alice to confirm.")
    assert refusal.fields == {"confirm": "Type dev-alice here."}
    assert do_request(alice, live, Ask(kind, confirm="dev-alice")).pk


@pytest.mark.parametrize("kind", [K.UPDATE, K.PARK])
def test_what_comes_back_needs_no_name(live: Environment, alice: Actor, kind: ChangeKind) -> None:
    assert do_request(alice, live, Ask(kind)).pk


def test_a_worker_is_called_once_the_rows_are_there(
    live: Environment, alice: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as rings:
        change = do_request(alice, live, ask(K.PARK))
    assert len(rings) == 1
    assert change.next_check_at is not None, "the sweep finds it even when the call is lost"


@pytest.mark.parametrize("kind", LATER)
def test_a_double_click_is_one_change(live: Environment, alice: Actor, kind: ChangeKind) -> None:
    made_for(kind, live)
    sent = ask(kind, live, key=uuid.uuid4())
    first = do_request(alice, live, sent)
    rows = everything()
    assert do_request(alice, live, sent).pk == first.pk
    assert everything() == rows


def test_a_second_click_is_the_first_one_even_after_the_end(live: Environment, alice: Actor) -> None:
    sent = ask(K.PARK, key=uuid.uuid4())
    first = at(do_request(alice, live, sent), ChangeStatus.SUCCEEDED)
    without(live, COMPUTE)
    assert do_request(alice, live, sent).pk == first.pk


def test_an_update_keeps_what_nobody_typed_again(live: Environment, alice: Actor) -> None:
    values = {"compute": {"InstanceType": "t3.medium"}}
    change = do_request(alice, live, ask(K.UPDATE, values=values))
    data, compute = (change.operations.get(stack__kind=kind) for kind in StackKind)
    assert compute.parameters["InstanceType"] == "t3.medium"
    assert compute.parameters.items() >= NETWORK.items()
    assert data.parameters["Alarms"] == "true", "as it was, not the stage's default"
    assert change.goal["values"] == {"data": {}, **values}, "what this change sends, for asking the same again"


def test_an_update_is_checked_like_a_create(live: Environment, alice: Actor) -> None:
    refusal = refused(alice, live, ask(K.UPDATE, values={"compute": {"VolumeSize": "1"}, "data": {"Alarms": "?"}}))
    assert refusal.code == "bad-values"
    assert set(refusal.fields) == {"compute.VolumeSize", "data.Alarms"}


def test_waking_brings_back_what_was_parked(live: Environment, alice: Actor) -> None:
    """The very template and values, even when the blueprint has moved on since."""
    older = Template.objects.create(digest="0" * 64, body="Resources: {Queue: {Type: AWS::SQS::Queue}}")
    Stack.objects.filter(kind=COMPUTE).update(template=older, parameters={"Size": "as it was"})
    without(live, COMPUTE)
    operation = do_request(alice, live, ask(K.WAKE)).operations.get()
    assert (operation.template_id, operation.parameters) == (older.pk, {"Size": "as it was"})


@pytest.mark.parametrize("kind", [K.PARK, K.DELETE_COMPUTE])
def test_removing_sends_no_template(live: Environment, alice: Actor, kind: ChangeKind) -> None:
    operation = do_request(alice, live, ask(kind, live)).operations.get()
    assert (operation.template_id, operation.parameters) == (None, {})


def test_an_application_that_left_the_library(account: object, alice: Actor, vault: Path, settings: Any) -> None:
    environment = brought_up(do_request_create(alice, "vault", "dev", Ask(K.CREATE, HIDDEN)))
    settings.BLUEPRINT_DIRS = []
    refusal = refused(alice, environment, ask(K.PARK))
    assert (refusal.code, refusal.forbidden) == ("no-application", False)


def test_asking_changes_nothing_of_the_environment_yet(live: Environment, alice: Actor) -> None:
    do_request(alice, live, ask(K.PARK))
    live.refresh_from_db()
    assert live.status == EnvironmentStatus.READY
    assert Change.objects.latest("requested_at").started_at is None
