"""The engine's page: signs of life, what is set aside and taken up again, budgets, hints; who may see and do what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.lifecycle import ChangeStatus
from provisioning.models import Account, AuditEntry, CallBudget, Change, Environment, Heartbeat, HintQueue, Operation

from . import rows

SignIn = Callable[[User], Client]
BECAUSE = "Workers ended 5 times in a row at “Data stack”."
QUERIES = 13
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/hints"


def beat(name: str = "sweep", **ago: float) -> None:
    """A sign of life so long ago."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now() - timedelta(**ago)})


def set_aside(made: Environment, by: User) -> Change:
    """A change at which workers ended."""
    found = rows.change(made, by, ChangeStatus.RUNNING, set_aside_because=BECAUSE)
    Change.objects.filter(pk=found.pk).update(set_aside_at=timezone.now() - timedelta(minutes=7), claims=6)
    return found


@pytest.fixture
def budgeted(settings: Any) -> None:
    """Reads and writes have a budget."""
    settings.CLOUDFORMATION_READS_PER_SECOND, settings.CLOUDFORMATION_READ_BURST = 2.0, 40
    settings.CLOUDFORMATION_WRITES_PER_SECOND, settings.CLOUDFORMATION_WRITE_BURST = 0.5, 10


class TestWho:
    """Admins and auditors see it, admins act."""

    def test_engineers_do_not(self, account: Account, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        assert rows.page(client, "/engine/", 403)
        assert 'href="/engine/"' not in rows.page(client, "/")

    def test_auditors_read(self, dev: Environment, alice: User, audrey: User, client_of: SignIn) -> None:
        change = set_aside(dev, alice)
        client = client_of(audrey)
        text = rows.page(client, "/engine/")
        assert BECAUSE in text
        assert "Only an administrator can have it worked on again." in text
        assert f"/changes/{change.pk}/take-up/" not in text
        assert client.post(f"/changes/{change.pk}/take-up/", {"reason": "x"}).status_code == 403
        change.refresh_from_db()
        assert change.set_aside_at is not None

    def test_it_stands_in_the_rail_of_those_who_may(self, account: Account, ada: User, client_of: SignIn) -> None:
        assert 'href="/engine/"' in rows.page(client_of(ada), "/")


class TestLife:
    """Whether work gets done."""

    def test_nothing_has_run_yet(self, db: None, ada: User, client_of: SignIn) -> None:
        text = rows.page(client_of(ada), "/engine/")
        for said in (
            "No worker has finished a sweep yet",
            "never",
            "No account yet",
            "Nothing is set aside",
            "No worker was heard of",
            "AWS_EVENTS_QUEUE_URL",
        ):
            assert said in text

    def test_all_is_well(self, account: Account, ada: User, client_of: SignIn) -> None:
        beat(seconds=1)
        beat("worker yard/17", seconds=30)
        beat("worker yard/18", minutes=5)
        text = rows.page(client_of(ada), "/engine/")
        assert "No worker has finished" not in text
        assert "yard/17" in text
        assert '<span class="stat-value ">2</span>' in text

    def test_a_worker_that_is_silent_is_told_of(self, account: Account, ada: User, client_of: SignIn) -> None:
        beat(seconds=61)
        text = rows.page(client_of(ada), "/engine/")
        assert "No worker has finished a sweep in the last minute" in text
        assert "1 min ago" in text

    def test_what_is_due_and_overdue(self, dev: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        now = timezone.now()
        change = rows.change(dev, alice, ChangeStatus.RUNNING, next_check_at=now - timedelta(seconds=42))
        text = rows.page(client_of(ada), "/engine/")
        assert "42 s</span> at the longest" in text or "43 s</span> at the longest" in text
        assert '<span class="stat-value attention">1</span>' in text
        Change.objects.filter(pk=change.pk).update(lease_until=now + timedelta(seconds=10))
        assert "nothing waits" in rows.page(client_of(ada), "/engine/")

    def test_what_moves(self, dev: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus.RUNNING)
        assert "no stack<" in rows.page(client_of(ada), "/engine/")
        Operation.objects.filter(change=change).update(called_at=timezone.now())
        assert "2 stacks, all watched by one look at a time" in rows.page(client_of(ada), "/engine/")


class TestSetAside:
    """What workers were kept from, and the word that lets them."""

    def test_it_is_listed_with_why_and_taken_up_with_what_was_found(
        self, dev: Environment, alice: User, ada: User, client_of: SignIn
    ) -> None:
        change = set_aside(dev, alice)
        client = client_of(ada)
        text = rows.page(client, "/engine/")
        for said in (
            BECAUSE,
            "7 min ago",
            "hello-erlang/dev-alice",
            "1 change</span>",
            f"/changes/{change.pk}/take-up/",
        ):
            assert said in text
        answer = client.post(f"/changes/{change.pk}/take-up/", {"reason": "The disk was full."})
        assert (answer.status_code, answer["Location"]) == (302, f"/changes/{change.pk}/")
        change.refresh_from_db()
        assert (change.set_aside_at, change.claims) == (None, 0)
        assert AuditEntry.objects.get(verb="take_up").reason == "The disk was full."
        assert "Nothing is set aside" in rows.page(client, "/engine/")

    def test_not_without_a_reason(self, dev: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        change = set_aside(dev, alice)
        answer = client_of(ada).post(f"/changes/{change.pk}/take-up/", {"reason": " "}, follow=True)
        assert "Say what you found" in answer.content.decode()
        change.refresh_from_db()
        assert change.set_aside_at is not None

    def test_what_was_taken_up_meanwhile(self, dev: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        change = rows.change(dev, alice, ChangeStatus.RUNNING)
        answer = client_of(ada).post(f"/changes/{change.pk}/take-up/", {"reason": "x"}, follow=True)
        assert "This change is not set aside." in answer.content.decode()

    def test_only_by_post(self, dev: Environment, alice: User, ada: User, client_of: SignIn) -> None:
        change = set_aside(dev, alice)
        assert client_of(ada).get(f"/changes/{change.pk}/take-up/").status_code == 405


@pytest.mark.usefixtures("budgeted")
class TestBudgets:
    """How much may still be asked of AWS."""

    def test_a_full_bucket_nobody_has_used(self, account: Account, ada: User, client_of: SignIn) -> None:
        text = rows.page(client_of(ada), "/engine/")
        for said in ("40 of 40", "10 of 10", ">2<", ">0.50<", ">never<", "5 of the reads are kept for watching"):
            assert said in text

    def test_one_that_is_in_use(self, account: Account, ada: User, client_of: SignIn) -> None:
        now = timezone.now()
        CallBudget.objects.create(
            account=account,
            kind="reads",
            free_at=now.timestamp() + 600,
            taken=12345,
            held_back=17,
            throttled=3,
            throttled_at=now - timedelta(hours=2),
        )
        text = rows.page(client_of(ada), "/engine/")
        for said in ("0 of 40", "12,345", ">17<", ">3<", "2 h ago"):
            assert said in text

    def test_without_budgets_it_says_why(self, account: Account, ada: User, client_of: SignIn, settings: Any) -> None:
        settings.CLOUDFORMATION_READS_PER_SECOND = settings.CLOUDFORMATION_WRITES_PER_SECOND = 0.0
        assert "Calls are not budgeted here" in rows.page(client_of(ada), "/engine/")

    def test_queries_do_not_grow(
        self,
        dev: Environment,
        alice: User,
        ada: User,
        client_of: SignIn,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client = client_of(ada)
        set_aside(dev, alice)
        rows.page(client, "/engine/")
        with django_assert_num_queries(QUERIES):
            rows.page(client, "/engine/")
        for number in range(8):
            Account.objects.create(slug=f"more-{number}", region="eu-west-1")
        for number in range(8):
            made = Environment.objects.create(
                account=dev.account,
                application="hello-erlang",
                name=f"dev-{number}",
                stage="dev",
                owner=alice,
                status="ready",
                changed_at=timezone.now(),
            )
            set_aside(made, alice)
        with django_assert_num_queries(QUERIES):
            assert rows.page(client, "/engine/").count(BECAUSE) == 9


class TestHints:
    """Whether AWS tells of itself."""

    def test_on_and_not_yet_listened(self, account: Account, ada: User, client_of: SignIn, settings: Any) -> None:
        settings.AWS_EVENTS_QUEUE_URL = URL
        assert "nobody has listened to it yet" in rows.page(client_of(ada), "/engine/")

    def test_on_and_well(self, account: Account, ada: User, client_of: SignIn, settings: Any) -> None:
        settings.AWS_EVENTS_QUEUE_URL = URL
        now = timezone.now()
        HintQueue.objects.create(url=URL, listened_at=now, hint_at=now - timedelta(hours=3), ours=1200, foreign=5)
        text = rows.page(client_of(ada), "/engine/")
        for said in (URL, "3 h ago", "1,200 about our stacks, 5 about others, 0 that could not be read"):
            assert said in text

    def test_trouble_is_said(self, account: Account, ada: User, client_of: SignIn, settings: Any) -> None:
        settings.AWS_EVENTS_QUEUE_URL = URL
        HintQueue.objects.create(url=URL, problem="The queue of hints could not be reached in time.")
        text = rows.page(client_of(ada), "/engine/")
        assert "could not be reached in time. Changes go on without hints, a little later." in text
