"""People who decide about, run or replace the same change at the same moment, on a database with real row locks."""

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from redis import Redis

from provisioning.actions.actor import Actor
from provisioning.actions.deciding import do_approve, do_reject, do_send_back
from provisioning.actions.refusals import Refusal
from provisioning.actions.requesting import Ask, do_request
from provisioning.actions.running import do_run
from provisioning.blueprints.policies import PolicyFloor
from provisioning.lifecycle import ChangeKind, ChangeStatus, EnvironmentStatus, StackKind
from provisioning.models import Account, AuditEntry, Change, Environment, Operation, Stack

from .together import at_once

DIGEST = "d" * 64
ROUNDS = 10


@pytest.fixture
def people(database_url: str, redis: Redis) -> dict[str, Actor]:
    """Who asks, and who decides: nobody of the demo, who is seeded later and needs a password."""
    users = get_user_model().objects
    groups = {"rosa": "engineers", "rolf": "admins", "rene": "admins"}
    return {
        name: Actor(users.get_or_create(username=name)[0].pk, name, frozenset({group}))
        for name, group in groups.items()
    }


def waiting(by: Actor, **columns: Any) -> Change:
    """A change of a prod environment that waits; no worker looks at it before somebody has decided."""
    now = timezone.now()
    environment = Environment.objects.create(
        application="hello-erlang",
        name=f"dev-{uuid.uuid4().hex[:8]}",
        stage="prod",
        account=Account.objects.get_or_create(slug="default", defaults={"region": "us-east-1"})[0],
        owner_id=by.user_id,
        status=EnvironmentStatus.READY,
        changed_at=now,
    )
    stacks = [
        Stack.objects.create(
            environment=environment, kind=kind, name=f"{environment.name}-{kind}", status="CREATE_COMPLETE"
        )
        for kind in StackKind
    ]
    state = {"status": ChangeStatus.AWAITING_APPROVAL, "plan": {"stacks": []}, "plan_digest": DIGEST, **columns}
    change = Change.objects.create(
        environment=environment, kind=ChangeKind.PARK, requested_by_id=by.user_id, requested_at=now, **state
    )
    Operation.objects.create(change=change, stack=stacks[1])
    return change


def answers(*doings: Callable[[], Change]) -> list[Change | Refusal]:
    """What each got who did something at the same moment: its change, or the refusal."""

    def asked(doing: Callable[[], Change]) -> Change | Refusal:
        try:
            return doing()
        except Refusal as refusal:
            return refusal

    return at_once(*[partial(asked, doing) for doing in doings])


def refusals(found: list[Change | Refusal]) -> list[Refusal]:
    """The refusals of these answers."""
    return [one for one in found if isinstance(one, Refusal)]


def test_where_one_decides_one_decision_stands(people: dict[str, Actor]) -> None:
    """Whatever the two decide: the other is told who decided what."""
    for number in range(ROUNDS):
        change = waiting(people["rosa"])

        second = (
            partial(do_approve, people["rene"], change, digest=DIGEST),
            partial(do_reject, people["rene"], change, comment="No."),
            partial(do_send_back, people["rene"], change, comment="Smaller."),
        )[number % 3]

        found = answers(partial(do_approve, people["rolf"], change, digest=DIGEST), second)

        decision, (refusal,) = change.decisions.get(), refusals(found)
        word = {"sent_back": "sent this back"}.get(decision.verdict, f"has {decision.verdict} this already")
        assert refusal.sentence.startswith(f"{decision.reviewer} {word}")
        assert AuditEntry.objects.filter(change=change, verb__in=("approve", "reject", "send_back")).count() == 1


def test_where_two_decide_both_count(people: dict[str, Actor], settings: Any) -> None:
    settings.POLICIES = [PolicyFloor("*", "prod", (("approvals", 2),), "policy.yaml", 1)]
    for _ in range(ROUNDS):
        change = waiting(people["rosa"])

        found = answers(*[partial(do_approve, people[by], change, digest=DIGEST) for by in ("rolf", "rene")])

        assert refusals(found) == []
        assert sorted(one.status for one in found if isinstance(one, Change)) == ["awaiting_approval", "queued"]
        assert {decision.reviewer for decision in change.decisions.all()} == {"rolf", "rene"}


def test_one_person_twice_is_one_approval(people: dict[str, Actor], settings: Any) -> None:
    """Two tabs, one click in each."""
    settings.POLICIES = [PolicyFloor("*", "prod", (("approvals", 2),), "policy.yaml", 1)]
    for _ in range(ROUNDS):
        change = waiting(people["rosa"])

        found = answers(*[partial(do_approve, people["rolf"], change, digest=DIGEST)] * 3)

        assert [one.status for one in found if isinstance(one, Change)] == ["awaiting_approval"] * 3
        assert change.decisions.count() == 1


def test_what_waits_is_run_once(people: dict[str, Actor]) -> None:
    for _ in range(ROUNDS):
        change = waiting(people["rosa"], status=ChangeStatus.QUEUED, held=True)

        found = answers(*[partial(do_run, people[by], change) for by in ("rosa", "rolf", "rene")])

        assert [refusal.code for refusal in refusals(found)] == ["nothing-to-run"] * 2
        assert AuditEntry.objects.filter(change=change, verb="run").count() == 1


def test_it_is_approved_or_replaced(people: dict[str, Actor]) -> None:
    """Both hold the same rows in the same order: nobody waits for ever, and one of the two is told."""
    for _ in range(ROUNDS):
        old = waiting(people["rosa"])
        ask = Ask(ChangeKind.PARK, replaces=old.pk)

        approved, replaced = answers(
            partial(do_approve, people["rolf"], old, digest=DIGEST),
            partial(do_request, people["rosa"], old.environment, ask),
        )

        old.refresh_from_db()
        if isinstance(replaced, Change):
            assert isinstance(approved, Refusal)
            assert (approved.code, old.status) == ("nothing-to-decide", ChangeStatus.SUPERSEDED)
        else:
            assert isinstance(approved, Change)
            assert replaced.code == "cannot-replace"
        open_parts = Operation.objects.filter(stack__environment=old.environment, is_open=True)
        assert open_parts.count() <= 1
