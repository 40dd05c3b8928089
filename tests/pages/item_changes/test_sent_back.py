"""Changes of items that were sent back: edited, and asked for again instead."""

from collections.abc import Callable

import pytest
from django.test import Client

from portal.accounts.models import User
from provisioning.actions.writing_in_prod import undo_intent
from provisioning.items.intents import WriteIntent
from provisioning.items.values import Item, key_token
from provisioning.lifecycle import ChangeStatus, WriteVerb
from provisioning.models import Change, ItemWrite

from .. import rows
from ..items.browser import ItemBrowser
from .scene import ITEM, KEY, NAME, WHY, Scene, edit, path, worked

ClientOf = Callable[[User], Client]


def test_what_was_sent_back_is_edited_and_asked_for_again(scene: Scene, alice: User, client_of: ClientOf) -> None:
    old = scene.asked(edit())
    client = client_of(alice)
    assert "Edit and ask again" not in rows.page(client, f"/changes/{old.pk}/")
    Change.objects.filter(pk=old.pk).update(sent_back=True)
    form = f"/environments/hello-erlang/prod/tables/{NAME}/item/{key_token(KEY)}/edit/?instead={old.pk}"
    assert f'href="{form}">Edit and ask again</a>' in rows.page(client, f"/changes/{old.pk}/")
    browser = ItemBrowser(client, scene.table).open(f"edit/?instead={old.pk}", KEY)
    assert f'<a href="/changes/{old.pk}/">the change that was sent back</a>' in browser.text
    browser.set(user_id="u-9").send(reason="As you said")
    new = Change.objects.exclude(pk=old.pk).get()
    old.refresh_from_db()
    assert (new.supersedes, old.status) == (old, ChangeStatus.SUPERSEDED)


@pytest.mark.parametrize(
    ("write", "form"),
    [
        (WriteIntent(WriteVerb.DELETE, NAME, KEY, read=ITEM), f"item/{key_token(KEY)}/delete/"),
        (WriteIntent(WriteVerb.CREATE, NAME, {"id": {"S": "m-2"}}, item={"id": {"S": "m-2"}}), "new/"),
        (
            WriteIntent(WriteVerb.COPY, NAME, KEY, read=ITEM, new_key={"id": {"S": "m-3"}}),
            f"item/{key_token(KEY)}/copy/",
        ),
    ],
)
def test_each_form_asks_again_for_what_it_asked(
    scene: Scene, alice: User, client_of: ClientOf, write: WriteIntent, form: str
) -> None:
    change = scene.asked(write)
    Change.objects.filter(pk=change.pk).update(sent_back=True)
    text = rows.page(client_of(alice), f"/changes/{change.pk}/")
    assert f'tables/{NAME}/{form}?instead={change.pk}">Edit and ask again</a>' in text
    assert rows.page(client_of(alice), f"/environments/hello-erlang/prod/tables/{NAME}/{form}?instead=nonsense")


def sent_back(change: Change) -> Change:
    """The change, as somebody has sent it back."""
    Change.objects.filter(pk=change.pk).update(sent_back=True)
    return Change.objects.get(pk=change.pk)


def test_an_undo_that_was_sent_back_is_asked_for_again(
    scene: Scene, alice: User, client_of: ClientOf, ada: User
) -> None:
    first = scene.asked(edit())
    client_of(ada).post(path(first, "approve/"), {"digest": first.plan_digest, "run": "now"})
    worked(first)
    write = ItemWrite.objects.get()
    old = sent_back(scene.asked(undo_intent(write)))
    form = f"writes/{write.pk}/undo/?instead={old.pk}"
    assert f'tables/{NAME}/{form}">Edit and ask again</a>' in rows.page(client_of(alice), path(old))
    browser = ItemBrowser(client_of(alice), scene.table).go(form)
    assert f'<input type="hidden" name="instead" value="{old.pk}">' in browser.text
    browser.send(reason="As you said", instead=str(old.pk))
    old.refresh_from_db()
    assert (old.status, Change.objects.filter(supersedes=old).count()) == (ChangeStatus.SUPERSEDED, 1)


class TestSeveral:
    """Several writes that were sent back."""

    @pytest.fixture
    def old(self, scene: Scene) -> Change:
        """An edit of what is hidden, and a new item."""
        new: Item = {"id": {"S": "m-2"}, "user_id": {"S": "u-2"}}
        create = WriteIntent(WriteVerb.CREATE, NAME, {"id": {"S": "m-2"}}, item=new)
        return sent_back(scene.asked(edit(), create))

    def test_those_that_are_ticked_are_sent_again(self, scene: Scene, old: Change, client_of: ClientOf) -> None:
        client = client_of(scene.alice)
        form = path(old, "items-again/")
        assert f'href="{form}">Edit and ask again</a>' in rows.page(client, path(old))
        text = rows.page(client, form)
        assert "2 writes" in text
        assert "m-2" in text
        assert "geheim" not in text  # pitfall 41: it is hidden here as everywhere
        answer = client.post(form, {"write": ["1"], "reason": "Only the new one"})
        new = Change.objects.get(supersedes=old)
        assert answer["Location"] == path(new)
        old.refresh_from_db()
        assert old.status == ChangeStatus.SUPERSEDED
        plan = worked(new).plan or {}
        assert plan["impact"]["sentence"] == f"1 item of {NAME} is made."

    def test_none_and_no_reason(self, scene: Scene, old: Change, client_of: ClientOf) -> None:
        client, form = client_of(scene.alice), path(old, "items-again/")
        answer = client.post(form, {"reason": WHY})
        assert answer.status_code == 422
        assert "Choose what is to be sent again." in answer.content.decode()
        answer = client.post(form, {"write": ["0"], "reason": " "})
        assert answer.status_code == 422
        assert "Say why" in answer.content.decode()
        assert Change.objects.count() == 1

    def test_two_clicks_are_one_change(self, scene: Scene, old: Change, client_of: ClientOf) -> None:
        sent = {"write": ["0", "1"], "reason": WHY, "key": "6f1c9a52-2f63-4dc6-8f3c-6a2f4d0a2a11"}
        first, second = (client_of(scene.alice).post(path(old, "items-again/"), sent) for _ in range(2))
        assert first["Location"] == second["Location"]
        assert Change.objects.count() == 2

    def test_somebody_else_may_not(self, old: Change, client_of: ClientOf, bob: User, audrey: User) -> None:
        form = path(old, "items-again/")
        assert client_of(audrey).get(form).status_code == 403
        assert "Not possible now" in rows.page(client_of(bob), form)
        assert client_of(bob).post(form, {"write": ["0"], "reason": WHY}).status_code in {403, 422}
        old.refresh_from_db()
        assert old.status == ChangeStatus.AWAITING_APPROVAL

    def test_what_ended_is_not_sent_again(self, scene: Scene, old: Change, client_of: ClientOf) -> None:
        client = client_of(scene.alice)
        client.post(path(old, "cancel/"))
        assert "Not possible now" in rows.page(client, path(old, "items-again/"))
        assert client.post(path(old, "items-again/"), {"write": ["0"], "reason": WHY}).status_code == 422
        assert Change.objects.count() == 1
