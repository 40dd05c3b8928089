"""Ticked rows go to be deleted: without a script, by whoever may, and only after their list has been looked at."""

import re
from html import unescape
from typing import Any

from django.test import Client
from fakes.as_aws import AsAws

from portal.accounts.models import User
from provisioning.lifecycle import JobKind
from provisioning.models import Environment, ItemJob

from .. import rows
from .scene import INDEX, MESSAGES, Explorer, make_messages

BOX = re.compile(
    r'<input class="tick" type="checkbox" name="token" value="([^"]+)" form="ticked" aria-label="([^"]+)">'
)


def boxes(page: Explorer) -> list[tuple[str, str]]:
    """Token and name of each box."""
    return [(unescape(token), unescape(name)) for token, name in BOX.findall(page.text)]


def test_ticked_rows_become_a_list_that_is_looked_at_first(explorer: Explorer, aws: AsAws) -> None:
    explorer.ask(index=INDEX, pk="alice", order="desc")
    found = boxes(explorer)
    assert len(found) == 25
    assert found[0][1] == "Tick id m059"
    form = re.search(r'<form id="ticked" method="post" action="([^"]+)"', explorer.text)
    assert form
    asked = aws.calls.copy()
    answer = explorer.client.post(unescape(form[1]), {"token": [token for token, _ in found[:3]]})
    job = ItemJob.objects.get()
    assert answer["Location"].endswith(f"/jobs/{job.pk}/")
    assert (job.kind, job.goal) == (JobKind.DELETE, {"phase": "freeze", "ticked": 3})
    assert aws.calls == asked  # nothing is read or deleted by the click


def test_none_ticked_leads_back_to_the_same_query(explorer: Explorer) -> None:
    explorer.ask(index=INDEX, pk="alice")
    form = re.search(r'<form id="ticked" method="post" action="([^"]+)"', explorer.text)
    assert form
    answer = explorer.client.post(unescape(form[1]), {"ticked": "1"}, follow=True)
    assert "Tick the items first." in answer.content.decode()
    assert answer.redirect_chain[-1][0].startswith(explorer.path)
    assert "pk=alice" in answer.redirect_chain[-1][0]
    assert not ItemJob.objects.exists()


def test_who_may_not_alter_items_has_no_boxes(
    explorer: Explorer, client_of: Any, audrey: User, bob: User, dev: Environment
) -> None:
    assert len(boxes(explorer.open())) == 25
    for person in (audrey, bob):  # an auditor, and whose environment it is not
        page = Explorer(client_of(person), explorer.table).open()
        assert not boxes(page)
        assert "Delete ticked" not in page.text
    answer = client_of(bob).post(f"{explorer.path}delete-items/", {"token": "e30"})
    assert answer.status_code == 403


def test_in_prod_rows_are_ticked_too(client_of: Any, alice: User, prod: Environment, aws: AsAws) -> None:
    client: Client = client_of(alice)
    page = Explorer(client, make_messages(aws, prod, f"prod{MESSAGES}")).ask(pk="m001")
    ((token, _),) = boxes(page)
    client.post(f"{page.path}delete-items/", {"token": token})
    job = ItemJob.objects.get()
    assert rows.page(client, f"{page.path}jobs/{job.pk}/")
