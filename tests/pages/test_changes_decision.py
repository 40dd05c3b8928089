"""Deciding on the page of a change: later and at a time, sending back, running, and each button that is off."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from portal.accounts.models import User
from provisioning.lifecycle import ChangeKind, ChangeStatus, Verdict
from provisioning.models import Account, Change, Environment

from . import rich_plans, rows

SignIn = Callable[[User], Client]
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 5, 5, 18, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_noon() -> object:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def prod(alice: User, account: Account) -> Environment:
    """alice's prod."""
    return rows.environment(alice, "prod")


@pytest.fixture
def waiting(prod: Environment, alice: User) -> Change:
    """alice's update of prod, which waits for somebody else."""
    return rich_plans.asked(prod, alice)


def path(change: Change, act: str = "") -> str:
    """The address of a change, or of one act on it."""
    return f"/changes/{change.pk}/{f'{act}/' if act else ''}"


def disabled(text: str) -> list[str]:
    """The buttons that are off."""
    return re.findall(r"<button[^>]* disabled[^>]*>([^<]*)</button>", text)


def sent(change: Change, **more: str) -> dict[str, str]:
    """What the form of a decision sends."""
    return {"digest": change.plan_digest, "comment": ""} | more


class TestApproving:
    """Approving and running are separate acts."""

    def test_now_is_the_first_button(self, waiting: Change, ada: User, client_of: SignIn) -> None:
        client = client_of(ada)
        text = rows.page(client, path(waiting))
        first = re.findall(r'<button[^>]*type="submit"[^>]*>([^<]*)</button>', text[text.index('id="decide"') :])[0]
        assert first == "Approve and run now"
        answer = client.post(path(waiting, "approve"), sent(waiting, run="now"), follow=True)
        waiting.refresh_from_db()
        assert (waiting.status, waiting.held, waiting.start_at) == (ChangeStatus.QUEUED, False, None)
        assert "Approved. It runs now." in answer.content.decode()

    def test_later_it_is_held_until_somebody_runs_it(
        self, waiting: Change, ada: User, alice: User, client_of: SignIn
    ) -> None:
        answer = client_of(ada).post(path(waiting, "approve"), sent(waiting, run="later"), follow=True)
        waiting.refresh_from_db()
        assert (waiting.status, waiting.held) == (ChangeStatus.QUEUED, True)
        text = answer.content.decode()
        assert "Approved, held" in text
        assert "By Ada; held until somebody runs it" in text
        assert "every 5s" in text
        ran = client_of(alice).post(path(waiting, "run"), follow=True)
        waiting.refresh_from_db()
        assert waiting.held is False
        assert "It runs now." in ran.content.decode()

    def test_at_a_time_in_utc(self, waiting: Change, ada: User, client_of: SignIn) -> None:
        answer = client_of(ada).post(
            path(waiting, "approve"), sent(waiting, run="at", start_at="2026-05-05T18:00"), follow=True
        )
        waiting.refresh_from_db()
        assert (waiting.status, waiting.start_at) == (ChangeStatus.QUEUED, LATER)
        text = answer.content.decode()
        assert "Approved. It starts Tue 5 May, 18:00 UTC." in text
        assert "By Ada; starts Tue 5 May, 18:00 UTC" in text
        assert "Approved, scheduled" in text

    @pytest.mark.parametrize(
        ("typed", "sentence"),
        [
            ({"run": "at"}, "Say when it shall start."),
            ({"run": "at", "start_at": "2026-05-04T11:00"}, "is in the past"),
            ({"run": "at", "start_at": "2026-07-04T11:00"}, "at most 30 days ahead"),
            ({"run": "at", "start_at": "tomorrow"}, "Enter a valid date/time."),
            ({"run": "now", "start_at": "2026-05-05T18:00"}, "You gave a time to start at."),
            ({"run": "later", "start_at": "2026-05-05T18:00"}, "You gave a time to start at."),
        ],
    )
    def test_a_time_that_makes_no_sense_decides_nothing(
        self, typed: dict[str, str], sentence: str, waiting: Change, ada: User, client_of: SignIn
    ) -> None:
        answer = client_of(ada).post(path(waiting, "approve"), sent(waiting, **typed, comment="Kept words"))
        waiting.refresh_from_db()
        text = answer.content.decode()
        assert answer.status_code == 422
        assert sentence in text
        assert "Kept words" in text
        assert '<details class="later" id="later" open>' in text
        assert waiting.status == ChangeStatus.AWAITING_APPROVAL

    def test_a_time_that_the_requester_wished_for_is_on_the_button(
        self, prod: Environment, alice: User, ada: User, client_of: SignIn
    ) -> None:
        change = rich_plans.asked(prod, alice, start_at=LATER)
        assert "Approve; it starts Tue 5 May, 18:00 UTC</button>" in rows.page(client_of(ada), path(change))
        client_of(ada).post(path(change, "approve"), sent(change, run="now"))
        change.refresh_from_db()
        assert (change.status, change.start_at) == (ChangeStatus.QUEUED, LATER)

    def test_who_is_asked_until_when_and_what_then(self, waiting: Change, ada: User, client_of: SignIn) -> None:
        text = rows.page(client_of(ada), path(waiting))
        assert "1 approval by admins" in text
        assert "0 of 1" in text
        assert "in 2 d" in text
        assert "If nobody has decided by then, it ends and nothing is altered." in text

    def test_a_rule_is_shown_as_a_rule(self, prod: Environment, alice: User, client_of: SignIn) -> None:
        change = rich_plans.asked(prod, alice, status=ChangeStatus.RUNNING)
        change.decisions.create(plan_digest=change.plan_digest, rule="Nothing new", verdict=Verdict.APPROVED, at=NOON)
        text = rows.page(client_of(alice), path(change))
        assert "By the rule “Nothing new”" in text
        assert "Rule “Nothing new”" in text


class TestSendingBack:
    """The requester's turn."""

    def test_it_says_so_and_offers_another_version(
        self, waiting: Change, ada: User, alice: User, client_of: SignIn
    ) -> None:
        client_of(ada).post(path(waiting, "send-back"), sent(waiting, comment="Too small."))
        text = rows.page(client_of(alice), path(waiting))
        assert "Ada sent this back" in text
        assert "“Too small.” It is your turn." in text
        assert f"/environments/hello-erlang/prod/update/?from={waiting.pk}&amp;replaces={waiting.pk}" in text
        assert "Withdraw</button>" in text

    def test_a_create_leads_to_its_own_form(self, prod: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        change = rich_plans.asked(prod, alice, ChangeKind.CREATE)
        client_of(ada).post(path(change, "send-back"), sent(change, comment="No."))
        assert f"/request/hello-erlang/?from={change.pk}&amp;replaces={change.pk}" in rows.page(
            client_of(alice), path(change)
        )

    @pytest.mark.parametrize("act", ["send-back", "reject"])
    def test_it_needs_a_comment(self, act: str, waiting: Change, ada: User, client_of: SignIn) -> None:
        answer = client_of(ada).post(path(waiting, act), sent(waiting))
        waiting.refresh_from_db()
        assert answer.status_code == 422
        assert "Say why." in answer.content.decode()
        assert (waiting.status, waiting.sent_back) == (ChangeStatus.AWAITING_APPROVAL, False)

    def test_others_see_whose_turn_it_is(self, waiting: Change, ada: User, grace: User, client_of: SignIn) -> None:
        client_of(ada).post(path(waiting, "send-back"), sent(waiting, comment="Too small."))
        text = rows.page(client_of(grace), path(waiting))
        assert "It is Alice&#x27;s turn." in text
        assert "/update/?from=" not in text
        assert "Ada sent this back: it is alice&#x27;s turn." in text
        assert disabled(text) == ["Approve and run now", "Send back", "Reject"]

    def test_the_one_who_did_may_approve_after_all(self, waiting: Change, ada: User, client_of: SignIn) -> None:
        client = client_of(ada)
        client.post(path(waiting, "send-back"), sent(waiting, comment="Too small."))
        assert "You have sent back this plan. Your newest decision is the one that counts." in rows.page(
            client, path(waiting)
        )
        client.post(path(waiting, "approve"), sent(waiting, run="now"))
        waiting.refresh_from_db()
        assert waiting.status == ChangeStatus.QUEUED


class TestHeld:
    """Approved, and not run yet."""

    def test_it_can_still_be_rejected(
        self, prod: Environment, alice: User, ada: User, grace: User, client_of: SignIn
    ) -> None:
        change = rich_plans.held(prod, alice, ada)
        text = rows.page(client_of(grace), path(change))
        assert 'id="run">Run now</button>' in text
        client_of(grace).post(path(change, "reject"), sent(change, comment="Not this week."))
        change.refresh_from_db()
        assert change.status == ChangeStatus.REJECTED
        assert "Grace rejected this: Not this week." in rows.page(client_of(alice), path(change))

    def test_before_its_time_it_can_be_run(self, prod: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        change = rich_plans.held(prod, alice, ada, start_at=LATER, expires_at=LATER + timedelta(hours=24))
        assert "It starts by itself" in rows.page(client_of(alice), path(change))
        client_of(alice).post(path(change, "run"))
        change.refresh_from_db()
        assert change.start_at is None

    def test_not_by_everybody(self, prod: Environment, alice: User, bob: User, ada: User, client_of: SignIn) -> None:
        change = rich_plans.held(prod, alice, ada)
        client = client_of(bob)
        text = rows.page(client, path(change))
        assert "Run now" in disabled(text)
        assert "alice asked for this change. Ask alice or an admin." in text
        client.post(path(change, "run"))
        change.refresh_from_db()
        assert change.held is True

    def test_an_auditor_has_no_button(
        self, prod: Environment, alice: User, ada: User, audrey: User, client_of: SignIn
    ) -> None:
        change = rich_plans.held(prod, alice, ada)
        text = rows.page(client_of(audrey), path(change))
        assert "Approved, held" in text
        assert "<button" not in text[text.index('id="decide"') : text.index('id="facts"')]
        assert client_of(audrey).post(path(change, "run")).status_code == 403


class TestOff:
    """Buttons that are off say why, and the server says the same."""

    def refused(self, client: Client, change: Change, status: int = 409) -> str:
        """What the page says to an approval that comes all the same."""
        answer = client.post(path(change, "approve"), sent(change, run="now"))
        assert answer.status_code == status
        return answer.content.decode()

    def test_ones_own(self, waiting: Change, alice: User, client_of: SignIn) -> None:
        client, why = client_of(alice), "You asked for this change, so somebody else decides."
        text = rows.page(client, path(waiting))
        assert why in text
        assert disabled(text) == ["Approve and run now", "Send back", "Reject"]
        assert why in self.refused(client, waiting, 403)

    @pytest.mark.parametrize("status", [ChangeStatus.AWAITING_APPROVAL, ChangeStatus.EXPIRED])
    def test_expired_whether_or_not_it_was_swept(
        self, status: ChangeStatus, prod: Environment, alice: User, ada: User, client_of: SignIn
    ) -> None:
        change = rich_plans.asked(prod, alice, status=status, expires_at=NOON - timedelta(minutes=55))
        client, why = client_of(ada), "Expired 11:05 UTC: nobody decided in time."
        text = rows.page(client, path(change))
        assert why in text
        assert "Approve and run now" in disabled(text)
        assert why in self.refused(client, change)

    def test_expired_says_what_to_do(self, prod: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        end = NOON - timedelta(minutes=55)
        asked = rich_plans.asked(prod, alice, status=ChangeStatus.EXPIRED, expires_at=end)
        other = rows.environment(alice, "prod", "fileshare")
        ready = rich_plans.asked(other, alice, status=ChangeStatus.EXPIRED, expires_at=end, held=True)
        rich_plans.decided(ready, ada, Verdict.APPROVED)
        text = rows.page(client_of(alice), path(asked))
        assert "Nobody decided by Mon 4 May, 11:05 UTC, so it expired and nothing was altered." in text
        assert f"?from={asked.pk}" in text
        assert "Ada approved this, and nobody ran it by Mon 4 May, 11:05 UTC" in rows.page(
            client_of(alice), path(ready)
        )

    def test_while_a_new_plan_is_made(self, waiting: Change, ada: User, client_of: SignIn) -> None:
        rich_plans.decided(waiting, ada, Verdict.APPROVED)
        waiting.plans.update(void_because="A table has appeared.")
        Change.objects.filter(pk=waiting.pk).update(status=ChangeStatus.PLANNING, plan=None, plan_digest="")
        text = rows.page(client_of(ada), path(waiting))
        assert "The plan moved: a new one is being made." in text
        assert "A new plan is being made." in text
        assert "Approve and run now" in disabled(text)

    def test_decided_by_somebody_else(self, waiting: Change, ada: User, grace: User, client_of: SignIn) -> None:
        client_of(ada).post(path(waiting, "approve"), sent(waiting, run="now"))
        client, why = client_of(grace), "Ada has approved this already."
        text = rows.page(client, path(waiting))
        assert why in text
        assert "Approve and run now" in disabled(text)
        assert why in self.refused(client, waiting)

    def test_gone_once_it_is_over(self, prod: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        change = rich_plans.asked(prod, alice, status=ChangeStatus.SUCCEEDED)
        rich_plans.decided(change, ada, Verdict.APPROVED)
        text = rows.page(client_of(ada), path(change))
        assert "Approve and run now" not in text
        assert "Decision</h2>" in text
