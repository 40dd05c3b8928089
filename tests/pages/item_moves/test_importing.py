"""Importing, deleting and putting back, click by click; what is refused, and what is said."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts.models import User
from provisioning.engine.jobs.chunks import Purpose
from provisioning.engine.jobs.entries import UNSURE
from provisioning.engine.jobs.working import work_on
from provisioning.engine.reconcile import reconcile
from provisioning.lifecycle import ChangeKind, JobStatus
from provisioning.models import Account, AuditEntry, Change, ItemJob, JobChunk

from ..tables.scene import message
from .mover import Mover, file_of, kept, words

HOSTILE = ["<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "</script><script>alert(1)</script>"]
ClientOf = Callable[[User], Client]


def decided(decider: Client, job: ItemJob, act: str = "approve/") -> ItemJob:
    """A held job once somebody has decided about its change, and workers have brought both to their end."""
    assert job.change_id is not None
    for _ in range(3):
        reconcile(job.change_id)
    change = Change.objects.get(pk=job.change_id)
    decider.post(f"/changes/{change.pk}/{act}", {"digest": change.plan_digest, "run": "now", "comment": "Read it"})
    for _ in range(6):
        Change.objects.filter(pk=change.pk, next_check_at__isnull=False).update(next_check_at=timezone.now())
        reconcile(change.pk)
        work_on(job.pk)
    return ItemJob.objects.get(pk=job.pk)


def test_import_delete_and_put_back(mover: Mover) -> None:
    before = mover.there()
    dry = mover.came_of(mover.upload(file_of(*mover.more(5), message(0), message(1, text={"S": "other"}))))
    page = words(mover.get("item_job", dry))
    assert "Read the report and import" in page
    assert "Nothing has been written." in page
    assert mover.there() == before

    report = words(mover.get("table_import_run", dry))
    assert "Only new items: 5 items, ≈ 10 write units" in report
    assert "New items, and over those that are there: 6 items" in report
    assert "7 There is an item with this key already. m001" in report
    done = mover.came_of(mover.post("table_import_run", dry, mode="over"))
    assert (done.done, done.skipped) == (6, 1)
    assert len(mover.there()) == 65
    assert "Put them back…" in words(mover.get("item_job", done))

    asked = words(mover.get("item_job_put_back", done))
    assert "1 item that the job wrote over is put back as it was" in asked
    assert "5 items that the job made are deleted again" in asked
    back = mover.came_of(mover.post("item_job_put_back", done))
    assert (back.done, mover.there()) == (6, before)
    assert "Put back" in words(mover.get("item_jobs"))
    assert "Take this back…" in words(mover.get("item_job", back))

    mover.came_of(mover.post("item_job_put_back", back))
    assert len(mover.there()) == 65

    frozen = mover.came_of(mover.post("table_delete_items", query="?path=id&op=begins-with&type=S&value=m10&to="))
    listed = words(mover.get("table_delete_run", frozen))
    assert "Delete 5 items" in listed
    assert "m100" in listed
    assert "≈ 10 write units" in listed
    deleted = mover.came_of(mover.post("table_delete_run", frozen, typed="5"))
    assert (deleted.done, len(mover.there())) == (5, 60)

    again = mover.came_of(mover.post("item_job_put_back", deleted))
    assert again.done == 5
    assert len(mover.there()) == 65
    assert "It was put back already." in words(mover.get("item_job_put_back", deleted))


def test_what_may_have_been_somebody_else_is_put_back_only_where_it_is_ticked(mover: Mover) -> None:
    frozen = mover.came_of(mover.post("table_delete_items", query="?pk=m001"))
    done = mover.came_of(mover.post("table_delete_run", frozen, typed="1"))
    (left,) = kept(done)
    JobChunk.objects.filter(job=done, purpose=Purpose.UNDO).update(part=UNSURE)  # as a killed worker leaves it
    JobChunk.objects.filter(job=done, purpose=Purpose.KEYS).update(part=UNSURE)
    page = words(mover.get("item_job_put_back", done))
    assert "Also 1 item of which is not known whether it was this job" in page
    refused = mover.post("item_job_put_back", done)
    assert refused.status_code == 422
    assert "Tick this to put them back." in words(refused)
    assert left not in mover.there()
    assert mover.came_of(mover.post("item_job_put_back", done, unsure="on")).done == 1
    assert left in mover.there()


class TestUpload:
    """The file."""

    def test_the_form_says_the_price_before_the_click(self, mover: Mover) -> None:
        page = words(mover.get("table_import"))
        assert "half a read unit for each item of up to 4 KB" in page
        assert "At most 50 MiB" in page

    @pytest.mark.parametrize(
        ("content", "name", "sentence"),
        [
            (b"", "a.json", "The file is empty."),
            (b"\x1f\x8b\x08", "a.json.gz", "The file is compressed."),
            (b"name,text\na,b\n", "a.csv", "“id”, a key, is not among them."),
        ],
    )
    def test_what_is_no_file_of_items(self, mover: Mover, content: bytes, name: str, sentence: str) -> None:
        answer = mover.upload(content, name)
        assert answer.status_code == 422
        assert sentence in words(answer)
        assert not ItemJob.objects.exists()

    def test_a_large_one_is_let_go_while_it_comes(self, mover: Mover, settings: Any) -> None:
        settings.IMPORT_MOST_MIB = 1
        answer = mover.upload(b"x" * (3 * 1024 * 1024))
        assert answer.status_code == 422
        assert "The file is larger than 1 MiB. Split it." in words(answer)
        assert not ItemJob.objects.exists()

    def test_no_file_at_all(self, mover: Mover) -> None:
        assert "This field is required" in words(mover.post("table_import"))

    def test_two_clicks_are_one_dry_run(self, mover: Mover) -> None:
        key = "6f1c9a52-2f63-4dc6-8f3c-6a2f4d0a2a11"
        first, second = (mover.upload(file_of(message(1)), key=key) for _ in range(2))
        assert first["Location"] == second["Location"]
        assert ItemJob.objects.count() == 1


class TestReport:
    """Line by line."""

    @pytest.mark.parametrize("text", HOSTILE)
    def test_pitfall_38_hostile_values_are_only_text(self, mover: Mover, text: str) -> None:
        wrong = [{"id": {"S": text}, "timestamp": {"S": text}}, {"id": {"N": text}}, message(0, id={"S": text})]
        content = file_of(*wrong) + b'{"' + text.replace('"', '\\"').encode() + b'": 1}\n'
        mover.aws.client.put_item(TableName=mover.table.name, Item=message(0, id={"S": text}))
        dry = mover.came_of(mover.upload(content, f"{text[:20]}.ndjson"))
        for page in (mover.get("table_import_run", dry), mover.get("item_job", dry), mover.get("item_job_report", dry)):
            body = page.content.decode()
            assert page.status_code == 200
            assert text not in body
            assert "no-store" in page["Cache-Control"]

    def test_it_comes_in_parts(self, mover: Mover) -> None:
        dry = mover.came_of(mover.upload(b'{"id":{"S":"x"}}\n' + b"nope\n" * 250))
        first = words(mover.get("item_job_report", dry))
        assert "1–100 of 250 lines" in first
        assert "Page 1 of 3" in first
        last = words(mover.get("item_job_report", dry, "?page=3"))
        assert "201–250 of 250 lines" in last
        assert "251 This is not JSON" in last

    def test_pitfall_39_and_as_a_file(self, mover: Mover) -> None:
        dry = mover.came_of(mover.upload(file_of(message(0, id={"S": "=1+1"}), message(0, id={"S": "=1+1"}))))
        assert mover.browser.get(mover.address("item_job_report_file", dry)).status_code == 405
        answer = mover.browser.post(mover.address("item_job_report_file", dry))
        content = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]  # it streams
        assert content == 'line,key,what\r\n2,\'=1+1,"The same key as in line 1, which counts."\r\n'
        assert "attachment" in answer["Content-Disposition"]
        assert "no-store" in answer["Cache-Control"]

    def test_it_is_for_who_asked(self, mover: Mover, ada: User, client_of: ClientOf) -> None:
        dry = mover.came_of(mover.upload(b'{"id":{"S":"x"}}\n{"id":{"S":"a"},"timestamp":{"N":"private"}}\n'))
        admin = client_of(ada)
        for name in ("item_job_report", "table_import_run"):
            answer = admin.get(mover.address(name, dry), follow=True)
            assert "its report is theirs" in answer.content.decode()
            assert "private" not in answer.content.decode()
        answer = admin.post(mover.address("item_job_report_file", dry), follow=True)
        assert "private" not in answer.content.decode()

    def test_other_jobs_have_no_such_page(self, mover: Mover) -> None:
        frozen = mover.came_of(mover.post("table_delete_items", query="?pk=m001"))
        assert mover.get("table_import_run", frozen).status_code == 302
        dry = mover.came_of(mover.upload(file_of(message(0))))
        assert mover.get("table_delete_run", dry).status_code == 302


class TestRights:
    """Who may, and where."""

    @pytest.mark.parametrize("name", ["table_import", "table_delete_items", "table_copy_items"])
    def test_pitfall_40_auditors_and_strangers_may_not(
        self, mover: Mover, audrey: User, bob: User, client_of: ClientOf, name: str
    ) -> None:
        for method in ("get", "post"):
            assert getattr(client_of(audrey), method)(mover.address(name)).status_code == 403
        stranger = Mover(client_of(bob), mover.table, mover.aws)  # dev-alice is alice's own
        assert stranger.upload(file_of(message(200))).status_code == 403
        assert stranger.post("table_delete_items", query="?pk=m001").status_code == 403
        assert stranger.post("table_delete_items", token=["x"]).status_code == 403
        assert not ItemJob.objects.exists()
        assert "belongs to alice" in words(stranger.get("table_import"))

    def test_pitfall_40_no_click_from_elsewhere(self, mover: Mover, alice: User) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(alice)
        dry = mover.came_of(mover.upload(file_of(*mover.more(1))))
        frozen = mover.came_of(mover.post("table_delete_items", query="?pk=m001"))
        for name, job in (
            ("table_import", None),
            ("table_import_run", dry),
            ("table_delete_items", None),
            ("table_delete_run", frozen),
            ("table_copy_items", None),
            ("item_job_put_back", dry),
            ("item_job_report_file", dry),
        ):
            assert strict.post(mover.address(name, job), {"mode": "new", "typed": "1", "rate": 1}).status_code == 403
        assert ItemJob.objects.count() == 2
        assert len(mover.there()) == 60

    def test_pitfall_42_another_environments_job_is_not_found(self, mover: Mover, prod: Mover) -> None:
        dry = mover.came_of(mover.upload(file_of(*mover.more(1))))
        address = mover.address("table_import_run", dry).replace("dev-alice/", "prod/", 1)
        assert mover.browser.get(address).status_code == 404
        assert mover.browser.post(address, {"mode": "new"}).status_code == 404


class TestProd:
    """In prod a second person decides."""

    def test_an_import_is_asked_for_as_a_change(self, prod: Mover) -> None:
        dry = prod.came_of(prod.upload(file_of(*prod.more(2))))
        page = words(prod.get("table_import_run", dry))
        assert "Ask for this change" in page
        assert "Needs 1 approval by admins" in page
        missing = prod.post("table_import_run", dry, mode="new")
        assert missing.status_code == 422
        assert "Say why." in words(missing)
        answer = prod.post("table_import_run", dry, mode="new", reason="Two messages were lost")
        change = Change.objects.get()
        assert (change.kind, change.reason) == (ChangeKind.WRITE_ITEMS, "Two messages were lost")
        assert answer["Location"] == f"/changes/{change.pk}/"
        held = ItemJob.objects.get(change=change)
        assert (held.status, held.next_check_at, held.goal["of"]) == (JobStatus.QUEUED, None, str(dry.pk))
        assert len(prod.there()) == 60
        assert "It is being run now." in words(prod.get("table_import_run", dry))

    def test_from_the_file_to_the_items_by_two_people(self, prod: Mover, ada: User, client_of: ClientOf) -> None:
        Account.objects.update(facts_at=timezone.now())
        dry = prod.came_of(prod.upload(file_of(*prod.more(2), message(0, content={"S": "from the file"}))))
        prod.post("table_import_run", dry, mode="over", reason="Two messages were lost")
        done = decided(client_of(ada), ItemJob.objects.get(change__isnull=False))
        assert (done.status, done.done, done.skipped) == (JobStatus.SUCCEEDED, 3, 0)
        assert len(prod.there()) == 62

        prod.post("item_job_put_back", done, reason="It was the wrong file")
        back = decided(client_of(ada), ItemJob.objects.get(change__isnull=False, goal__mode="back"))
        assert back.done == 3
        plan = back.change.plan["impact"] if back.change and back.change.plan else {}
        assert "1 item is put back as before the job and 2 items are deleted that it had made" in plan["sentence"]
        assert plan["lines"][0]["effect"] == "items of it are deleted"
        assert len(prod.there()) == 60
        assert "from the file" not in str(prod.there())

        frozen = prod.came_of(prod.post("table_delete_items", query="?pk=m001"))
        prod.post("table_delete_run", frozen, typed="prod", reason="A test message")
        assert decided(client_of(ada), ItemJob.objects.get(change__isnull=False, kind="delete")).done == 1
        assert len(prod.there()) == 59

    def test_what_nobody_agrees_to_is_not_written(self, prod: Mover, ada: User, client_of: ClientOf) -> None:
        Account.objects.update(facts_at=timezone.now())
        dry = prod.came_of(prod.upload(file_of(*prod.more(2))))
        prod.post("table_import_run", dry, mode="new", reason="Two messages were lost")
        job = decided(client_of(ada), ItemJob.objects.get(change__isnull=False), "reject/")
        assert job.status == JobStatus.CANCELLED
        assert len(prod.there()) == 60
        assert "Ask for this change" in words(prod.get("table_import_run", dry))  # it may be asked for again

    def test_a_deletion_too_and_never_by_a_scan(self, prod: Mover) -> None:
        assert prod.post("table_delete_items").status_code == 403
        assert "never scanned" in words(prod.get("table_delete_items"))
        frozen = prod.came_of(prod.post("table_delete_items", query="?pk=m001"))
        prod.post("table_delete_run", frozen, typed="1", reason="A test message")
        assert Change.objects.get().kind == ChangeKind.WRITE_ITEMS
        assert len(prod.there()) == 60

    def test_what_is_kept_for_a_change_outlives_a_month(self, prod: Mover) -> None:
        dry = prod.came_of(prod.upload(file_of(*prod.more(2))))
        prod.post("table_import_run", dry, mode="new", reason="Why not")
        dry.refresh_from_db()
        assert dry.expires_at is not None
        assert (dry.expires_at - dry.asked_at).days >= 30


def test_what_is_uploaded_is_in_no_row_as_it_is(mover: Mover) -> None:
    mover.came_of(mover.upload(file_of(message(200, mail={"S": "someone@example.org"}))))
    assert all(b"someone" not in bytes(chunk.content) for chunk in JobChunk.objects.all())
    assert "someone" not in str([(job.goal, job.expected, job.report) for job in ItemJob.objects.all()])
    assert "someone" not in str([(entry.summary, entry.detail) for entry in AuditEntry.objects.all()])
