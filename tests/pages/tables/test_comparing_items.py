"""Comparing a table with the same one elsewhere: at once, in the background, and what is never told."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone
from fakes.as_aws import AsAws

from portal.accounts.models import User
from provisioning.engine.jobs.working import work_on
from provisioning.lifecycle import JobStatus
from provisioning.models import AuditEntry, Environment, ItemJob, Table

from .. import rows
from .scene import INDEX, MESSAGES, Explorer, keep, make_messages, message, put

SignIn = Callable[[User], Client]
OF_ALICE = {"index": INDEX, "pk": "alice"}


class Comparing(Explorer):
    """Somebody's browser on the page of a comparison."""

    @property
    def path(self) -> str:
        return f"{super().path}compare/"

    def compare(
        self, asked: Mapping[str, str] = OF_ALICE, *, other: str = "staging", expects: int = 200, **more: str
    ) -> "Comparing":
        """Compare now; the answer has the status that is expected."""
        self.open(f"{self.path}?{urlencode({'with': other, 'run': '1', **asked, **more})}", expects)
        return self

    def begin(self, other: str = "staging", status: int = 302, *, sent: Any = None, **asked: str) -> "Comparing":
        """Compare in the background."""
        address = f"{self.path}job/?{urlencode({'with': other, **asked})}"
        answer = self.client.post(address, {"key": str(uuid.uuid4()), "rate": "1000", "sample": "", **(sent or {})})
        assert answer.status_code == status
        self.text = answer.content.decode()
        return self

    def done(self) -> ItemJob:
        """The job that was begun, brought to its end."""
        job = ItemJob.objects.get()
        for _ in range(20):
            ItemJob.objects.filter(pk=job.pk).update(next_check_at=timezone.now())
            work_on(job.pk)
            job.refresh_from_db()
            if job.finished_at:
                break
        assert job.status == JobStatus.SUCCEEDED, job.problem
        return job


@pytest.fixture
def staging(alice: User, dev: Environment, aws: AsAws) -> Table:
    """hello-erlang's staging, whose messages are as those of dev-alice, but for a few."""
    environment = rows.environment(alice, "staging", stage="staging")
    table = make_messages(aws, environment, f"staging{MESSAGES}")
    aws.client.delete_item(TableName=table.name, Key={"id": {"S": "m001"}})
    put(
        aws,
        table.name,
        [message(2, text={"S": "Changed"}), message(3, timestamp={"N": "1003.0"}), message(4, text={"N": "4"})],
    )
    put(aws, table.name, [message(100)])
    return table


@pytest.fixture
def page(client_of: SignIn, alice: User, messages: Table, staging: Table) -> Comparing:
    """alice on the page that compares her messages."""
    return Comparing(client_of(alice), messages)


class TestNow:
    """A query, within one click."""

    def test_pitfall_16_what_differs_by_key_by_type_and_by_worth(self, page: Comparing, aws: AsAws) -> None:
        page.compare()
        assert "57 the same" in page.words
        assert "All 4 Different 2 Missing here 1 Only here 1" in page.words
        assert "text another type S Hello 4 N 4" in page.words.replace("“", "").replace('"', "")
        assert "Changed" in page.text
        assert "m003" not in page.text
        assert aws.calls["Query"] == 2

    def test_rows_lead_to_the_item_on_both_sides(self, page: Comparing, messages: Table, staging: Table) -> None:
        page.compare()
        assert page.text.count(f"/tables/{messages.name}/item/") == 3
        assert page.text.count(f"/tables/{staging.name}/item/") == 3

    def test_nothing_is_read_before_somebody_asks(self, page: Comparing, aws: AsAws) -> None:
        page.open()
        assert "Two scans · in the background only." in page.words
        page.open(f"{page.path}?{urlencode(OF_ALICE)}")
        assert "Two queries · now: ≤" in page.words
        assert not aws.calls

    def test_without_a_partition_it_is_left_to_the_background(self, page: Comparing, aws: AsAws) -> None:
        page.compare({})
        assert "in the background only" in page.words
        assert not aws.calls

    def test_the_price_follows_what_is_typed(self, page: Comparing, aws: AsAws) -> None:
        answer = page.client.get(f"{page.path}price/?{urlencode({'with': 'staging', **OF_ALICE})}")
        assert "Two queries" in answer.content.decode()
        assert not aws.calls

    def test_one_click_is_bounded_and_says_what_was_left_out(
        self, page: Comparing, aws: AsAws, messages: Table
    ) -> None:
        put(aws, messages.name, (message(number) for number in range(100, 1200)))
        page.compare()
        assert "There is more to read than one click does." in page.words
        assert aws.calls["Query"] == 5

    def test_filters_and_their_faults(self, page: Comparing) -> None:
        page.compare(path="text", op="=", type="S", value="Changed", to="")
        assert "Missing here 1" in page.words
        page.compare(path="text", op="=", type="N", value="x", to="")
        assert "Nothing was read. 1 thing to correct" in page.words

    def test_nothing_to_compare_with(self, client_of: SignIn, alice: User, messages: Table) -> None:
        assert "No other environment of this application" in Comparing(client_of(alice), messages).open().words

    def test_an_auditor_may_compare(self, page: Comparing, audrey: User, client_of: SignIn) -> None:
        assert "57 the same" in Comparing(client_of(audrey), page.table).compare().words

    def test_it_is_never_kept_by_a_browser(self, page: Comparing) -> None:
        answer = page.client.get(f"{page.path}?{urlencode({'with': 'staging', 'run': '1', **OF_ALICE})}")
        assert "no-store" in answer.headers["Cache-Control"]


class TestProd:
    """Prod: by queries, masked on both sides, and written down."""

    @pytest.fixture
    def prod_page(self, prod: Environment, aws: AsAws, messages: Table, client_of: SignIn, alice: User) -> Comparing:
        """alice compares with prod, where `content` is hidden."""
        table = make_messages(aws, prod, f"prod{MESSAGES}")
        put(aws, messages.name, [message(1, content={"S": "s3cret-same"}), message(2, content={"S": "s3cret-here"})])
        put(aws, table.name, [message(1, content={"S": "s3cret-same"}), message(2, content={"S": "s3cret-there"})])
        put(aws, table.name, [message(200, content={"S": "s3cret-only"})])
        aws.calls.clear()
        return Comparing(client_of(alice), messages)

    def test_pitfall_41_a_hidden_value_is_told_on_neither_side(self, prod_page: Comparing) -> None:
        prod_page.compare(other="prod")
        assert "s3cret" not in prod_page.text
        assert "content differs hidden hidden" in prod_page.words
        assert "59 the same" in prod_page.words
        assert AuditEntry.objects.get().detail["compared"] is True

    def test_pitfall_35_prod_is_not_scanned(self, prod_page: Comparing, aws: AsAws) -> None:
        prod_page.open(f"{prod_page.path}?with=prod")
        assert "never scanned" in prod_page.words
        prod_page.begin("prod", status=403)
        assert not ItemJob.objects.exists()
        assert not aws.calls

    def test_what_is_hidden_there_cannot_be_asked_for_here(self, prod_page: Comparing, aws: AsAws) -> None:
        prod_page.compare(other="prod", expects=403, path="content", op="begins-with", type="S", value="s", to="")
        assert "content is hidden" in prod_page.words
        assert not aws.calls

    def test_pitfall_41_a_job_keeps_and_shows_no_hidden_value(self, prod_page: Comparing) -> None:
        prod_page.begin("prod", index=INDEX, pk="alice")
        job = prod_page.done()
        prod_page.open(f"{prod_page.path}{job.pk}/")
        assert "59 the same" in prod_page.words
        assert "content differs hidden hidden" in prod_page.words
        assert "s3cret" not in prod_page.text


class TestBackground:
    """A job."""

    def test_everything_is_compared_and_shown_by_kind(self, page: Comparing) -> None:
        page.begin()
        job = page.done()
        assert {kind: job.report[kind] for kind in ("same", "different", "missing", "extra")} == {
            "same": 57,
            "different": 2,
            "missing": 1,
            "extra": 1,
        }
        page.open(f"{page.path}{job.pk}/")
        assert "Changed" in page.text
        page.open(f"{page.path}{job.pk}/?show=missing")
        assert "m100" in page.text
        assert "Changed" not in page.text
        own = Explorer(page.client, page.table).open(f"{page.path.removesuffix('compare/')}jobs/{job.pk}/")
        assert "Missing here 1, which only staging-hello-erlang-messages has" in own.words
        assert "Result as JSON lines" in own.words

    def test_pages_of_a_result(self, page: Comparing, aws: AsAws, staging: Table) -> None:
        put(aws, staging.name, (message(number) for number in range(200, 320)))
        page.begin()
        job = page.done()
        page.open(f"{page.path}{job.pk}/?show=missing")
        assert "From number 1 Next" in page.words
        page.open(f"{page.path}{job.pk}/?show=missing&page=2")
        assert "From number 101 Previous" in page.words

    def test_the_result_is_for_who_asked(self, page: Comparing, bob: User, client_of: SignIn) -> None:
        page.begin()
        job = page.done()
        Comparing(client_of(bob), page.table).open(f"{page.path}{job.pk}/", 403)

    def test_a_result_is_downloaded_once(self, page: Comparing) -> None:
        page.begin()
        job = page.done()
        where = f"{page.path.removesuffix('compare/')}jobs/{job.pk}/"
        address = page.client.post(f"{where}download/", {"form": "ndjson"}).headers["Location"]
        body = b"".join(page.client.get(address).streaming_content)  # type: ignore[attr-defined]  # it streams
        assert len(body.splitlines()) == 4
        assert page.client.get(address).status_code == 410

    def test_two_clicks_are_one_job(self, page: Comparing) -> None:
        key = str(uuid.uuid4())
        page.begin(sent={"key": key})
        page.begin(sent={"key": key})
        assert ItemJob.objects.count() == 1

    @pytest.mark.parametrize("sent", [{"sample": "0"}, {"sample": "x"}, {"rate": "7"}, {"key": "x"}])
    def test_what_cannot_be_meant_is_refused(self, page: Comparing, sent: dict[str, str]) -> None:
        page.begin(status=422, sent=sent)
        assert not ItemJob.objects.exists()

    def test_pitfall_40_without_the_forms_token_nothing_begins(self, alice: User, page: Comparing) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(alice)
        assert (
            client.post(f"{page.path}job/?with=staging", {"key": str(uuid.uuid4()), "rate": "1000"}).status_code == 403
        )


class TestReach:
    """Pitfall 42: only the same table of the same application."""

    def test_pitfall_42_an_environment_without_the_table_is_none(self, page: Comparing, prod: Environment) -> None:
        page.compare(other="prod")
        assert "the same" not in page.words
        page.begin("prod", status=422)
        page.begin("elsewhere", status=422)

    def test_pitfall_42_another_application_is_not_offered(self, page: Comparing, alice: User, aws: AsAws) -> None:
        other = rows.environment(alice, "dev", application="fileshare")
        aws.create_table(
            TableName="other",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        keep(aws, other, "other", logical_id="MessagesTable")
        assert 'value="dev"' not in page.open().text

    def test_pitfall_42_a_table_is_reached_through_its_own_environment(self, page: Comparing) -> None:
        for path in ("compare/", "compare/price/", f"compare/{uuid.uuid4()}/"):
            address = f"/environments/hello-erlang/staging/tables/{page.table.name}/{path}"
            assert page.client.get(address).status_code == 404


def test_pitfall_38_names_and_values_are_only_text(page: Comparing, aws: AsAws, staging: Table) -> None:
    ugly = '"><img src=x onerror=alert(1)></script>'
    put(aws, staging.name, [message(5, **{ugly: {"S": ugly}}), {**message(6), "id": {"S": ugly}}])
    page.compare()
    assert "<img src=x" not in page.text
    assert "&lt;img src=x" in page.text
