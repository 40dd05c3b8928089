"""What the API tells: applications, environments, changes, the audit; page by page, and only when it is news."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.accounts.models import User
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeKind, ChangeStatus, StackKind, StepState, Verdict
from provisioning.models import Account, AuditEntry, Change, Decision, Environment, Event, Step

from .. import rows
from ..change_rows import PROBLEM, planned, resource
from .program import Program, program_of

GONE = uuid.UUID(int=7)


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def names(program: Program, path: str, key: str = "name") -> list[str]:
    """One fact of every row of a list, over all its pages."""
    found: list[str] = []
    sign, cursor = "&" if "?" in path else "?", ""
    while True:
        page = program.get(f"{path}{sign}cursor={cursor}")
        found += [row[key] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


class TestApplications:
    """The catalogue."""

    def test_the_list(self, program: Program) -> None:
        found = program.get("/applications")["items"]
        assert [one["slug"] for one in found] == sorted(library().blueprints)

    def test_one(self, program: Program) -> None:
        found = program.get("/applications/fileshare")
        assert found["parameter_path"] == "/fileshare/{environment}/"
        assert [one["key"] for one in found["flags"]] == ["use_dynamodb"]
        prod = next(one for one in found["policies"] if one["stage"] == "prod")
        assert prod["approvals"] >= 1
        assert {"data", "compute"} >= {one["stack"] for one in found["parameters"]} != set()

    def test_none(self, program: Program) -> None:
        assert program.get("/applications/nothing", 404)["detail"] == "There is no application called nothing."


class TestEnvironments:
    """Environments."""

    def test_the_list_and_its_filters(self, account: Account, alice: User, bob: User, program: Program) -> None:
        for owner, name, application in (
            (alice, "dev", "fileshare"),
            (alice, "prod", "fileshare"),
            (bob, "dev", "hello-erlang"),
        ):
            rows.environment(owner, name, application)
        rows.environment(bob, "dev-bob", status="removed")
        assert names(program, "/environments?limit=1") == ["dev", "prod", "dev"]
        assert names(program, "/environments?application=fileshare") == ["dev", "prod"]
        assert names(program, "/environments?stage=prod") == ["prod"]
        assert names(program, "/environments?owner=bob&status=any") == ["dev", "dev-bob"]
        assert names(program, "/environments?status=removed") == ["dev-bob"]
        assert names(program, "/environments?q=fileshare/prod") == ["prod"]

    def test_one(self, dev: Environment, alice: User, program: Program) -> None:
        rows.outputs(dev, StackKind.DATA, MessagesTable="messages")
        change = rows.change(dev, alice, ChangeStatus.RUNNING)
        found = program.get("/environments/hello-erlang/dev-alice")
        assert found["owner"] == "alice"
        assert found["monthly_cost"] == "34.99"
        assert found["open_change"] == str(change.pk)
        assert [stack["kind"] for stack in found["stacks"]] == ["data", "compute"]
        assert found["stacks"][0]["outputs"][0]["key"] == "MessagesTable"

    def test_none(self, dev: Environment, program: Program) -> None:
        program.get("/environments/fileshare/dev-alice", 404)
        program.get("/environments/hello-erlang/dev", 404)
        program.get("/environments/hello-erlang/dev-alice/nothing", 404)

    def test_its_configuration(self, dev: Environment, program: Program) -> None:
        rows.outputs(dev, StackKind.DATA, MessagesTableName="messages")
        found = program.get("/environments/hello-erlang/dev-alice/outputs")
        assert found["values"]["AWS_REGION"] == "us-east-1"
        assert found["complete"] is (found["missing"] == {})
        for name, sign in (("dotenv", "AWS_REGION=us-east-1"), ("shell", "export AWS_REGION="), ("erlang", "{aws, [")):
            answer = program.ask("GET", f"/environments/hello-erlang/dev-alice/outputs?format={name}")
            assert answer["Content-Type"] == "text/plain; charset=utf-8"
            assert sign in answer.content.decode()
        formats = list(AuditEntry.objects.order_by("pk").values_list("detail__format", flat=True))
        assert [one for one in formats if one] == ["json", "dotenv", "shell", "erlang"]

    def test_a_format_that_is_not_offered(self, account: Account, alice: User, program: Program) -> None:
        rows.environment(alice, "dev", "fileshare")
        refused = program.get("/environments/fileshare/dev/outputs?format=erlang", 409)
        assert refused["code"] == "no-format"
        wrong = program.get("/environments/fileshare/dev/outputs?format=xml", 422)
        assert list(wrong["fields"]) == ["format"]


class TestChanges:
    """Changes."""

    def test_the_list_and_its_filters(self, dev: Environment, alice: User, ada: User, program: Program) -> None:
        shared = rows.environment(alice, "dev")
        ids = [
            str(rows.change(place, by, status, kind, ago=ago, reason=why).pk)
            for place, by, status, kind, ago, why in (
                (dev, alice, ChangeStatus.SUCCEEDED, ChangeKind.CREATE, 30, "spring"),
                (dev, alice, ChangeStatus.FAILED, ChangeKind.UPDATE, 20, "summer"),
                (shared, ada, ChangeStatus.RUNNING, ChangeKind.PARK, 10, "autumn"),
            )
        ]
        assert names(program, "/changes?limit=1", "id") == ids[::-1]
        assert names(program, "/changes?whose=mine", "id") == [ids[1], ids[0]]
        assert names(program, "/changes?status=open", "id") == [ids[2]]
        assert names(program, "/changes?status=failed", "id") == [ids[1]]
        assert names(program, "/changes?kind=create", "id") == [ids[0]]
        assert names(program, "/changes?environment=hello-erlang/dev", "id") == [ids[2]]
        assert names(program, "/changes?q=summer", "id") == [ids[1]]
        assert program.get("/changes?status=nowhere", 422)["fields"].keys() == {"status"}

    def test_changes_of_the_same_moment_are_each_told_once(
        self, dev: Environment, alice: User, program: Program
    ) -> None:
        at = timezone.now().replace(microsecond=0)
        for _ in range(7):
            rows.change(dev, alice, ChangeStatus.SUCCEEDED)
        Change.objects.update(requested_at=at)
        found = names(program, "/changes?limit=2", "id")
        assert sorted(found) == sorted(str(pk) for pk in Change.objects.values_list("pk", flat=True))

    def test_what_comes_in_between_moves_no_page(self, dev: Environment, alice: User, program: Program) -> None:
        ids = [str(rows.change(dev, alice, ChangeStatus.SUCCEEDED, ago=ago).pk) for ago in (10, 20, 30)]
        first = program.get("/changes?limit=2")
        rows.change(dev, alice, ChangeStatus.SUCCEEDED)
        second = program.get(f"/changes?limit=2&cursor={first['next']}")
        assert [one["id"] for one in [*first["items"], *second["items"]]] == ids
        assert second["next"] is None

    @pytest.mark.parametrize("cursor", ["x", "WyJ4Il0", "eyJhIjoxfQ", "W10", "Ww", "é", "WyIyMDI2LTAxLTAxIiwieCJd"])
    def test_a_cursor_that_nobody_gave_out(self, program: Program, cursor: str) -> None:
        for path in ("/changes", "/environments", "/audit"):
            assert program.ask("GET", f"{path}?cursor={cursor}").status_code in {403, 422}
        assert program.get(f"/changes?cursor={cursor}", 422)["fields"].keys() == {"cursor"}

    def test_one_with_its_plan(self, dev: Environment, alice: User, ada: User, program: Program) -> None:
        change = planned(rows.change(dev, alice, ChangeStatus.FAILED, problem=PROBLEM), resource("MessagesTable"))
        Step.objects.create(change=change, name="ensure_plan", position=1, state=StepState.DONE)
        Decision.objects.create(
            change=change, plan_digest=change.plan_digest, by=ada, verdict=Verdict.APPROVED, at=timezone.now()
        )
        found = program.get(f"/changes/{change.pk}")
        assert found["digest"] == change.plan_digest
        assert found["plan"]["stacks"][0]["changes"][0]["logical_id"] == "MessagesTable"
        assert [one["name"] for one in found["steps"]] == ["ensure_plan"]
        assert [(one["by"], one["verdict"]) for one in found["decisions"]] == [("ada", "approved")]
        assert found["problem"]["sentence"] == "Group could not be created."

    def test_none(self, dev: Environment, program: Program) -> None:
        program.get(f"/changes/{GONE}", 404)
        program.get("/changes/not-an-id", 404)
        program.get(f"/changes/{GONE}/events", 404)

    def test_its_story_from_a_line_on(self, dev: Environment, alice: User, program: Program) -> None:
        change = rows.change(dev, alice, ChangeStatus.RUNNING)
        for status in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE_COMPLETE"):
            Event.objects.create(change=change, at=timezone.now(), logical_id="Table", status=status)
        path = f"/changes/{change.pk}/events"
        first = program.get(f"{path}?limit=2")
        assert [one["status"] for one in first["items"]] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
        rest = program.get(f"{path}?after={first['last']}")
        assert [one["status"] for one in rest["items"]] == ["UPDATE_COMPLETE"]
        assert not rest["over"]
        Change.objects.update(status=ChangeStatus.SUCCEEDED, finished_at=timezone.now())
        nothing = program.get(f"{path}?after={rest['last']}")
        assert nothing == {"items": [], "last": rest["last"], "over": True}


class TestAudit:
    """The audit."""

    def test_the_list_and_its_filters(self, dev: Environment, alice: User, audrey: User) -> None:
        program = program_of(audrey)
        for day, verb in ((1, "approve"), (2, "cancel"), (3, "approve")):
            at = datetime(2026, 3, day, 12, tzinfo=UTC)
            AuditEntry.objects.create(at=at, by=alice, verb=verb, environment=dev, summary=f"{verb} {day}")
        assert names(program, "/audit?person=alice&limit=1", "summary") == ["approve 3", "cancel 2", "approve 1"]
        assert names(program, "/audit?verb=approve", "summary") == ["approve 3", "approve 1"]
        assert names(program, "/audit?since=2026-03-02&until=2026-03-02", "summary") == ["cancel 2"]
        assert len(names(program, "/audit?until=9999-12-31", "summary")) == 4
        assert names(program, "/audit?environment=hello-erlang/dev&q=3", "summary") == ["approve 3"]

    def test_it_is_not_for_engineers(self, program: Program) -> None:
        assert program.get("/audit", 403)["detail"] == "Audit is for admins and auditors."


class TestWhatEveryAnswerHas:
    """ETags, limits, problems."""

    @pytest.mark.parametrize(
        "path", ["/applications", "/environments", "/environments/hello-erlang/dev-alice", "/changes"]
    )
    def test_what_one_has_is_not_sent_again(self, dev: Environment, program: Program, path: str) -> None:
        first = program.ask("GET", path)
        again = program.ask("GET", path, If_None_Match=first["ETag"])
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
        assert program.ask("GET", path, If_None_Match='"another"').status_code == 200

    def test_what_has_changed_is(self, dev: Environment, program: Program) -> None:
        first = program.ask("GET", "/environments/hello-erlang/dev-alice")
        dev.expires_at = timezone.now() + timedelta(days=1)
        dev.save()
        assert (
            program.ask("GET", "/environments/hello-erlang/dev-alice", If_None_Match=first["ETag"]).status_code == 200
        )

    def test_requests_of_a_token_are_counted(self, alice: User, bob: User, settings: Any) -> None:
        settings.API_REQUESTS_PER_MINUTE = 3
        program, other = program_of(alice), program_of(bob)
        left = [program.ask("GET", "/environments")["RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]
        answer = program.ask("GET", "/environments")
        assert answer.status_code == 429
        assert answer["RateLimit-Limit"] == "3"
        assert 0 < int(answer["Retry-After"]) <= 60
        assert other.ask("GET", "/environments").status_code == 200

    def test_nobody_else_may_keep_an_answer(self, program: Program) -> None:
        answer = program.ask("GET", "/environments")
        assert answer["Cache-Control"] == "private, no-cache"
        assert "Authorization" in answer["Vary"]
        assert not answer.cookies

    def test_a_method_that_an_address_does_not_take(self, program: Program) -> None:
        answer = program.ask("DELETE", "/environments")
        assert answer.status_code == 405
        assert answer["Content-Type"] == "application/problem+json"
        assert set(answer["Allow"].split(", ")) == {"GET", "POST"}

    @pytest.mark.parametrize("path", ["", "/", "/nothing", "/environments/", "/environments/a/b/c/d", "/a%0Ab"])
    def test_where_nothing_is(self, program: Program, path: str) -> None:
        assert program.ask("GET", path).status_code in {301, 404}
        if path:
            assert program.get(path, 404)["code"] == "not-found"

    @pytest.mark.parametrize(
        "path", ["/environments?q=%00", "/environments/%00/dev", "/changes?environment=a%00", "/changes?=x"]
    )
    def test_nul_and_values_without_a_name_are_refused(self, program: Program, path: str) -> None:
        assert program.get(path, 422)["code"] == "invalid"

    def test_a_query_that_is_wrong_names_its_fields(self, program: Program) -> None:
        found = program.get("/environments?limit=0&status=nowhere", 422)
        assert found["fields"]["limit"] == "Input should be greater than or equal to 1."
        assert found["code"] == "invalid"

    def test_a_filter_that_is_misspelt_finds_nothing_instead_of_everything(
        self, program: Program, dev: Environment
    ) -> None:
        found = program.get("/environments?stagee=prod&limit=5", 422)
        assert found["fields"] == {
            "stagee": "Nothing behind the ? of this address is called so. It takes cursor, limit, application, stage,"
            " status, owner, q."
        }
        found = program.get("/environments/hello-erlang/dev-alice?json=1", 422)
        assert found["fields"]["json"].endswith("It takes none.")

    def test_what_the_database_cannot_answer(self, program: Program, dev: Environment) -> None:
        """A row that says what no shape knows: an incident number, and nothing of the error itself."""
        Environment.objects.update(status="never heard of")
        found = program.get("/environments/hello-erlang/dev-alice", 500)
        assert found["code"] == "unexpected"
        assert found["incident"] in found["detail"]
        assert "never heard of" not in str(found)
