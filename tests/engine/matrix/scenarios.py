"""One scenario and more for every kind of change. What comes before `stage.drive()` is the way there."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from engine.by_hand import make_pair
from engine.drift_rows import looked
from engine.items import asked as asked_to_write
from engine.items import create as new_item
from engine.items import delete as without_item
from engine.items import edit, held_job, message, move, stocked
from engine.stuck import roll_back_stuck
from engine.test_dividing import BLUEPRINT, sends, table
from engine.vault import COMPUTE as GROUP
from engine.yard import COMPUTE, FILESHARE, HELLO, UPDATED, Yard
from provisioning.actions.adopting import do_request_adopt
from provisioning.actions.drifting import do_request_accept, do_request_repair
from provisioning.actions.recovering import do_request_recover
from provisioning.actions.requesting import Ask, do_request, do_request_create
from provisioning.actions.taking_back import do_cancel
from provisioning.engine.surveying import survey
from provisioning.items.intents import WriteIntent
from provisioning.lifecycle import ChangeKind, JobStatus, StackKind
from provisioning.models import Change, Environment, ItemJob

from .stage import Play, Stage

Prepare = Callable[[Yard], Play]
SCENARIOS: dict[str, "Scenario"] = {}
WHY = "The service ends"


@dataclass(frozen=True)
class Scenario:
    """How its way is prepared, and which steps it is about; all of them, where that is empty."""

    prepare: Prepare
    about: frozenset[str]


def scenario(*about: str) -> Callable[[Prepare], Prepare]:
    """Count this one in, under its own name."""

    def counted(prepare: Prepare) -> Prepare:
        SCENARIOS[prepare.__name__.replace("_", " ")] = Scenario(prepare, frozenset(about))
        return prepare

    return counted


def driven(act: Callable[[], Change]) -> Play:
    """The change that is asked for, worked on until it is over, agreed to where that is asked for."""

    def play(stage: Stage) -> None:
        change = act()
        stage.drive()
        change.refresh_from_db()
        if change.status == "awaiting_approval":
            stage.yard.approve(change)
            stage.drive()
        change.refresh_from_db()
        assert change.status == "succeeded", change.problem

    return play


def asked(yard: Yard, environment: Environment, kind: ChangeKind, **parts: object) -> Change:
    """A later change of an environment."""
    environment.refresh_from_db()
    ask = Ask(kind, key=uuid.uuid4(), confirm=environment.name, reason=WHY, **parts)  # type: ignore[arg-type]  # any part of an Ask
    return do_request(yard.alice, environment, ask)


def did(yard: Yard, environment: Environment, *kinds: ChangeKind) -> Environment:
    """These changes, one after the other, agreed to where that is asked for."""
    for kind in kinds:
        change = yard.drive(asked(yard, environment, kind))
        if change.status == "awaiting_approval":
            yard.approve(change)
            yard.drive(change)
        assert change.status == "succeeded", change.problem
    return environment


def filled(yard: Yard) -> None:
    """Items in every table, so that one that was made again would show."""
    for one in yard.fake.world.tables.values():
        one.items["1"] = {"id": one.name}


@scenario()
def create(yard: Yard) -> Play:
    return driven(lambda: yard.create(HELLO))


@scenario(
    "ensure_unmoved",
    "ensure_protection",
    "ensure_flags",
    "ensure_configuration",
    "until_it_runs",
    "ensure_compute_change_set",
)
def create_in_prod(yard: Yard) -> Play:
    return driven(lambda: yard.create(FILESHARE, "prod"))


@scenario("ensure_tables_adopted", "ensure_data_planned", "ensure_data_stack", "ensure_table_settings", "succeeded")
def create_over_kept_tables(yard: Yard) -> Play:
    environment = yard.ready(FILESHARE)
    filled(yard)
    did(yard, environment, ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK)
    return driven(lambda: yard.create(FILESHARE))


@scenario()
def update(yard: Yard) -> Play:
    environment = yard.ready(HELLO)
    return driven(lambda: asked(yard, environment, ChangeKind.UPDATE, values=UPDATED[HELLO]))


@scenario("ensure_unmoved", "started", "planned")
def update_in_prod(yard: Yard) -> Play:
    environment = yard.ready(FILESHARE, "prod")
    return driven(lambda: asked(yard, environment, ChangeKind.UPDATE, values=UPDATED[FILESHARE]))


@scenario()
def park(yard: Yard) -> Play:
    environment = yard.ready(FILESHARE, "prod")
    return driven(lambda: asked(yard, environment, ChangeKind.PARK))


@scenario()
def wake(yard: Yard) -> Play:
    environment = did(yard, yard.ready(FILESHARE, "prod"), ChangeKind.PARK)
    return driven(lambda: asked(yard, environment, ChangeKind.WAKE))


@scenario()
def delete_compute(yard: Yard) -> Play:
    environment = yard.ready(HELLO, "prod")
    return driven(lambda: asked(yard, environment, ChangeKind.DELETE_COMPUTE))


@scenario()
def delete_data_stack(yard: Yard) -> Play:
    environment = did(yard, yard.ready(HELLO, "prod"), ChangeKind.DELETE_COMPUTE)
    filled(yard)
    return driven(lambda: asked(yard, environment, ChangeKind.DELETE_DATA_STACK))


@scenario()
def unprotect(yard: Yard) -> Play:
    environment = yard.ready(HELLO, "prod")
    return driven(lambda: asked(yard, environment, ChangeKind.UNPROTECT))


@scenario()
def protect(yard: Yard) -> Play:
    environment = did(yard, yard.ready(HELLO, "prod"), ChangeKind.UNPROTECT)
    return driven(lambda: asked(yard, environment, ChangeKind.PROTECT))


@scenario()
def delete_data(yard: Yard) -> Play:
    environment = did(yard, yard.ready(HELLO, "prod"), ChangeKind.DELETE_COMPUTE, ChangeKind.UNPROTECT)
    filled(yard)
    return driven(lambda: asked(yard, environment, ChangeKind.DELETE_DATA))


@scenario()
def adopt(yard: Yard) -> Play:
    make_pair(yard, "prod")
    survey(yard.account.pk, yard.fake.aws_for)
    ask = Ask(ChangeKind.ADOPT, reason="Ours from now on")
    return driven(lambda: do_request_adopt(yard.alice, HELLO, "prod", ask))


@scenario("ensure_change_sets_gone", "ensure_superseded_gone", "cleaned")
def rejected(yard: Yard) -> Play:
    """A plan that nobody wants leaves nothing behind."""

    def play(stage: Stage) -> None:
        change = yard.create(HELLO, "prod")
        stage.drive()
        yard.reject(change)
        stage.drive()
        yard.fake.finish()
        assert yard.fake.stacks() == []

    return play


@scenario("ensure_change_sets_gone", "ensure_superseded_gone", "cleaned")
def sent_instead_and_taken_back(yard: Yard) -> Play:
    """A change instead of one that waits, another one instead of that, before it was planned, and cancelled."""

    def play(stage: Stage) -> None:
        change = yard.create(HELLO, "prod")
        stage.drive()
        for _ in range(2):
            yard.clock.shift(timedelta(seconds=1))
            ask = Ask(ChangeKind.CREATE, {"compute": COMPUTE[HELLO]}, key=uuid.uuid4(), replaces=change.pk)
            change = do_request_create(yard.alice, HELLO, "prod", ask)
        do_cancel(yard.alice, change)
        stage.drive()
        yard.fake.finish()
        assert yard.fake.stacks() == []

    return play


@scenario("ensure_superseded_gone")
def sent_instead(yard: Yard) -> Play:
    """A change instead of one that waits, which then runs."""
    old = yard.drive(yard.create(HELLO, "prod"))
    yard.clock.shift(timedelta(seconds=1))
    ask = Ask(ChangeKind.CREATE, {"compute": COMPUTE[HELLO]}, key=uuid.uuid4(), replaces=old.pk)
    return driven(lambda: do_request_create(yard.alice, HELLO, "prod", ask))


@scenario("ensure_indexes_divided", "ensure_data_planned", "ensure_data_stack")
def divided_indexes(yard: Yard) -> Play:
    """Two indexes more, one update after the other."""
    own = Path(settings.BLUEPRINT_DIRS[0]) / "shelf"
    own.mkdir()
    (own / "blueprint.yaml").write_text(BLUEPRINT)
    (own / "compute.yaml").write_text(GROUP)
    sends(own, table("Books"))
    environment = yard.ready("shelf", "dev")
    filled(yard)
    sends(own, table("Books", a="x", b="y"))
    return driven(lambda: asked(yard, environment, ChangeKind.UPDATE))


@scenario()
def recover(yard: Yard) -> Play:
    """A roll-back that got stuck goes on without what keeps it."""
    environment = yard.ready(HELLO, "prod")
    roll_back_stuck(yard, environment)
    ask = Ask(ChangeKind.RECOVER, reason=WHY, key=uuid.uuid4())
    spared = ("LaunchTemplate",)
    return driven(
        lambda: do_request_recover(
            yard.alice, environment, ask, stack=StackKind.COMPUTE, what="continue", spared=spared
        )
    )


def drifted(yard: Yard) -> Environment:
    """A table and a group were edited in the console, and it is known."""
    environment = yard.ready(HELLO)
    yard.fake.drift("hello-erlang-data-dev", "MessagesTable", BillingMode="PROVISIONED")
    yard.fake.drift("hello-erlang-dev", "Group", MaxSize="4")
    looked(yard, environment)
    filled(yard)
    yard.clock.shift(timedelta(minutes=1))
    environment.refresh_from_db()
    return environment


@scenario()
def repair_drift(yard: Yard) -> Play:
    environment = drifted(yard)
    ask = Ask(ChangeKind.REPAIR_DRIFT, reason=WHY, key=uuid.uuid4())
    return driven(lambda: do_request_repair(yard.alice, environment, ask, stacks=tuple(StackKind)))


@scenario()
def accept_drift(yard: Yard) -> Play:
    environment = drifted(yard)
    ask = Ask(ChangeKind.ACCEPT_DRIFT, reason=WHY, key=uuid.uuid4())
    picks = ((StackKind.DATA, "MessagesTable", "/BillingMode"), (StackKind.COMPUTE, "Group", "/MaxSize"))
    return driven(lambda: do_request_accept(yard.alice, environment, ask, picks=picks))


def written(yard: Yard, *writes: WriteIntent) -> Play:
    """Items of prod, by a change."""
    environment = stocked(yard, message(1), message(2), message(3))
    return driven(lambda: asked_to_write(yard, environment, *writes))


@scenario()
def make_an_item(yard: Yard) -> Play:
    return written(yard, new_item(9))


@scenario()
def edit_items(yard: Yard) -> Play:
    return written(yard, edit(1), edit(2))


@scenario()
def delete_an_item(yard: Yard) -> Play:
    return written(yard, without_item(1))


@scenario()
def move_an_item(yard: Yard) -> Play:
    return written(yard, move(1, 4))


@scenario()
def work_on_many_items(yard: Yard) -> Play:
    """Its job is held until it runs; then whoever works on jobs brings it to its end."""
    environment = stocked(yard, message(1))
    begun = ItemJob.objects.filter(next_check_at__isnull=False)
    yard.meanwhile = lambda: begun.update(status=JobStatus.SUCCEEDED, next_check_at=None, done=3)
    return driven(lambda: held_job(yard, environment))


@scenario("ensure_job_given_up", "cleaned")
def work_on_many_items_rejected(yard: Yard) -> Play:
    environment = stocked(yard, message(1))

    def play(stage: Stage) -> None:
        change = held_job(yard, environment)
        stage.drive()
        yard.reject(change)
        stage.drive()
        assert ItemJob.objects.get().status == JobStatus.CANCELLED

    return play
