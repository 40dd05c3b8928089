"""A change of parameters on its own page, in the inbox, in the search: from the form to what is stored, for real."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Change, Environment, Parameter

from .scene import CANARY, FLAG, ClientOf, Flags, parameter, words, worked

NAME = "/fileshare/prod/use_dynamodb"


@pytest.fixture
def asked(flags: Flags, prod: Environment, ssm: Any, ada: User) -> Change:
    """alice asks for the flag of prod to be switched off."""
    ssm.put_parameter(Name=NAME, Value="true", Type="String")
    answer = flags.post(prod, value="false", expected="1", reason="The built-in one for a while", redeploy="no")
    change = Change.objects.get()
    assert answer["Location"] == f"/changes/{change.pk}/"
    return worked(change)


def test_what_a_reviewer_reads(asked: Change, client_of: ClientOf, ada: User) -> None:
    assert asked.status == ChangeStatus.AWAITING_APPROVAL
    reviewer = client_of(ada)
    said = words(reviewer.get(f"/changes/{asked.pk}/").content.decode())
    assert "use_dynamodb of fileshare/prod is set to “false”." in said
    assert "Set use_dynamodb String Keep users and links in DynamoDB, now v1, owner fileshare" in said
    assert "Value true false" in said
    assert "Nothing is redeployed" in said
    assert "It concerns fileshare." in said
    inbox = words(reviewer.get(reverse("approvals")).content.decode())
    assert "Parameters use_dynamodb of fileshare/prod is set to “false”." in inbox
    sealed = words(reviewer.get(f"/changes/{asked.pk}/plans/1/").content.decode())
    assert "Value true false" in sealed


def test_from_the_approval_to_what_is_stored(
    asked: Change, flags: Flags, client_of: ClientOf, ada: User, ssm: Any
) -> None:
    prod = asked.environment
    assert "Asked for false Awaiting approval" in words(flags.page(prod))
    client_of(ada).post(f"/changes/{asked.pk}/approve/", {"digest": asked.plan_digest, "run": "now"})
    done = worked(asked)
    assert done.status == ChangeStatus.SUCCEEDED, done.problem
    assert ssm.get_parameter(Name=NAME)["Parameter"]["Value"] == "false"
    said = words(flags.text(flags.client.get(f"/changes/{asked.pk}/")))
    assert "use_dynamodb of fileshare/prod is set to “false”, as v2." in said
    assert "Stored false v2" in words(flags.page(prod))
    assert "v2 stored false Set A Alice" in words(flags.page(prod, name="parameter_history"))


def test_flags_pitfall_14_the_plan_keeps_before_and_after(
    asked: Change, flags: Flags, client_of: ClientOf, ada: User
) -> None:
    client_of(ada).post(f"/changes/{asked.pk}/approve/", {"digest": asked.plan_digest, "run": "now"})
    worked(asked)
    assert "Value true false" in words(flags.text(flags.client.get(f"/changes/{asked.pk}/")))


def test_a_way_back_has_its_chip(
    asked: Change, prod: Environment, flags: Flags, client_of: ClientOf, ada: User
) -> None:
    client_of(ada).post(f"/changes/{asked.pk}/approve/", {"digest": asked.plan_digest, "run": "now"})
    worked(asked)
    flags.post(prod, value="true", expected="2", confirmed="on", redeploy="no")
    back = worked(Change.objects.latest("requested_at"))
    assert back.status == ChangeStatus.SUCCEEDED, back.problem
    said = words(flags.text(flags.client.get(f"/changes/{back.pk}/")))
    assert "sets back" in said
    assert "Set back use_dynamodb" in said


def test_a_secret_only_differs(flags: Flags, prod: Environment, ssm: Any, client_of: ClientOf, ada: User) -> None:
    ssm.put_parameter(Name="/fileshare/prod/token", Value=CANARY, Type="SecureString")
    parameter(prod, "token", CANARY, type="SecureString", modified_at=timezone.now())
    flags.post(prod, key="token", value=f"{CANARY}2", expected="1", redeploy="no")
    change = worked(Change.objects.get())
    page = client_of(ada).get(f"/changes/{change.pk}/").content.decode()
    assert "Value hidden hidden, differs" in words(page)
    assert CANARY not in page
    file = client_of(ada).get(f"/changes/{change.pk}/plan/").content.decode()
    assert CANARY not in file


def test_the_search_finds_by_key_and_never_by_value(flags: Flags, prod: Environment, shared: Environment) -> None:
    parameter(prod, "limits/rate", "findme")

    def found(text: str) -> str:
        return words(flags.text(flags.client.get(reverse("search"), {"q": text})))

    assert "Parameters Parameter Environment Stage limits/rate fileshare/prod prod" in found("rate")
    assert "limits/rate" in found("prod limits/rate")
    assert "limits/rate" not in found("prod")
    assert "limits/rate" not in found("findme")
    Parameter.objects.filter(key="limits/rate").update(gone_at=timezone.now())
    assert "limits/rate fileshare/prod" not in found("rate")
    assert FLAG in found("dynamodb")
