"""Copying values into an environment: both sides, what is left out, what moved meanwhile."""

from typing import Any

import pytest
from django.urls import reverse

from portal.accounts.models import User
from provisioning.lifecycle import ParameterVerb
from provisioning.models import Change, Environment, Parameter

from .. import rows
from .scene import CANARY, FLAG, ClientOf, Flags, parameter, path_row, version, where, words


def url(target: Environment, source: Environment | None = None) -> str:
    """The page of a target, with a source chosen."""
    return reverse("copy_parameters", args=where(target)) + (f"?from={source.name}" if source else "")


def send(flags: Flags, target: Environment, source: Environment, *tokens: str, **data: Any) -> Any:
    """Tick boxes and send."""
    return flags.client.post(url(target, source), {"pick": list(tokens), "redeploy": "no", **data})


@pytest.fixture
def two(shared: Environment, staging: Environment) -> tuple[Environment, Environment]:
    """dev, which has more, and staging."""
    row = Parameter.objects.get(environment=shared, key=FLAG)
    Parameter.objects.filter(pk=row.pk).update(value="false", version=2, digest="other")
    version(row, 2, "false")
    parameter(shared, "limits/upload", "5")
    parameter(shared, "token", CANARY, type="SecureString")
    parameter(shared, "dynamodb_policy_arn", "arn:aws:iam::1:policy/x", owned_by="Policy")
    return shared, staging


def test_both_sides_and_what_is_left_out(flags: Flags, two: tuple[Environment, Environment]) -> None:
    source, target = two
    page = flags.text(flags.client.get(url(target, source)))
    said = words(page)
    assert "use_dynamodb Keep users and links in DynamoDB false v2 true v1 differs" in said
    assert "limits/upload 5 v1 missing missing here" in said
    assert "token hidden v1 missing missing here" in said
    assert "Left out: 1" in said
    assert "A stack makes it: it says what there is." in said
    assert 'value="2.1.use_dynamodb"' in page
    assert "arn:aws:iam::1:policy/x" in page
    assert CANARY not in page


def test_what_was_ticked_is_asked_for_as_one_change(flags: Flags, two: tuple[Environment, Environment]) -> None:
    source, target = two
    answer = send(flags, target, source, "2.1.use_dynamodb", "1.-.limits/upload", "1.-.token", reason="Same as dev")
    change = Change.objects.get(environment=target)
    assert answer["Location"] == reverse("change", args=[change.pk])
    assert {one["verb"] for one in change.goal["sets"]} == {ParameterVerb.COPY}
    assert change.reason == "Same as dev"
    assert change.goal["redeploy"] is False
    assert CANARY not in str(change.goal) + change.secrets


def test_a_side_that_moved_is_a_precondition_that_failed(flags: Flags, two: tuple[Environment, Environment]) -> None:
    source, target = two
    Parameter.objects.filter(environment=target, key=FLAG).update(version=4, value="TRUE")
    answer = send(flags, target, source, "2.1.use_dynamodb", "1.-.limits/upload")
    assert answer.status_code == 412
    page = answer.content.decode()
    assert "it is “TRUE” now (v4); you looked at v1." in words(page)
    assert "checked" in page
    assert 'value="2.4.use_dynamodb"' in page, "sent again, it goes on what is seen now"
    assert not Change.objects.filter(environment=target).exists()


@pytest.mark.parametrize("tokens", [(), ("nonsense",), ("9" * 40,), ("1.1.\x00",)])
def test_nothing_that_was_ticked(flags: Flags, two: tuple[Environment, Environment], tokens: tuple[str, ...]) -> None:
    source, target = two
    answer = send(flags, target, source, *tokens)
    assert answer.status_code in {409, 412}
    assert not Change.objects.exists()


def test_into_prod_it_says_who_decides(flags: Flags, shared: Environment, prod: Environment) -> None:
    parameter(shared, "limits/upload", "5")
    page = words(flags.text(flags.client.get(url(prod, shared))))
    assert "Needs 1 approval by admins" in page
    assert "Ask for these values" in page


def test_nothing_differs_and_nothing_to_copy_from(flags: Flags, shared: Environment, staging: Environment) -> None:
    assert "Nothing differs" in words(flags.text(flags.client.get(url(staging))))
    Parameter.objects.filter(environment=shared).delete()
    assert "Nothing to copy from" in words(flags.text(flags.client.get(url(staging))))


def test_who_may_not(client_of: ClientOf, flags: Flags, audrey: User, bob: User, shared: Environment) -> None:
    mine = rows.environment(bob, "dev-bob", "fileshare")
    path_row(mine)
    parameter(mine, FLAG, "false")
    assert client_of(audrey).get(url(shared)).status_code == 403
    assert "belongs to bob" in words(flags.text(flags.client.get(url(mine, shared))))
    assert send(flags, mine, shared, "1.1.use_dynamodb").status_code == 403
    assert "Copy values…" in flags.tab(shared)


def test_an_application_without_parameters(flags: Flags, alice: User, account: object) -> None:
    assert flags.client.get(url(rows.environment(alice, "dev", "hello-erlang"))).status_code == 404
