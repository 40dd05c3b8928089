"""Jobs: who may open, cancel, resume and download one; one click is one job; what is written down of it."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from provisioning.actions.actor import Actor
from provisioning.actions.downloading import USED, do_make_ticket, do_use_ticket
from provisioning.actions.exporting import do_count, do_export, estimate_of
from provisioning.actions.jobs import (
    MOST_AT_ONCE,
    Asked,
    can_resume,
    do_cancel_job,
    do_drop_job,
    do_resume_job,
    do_retry_job,
    open_job,
)
from provisioning.actions.refusals import Refusal
from provisioning.engine.jobs.chunks import Purpose, append_chunk, has_chunks
from provisioning.items.query import Query, read_query, shape_of
from provisioning.lifecycle import JobKind, JobStatus
from provisioning.models import AuditEntry, DownloadTicket, Environment, ItemJob, Table

NAME = "dev-hello-erlang-messages"
SCAN = Query()


@pytest.fixture
def table(shared: Environment) -> Table:
    """A table of hello-erlang/dev: 1.8 GB on demand."""
    return Table.objects.create(
        account=shared.account,
        name=NAME,
        arn=f"arn:aws:dynamodb:us-east-1:123456789012:table/{NAME}",
        application=shared.application,
        environment_name=shared.name,
        environment=shared,
        logical_id="MessagesTable",
        item_count=1_000_000,
        size_bytes=1_932_735_283,
        described={
            "keys": [{"attribute": "id", "role": "HASH"}],
            "attribute_types": {"id": "S"},
            "indexes": [],
            "billing_mode": "PAY_PER_REQUEST",
        },
        seen_at=timezone.now(),
    )


def ended(actor: Actor, environment: Environment, status: JobStatus, **columns: object) -> ItemJob:
    """An export that has ended with one item, half an hour ago."""
    job = open_job(actor, environment, NAME, JobKind.EXPORT, Asked(goal={"query": []}))
    append_chunk(job, Purpose.RESULT, b'{"id":{"S":"a"}}\n', items=1)
    now = timezone.now()
    kept = {"finished_at": now, "expires_at": now + timedelta(hours=24), "done": 1, "next_check_at": None}
    ItemJob.objects.filter(pk=job.pk).update(status=status, **{**kept, **columns})
    job.refresh_from_db()
    return job


def refused(code: str) -> "pytest.RaisesExc[Refusal]":
    """The next verb is refused with this code."""
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


class TestOpening:
    """One click, one job."""

    def test_pitfall_09_the_price_is_said_before_and_kept_with_the_job(
        self, alice: Actor, shared: Environment, table: Table
    ) -> None:
        estimate = estimate_of(table, SCAN)
        assert (int(estimate.units), estimate.rate, estimate.seconds) == (235_930, 3_000, 79)
        assert estimate.usd is not None
        assert round(estimate.usd, 2) == Decimal("0.03")
        job = do_count(alice, shared, table, SCAN, rate=3_000)
        assert job.expected["units"] == str(estimate.units)
        assert (job.rate, job.status, job.kind) == (3_000, JobStatus.QUEUED, JobKind.COUNT)

    def test_a_second_click_finds_the_first_ones_job(
        self, alice: Actor, bob: Actor, shared: Environment, table: Table
    ) -> None:
        key = uuid.uuid4()
        first = do_export(alice, shared, table, SCAN, rate=100, key=key)
        assert do_export(alice, shared, table, SCAN, rate=100, key=key) == first
        assert AuditEntry.objects.filter(verb="job_open").count() == 1
        with refused("sent-already"):
            do_export(bob, shared, table, SCAN, rate=100, key=key)

    def test_everybody_may_read_and_auditors_may_alter_nothing(
        self, audrey: Actor, shared: Environment, table: Table
    ) -> None:
        assert do_export(audrey, shared, table, SCAN, rate=100).status == JobStatus.QUEUED
        with refused("not-allowed"):
            open_job(audrey, shared, NAME, JobKind.DELETE, Asked())

    def test_the_goal_keeps_the_whole_query(self, alice: Actor, shared: Environment, table: Table) -> None:
        asked = [("pk", "u1"), ("order", "desc"), ("path", "n"), ("op", ">"), ("type", "N"), ("value", "5"), ("to", "")]
        query = read_query(asked, shape_of(table))
        job = do_export(alice, shared, table, query, rate=100)
        job.refresh_from_db()
        assert read_query([(name, value) for name, value in job.goal["query"]], shape_of(table)) == query

    def test_pitfall_42_a_table_of_another_environment_is_refused(
        self, alice: Actor, live: Environment, table: Table
    ) -> None:
        with refused("no-table"):
            do_export(alice, live, table, SCAN, rate=100)

    def test_pitfall_35_prod_is_not_scanned(self, alice: Actor, shared: Environment, table: Table) -> None:
        Environment.objects.filter(pk=shared.pk).update(stage="prod")
        shared.refresh_from_db()
        for ask in (do_export, do_count):
            with refused("no-scan-in-prod"):
                ask(alice, shared, table, SCAN, rate=100)
        asked = read_query([("pk", "u1")], shape_of(table))
        assert do_count(alice, shared, table, asked, rate=100).status == JobStatus.QUEUED

    def test_pitfall_41_nothing_is_counted_by_what_is_hidden(
        self, alice: Actor, shared: Environment, table: Table
    ) -> None:
        Environment.objects.filter(pk=shared.pk).update(stage="prod")
        shared.refresh_from_db()
        table.logical_id = ""  # one that no rule knows: all but its key is hidden
        asked = [("pk", "u1"), ("path", "phone"), ("op", "begins-with"), ("type", "S"), ("value", "5"), ("to", "")]
        with refused("hidden"):
            do_count(alice, shared, table, read_query(asked, shape_of(table)), rate=100)

    def test_one_person_has_so_many_under_way_at_most(self, alice: Actor, shared: Environment, table: Table) -> None:
        for _ in range(MOST_AT_ONCE):
            do_export(alice, shared, table, SCAN, rate=100)
        with refused("too-many-jobs"):
            do_export(alice, shared, table, SCAN, rate=100)

    def test_provisioned_capacity_is_shared_with_the_application(self, table: Table) -> None:
        table.described |= {"billing_mode": "PROVISIONED", "read_capacity": 40}
        estimate = estimate_of(table, SCAN)
        assert (estimate.rate, estimate.usd, estimate.provisioned) == (20, None, 40)


class TestEnding:
    """Cancel, resume, anew, remove: by who asked, and by admins."""

    def test_cancel_is_asked_for_once_and_due_at_once(self, alice: Actor, shared: Environment, table: Table) -> None:
        job = do_export(alice, shared, table, SCAN, rate=100)
        ItemJob.objects.filter(pk=job.pk).update(next_check_at=timezone.now() + timedelta(minutes=5))
        do_cancel_job(alice, job)
        do_cancel_job(alice, job)
        job.refresh_from_db()
        assert job.cancel_asked
        assert job.next_check_at is not None
        assert job.next_check_at <= timezone.now()
        assert AuditEntry.objects.filter(verb="job_cancel").count() == 1

    def test_others_jobs_are_theirs_and_admins(
        self, alice: Actor, bob: Actor, ada: Actor, shared: Environment, table: Table
    ) -> None:
        job = do_export(alice, shared, table, SCAN, rate=100)
        with refused("not-yours"):
            do_cancel_job(bob, job)
        assert do_cancel_job(ada, job).cancel_asked

    @pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED])
    def test_resume_makes_it_due_again(
        self, status: JobStatus, alice: Actor, shared: Environment, table: Table
    ) -> None:
        job = ended(alice, shared, status, problem={"sentence": "x", "resume": True})
        do_resume_job(alice, job)
        job.refresh_from_db()
        assert (job.status, job.problem, job.finished_at, job.expires_at) == (JobStatus.QUEUED, None, None, None)
        assert job.next_check_at is not None

    def test_a_resume_that_would_fail_again_is_refused(self, alice: Actor, shared: Environment, table: Table) -> None:
        job = ended(alice, shared, JobStatus.FAILED, problem={"sentence": "x", "resume": False})
        assert not can_resume(job)
        with refused("no-resume"):
            do_resume_job(alice, job)

    def test_after_a_day_there_is_nothing_to_resume(self, alice: Actor, shared: Environment, table: Table) -> None:
        job = ended(alice, shared, JobStatus.CANCELLED, expires_at=timezone.now())
        with refused("time-over"):
            do_resume_job(alice, job)

    def test_anew_is_another_job_with_the_same_goal(self, alice: Actor, shared: Environment, table: Table) -> None:
        job = ended(alice, shared, JobStatus.FAILED, problem={"sentence": "x", "resume": False}, rate=7)
        other = do_retry_job(alice, job)
        assert (other.goal, other.rate, other.pk == job.pk) == (job.goal, 7, False)

    def test_what_alters_is_not_done_anew_by_a_click(self, alice: Actor, shared: Environment, table: Table) -> None:
        job = open_job(alice, shared, NAME, JobKind.DELETE, Asked())
        ItemJob.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
        job.refresh_from_db()
        with refused("not-reading"):
            do_retry_job(alice, job)

    def test_removing_takes_away_what_it_carries(self, alice: Actor, shared: Environment, table: Table) -> None:
        job = ended(alice, shared, JobStatus.SUCCEEDED)
        do_drop_job(alice, job)
        job.refresh_from_db()
        assert not has_chunks(job, Purpose.RESULT)
        with refused("time-over"):
            do_make_ticket(alice, job)


class TestDownloading:
    """Pitfall 43: a link is for one download, soon, by who asked."""

    def test_pitfall_43_a_ticket_is_used_once(self, alice: Actor, shared: Environment, table: Table) -> None:
        job = ended(alice, shared, JobStatus.SUCCEEDED)
        token = do_make_ticket(alice, job, "ndjson")
        found = do_use_ticket(alice, job, token)
        assert found is not None
        assert b"".join(found.pieces()) == b'{"id":{"S":"a"}}\n'
        with pytest.raises(Refusal, match="used already") as again:
            do_use_ticket(alice, job, token)
        assert again.value.code == USED
        assert AuditEntry.objects.filter(verb="job_download").count() == 1

    def test_pitfall_43_a_ticket_lasts_five_minutes(self, alice: Actor, shared: Environment, table: Table) -> None:
        job = ended(alice, shared, JobStatus.SUCCEEDED)
        token = do_make_ticket(alice, job)
        with (
            time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)),
            pytest.raises(Refusal, match="older than five minutes"),
        ):
            do_use_ticket(alice, job, token)

    def test_pitfall_43_another_persons_ticket_does_not_exist(
        self, alice: Actor, ada: Actor, shared: Environment, table: Table
    ) -> None:
        job = ended(alice, shared, JobStatus.SUCCEEDED)
        token = do_make_ticket(alice, job)
        assert do_use_ticket(ada, job, token) is None
        assert do_use_ticket(alice, job, "ndjson.made-up") is None
        assert do_use_ticket(alice, ended(alice, shared, JobStatus.SUCCEEDED), token) is None
        assert do_use_ticket(alice, job, token) is not None

    def test_what_a_job_brought_is_for_who_asked_not_even_for_admins(
        self, alice: Actor, ada: Actor, shared: Environment, table: Table
    ) -> None:
        with refused("not-yours"):
            do_make_ticket(ada, ended(alice, shared, JobStatus.SUCCEEDED))

    def test_nothing_is_downloaded_of_a_job_that_moves(self, alice: Actor, shared: Environment, table: Table) -> None:
        with refused("moving"):
            do_make_ticket(alice, do_export(alice, shared, table, SCAN, rate=100))

    def test_tickets_cannot_be_read_in_the_database(self, alice: Actor, shared: Environment, table: Table) -> None:
        token = do_make_ticket(alice, ended(alice, shared, JobStatus.SUCCEEDED))
        assert token not in str(DownloadTicket.objects.values_list())

    def test_pitfall_41_what_is_hidden_by_now_is_hidden_in_the_file(
        self, alice: Actor, shared: Environment, table: Table
    ) -> None:
        job = ended(alice, shared, JobStatus.SUCCEEDED)
        append_chunk(job, Purpose.RESULT, b'{"id":{"S":"b"},"phone":{"S":"555"}}\n', part=1, items=1)
        Environment.objects.filter(pk=shared.pk).update(stage="prod")
        Table.objects.update(logical_id="")
        job = ItemJob.objects.get(pk=job.pk)
        found = do_use_ticket(alice, job, do_make_ticket(alice, job))
        assert found is not None
        assert b"".join(found.pieces()).splitlines()[1] == b'{"id":{"S":"b"},"phone":{"HIDDEN":"S"}}'

    def test_the_name_of_the_file_is_harmless(self, alice: Actor, shared: Environment, table: Table) -> None:
        job = ended(alice, shared, JobStatus.SUCCEEDED, table='../a b"c')
        found = do_use_ticket(alice, job, do_make_ticket(alice, job, "csv"))
        assert found is not None
        assert found.name.startswith("_a_b_c-export-")
        assert found.name.endswith(".csv")
