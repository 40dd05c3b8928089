"""The plan as a reviewer reads it: data, the stage below, parts, tables taken over, what goes; and earlier plans."""

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, Verdict
from provisioning.models import Account, Environment

from . import rich_plans, rows
from .rich_plans import ADOPTION, BELOW, DELETION, MESSAGES, RECEIPT, SESSIONS

SignIn = Callable[[User], Client]


@pytest.fixture
def prod(alice: User, account: Account) -> Environment:
    """alice's prod."""
    return rows.environment(alice, "prod")


def seen(text: str) -> str:
    """What people see of a page: without tags, white space folded."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text)))


class TestReading:
    """The page of a change that waits."""

    def test_every_table_with_what_is_known_of_it(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        change = rich_plans.asked(prod, alice)
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        assert f"{MESSAGES} is changed in place with all items: about 41,203." in text
        line = seen(text[text.index('data-label="Items"') : text.index("Items and size are AWS")])
        assert "about 41,203" in line
        assert "18.0" in line
        assert "1 Apr 2026" in line
        assert "4 May 2026" in line
        assert line.index(SESSIONS) < line.index("none") < line.index("Off") < line.index("Not at all")

    def test_an_older_plan_says_less_and_is_still_read(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        plan = rich_plans.update_plan()
        for name in ("stage_below", "adoption", "deletion", "cost"):
            plan.pop(name)
        plan["impact"] = {**plan["impact"], "lines": [{"name": MESSAGES, "effect": "is kept with its items"}]}
        plan["stacks"] = [
            {key: value for key, value in stack.items() if key not in {"part", "parts", "purpose", "read_from"}}
            for stack in plan["stacks"]
        ]
        change = rich_plans.asked(prod, alice, sealed_plan=plan)
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        assert "is kept with its items" in text
        assert "Last write" not in text

    def test_the_stage_below(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        change = rich_plans.asked(prod, alice)
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        assert "Same template as staging, ran there 9 days; differs in 2 parameters." in text
        assert re.search(r"MinSize.*Compute stack.* 2 .*not there", seen(text))

    @pytest.mark.parametrize(
        ("below", "sentence"),
        [
            ({"there": False, "stacks": []}, "There is no staging of this application to compare with."),
            ({"stacks": []}, "Staging has no such stack now to compare with."),
            (
                {"stacks": [{"kind": "data", "same_template": False, "parameters": []}]},
                "Staging has another template for the data stack; the plan has the same parameters."
                " The compute stack is not there to compare with.",
            ),
        ],
    )
    def test_a_stage_below_that_is_no_proof_is_said_so(
        self, below: dict[str, object], sentence: str, prod: Environment, alice: User, client_of: SignIn
    ) -> None:
        change = rich_plans.asked(prod, alice, sealed_plan=rich_plans.update_plan(stage_below={**BELOW, **below}))
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        assert sentence in text
        assert "data-panel-attention" in text[: text.index(sentence)].rpartition("<section")[2]

    def test_findings_stand_with_the_worst_first(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        change = rich_plans.asked(prod, alice)
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        assert text.index("at 91 % of its stacks") < text.index("One index is added")

    def test_tables_are_taken_over_in_a_part_of_its_own(
        self, prod: Environment, alice: User, client_of: SignIn
    ) -> None:
        change = rich_plans.asked(prod, alice, ChangeKind.CREATE, sealed_plan=rich_plans.adoption_plan())
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        assert "Takes over 1 and adds 2 resources in hello-erlang-data-prod and hello-erlang-prod." in text
        assert text.index("1 of 2: take over 1 table") < text.index("2 of 2: bring the rest up")
        assert '<span class="act act-import">Taken over</span>' in text
        assert text.count('<span class="act act-add">Add</span>') == 2
        assert "only once the part before it has run" in text

    def test_a_table_is_compared_with_the_template(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        change = rich_plans.asked(prod, alice, ChangeKind.CREATE, sealed_plan=rich_plans.adoption_plan())
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        compared = text[text.index('id="adoption"') :]
        assert compared.index("Fits") < compared.index("Does not fit")
        assert unescape(compared).index(str(ADOPTION[1]["reason"])) < compared.index("session_id (S)")
        assert (compared.count('aria-label="Same"'), compared.count('aria-label="Different"')) == (2, 1)

    def test_a_stack_that_is_adopted_stands_beside_its_blueprint(
        self, prod: Environment, alice: User, client_of: SignIn
    ) -> None:
        plan = rich_plans.taking_over_plan()
        change = rich_plans.asked(prod, alice, ChangeKind.ADOPT, sealed_plan=plan)
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        stack = text[text.index('id="planned-data"') :]
        assert "is taken over as it is" in stack
        assert "Nothing of it is altered." in stack
        assert "Property Stack Blueprint TableClass STANDARD not set" in seen(stack)
        assert "2 parameters it has" in seen(stack)
        assert not re.search("<del>|<ins>|are sent|>Before<|>After<", stack)

    def test_a_stack_that_is_updated_shows_what_is_sent(
        self, prod: Environment, alice: User, client_of: SignIn
    ) -> None:
        change = rich_plans.asked(prod, alice)
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        stack = text[text.index('id="planned-data"') :]
        assert "Property Before After BillingMode The template changes PAY_PER_REQUEST PROVISIONED" in seen(stack)
        assert "<ins>PROVISIONED</ins>" in stack
        assert "2 parameters that are sent" in seen(stack)
        assert "Nothing of it is altered." not in stack

    def test_flags_that_are_put_are_part_of_the_plan(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        flags = [{"name": "/shop/prod/fast", "key": "fast", "value": "false", "title": "Go fast"}]
        flagged = rich_plans.asked(prod, alice, sealed_plan=rich_plans.update_plan(flags=flags))
        text = rows.page(client_of(alice), f"/changes/{flagged.pk}/")
        assert "Flags, put where they are missing /shop/prod/fast false" in seen(text)

    def test_a_plan_without_flags_does_not_speak_of_them(
        self, prod: Environment, alice: User, client_of: SignIn
    ) -> None:
        change = rich_plans.asked(prod, alice)
        assert "put where they are missing" not in rows.page(client_of(alice), f"/changes/{change.pk}/")

    def test_a_deletion_says_what_goes(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        plan = rich_plans.update_plan(deletion=DELETION)
        change = rich_plans.asked(prod, alice, ChangeKind.DELETE_DATA, sealed_plan=plan)
        text = seen(rows.page(client_of(alice), f"/changes/{change.pk}/"))
        assert f"Backed up first {MESSAGES}" in text
        assert f"Without a backup {SESSIONS}" in text
        assert "reporting-prod" in text
        assert "$12.50" in text


class TestEarlier:
    """Plans that were sealed before the one of now."""

    def test_each_is_listed_with_why_it_is_void_and_can_be_read(
        self, prod: Environment, alice: User, ada: User, client_of: SignIn
    ) -> None:
        change = rows.change(prod, alice, ChangeStatus.AWAITING_APPROVAL)
        rich_plans.sealed(change, rich_plans.adoption_plan())
        rich_plans.decided(change, ada, Verdict.APPROVED, "Looks right.")
        change.plans.update(void_because="hello-erlang-data-prod was updated at 14:05 by somebody else.")
        rich_plans.sealed(change, rich_plans.update_plan())
        client = client_of(ada)
        text = seen(rows.page(client, f"/changes/{change.pk}/"))
        assert "The plan moved Plan 1 is void: hello-erlang-data-prod was updated at 14:05 by somebody else." in text
        assert "Approvals of it no longer count" in text
        assert "1 about an earlier plan" in text
        earlier = rows.page(client, f"/changes/{change.pk}/plans/1/")
        assert "This plan is void and will not run" in earlier
        assert "Takes over 1 and adds 2 resources" in earlier
        assert "Looks right." in earlier
        assert "/approve/" not in earlier
        assert "This is the plan that counts." in rows.page(client, f"/changes/{change.pk}/plans/2/")
        rows.page(client, f"/changes/{change.pk}/plans/3/", 404)
        rows.page(client, f"/changes/{change.pk}/plans/3.json", 404)

    def test_as_a_file(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        change = rows.change(prod, alice, ChangeStatus.AWAITING_APPROVAL)
        plan = rich_plans.adoption_plan()
        rich_plans.sealed(change, plan, void_because="It expired.")
        content = json.loads(client_of(alice).get(f"/changes/{change.pk}/plans/1.json").content)
        assert content["plan"] == json.loads(json.dumps(plan))
        assert (content["number"], content["void_because"], content["stage"]) == (1, "It expired.", "prod")

    def test_one_that_was_asked_for_instead_leads_both_ways(
        self, prod: Environment, alice: User, client_of: SignIn
    ) -> None:
        old = rich_plans.asked(prod, alice, status=ChangeStatus.SUPERSEDED)
        new = rich_plans.asked(prod, alice, supersedes=old)
        client = client_of(alice)
        text = rows.page(client, f"/changes/{old.pk}/")
        assert "Another change was asked for instead of this one." in text
        assert f"/changes/{new.pk}/" in text
        assert f"/changes/{old.pk}/" in rows.page(client, f"/changes/{new.pk}/")


class TestReceipt:
    """What a deletion of data leaves behind."""

    def test_it_names_everything_with_what_became_of_it(
        self, prod: Environment, alice: User, client_of: SignIn
    ) -> None:
        change = rich_plans.asked(prod, alice, ChangeKind.DELETE_DATA, status=ChangeStatus.SUCCEEDED, receipt=RECEIPT)
        client = client_of(alice)
        text = seen(rows.page(client, f"/changes/{change.pk}/"))
        for words in (
            f"Deleted {MESSAGES}",
            f"Skipped {SESSIONS}",
            "Another table has this name by now.",
            "The rest: 2",
        ):
            assert words in text
        assert "Not finished" not in text
        answer = client.get(f"/changes/{change.pk}/receipt.json")
        assert json.loads(answer.content)["receipt"] == RECEIPT
        assert "receipt-hello-erlang-prod" in answer["Content-Disposition"]

    def test_one_that_stopped_half_way_says_so(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        change = rich_plans.asked(
            prod,
            alice,
            ChangeKind.DELETE_DATA,
            status=ChangeStatus.FAILED,
            receipt={**RECEIPT, "ended_at": ""},
        )
        text = rows.page(client_of(alice), f"/changes/{change.pk}/")
        assert "Not finished. Whatever is not marked as deleted is still there." in text

    def test_no_other_change_has_one(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        change = rich_plans.asked(prod, alice)
        rows.page(client_of(alice), f"/changes/{change.pk}/receipt.json", 404)
