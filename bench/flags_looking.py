"""Looks at the flags page in this process, with the parameters of several environments, and prints as JSON what each
look took. Needs Django set up, and no AWS: none is asked."""

import json
import time
from datetime import timedelta

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.models import User
from provisioning.aws.clients import call_count
from provisioning.flags.sealing import digest, kept
from provisioning.lifecycle import EnvironmentStatus, ParameterVerb, ScheduleStatus, WriteState
from provisioning.models import Account, Environment, Parameter, ParameterPath, ParameterSchedule, ParameterVersion

LOOKS, WARM = 40, 5
APPLICATION = "fileshare"
NAMES = ("dev", "staging", "prod", "dev-alice", "dev-bob", "dev-carol")
PAGE = f"/flags/?application={APPLICATION}"


def look_at(environments: int, parameters: int) -> None:
    """Print milliseconds, queries and bytes of the page, and how many calls of AWS were made."""
    call_command("migrate", "--no-input", verbosity=0)
    person = User.objects.create(username="alice")
    person.groups.add(Group.objects.create(name="engineers"))
    for name in NAMES[:environments]:
        _fill(person, name, parameters)
    client = Client(SERVER_NAME="localhost")
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    began = call_count()
    busy = time.process_time()
    page_looks = _looks(client, PAGE)
    busy = (time.process_time() - busy) * 1000 / (LOOKS + WARM)
    found = {"ms": page_looks, "cpu": [busy], "again": _looks(client, f"/flags/live/?application={APPLICATION}")}
    with CaptureQueriesContext(connection) as queries:
        page = client.get(PAGE)
    if page.content.decode().count("/parameters/of/") < environments * parameters:
        raise RuntimeError("The page does not show every parameter.")
    found |= {"queries": [float(len(queries))], "bytes": [float(len(page.content))]}
    found["calls"] = [float(call_count() - began)]
    print(json.dumps(found))  # noqa: T201  read by the process that started this one


def _fill(person: User, name: str, parameters: int) -> None:
    """One environment with so many parameters: flags, texts, some secrets, folders; some differ from others'."""
    account, _ = Account.objects.get_or_create(slug="default", defaults={"region": "us-east-1"})
    now = timezone.now()
    environment = Environment.objects.create(
        application=APPLICATION,
        name=name,
        stage=name.partition("-")[0],
        account=account,
        owner=person,
        status=EnvironmentStatus.READY,
        changed_at=now,
    )
    path = f"/{APPLICATION}/{name}/"
    ParameterPath.objects.create(environment=environment, path=path, read_at=now + timedelta(hours=1))
    rows = Parameter.objects.bulk_create(
        _parameter(environment, path, number, name if number % 7 == 0 else "shared") for number in range(parameters)
    )
    ParameterVersion.objects.bulk_create(
        ParameterVersion(
            parameter=row,
            version=1,
            type=row.type,
            value=row.value,
            digest=row.digest,
            verb=ParameterVerb.EDIT,
            state=WriteState.DONE,
            by=person,
            at=now,
        )
        for row in rows
    )
    ParameterSchedule.objects.create(
        parameter=rows[0],
        value="false",
        at=now + timedelta(days=1),
        status=ScheduleStatus.WAITING,
        by=person,
        asked_at=now,
        expected_version=1,
    )


def _parameter(environment: Environment, path: str, number: int, word: str) -> Parameter:
    key = "use_dynamodb" if number == 0 else f"area{number % 8}/part{number % 3}/setting_{number:03d}"
    kind = "SecureString" if number % 20 == 19 else "String"
    value = "true" if number == 0 else f"https://{word}.example.com/{number}"
    now = timezone.now()
    return Parameter(
        environment=environment,
        name=f"{path}{key}",
        key=key,
        type=kind,
        value=kept(kind, value),
        digest=digest(value),
        version=1,
        modified_at=now,
        seen_at=now,
        live_version=1,
        live_on=2,
        live_of=2,
        live_at=now,
    )


def _looks(client: Client, path: str) -> list[float]:
    """Milliseconds of warm looks."""
    times = []
    for _ in range(LOOKS + WARM):
        began = time.perf_counter()
        answer = client.get(path, headers={"HX-Request": "true"} if "/live/" in path else {})
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}.")
    return times[WARM:]
