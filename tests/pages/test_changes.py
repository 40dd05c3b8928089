"""The list of changes, the plan of one, and what people do to it."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Change, Environment
from provisioning.planning import plan as planning

from . import rows
from .change_rows import PROBLEM, event, part, planned, resource, under_way

SignIn = Callable[[User], Client]


@pytest.fixture
def moving(dev: Environment, alice: User) -> Change:
    """alice's create, which works on both stacks now."""
    return under_way(dev, alice)


class TestList:
    """The list of changes."""

    def test_everybodys_and_mine(self, dev: Environment, alice: User, bob: User, client_of: SignIn) -> None:
        rows.change(dev, alice, ChangeStatus.SUCCEEDED, reason="by alice")
        rows.change(dev, bob, ChangeStatus.FAILED, reason="by bob")
        everybodys, mine = (rows.page(client_of(alice), f"/changes/{query}") for query in ("", "?whose=mine"))
        assert "by alice" in everybodys
        assert "by bob" in everybodys
        assert "by alice" in mine
        assert "by bob" not in mine

    @pytest.mark.parametrize(
        "query",
        [
            "application=hello-erlang",
            "environment=dev-alice",
            "environment=hello-erlang/dev-alice",
            "kind=park",
            "status=failed",
            "text=too+dear",
            "text=ALICE",
            "text={id}",
        ],
    )
    def test_a_filter_keeps_what_fits(
        self, query: str, dev: Environment, alice: User, bob: User, client_of: SignIn
    ) -> None:
        other = rows.environment(bob, "staging", "fileshare")
        fits = rows.change(dev, alice, ChangeStatus.FAILED, ChangeKind.PARK, reason="Too dear by night")
        rest = rows.change(other, bob, ChangeStatus.SUCCEEDED, reason="something else")
        text = rows.page(client_of(bob), f"/changes/?{query.replace('{id}', str(fits.pk)[:8])}")
        assert str(fits.pk) in text
        assert str(rest.pk) not in text

    def test_open_is_a_status_to_filter_by(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        over = rows.change(dev, alice, ChangeStatus.SUCCEEDED)
        waits = rows.change(dev, alice, ChangeStatus.QUEUED)
        text = rows.page(client_of(alice), "/changes/?status=open")
        assert str(waits.pk) in text
        assert str(over.pk) not in text

    def test_a_value_that_no_list_has_is_said_and_does_not_filter(
        self, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        change = rows.change(dev, alice, ChangeStatus.SUCCEEDED)
        text = rows.page(client_of(alice), "/changes/?status=exploded&sort=nonsense&page=seven")
        assert "exploded is not one of the available choices" in text
        assert str(change.pk) in text

    def test_sorting_both_ways(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        first = rows.change(dev, alice, ChangeStatus.SUCCEEDED)
        second = rows.change(rows.environment(alice, "staging"), alice, ChangeStatus.SUCCEEDED)
        up, down = (rows.page(client_of(alice), f"/changes/?sort={sort}environment") for sort in ("", "-"))
        assert up.index(str(first.pk)) < up.index(str(second.pk))
        assert down.index(str(second.pk)) < down.index(str(first.pk))

    def test_pages_of_25_in_few_queries(
        self, dev: Environment, alice: User, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(30):
            rows.change(dev, alice, ChangeStatus.SUCCEEDED, reason=f"reason {number:02}", ago=number)
        client = client_of(alice)
        with django_assert_max_num_queries(12):
            first = rows.page(client, "/changes/")
        second = rows.page(client, "/changes/?page=2")
        assert ("reason 24" in first, "reason 25" in first) == (True, False)
        assert ("reason 24" in second, "reason 25" in second) == (False, True)

    def test_empty_says_what_to_do(self, alice: User, dev: Environment, client_of: SignIn) -> None:
        assert "Open the catalogue" in rows.page(client_of(alice), "/changes/")
        assert "Show all changes" in rows.page(client_of(alice), "/changes/?text=nothing")


@pytest.mark.parametrize("address", ["", "live/", "events/", "plan.json"])
def test_a_change_that_is_not_there(address: str, alice: User, client_of: SignIn) -> None:
    part(client_of(alice), f"/changes/{uuid.uuid4()}/{address}", 404)


class TestPlan:
    """The plan on the page."""

    def test_sentence_impact_before_and_after(self, moving: Change, alice: User, client_of: SignIn) -> None:
        details: list[dict[str, Any]] = [
            {"path": "/Properties/BillingMode", "before": "PAY_PER_REQUEST", "after": "PROVISIONED"},
            {"path": "/Properties/StreamArn", "before": "old", "after": None},
        ]
        for detail in details:
            detail |= {"requires_recreation": "Never", "cause": ""}
        planned(moving, resource("Messages", "Modify", replacement="False", details=details), resource("Sessions"))
        text = rows.page(client_of(alice), f"/changes/{moving.pk}/")
        assert "Changes 1 and adds 1 resource in hello-erlang-data-dev-alice." in text
        assert "1 table is changed in place with all items, 1 table is created." in text
        assert "<del>PAY_PER_REQUEST</del>" in text
        assert "<ins>PROVISIONED</ins>" in text
        assert text.count("Known when it runs") == 1

    @pytest.mark.parametrize(
        ("causes", "said"),
        [
            ("ParameterReference TaskSize:Never", "The value TaskSize changes<"),
            ("ResourceAttribute Template.Version:Never", "Template.Version changes<"),
            ("DirectModification:Never,ParameterReference A:Never", "The template changes; the value A changes<"),
            ("ResourceReference Role:Conditionally", "Role changes; it may take a new resource<"),
            ("DirectModification:Always", "The template changes; it takes a new resource<"),
        ],
    )
    def test_what_makes_a_property_change(
        self, moving: Change, alice: User, client_of: SignIn, causes: str, said: str
    ) -> None:
        details = []
        for cause, _, recreation in (one.partition(":") for one in causes.split(",")):
            known = {"path": "/Properties/Size", "before": "1", "after": "2", "requires_recreation": recreation}
            details.append({**known, "cause": cause})
        planned(moving, resource("Group", "Modify", type="AWS::Logs::LogGroup", details=details))
        assert said in rows.page(client_of(alice), f"/changes/{moving.pk}/")

    def test_what_aws_gave_no_value_of_is_named_not_invented(
        self, moving: Change, alice: User, client_of: SignIn
    ) -> None:
        detail = {"path": "BillingMode", "before": None, "after": None, "requires_recreation": "Never", "cause": ""}
        planned(moving, resource("Messages", "Modify", details=[detail]))
        text = rows.page(client_of(alice), f"/changes/{moving.pk}/")
        assert "BillingMode (AWS gave no values)" in text
        assert "Known when it runs" not in text

    def test_what_causes_it_is_said_without_values_too(self, moving: Change, alice: User, client_of: SignIn) -> None:
        known = {"before": None, "after": None, "requires_recreation": "Never"}
        details = [{**known, "path": "TaskDefinition", "cause": "ResourceReference Tasks"}]
        planned(moving, resource("Service", "Modify", type="AWS::ECS::Service", details=details))
        text = rows.page(client_of(alice), f"/changes/{moving.pk}/")
        assert "TaskDefinition (AWS gave no values: Tasks changes)" in text

    def test_deleting_stands_above_adding(self, moving: Change, alice: User, client_of: SignIn) -> None:
        planned(moving, resource("AddedFirst", type="AWS::Logs::LogGroup"), resource("Zebra", "Remove"))
        text = rows.page(client_of(alice), f"/changes/{moving.pk}/")
        assert text.index("act-delete") < text.index("act-add")
        assert "Zebra would be deleted" in text

    def test_findings_of_a_planning_that_failed(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        found = [
            {"severity": "info", "about": "data", "sentence": "A remark.", "fix": ""},
            {"severity": "error", "about": "a-table", "sentence": "The name is taken.", "fix": "Choose another."},
        ]
        change = rows.change(dev, alice, ChangeStatus.FAILED, findings=found, problem=PROBLEM)
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        assert text.index("The name is taken.") < text.index("A remark.")
        assert "Choose another." in text
        assert "ended before its plan was made" in text

    def test_as_a_file_under_its_digest(self, moving: Change, alice: User, client_of: SignIn) -> None:
        answer = client_of(alice).get(f"/changes/{moving.pk}/plan.json")
        content = json.loads(answer.content)
        assert planning.digest(content["plan"]) == content["digest"] == moving.plan_digest
        assert f"{moving.plan_digest[:12]}.json" in answer["Content-Disposition"]

    def test_no_file_before_there_is_a_plan(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus.PLANNING)
        rows.page(client_of(alice), f"/changes/{change.pk}/plan.json", 404)


class TestActs:
    """Cancel, retry, and who may."""

    def test_cancel(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus.QUEUED)
        answer = client_of(alice).post(f"/changes/{change.pk}/cancel/", follow=True)
        change.refresh_from_db()
        assert change.status == ChangeStatus.CANCELLED
        assert "Taken back. Nothing was altered." in answer.content.decode()

    def test_cancel_comes_too_late(self, moving: Change, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        assert "Withdraw" not in rows.page(client, f"/changes/{moving.pk}/")
        answer = client.post(f"/changes/{moving.pk}/cancel/", follow=True)
        moving.refresh_from_db()
        assert moving.status == ChangeStatus.RUNNING
        assert "AWS cannot cancel the creation of a stack." in answer.content.decode()

    def test_retry(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus.FAILED, ChangeKind.CREATE, problem=PROBLEM)
        client = client_of(alice)
        text = rows.page(client, f"/changes/{change.pk}/")
        assert 'type="submit" id="retry"' in text
        assert f"?from={change.pk}" in text
        client.post(f"/changes/{change.pk}/retry/")
        change.refresh_from_db()
        assert (change.status, change.attempt) == (ChangeStatus.PLANNING, 2)

    def test_only_the_newest_can_be_retried(self, dev: Environment, alice: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus.FAILED, problem=PROBLEM, ago=60)
        rows.change(dev, alice, ChangeStatus.SUCCEEDED)
        client = client_of(alice)
        assert "this one is history" in rows.page(client, f"/changes/{change.pk}/")
        client.post(f"/changes/{change.pk}/retry/")
        change.refresh_from_db()
        assert change.status == ChangeStatus.FAILED

    def test_anothers_personal_environment(self, dev: Environment, alice: User, bob: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus.QUEUED)
        client = client_of(bob)
        text = rows.page(client, f"/changes/{change.pk}/")
        assert "alice asked for this change. Ask alice or an admin." in text
        assert "/cancel/" not in text
        client.post(f"/changes/{change.pk}/cancel/")
        change.refresh_from_db()
        assert change.status == ChangeStatus.QUEUED

    def test_whose_turn_it_is(self, dev: Environment, alice: User, bob: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus.FAILED, problem=PROBLEM)
        own, others = (rows.page(client_of(user), f"/changes/{change.pk}/") for user in (alice, bob))
        assert "It is your turn. Choose a key pair that exists." in own
        assert "It is Alice&#x27;s turn." in others
        assert "CREATE_FAILED Group: no such key" in own

    def test_an_auditor_reads_everything_and_has_no_button(
        self, dev: Environment, alice: User, audrey: User, client_of: SignIn
    ) -> None:
        change = planned(rows.change(dev, alice, ChangeStatus.AWAITING_APPROVAL), resource("Messages"))
        text = rows.page(client_of(audrey), f"/changes/{change.pk}/")
        assert "Adds 1 resource" in text
        for button in ("/cancel/", "/approve/", "Approve</button>", "?from="):
            assert button not in text

    def test_the_page_takes_few_queries(
        self, moving: Change, alice: User, client_of: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(40):
            event(moving, f"R{number}", "CREATE_COMPLETE")
        client = client_of(alice)
        with django_assert_max_num_queries(12):
            rows.page(client, f"/changes/{moving.pk}/")
        with django_assert_max_num_queries(9):
            part(client, f"/changes/{moving.pk}/live/")
