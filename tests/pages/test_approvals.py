"""Decisions: who may, who may not, two at once, and the page of what waits."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from portal.approvals.waiting import decidable_by
from provisioning.actions.actor import Actor
from provisioning.actions.deciding import why_not_decide
from provisioning.lifecycle import ChangeKind, ChangeStatus, Verdict
from provisioning.models import Account, Change, Decision
from provisioning.planning import plan as planning

from . import rows

SignIn = Callable[[User], Client]
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
COST = {"stacks": {}, "before": "10.0000", "after": "44.5000", "delta": "34.5000"}


def waiting(by: User, name: str = "prod", application: str = "hello-erlang") -> Change:
    """A planned change that waits for a decision."""
    change = rows.change(
        rows.environment(by, name, application), by, ChangeStatus.AWAITING_APPROVAL, ChangeKind.CREATE, reason="Launch"
    )
    change.plan = planning.build(kind=change.kind, stacks=[], findings=[], cost=COST)
    change.plan_digest = planning.digest(change.plan)
    change.save()
    return change


def sent(change: Change, comment: str = "") -> dict[str, str]:
    """What the form of a decision sends."""
    return {"digest": change.plan_digest, "comment": comment}


@pytest.fixture
def asked(bob: User, account: Account) -> Change:
    """bob's request for prod."""
    return waiting(bob)


class TestDeciding:
    """On the page of the change."""

    def test_approved(self, asked: Change, ada: User, client_of: SignIn) -> None:
        client = client_of(ada)
        text = rows.page(client, f"/changes/{asked.pk}/")
        assert f'value="{asked.plan_digest}"' in text
        answer = client.post(f"/changes/{asked.pk}/approve/", sent(asked, "Read it"), follow=True)
        decision = Decision.objects.get()
        asked.refresh_from_db()
        assert (decision.by, decision.verdict, decision.comment) == (ada, Verdict.APPROVED, "Read it")
        assert asked.status == ChangeStatus.QUEUED
        assert "Approved. It runs now." in answer.content.decode()
        assert "Read it" in answer.content.decode()

    def test_rejected_with_the_reason_on_the_page(self, asked: Change, ada: User, client_of: SignIn) -> None:
        client = client_of(ada)
        client.post(f"/changes/{asked.pk}/reject/", sent(asked, "Too small for launch"))
        asked.refresh_from_db()
        assert asked.status == ChangeStatus.REJECTED
        assert "Ada rejected this: Too small for launch" in rows.page(client, f"/changes/{asked.pk}/")

    @pytest.mark.parametrize("comment", ["", "   "])
    def test_a_rejection_needs_a_comment(self, comment: str, asked: Change, ada: User, client_of: SignIn) -> None:
        answer = client_of(ada).post(f"/changes/{asked.pk}/reject/", sent(asked, comment))
        asked.refresh_from_db()
        assert answer.status_code == 422
        assert "Say why." in answer.content.decode()
        assert f'value="{asked.plan_digest}"' in answer.content.decode()
        assert asked.status == ChangeStatus.AWAITING_APPROVAL

    def test_a_comment_that_is_too_long_is_kept_to_be_cut(self, asked: Change, ada: User, client_of: SignIn) -> None:
        answer = client_of(ada).post(f"/changes/{asked.pk}/approve/", sent(asked, "x" * 2_001))
        assert answer.status_code == 422
        assert "x" * 2_001 in answer.content.decode()
        assert not Decision.objects.exists()

    def test_never_the_requester(self, ada: User, account: Account, client_of: SignIn) -> None:
        own, client = waiting(ada), client_of(ada)
        text = rows.page(client, f"/changes/{own.pk}/")
        assert "You asked for this change, so somebody else decides." in text
        assert f"/changes/{own.pk}/approve/" not in text
        answer = client.post(f"/changes/{own.pk}/approve/", sent(own))
        assert answer.status_code == 403
        assert not Decision.objects.exists()

    def test_only_those_whom_the_stage_names(self, asked: Change, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        assert "Only admins decide about prod." in rows.page(client, f"/changes/{asked.pk}/")
        assert client.post(f"/changes/{asked.pk}/approve/", sent(asked)).status_code == 403
        assert not Decision.objects.exists()

    def test_an_auditor_reads_and_cannot(self, asked: Change, audrey: User, client_of: SignIn) -> None:
        client = client_of(audrey)
        assert "Approve</button>" not in rows.page(client, f"/changes/{asked.pk}/")
        assert client.post(f"/changes/{asked.pk}/approve/", sent(asked)).status_code == 403
        assert not Decision.objects.exists()

    def test_the_second_is_told_who_decided(self, asked: Change, ada: User, grace: User, client_of: SignIn) -> None:
        client_of(ada).post(f"/changes/{asked.pk}/approve/", sent(asked))
        answer = client_of(grace).post(f"/changes/{asked.pk}/reject/", sent(asked, "Not so fast"))
        asked.refresh_from_db()
        assert answer.status_code == 409
        assert "Ada has approved this already." in answer.content.decode()
        assert asked.status == ChangeStatus.QUEUED
        assert Decision.objects.count() == 1

    def test_a_plan_that_moved_is_read_again(self, asked: Change, ada: User, client_of: SignIn) -> None:
        old = sent(asked, "Fine by me")
        Change.objects.filter(pk=asked.pk).update(plan_digest="f" * 64)
        answer = client_of(ada).post(f"/changes/{asked.pk}/approve/", old)
        text = answer.content.decode()
        assert answer.status_code == 409
        assert "The plan moved: it is not the one you looked at." in text
        assert "Fine by me" in text
        assert f'value="{"f" * 64}"' in text
        assert not Decision.objects.exists()


class TestWaiting:
    """What waits, and how many."""

    @pytest.mark.parametrize(("name", "expected"), [("alice", 0), ("bob", 0), ("ada", 1), ("grace", 2), ("audrey", 0)])
    @pytest.mark.usefixtures("bob", "grace", "audrey")
    def test_the_query_and_the_verb_agree(
        self, name: str, expected: int, asked: Change, alice: User, ada: User
    ) -> None:
        waiting(ada, application="fileshare")
        rows.change(rows.environment(alice, "dev"), alice, ChangeStatus.QUEUED)
        user = User.objects.get(username=name)
        actor = Actor(user.pk, name, frozenset(user.groups.values_list("name", flat=True)))
        every = Change.objects.select_related("environment")
        listed = set(decidable_by(actor))
        assert listed == {change for change in every if not why_not_decide(actor, change)}
        assert len(listed) == expected

    def test_what_one_has_decided_does_not_wait_for_one(self, asked: Change, ada: User) -> None:
        actor = Actor(ada.pk, "ada", frozenset({"admins"}))
        asked.decisions.create(plan_digest=asked.plan_digest, by=ada, verdict=Verdict.APPROVED, at=timezone.now())
        assert not decidable_by(actor).exists()
        asked.decisions.update(plan_digest="0" * 64)
        assert decidable_by(actor).exists()

    def test_the_count_in_the_rail_drops(self, asked: Change, ada: User, client_of: SignIn) -> None:
        client = client_of(ada)
        mark = '<span class="count">1<span class="unseen"> waiting</span></span>'
        assert mark in rows.page(client, "/changes/")
        client.post(f"/changes/{asked.pk}/approve/", sent(asked))
        assert mark not in rows.page(client, "/changes/")

    def test_the_page_says_what_a_decision_needs(self, asked: Change, ada: User, client_of: SignIn) -> None:
        text = rows.page(client_of(ada), "/approvals/")
        assert "Create environment hello-erlang/prod" in text
        assert "No table is touched." in text
        assert "$34.50" in text
        assert "Launch" in text
        assert ">Review</a>" in text

    def test_ones_own_waits_for_others(self, asked: Change, bob: User, client_of: SignIn) -> None:
        text = rows.page(client_of(bob), "/approvals/")
        assert "Nothing waits for you" in text
        assert "Asked by you" in text
        assert ">Review</a>" not in text

    def test_decided_lately(self, asked: Change, ada: User, audrey: User, client_of: SignIn) -> None:
        client_of(ada).post(f"/changes/{asked.pk}/reject/", sent(asked, "Too small"))
        text = rows.page(client_of(audrey), "/approvals/")
        assert "Decided lately" in text
        assert "Too small" in text
        assert "Nothing waits" in text

    def test_many_take_no_more_queries(
        self,
        ada: User,
        bob: User,
        account: Account,
        client_of: SignIn,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        asked = waiting(bob)
        for number in range(20):
            again = Change.objects.get(pk=asked.pk)
            again.pk, again.request_key = None, None
            again.reason = f"reason {number}"
            again.save(force_insert=True)
        client = client_of(ada)
        with django_assert_max_num_queries(10):
            assert "reason 19" in rows.page(client, "/approvals/")

    def test_what_was_sent_back_waits_for_whoever_asked(self, asked: Change, ada: User, client_of: SignIn) -> None:
        client = client_of(ada)
        client.post(f"/changes/{asked.pk}/send-back/", sent(asked, "Too small"))
        text = rows.page(client, "/approvals/")
        assert "Nothing waits for you" in text
        assert "Sent back to whoever asked" in text
        assert "Sent back: Too small" in text

    def test_what_is_approved_waits_to_be_run(self, asked: Change, ada: User, bob: User, client_of: SignIn) -> None:
        client_of(ada).post(f"/changes/{asked.pk}/approve/", {**sent(asked), "run": "later"})
        text = rows.page(client_of(bob), "/approvals/")
        assert "Approved, waiting to run" in text
        assert "Approved by Ada" in text

    def test_until_when(self, asked: Change, ada: User, client_of: SignIn) -> None:
        with time_machine.travel(NOON, tick=False):
            Change.objects.update(expires_at=NOON + timedelta(hours=5))
            assert re.search(r"<dt>Expires</dt><dd><time[^>]*>in 5 h</time>", rows.page(client_of(ada), "/approvals/"))

    def test_the_count_in_the_rail_drops_when_it_expires(self, asked: Change, ada: User, client_of: SignIn) -> None:
        mark = '<span class="count">1<span class="unseen"> waiting</span></span>'
        assert mark in rows.page(client_of(ada), "/changes/")
        Change.objects.update(expires_at=timezone.now())
        assert mark not in rows.page(client_of(ada), "/changes/")
