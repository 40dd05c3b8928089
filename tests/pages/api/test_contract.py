"""Every operation is asked what its description allows, and what it does not, and answers as the description says: no
crash, no undescribed status, no undescribed shape, nobody without a token. Made-up requests, always the same ones."""

import uuid
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.contrib.auth.models import Group
from django.core.wsgi import get_wsgi_application
from django.utils import timezone
from fakes.as_aws import AsAws, plain, reached
from fakes.item_tables import make_table, row_of
from hypothesis import HealthCheck, Phase
from moto import mock_aws
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from portal.accounts.models import User
from portal.pages import EVERYONE
from provisioning.lifecycle import ChangeStatus, JobKind, JobStatus, ScheduleStatus, StackKind
from provisioning.models import Account, Event, ItemJob, ParameterSchedule, SealedPlan

from .. import rows
from ..change_rows import planned, resource
from ..flags.scene import FLAG, parameter
from ..items.browser import ITEM
from ..releases.scene import release, versions
from .program import token_for


def no_crash(context: Any, response: Any, case: Any) -> bool | None:
    """Nobody's mistake here: AWS is away where these tests run, and saying so is described (503)."""
    if response.status_code == 503 and response.json()["code"] == "aws-busy":
        return None
    return not_a_server_error(context, response, case)


CHECKS = [
    no_crash,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
]
EXAMPLES = 12  # of each operation: the whole of it within a minute
CHANGE = uuid.UUID("00000000-0000-4000-8000-0000000000a1")
JOB = uuid.UUID("00000000-0000-4000-8000-0000000000b1")
TABLE = "dev-things"
NUMBERS = {"number": 1, "release": 1, "before": 1, "after": 2, "schedule": 1}
IDS = {"change_id": str(CHANGE), "job_id": str(JOB)}
THERE: dict[str, Any] = {"app": "fileshare", "name": "dev-alice", "key": FLAG, "table": TABLE, **IDS, **NUMBERS}
ITEM_KEYS = ['{"id":{"S":"a"},"at":{"N":"1"}}', '{"id":{"S":"b"},"at":{"N":"2"}}']

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


@schema.hook
def map_path_parameters(context: schemathesis.HookContext, path_parameters: dict[str, Any] | None) -> Any:
    """Mostly what is there: made-up names alone would never get past a 404. What is none at all stays so."""
    if not path_parameters or not all(_is_a_name(name, value) for name, value in path_parameters.items()):
        return path_parameters
    if sum(map(ord, str(path_parameters))) % 3 == 0:
        return path_parameters
    return path_parameters | {name: THERE[name] for name in path_parameters if name in THERE}


@schema.hook
def map_query(context: schemathesis.HookContext, query: dict[str, Any] | None) -> Any:
    """Mostly a key that the table has or could have: no made-up text is one."""
    key = (query or {}).get("key")
    if not query or not isinstance(key, str) or not 0 < len(key) <= 100 or not key.isprintable() or len(key) % 3 == 0:
        return query
    return query | {"key": ITEM_KEYS[len(key) % 2]}


def _is_a_name(name: str, value: object) -> bool:
    if name in NUMBERS:
        return isinstance(value, int) and value > 0
    if name not in IDS:
        return isinstance(value, str) and 0 < len(value) <= 100 and value.isprintable()
    try:
        return bool(uuid.UUID(str(value)))
    except ValueError:
        return False


@pytest.fixture
def aws(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsAws]:
    """DynamoDB as AWS is, with a table of one item; networks and parameters in moto."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    settings.ITEM_READS_PER_PERSON = settings.ITEM_READS_PER_TABLE = 0
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # hundreds of images that no test looks at
    with mock_aws():
        others = {name: plain(name) for name in ("ec2", "ssm")}
        with reached(settings, **others) as dynamodb:
            make_table(dynamodb, TABLE, items=[ITEM])
            yield dynamodb


@pytest.fixture
def token(account: Account, alice: User, settings: Any, aws: AsAws) -> str:
    """A token of somebody who may do everything, where there is something of each kind."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    alice.groups.set([Group.objects.get_or_create(name=name)[0] for name in sorted(EVERYONE)])
    dev = rows.environment(alice, "dev-alice", "fileshare", monthly_cost="34.99")
    rows.outputs(dev, StackKind.DATA, MessagesTableName="messages")
    flag = parameter(dev, FLAG)
    ParameterSchedule.objects.create(
        pk=1, parameter=flag, value="false", at=timezone.now(), status=ScheduleStatus.SUSPENDED, expected_version=1,
        by=alice, asked_at=timezone.now(),
    )  # fmt: skip
    release(dev, 1, alice, versions=versions(**{FLAG: (1, "true")}))
    release(dev, 2, alice, versions=versions(**{FLAG: (2, "false")}), stack_parameters={"ContainerImage": "shop:2"})
    row_of(dev, aws, TABLE)
    now = timezone.now()
    ItemJob.objects.create(
        id=JOB, environment=dev, table=TABLE, kind=JobKind.EXPORT, status=JobStatus.SUCCEEDED, asked_by=alice,
        asked_at=now, started_at=now, finished_at=now, goal={"query": []},
    )  # fmt: skip
    bob = User.objects.create_user("bob")
    change = rows.change(rows.environment(bob, "prod"), bob, ChangeStatus.AWAITING_APPROVAL, id=CHANGE)
    planned(change, resource("MessagesTable", "Modify"))
    sealed = {"content": change.plan, "digest": change.plan_digest, "sealed_at": timezone.now()}
    SealedPlan.objects.create(change=change, number=1, **sealed)
    Event.objects.create(change=change, at=timezone.now(), status="CREATE_COMPLETE")
    return token_for(alice).text


@schema.parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_to_its_description(case: schemathesis.Case[Any], token: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS)
