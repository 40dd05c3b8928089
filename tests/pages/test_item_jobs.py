"""Pages of jobs: what is asked and what it takes, progress, downloads that are mine and once, and other people's."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from portal.accounts.models import User
from provisioning.engine.jobs.chunks import Purpose, append_chunk
from provisioning.lifecycle import JobKind, JobStatus
from provisioning.models import Account, AuditEntry, DownloadTicket, Environment, ItemJob, Table

from . import rows

SignIn = Callable[[User], Client]
NAME = "dev-alice-hello-erlang-messages"
BASE = f"/environments/hello-erlang/dev-alice/tables/{NAME}"
LINES = b'{"id":{"S":"=1+1"},"n":{"N":"-5"}}\n{"id":{"S":"b"},"n":{"N":"1318796827993409899"}}\n'


@pytest.fixture
def table(dev: Environment, account: Account) -> Table:
    """A table of alice's environment, 1.8 GB."""
    return Table.objects.create(
        account=account,
        name=NAME,
        arn=f"arn:aws:dynamodb:us-east-1:123456789012:table/{NAME}",
        application="hello-erlang",
        environment_name=dev.name,
        environment=dev,
        stack_name="hello-erlang-data-dev-alice",
        logical_id="",
        item_count=1_000_000,
        size_bytes=1_932_735_283,
        described={
            "keys": [{"attribute": "id", "role": "HASH"}],
            "attribute_types": {"id": "S", "kind": "S"},
            "indexes": [{"name": "by-kind", "keys": [{"attribute": "kind", "role": "HASH"}], "projection": "ALL"}],
            "billing_mode": "PAY_PER_REQUEST",
        },
        seen_at=timezone.now(),
    )


def job_of(dev: Environment, by: User, status: JobStatus = JobStatus.SUCCEEDED, **columns: Any) -> ItemJob:
    """An export of alice's table with two items, that began a minute ago."""
    now = timezone.now()
    over = status not in {JobStatus.QUEUED, JobStatus.RUNNING}
    columns = {
        "kind": JobKind.EXPORT,
        "goal": {"query": [["pk", "u1"]], "segments": 1},
        "expected": {"items": 1000, "units": "500", "usd": "0.01", "word": "Scan", "size_bytes": 4096},
        "asked_at": now - timedelta(minutes=1),
        "started_at": now - timedelta(seconds=50),
        "finished_at": now if over else None,
        "expires_at": now + timedelta(hours=24) if over else None,
        "next_check_at": None if over else now,
        "done": 2,
        "scanned": 400,
        "rate": 3000,
        **columns,
    }
    job = ItemJob.objects.create(environment=dev, table=NAME, status=status, asked_by=by, **columns)
    append_chunk(job, Purpose.RESULT, LINES, items=2)
    append_chunk(job, Purpose.COLUMNS, b'{"types": {"id": ["S"], "n": ["N"]}, "more": false}')
    return job


def path_of(job: ItemJob, more: str = "") -> str:
    """The address of a job's page, or of a part of it."""
    return f"{BASE}/jobs/{job.pk}/{more}"


def text_of(response: Any) -> str:
    """All of a streamed answer."""
    return b"".join(response.streaming_content).decode()


class TestAsking:
    """What is read, what it takes, and the click."""

    def test_pitfall_35_the_price_stands_before_the_button(self, table: Table, alice: User, client_of: SignIn) -> None:
        text = rows.page(client_of(alice), f"{BASE}/export/")
        assert "This scan reads ≤ 1.8" in text
        assert "≈ 235,930 units ≈ $0.03, about 1 min 19 s at 3,000 units a second." in text
        assert ">Export by a scan</button>" in text
        assert "10,000 units a second: about 24 s" in text

    def test_pitfall_05_the_link_carries_the_whole_query(self, table: Table, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        link = "index=by-kind&pk=odd&path=n&op=%3E&type=N&value=5&to=&order=desc"
        text = rows.page(client, f"{BASE}/export/?{link}")
        for shown in ("One partition of by-kind, by a query", "kind = odd", "Descending", ">Export by a query<"):
            assert shown in text
        key = uuid.uuid4()
        answer = client.post(f"{BASE}/export/?{link}", {"rate": "500", "key": str(key)})
        job = ItemJob.objects.get(request_key=key)
        assert answer.headers["Location"] == path_of(job)
        assert ["index", "by-kind"] in job.goal["query"]
        assert ["value", "5"] in job.goal["query"]
        assert (job.rate, job.asked_by, job.kind) == (500, alice, JobKind.EXPORT)
        client.post(f"{BASE}/export/?{link}", {"rate": "500", "key": str(key)})
        assert ItemJob.objects.count() == 1

    def test_pitfall_09_a_count_says_what_is_known_and_what_an_exact_one_takes(
        self, table: Table, alice: User, client_of: SignIn
    ) -> None:
        client = client_of(alice)
        text = rows.page(client, f"{BASE}/count/")
        assert "DynamoDB's own count, ≈ 1,000,000, is up to six hours old." in text
        assert "≈ $0.03" in text
        client.post(f"{BASE}/count/", {"rate": "100", "key": str(uuid.uuid4())})
        assert ItemJob.objects.get().kind == JobKind.COUNT

    def test_a_query_that_cannot_be_asked_is_said(self, table: Table, alice: User, client_of: SignIn) -> None:
        text = rows.page(client_of(alice), f"{BASE}/export/?index=gone", status=422)
        assert "has no index “gone”" in text
        assert "Change the query" in text

    def test_a_rate_that_is_not_offered_is_refused(self, table: Table, alice: User, client_of: SignIn) -> None:
        answer = client_of(alice).post(f"{BASE}/export/", {"rate": "999999", "key": str(uuid.uuid4())})
        assert answer.status_code == 422
        assert not ItemJob.objects.exists()

    def test_jobs_are_a_click_away_from_home_and_from_the_tables(
        self, table: Table, dev: Environment, alice: User, bob: User, client_of: SignIn
    ) -> None:
        assert "Jobs on items" not in rows.page(client_of(bob), "/")
        job_of(dev, alice, JobStatus.RUNNING)
        home = rows.page(client_of(bob), "/")
        assert '<a href="/jobs/?who=all">Jobs on items</a>' in home
        assert '<a href="/jobs/">Jobs</a>' in rows.page(client_of(bob), "/tables/")

    def test_the_rail_says_tables_wherever_items_are_altered(
        self, table: Table, alice: User, client_of: SignIn
    ) -> None:
        here = re.compile(r'<a href="/tables/" title="Tables" aria-current="page">')
        for page in ("", "new/", "import/", "delete-items/", "copy-items/", "jobs/"):
            assert here.search(rows.page(client_of(alice), f"{BASE}/{page}{'?ask=1' if not page else ''}")), page

    def test_pitfall_35_prod_offers_no_scan(
        self, table: Table, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        Environment.objects.update(stage="prod")
        client = client_of(alice)
        for act in ("export", "count"):
            text = rows.page(client, f"{BASE}/{act}/")
            assert "Tables of prod are queried, never scanned: a scan reads everything." in text
            assert '<form class="form"' not in text
            answer = client.post(f"{BASE}/{act}/", {"rate": "100", "key": str(uuid.uuid4())})
            assert answer.status_code == 403
        assert not ItemJob.objects.exists()
        assert "tables of prod are never scanned, not even to count" in rows.page(client, f"{BASE}/count/?pk=u1")
        assert "What is hidden in this environment is hidden in the file." in rows.page(client, f"{BASE}/export/?pk=u1")

    def test_pitfall_42_another_environments_table_is_not_there(
        self, table: Table, bob: User, alice: User, client_of: SignIn
    ) -> None:
        rows.environment(bob, "dev-bob")
        for page in ("export", "count"):
            path = f"/environments/hello-erlang/dev-bob/tables/{NAME}/{page}/"
            assert client_of(alice).get(path).status_code == 404
            assert client_of(alice).post(path, {"rate": "100"}).status_code == 404

    def test_pitfall_40_every_post_needs_its_token(self, table: Table, dev: Environment, alice: User) -> None:
        job = job_of(dev, alice)
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(alice)
        paths = [f"{BASE}/export/", f"{BASE}/count/"]
        paths += [path_of(job, act) for act in ("cancel/", "resume/", "again/", "remove/", "download/")]
        for path in paths:
            assert strict.post(path, {"rate": "100"}).status_code == 403
            assert Client().post(path).status_code == 302  # to sign in
        assert ItemJob.objects.count() == 1
        assert not DownloadTicket.objects.exists()

    def test_a_table_that_nothing_was_counted_in_says_so(self, table: Table, alice: User, client_of: SignIn) -> None:
        Table.objects.update(item_count=0, size_bytes=0)
        assert "What this scan takes is not known" in rows.page(client_of(alice), f"{BASE}/export/")


class TestJob:
    """The page of one job, and its live part."""

    def test_progress(self, table: Table, dev: Environment, alice: User, client_of: SignIn) -> None:
        job = job_of(dev, alice, JobStatus.RUNNING, capacity="10.5", waiting_for="Try 2: DynamoDB throttles.", tries=2)
        text = rows.page(client_of(alice), path_of(job))
        for shown in (
            'value="40"',
            "2 items so far. About 40 %.",
            "left.",
            "10.5 units",
            "Try 2: DynamoDB",
            "Next at",
        ):
            assert shown in text
        assert f'hx-get="{path_of(job, "live/")}?seen=' in text
        assert 'hx-trigger="every 2s, refresh"' in text
        assert "data-live" in text
        assert ">Cancel</button>" in text
        assert "Download" not in text

    def test_live_answers_only_what_is_new_and_ends(
        self, table: Table, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        job, client = job_of(dev, alice, JobStatus.RUNNING), client_of(alice)
        text = rows.page(client, path_of(job))
        link = text.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
        headers = {"HX-Request": "true"}
        assert client.get(link, headers=headers).status_code == 204
        ItemJob.objects.update(done=3)
        moved = client.get(link, headers=headers).content.decode()
        assert "3 items so far" in moved
        assert "job-files" not in moved
        ItemJob.objects.update(status=JobStatus.SUCCEEDED, finished_at=timezone.now(), next_check_at=None)
        ended = client.get(link, headers=headers).content.decode()
        assert 'id="job-files" hx-swap-oob="true"' in ended
        assert "hx-trigger" not in ended
        assert client.get(link).status_code == 302  # without htmx: the page itself

    def test_a_failure_says_what_happened_and_offers_to_go_on(
        self, table: Table, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        problem = {"sentence": "AWS does not allow Scan.", "advice": "Then resume.", "raw": "<b>x", "resume": True}
        job = job_of(dev, alice, JobStatus.FAILED, problem=problem)
        text = rows.page(client_of(alice), path_of(job))
        assert "AWS does not allow Scan." in text
        assert "Resume</button>" in text
        assert "&lt;b&gt;x" in text
        assert "The job did not come to its end" in text

    def test_cancel_resume_and_anew(self, table: Table, dev: Environment, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        job = job_of(dev, alice, JobStatus.RUNNING)
        assert client.post(path_of(job, "cancel/")).headers["Location"] == path_of(job)
        job.refresh_from_db()
        assert job.cancel_asked
        assert "Ends at its next call." in rows.page(client, path_of(job))
        ItemJob.objects.update(status=JobStatus.CANCELLED, cancel_asked=False, finished_at=timezone.now())
        client.post(path_of(job, "resume/"))
        job.refresh_from_db()
        assert job.status == JobStatus.QUEUED
        assert "The job is still under way." in client.post(path_of(job, "again/"), follow=True).content.decode()
        ItemJob.objects.update(status=JobStatus.SUCCEEDED, next_check_at=None)
        client.post(path_of(job, "again/"))
        assert ItemJob.objects.count() == 2

    def test_others_look_and_touch_nothing(self, table: Table, bob: User, ada: User, client_of: SignIn) -> None:
        dev = table.environment
        assert dev is not None
        job = job_of(dev, dev.owner, JobStatus.RUNNING)
        text = rows.page(client_of(bob), path_of(job))
        assert "alice asked for this job. Ask them, or an admin." in text
        assert ">Cancel</button>" not in text
        assert client_of(bob).post(path_of(job, "cancel/")).status_code == 403
        assert client_of(ada).post(path_of(job, "cancel/")).status_code == 302

    def test_pitfall_42_a_job_is_reached_through_its_own_environment_and_table(
        self, table: Table, dev: Environment, alice: User, bob: User, client_of: SignIn
    ) -> None:
        job, client = job_of(dev, alice), client_of(alice)
        rows.environment(bob, "dev-bob")
        assert client.get(path_of(job).replace("dev-alice/", "dev-bob/")).status_code == 404
        assert client.get(path_of(job).replace(NAME, "another")).status_code == 404

    def test_it_stays_readable_when_its_table_is_gone(
        self, table: Table, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        job = job_of(dev, alice)
        Table.objects.all().delete()
        assert "Export" in rows.page(client_of(alice), path_of(job))

    def test_pitfall_38_names_and_values_are_text(
        self, table: Table, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        hostile = '"><svg onload=alert(1)>'
        job = job_of(dev, alice, goal={"query": [["pk", hostile]], "segments": 1}, reason=hostile)
        text = rows.page(client_of(alice), path_of(job))
        assert "<svg onload" not in text
        assert "&quot;&gt;&lt;svg onload=alert(1)&gt;" in text

    def test_a_count_says_its_number(self, table: Table, dev: Environment, alice: User, client_of: SignIn) -> None:
        job = job_of(dev, alice, kind=JobKind.COUNT, done=41_203)
        assert "Exactly 41,203 items." in rows.page(client_of(alice), path_of(job))


class TestDownloading:
    """Pitfalls 39, 41 and 43."""

    def test_pitfall_43_one_click_one_download(
        self, table: Table, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        job, client = job_of(dev, alice), client_of(alice)
        link = client.post(path_of(job, "download/"), {"form": "ndjson"}).headers["Location"]
        answer = client.get(link)
        assert text_of(answer).encode() == LINES
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="{NAME}-export-')
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        again = client.get(link)
        assert again.status_code == 410
        assert "This link was used already" in again.content.decode()
        assert AuditEntry.objects.filter(verb="job_download", by=alice).count() == 1

    def test_pitfall_43_a_link_is_mine_and_soon(
        self, table: Table, dev: Environment, alice: User, ada: User, client_of: SignIn
    ) -> None:
        job, client = job_of(dev, alice), client_of(alice)
        link = client.post(path_of(job, "download/"), {"form": "csv"}).headers["Location"]
        assert client_of(ada).get(link).status_code == 404
        assert Client().get(link).status_code == 302
        assert client.head(link).status_code == 405  # a preview does not use it up
        DownloadTicket.objects.update(expires_at=timezone.now())
        late = client.get(link)
        assert late.status_code == 410
        assert "older than five minutes" in late.content.decode()
        assert client.get(link.rsplit(".", 1)[0] + ".x/").status_code == 404

    def test_pitfall_39_a_csv_runs_nothing_and_keeps_numbers(
        self, table: Table, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        job, client = job_of(dev, alice), client_of(alice)
        answer = client.get(client.post(path_of(job, "download/"), {"form": "csv"}).headers["Location"])
        assert text_of(answer) == "\ufeffid,n:N\r\n'=1+1,-5\r\nb,1318796827993409899\r\n"
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"

    def test_plain_json_keeps_every_digit(self, table: Table, dev: Environment, alice: User, client_of: SignIn) -> None:
        job, client = job_of(dev, alice), client_of(alice)
        answer = client.get(client.post(path_of(job, "download/"), {"form": "json"}).headers["Location"])
        assert text_of(answer).splitlines()[1] == '{"id":"b","n":1318796827993409899}'

    def test_others_are_told_whose_it_is(
        self, table: Table, dev: Environment, alice: User, ada: User, client_of: SignIn
    ) -> None:
        job = job_of(dev, alice)
        assert "its file is theirs" in rows.page(client_of(ada), path_of(job))
        assert client_of(ada).post(path_of(job, "download/"), {"form": "csv"}).status_code == 403
        assert not DownloadTicket.objects.exists()

    def test_an_expired_file_and_a_made_up_form_are_said(
        self, table: Table, dev: Environment, alice: User, client_of: SignIn
    ) -> None:
        job, client = job_of(dev, alice), client_of(alice)
        text = client.post(path_of(job, "download/"), {"form": "exe"}, follow=True).content.decode()
        assert "There is no such form of file." in text
        ItemJob.objects.update(expires_at=timezone.now())
        assert "Files are kept for a day" in rows.page(client, path_of(job))
        text = client.post(path_of(job, "download/"), {"form": "csv"}, follow=True).content.decode()
        assert "Start it anew." in text

    def test_removing(self, table: Table, dev: Environment, alice: User, client_of: SignIn) -> None:
        job, client = job_of(dev, alice), client_of(alice)
        assert "The file is removed." in client.post(path_of(job, "remove/"), follow=True).content.decode()
        assert not job.chunks.exists()


class TestLists:
    """Jobs of a table, mine, everybody's."""

    def test_of_a_table(self, table: Table, dev: Environment, alice: User, client_of: SignIn) -> None:
        client = client_of(alice)
        assert "No job so far" in rows.page(client, f"{BASE}/jobs/")
        job = job_of(dev, alice, JobStatus.RUNNING)
        text = rows.page(client, f"{BASE}/jobs/")
        assert f'href="{path_of(job)}"' in text
        assert "40 %" in text

    def test_mine_and_everybodys(
        self, table: Table, dev: Environment, alice: User, bob: User, client_of: SignIn
    ) -> None:
        job = job_of(dev, alice)
        assert path_of(job) in rows.page(client_of(alice), "/jobs/")
        assert path_of(job) not in rows.page(client_of(bob), "/jobs/")
        assert path_of(job) in rows.page(client_of(bob), "/jobs/?who=all")

    def test_queries_do_not_grow_with_the_list(
        self,
        table: Table,
        dev: Environment,
        alice: User,
        client_of: SignIn,
        django_assert_max_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client = client_of(alice)
        for _ in range(30):
            job_of(dev, alice)
        rows.page(client, "/jobs/")
        with django_assert_max_num_queries(9):
            rows.page(client, "/jobs/")
        with django_assert_max_num_queries(14):
            rows.page(client, path_of(ItemJob.objects.all()[0]))
