"""Deploying and promoting: the forms, what they show before anything is sent, and what a plan says of an artifact."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.blueprints.policies import PolicyFloor
from provisioning.lifecycle import ChangeKind, ChangeStatus, DriftStatus, StackKind
from provisioning.models import (
    Account,
    Change,
    DriftCheck,
    DriftedResource,
    Environment,
    Release,
)
from provisioning.planning.plan import build, digest

from .. import rows
from ..rows import page
from .scene import CANARY, parameter, release, sent, versions, words

ClientOf = Callable[[User], Client]
DEV, STAGING, PROD = (f"/environments/fileshare/{name}/" for name in ("dev", "staging", "prod"))
SHOP = "registry.example.org/shop:2"
PROMOTE = f"{STAGING}releases/3/promote/"


@pytest.fixture
def staging(account: Account, alice: User) -> Environment:
    """staging, where SHOP came up well twice, nine days ago, and failed once."""
    made = rows.environment(alice, "staging", "fileshare")
    parameter(made, "use_dynamodb", "true", "false")
    parameter(made, "token", CANARY, kind="SecureString")
    release(made, 1, alice)
    kept = versions(use_dynamodb=(2, "false"), token=(1, CANARY))
    values = {"ContainerImage": SHOP, "TaskSize": "small", "Environment": "staging"}
    for number in (2, 3):
        release(made, number, alice, artifact=SHOP, stack_parameters=values, versions=kept)
    release(made, 4, alice, artifact=SHOP, good=False)
    Release.objects.filter(number__gte=2).update(at=timezone.now() - timedelta(days=9))
    return made


@pytest.fixture
def prod(account: Account, alice: User) -> Environment:
    """prod, which runs something else with other values."""
    made = rows.environment(alice, "prod", "fileshare")
    parameter(made, "use_dynamodb", "true")
    parameter(made, "token", f"{CANARY}-prod", kind="SecureString")
    values = {"ContainerImage": "nginx:stable", "TaskSize": "medium", "Environment": "prod"}
    made.stacks.filter(kind=StackKind.COMPUTE).update(parameters=values)
    return made


class TestDeploying:
    """The form on an environment."""

    def test_it_is_named_and_explained_as_the_blueprint_does(
        self, staging: Environment, alice: User, client_of: ClientOf
    ) -> None:
        text = page(client_of(alice), f"{STAGING}deploy/")
        read = words(text)
        assert "Image Name and version, or digest, of the image to run." in read
        assert f'<option value="{SHOP}">' in text
        assert f"{SHOP} release 3 of staging" in read, "the newest good one with it"
        assert "replaced by one on the new artifact" in read

    def test_it_leads_to_the_change(self, staging: Environment, alice: User, client_of: ClientOf) -> None:
        answer = sent(client_of(alice), f"{STAGING}deploy/", artifact=f" {SHOP}3 ", reason="spring")
        change = Change.objects.get()
        assert answer.url == f"/changes/{change.pk}/"
        assert (change.kind, change.goal["artifact"], change.reason) == (ChangeKind.DEPLOY, f"{SHOP}3", "spring")

    def test_two_clicks_are_one_change(self, staging: Environment, alice: User, client_of: ClientOf) -> None:
        client, values = client_of(alice), {"key": str(uuid.uuid4()), "artifact": SHOP}
        first, second = (client.post(f"{STAGING}deploy/", values) for _ in range(2))
        assert first["Location"] == second["Location"]

    @pytest.mark.parametrize("artifact", ["", "two words", "x" * 301, "shop:2\x00", "{shop}"])
    def test_what_is_no_artifact_stays_to_be_mended(
        self, staging: Environment, alice: User, client_of: ClientOf, artifact: str
    ) -> None:
        answer = sent(client_of(alice), f"{STAGING}deploy/", artifact=artifact, reason="spring")
        assert answer.status_code == 422
        assert "spring" in answer.content.decode()
        assert not Change.objects.exists()

    def test_one_that_was_chosen_says_where_it_ran(
        self, staging: Environment, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        text = page(client_of(alice), f"{PROD}deploy/?artifact={SHOP}")
        assert f'value="{SHOP}"' in text
        assert "It was proved good in staging: release 3 of staging." in words(text)
        never = words(page(client_of(alice), f"{PROD}deploy/?artifact=shop:9"))
        assert "shop:9 was never proved good in staging" in never
        assert "Ask to deploy" in never

    def test_prod_wants_a_reason_and_a_second_person(
        self, staging: Environment, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        client = client_of(alice)
        assert "Needs 1 approval" in page(client, f"{PROD}deploy/")
        assert sent(client, f"{PROD}deploy/", artifact=SHOP).status_code == 422
        assert sent(client, f"{PROD}deploy/", artifact=SHOP, reason="spring").status_code == 302

    def test_a_policy_that_takes_nothing_else_is_said(
        self, prod: Environment, alice: User, client_of: ClientOf, settings: Any
    ) -> None:
        settings.POLICIES = (PolicyFloor("*", "prod", (("promote_unproved", "refuse"),), "policy.yaml", 1),)
        answer = sent(client_of(alice), f"{PROD}deploy/", artifact="shop:9", reason="It cannot wait")
        assert answer.status_code == 422
        assert "prod takes nothing else" in words(answer.content.decode())

    def test_where_nothing_runs_the_button_says_why(
        self, staging: Environment, alice: User, client_of: ClientOf
    ) -> None:
        rows.without(staging, StackKind.COMPUTE)
        read = words(page(client_of(alice), f"{STAGING}deploy/"))
        assert "has no compute, so nothing runs" in read
        assert sent(client_of(alice), f"{STAGING}deploy/", artifact=SHOP).status_code == 422

    def test_the_button_stands_on_every_page_of_it(
        self, staging: Environment, alice: User, audrey: User, client_of: ClientOf
    ) -> None:
        assert f'href="{STAGING}deploy/"' in page(client_of(alice), STAGING)
        assert f'href="{STAGING}deploy/"' not in page(client_of(audrey), STAGING)

    def test_an_artifact_with_markup_stays_text(self, staging: Environment, alice: User, client_of: ClientOf) -> None:
        client = client_of(alice)
        release(staging, 5, alice, artifact="<script>x</script>")
        assert "<script>x" not in page(client, f"{STAGING}deploy/?artifact=%3Cscript%3Ex%3C/script%3E")


class TestPromoting:
    """The page of a release that goes further."""

    def test_the_page_is_the_proof(
        self, staging: Environment, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        text = page(client_of(alice), PROMOTE)
        read = words(text)
        assert "Same template as staging, where it has run for 9 days and came up well 2 times, failed 1 time." in read
        assert "Prod differs in 3 parameters." in read
        assert "Seen well in staging: 2 of 2 tasks run." in read
        assert "Whether staging has drifted was never looked into." in read
        assert "use_dynamodb flag “true” (v1) “false” (v2)" in read
        assert "token parameter hidden (v1) hidden (v1)" in read
        assert "TaskSize compute stack medium small" in read
        assert "In prod runs nginx:stable ." in read
        assert "Ask to promote to prod" in read
        assert CANARY not in text

    def test_what_stands_against_it_is_said(
        self, staging: Environment, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        compute = staging.stacks.get(kind=StackKind.COMPUTE)
        for stack in staging.stacks.all():
            check = DriftCheck.objects.create(stack=stack, result=DriftStatus.DRIFTED, seen_at=timezone.now())
        DriftedResource.objects.create(
            check_of=check if check.stack_id == compute.pk else DriftCheck.objects.get(stack=compute),
            logical_id="Service",
            status=DriftStatus.DELETED,
            seen_at=timezone.now(),
        )
        Release.objects.filter(environment=staging, number=3).update(
            template=None, proof={"healthy": False, "blind": ["The local AWS checks no target's health."]}
        )
        release(staging, 5, alice)
        read = words(page(client_of(alice), PROMOTE))
        assert "Another template than staging" in read
        assert "It ran with another template: none there," in read
        assert "Staging does not run that release any more." in read
        assert "Its health could not be seen in staging: The local AWS checks no target's health." in read
        assert "Staging is not as its templates say: Service." in read

    def test_it_leads_to_the_change_of_the_other_environment(
        self, staging: Environment, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        answer = sent(client_of(alice), PROMOTE, to="prod", reason="It ran well")
        change = Change.objects.get()
        assert answer.url == f"/changes/{change.pk}/"
        assert (str(change.environment), change.goal["artifact"]) == ("fileshare/prod", SHOP)
        assert change.goal["promoted_from"]["release"] == 3

    def test_without_a_reason_what_was_read_stays(
        self, staging: Environment, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        answer = sent(client_of(alice), PROMOTE, to="prod", reason=" ")
        assert answer.status_code == 422
        assert "This field is required." in answer.content.decode()
        assert not Change.objects.exists()

    @pytest.mark.parametrize("to", ["dev", "staging", "nowhere", "", "\x00"])
    def test_it_goes_nowhere_else_than_was_read(
        self, staging: Environment, prod: Environment, alice: User, client_of: ClientOf, to: str
    ) -> None:
        assert sent(client_of(alice), PROMOTE, to=to, reason="x").status_code == 422
        assert not Change.objects.exists()

    def test_the_next_stage_is_offered_and_the_others_are_links(
        self, staging: Environment, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        dev = rows.environment(alice, "dev", "fileshare")
        release(dev, 1, alice, artifact=SHOP)
        client = client_of(alice)
        listed = page(client, f"{DEV}releases/")
        assert f'href="{DEV}releases/1/promote/?to=staging"' in listed
        assert "?to=prod" not in listed
        text = page(client, f"{DEV}releases/1/promote/")
        assert "Promote to staging" in words(text)
        assert 'href="?to=prod"' in text
        assert "Ask to promote to prod" in words(page(client, f"{DEV}releases/1/promote/?to=prod"))

    def test_nowhere_to_go(self, staging: Environment, alice: User, client_of: ClientOf) -> None:
        assert "Nowhere to go" in page(client_of(alice), PROMOTE)
        assert "promote" not in page(client_of(alice), f"{STAGING}releases/")

    def test_one_that_failed_or_ran_what_nobody_can_deploy(
        self, staging: Environment, prod: Environment, alice: User, client_of: ClientOf
    ) -> None:
        client = client_of(alice)
        assert "Release 4 of staging was not proved good." in words(page(client, f"{STAGING}releases/4/promote/"))
        Release.objects.filter(environment=staging, number=3).update(artifact="shop:1, sidecar:1")
        assert "Image shop:1, sidecar:1: Leave out blanks" in words(page(client, PROMOTE))

    def test_few_queries(
        self,
        staging: Environment,
        prod: Environment,
        alice: User,
        client_of: ClientOf,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        for number in range(5, 60):
            release(staging, number, alice, artifact=SHOP)
        client = client_of(alice)
        page(client, PROMOTE)
        with django_assert_max_num_queries(50):
            page(client, PROMOTE)

    def test_auditors_promote_nothing(
        self, staging: Environment, prod: Environment, audrey: User, client_of: ClientOf
    ) -> None:
        client = client_of(audrey)
        assert "/promote/" not in page(client, f"{STAGING}releases/")
        page(client, PROMOTE, 403)
        assert sent(client, PROMOTE, to="prod", reason="x").status_code == 403
        assert sent(client, f"{STAGING}deploy/", artifact=SHOP).status_code == 403
        assert not Change.objects.exists()


def proof(now: datetime, source: dict[str, Any]) -> dict[str, Any]:
    """The part of a plan about where SHOP ran: in staging for thirty hours."""
    place = {
        "environment": "staging",
        "stage": "staging",
        "since": (now - timedelta(hours=30)).isoformat(),
        "until": None,
        "good": 14,
        "failed": 0,
        "release": 3,
        "template": "t1",
    }
    return {
        "artifact": SHOP,
        "as_of": now.isoformat(),
        "promoted": True,
        "places": [place],
        "rule": {"stage": "staging", "how": "met", "sentence": "It was proved good in staging."},
        "source": {**source, "at": now.isoformat(), "by": "alice", "proof": {"healthy": True, "lines": []}},
        "same_template": True,
        "template": "t1",
        "runs_there": True,
        "drift": {"resources": [], "seen_at": now.isoformat()},
        "stack_parameters": [{"name": "TaskCount", "here": "2", "there": None}],
        "parameters": [],
    }


def deployment(source: dict[str, Any]) -> dict[str, Any]:
    """The parts of a plan about what is deployed, and how."""
    return {
        "redeploy": {
            "method": "ecs",
            "how": "Every task is replaced.",
            "reports": False,
            "watch_minutes": 2,
            "goes_back": True,
            "parked": False,
        },
        "deploy": {
            "label": "Image",
            "before": "nginx:stable",
            "after": SHOP,
            "kept_in": "ContainerImage",
            "release": 1,
            "back": {"release": 1, "artifact": "nginx:stable", "value": "nginx:stable"},
            "template": "t1",
            "versions": {},
            "promoted_from": source,
            "runs": {"good": ["2 of 2 tasks run"], "bad": [], "blind": []},
            "minutes": 6,
        },
    }


class TestPlan:
    """What whoever approves reads."""

    def test_the_proof_and_the_artifact(
        self, staging: Environment, prod: Environment, alice: User, ada: User, client_of: ClientOf
    ) -> None:
        source = {"id": 1, "environment": "staging", "stage": "staging", "release": 3, "template": "t1"}
        plan = build(
            kind=ChangeKind.DEPLOY,
            stacks=[],
            findings=[],
            cost=None,
            more={
                "stage_below": {"environment": "staging", "there": True, "ready_for_days": 9, "stacks": []},
                "proof": proof(timezone.now(), source),
                **deployment(source),
            },
        )
        change = rows.change(
            prod, alice, ChangeStatus.AWAITING_APPROVAL, ChangeKind.DEPLOY, plan=plan, plan_digest=digest(plan)
        )
        read = words(page(client_of(ada), f"/changes/{change.pk}/"))
        assert f"Image {SHOP} is deployed instead of nginx:stable." in read
        assert "Same template as staging, where it has run for 1 day and came up well 14 times." in read
        assert "Prod differs in 1 parameter." in read
        assert "No drift in staging, as of" in read
        assert "TaskCount compute stack 2 not there" in read
        assert "Promoted from release 3 of staging ." in read
        assert "Now: 2 of 2 tasks run" in read
        assert "Where it fails, release 1 is put back by itself: nginx:stable." in read
        assert "It takes about 6 minutes." in read
        assert "the earlier values are put back" not in read
        assert "ready for" not in read, "the stage below is not held against it twice"
