"""Several writes that were sent back, asked for again by a program."""

import pytest

from portal.accounts.models import User
from provisioning.items.intents import WriteIntent
from provisioning.lifecycle import ChangeStatus, WriteVerb
from provisioning.models import Change

from ..api.program import program_of
from .scene import NAME, WHY, Scene, edit, worked


@pytest.fixture
def old(scene: Scene) -> Change:
    """An edit and a new item, sent back."""
    create = WriteIntent(WriteVerb.CREATE, NAME, {"id": {"S": "m-2"}}, item={"id": {"S": "m-2"}})
    change = scene.asked(edit(), create)
    Change.objects.filter(pk=change.pk).update(sent_back=True)
    return Change.objects.get(pk=change.pk)


def test_those_that_are_named_are_sent_again(scene: Scene, old: Change, alice: User) -> None:
    program, path = program_of(alice), f"/changes/{old.pk}"
    writes = program.get(path)["plan"]["items"]["writes"]
    assert [one["number"] for one in writes] == [0, 1]
    sent = {"writes": [1], "reason": "Only the new one"}
    ids = {program.post(f"{path}/items_again", sent, 202, Idempotency_Key="k")["id"] for _ in range(2)}
    new = Change.objects.get(supersedes=old)
    assert ids == {str(new.pk)}
    old.refresh_from_db()
    assert old.status == ChangeStatus.SUPERSEDED
    assert (worked(new).plan or {})["impact"]["sentence"] == f"1 item of {NAME} is made."


def test_what_is_not_asked_again(scene: Scene, old: Change, alice: User, bob: User, audrey: User) -> None:
    path = f"/changes/{old.pk}/items_again"
    program = program_of(alice)
    assert program.post(path, {"writes": [], "reason": WHY}, 422)["fields"].keys() == {"writes"}
    assert program.post(path, {"writes": [7], "reason": WHY}, 422)["fields"].keys() == {"writes"}
    assert program.post(path, {"writes": [0], "reason": " "}, 422)["fields"].keys() == {"reason"}
    program_of(bob).post(path, {"writes": [0], "reason": WHY}, 403)
    program_of(audrey).post(path, {"writes": [0], "reason": WHY}, 403)
    program.post(f"/changes/{old.pk}/cancel")
    program.post(path, {"writes": [0], "reason": WHY}, 409)
    assert Change.objects.count() == 1


def test_a_change_without_writes_is_none(scene: Scene, alice: User) -> None:
    change = Change.objects.create(
        environment=scene.prod, kind="update", requested_by=alice, requested_at=scene.prod.created_at, reason=""
    )
    program_of(alice).post(f"/changes/{change.pk}/items_again", {"writes": [0], "reason": WHY}, 404)
