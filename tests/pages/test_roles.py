"""Who may open what: every page for every group, through the front door."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver, path, reverse

from portal.accounts.models import User
from portal.pages import EVERYONE, OPEN_NAMES, PAGES, Page
from portal.urls import urlpatterns as portals
from provisioning.aws.clients import clients_for
from provisioning.items.values import key_token
from provisioning.lifecycle import ChangeKind, ChangeStatus, JobKind, JobStatus, ScheduleStatus, WriteState, WriteVerb
from provisioning.models import (
    Account,
    AuditEntry,
    Change,
    Decision,
    Environment,
    ItemJob,
    ItemWrite,
    ParameterSchedule,
    ParameterVersion,
    Release,
)
from provisioning.planning.plan import build, digest

from . import rows
from .flags.scene import FLAG, parameter
from .table_rows import table

ADDRESSES = [(page, name) for page in PAGES for name in page.names]
BY_NAME = [name for _, name in ADDRESSES]
QUERY = {"request_choices": "?field=compute.VpcId"}
TABLE = "dev-hello-erlang-messages"
ANSWERS = {200, 204, 302, 405}
# Another person's file does not exist for whoever opens it; the change has no writes that could be asked for again.
NOT_THERE = {"item_job_file", "change_items_again"}
PLAN = build(kind=ChangeKind.UPDATE, stacks=[], findings=[], cost=None)


def homeless(request: HttpRequest) -> HttpResponse:
    """A view that nobody put on a page."""
    return HttpResponse("Here I am.")


urlpatterns = [*portals, path("homeless/", homeless, name="homeless")]


@pytest.fixture(autouse=True)
def aws_is_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing listens where AWS is looked for; a page that asks it has to live with that."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    clients_for.cache_clear()
    yield
    clients_for.cache_clear()


@pytest.fixture
def change(account: Account, alice: User) -> Change:
    """alice's update of dev, which is nobody's alone; it is over. There is a table, and an export of it under way."""
    found = rows.change(
        rows.environment(alice, "dev"),
        alice,
        ChangeStatus.SUCCEEDED,
        plan=PLAN,
        plan_digest=digest(PLAN),
        receipt={"who": "alice"},
    )
    Release.objects.create(environment=found.environment, number=1, at=found.requested_at, good=True)
    found.plans.create(number=1, digest=found.plan_digest, content=PLAN, sealed_at=found.requested_at)
    table(found.environment, TABLE)
    ItemJob.objects.create(
        environment=found.environment,
        table=TABLE,
        kind=JobKind.EXPORT,
        status=JobStatus.RUNNING,
        asked_by=alice,
        asked_at=found.requested_at,
    )
    ItemWrite.objects.create(
        environment=found.environment,
        table=TABLE,
        verb=WriteVerb.EDIT,
        state=WriteState.DONE,
        content="sealed with a key that is no more",
        by=alice,
        at=found.requested_at,
    )
    flag = parameter(rows.environment(alice, "dev", "fileshare"), FLAG)
    ParameterSchedule.objects.create(
        parameter=flag,
        value="false",
        at=found.requested_at,
        status=ScheduleStatus.WAITING,
        by=alice,
        asked_at=found.requested_at,
    )
    return found


def somebody(*groups: str) -> Client:
    """The browser of a person who is in these groups."""
    user = User.objects.create_user("somebody")
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    client = Client()
    client.force_login(user)
    return client


def address(name: str, change: Change) -> str:
    """The address of that name, filled with what is there."""
    known: Mapping[str, Any] = {
        # Of the two applications only one has parameters.
        "application": "fileshare" if "parameter" in name else change.environment.application,
        "name": change.environment.name,
        "change_id": change.pk,
        "format": "dotenv",
        "kind": "park",
        "number": 1,
        "part": "items",
        "stack": "data",
        "table": TABLE,
        "token": key_token({"id": {"S": "1"}}),
        "write": ItemWrite.objects.values_list("pk", flat=True).get(),
        "job_id": ItemJob.objects.values_list("pk", flat=True).get(),
        "ticket": "none",
        "budget_id": 0,
        "key": FLAG,
        "version": ParameterVersion.objects.values_list("pk", flat=True).get(),
        "schedule": ParameterSchedule.objects.values_list("pk", flat=True).get(),
    }
    for possible, *_ in get_resolver().reverse_dict.getlist(name):
        for _, parts in possible:
            if set(parts) <= set(known):
                return reverse(name, kwargs={part: known[part] for part in parts}) + QUERY.get(name, "")
    raise AssertionError(f"No address of {name}: a part of it is not known here yet")


def counts() -> list[int]:
    """How many rows there are that a click could add."""
    return [model.objects.count() for model in (Change, Decision, AuditEntry)]


@pytest.mark.parametrize("name", BY_NAME)
def test_nobody_gets_in_without_signing_in(change: Change, name: str) -> None:
    url = address(name, change)
    before = counts()
    for answer in (Client().get(url), Client().post(url)):
        assert answer.status_code == 302
        assert answer["Location"].startswith(f"{reverse('account_login')}?next=")
    assert counts() == before


@pytest.mark.parametrize("group", sorted(EVERYONE))
@pytest.mark.parametrize(("page", "name"), ADDRESSES, ids=BY_NAME)
def test_every_address_for_every_group(change: Change, page: Page, name: str, group: str) -> None:
    client, url = somebody(group), address(name, change)
    answer = client.get(url)
    if group in page.groups:
        assert answer.status_code in (ANSWERS if name not in NOT_THERE else {404})
        return
    before = counts()
    for refused in (answer, client.post(url)):
        assert refused.status_code == 403
        assert f"{page.label} is for {' and '.join(sorted(page.groups))}." in refused.content.decode()
    assert counts() == before


@pytest.mark.parametrize("name", BY_NAME)
def test_who_is_in_no_group_gets_nowhere(change: Change, name: str) -> None:
    assert somebody().get(address(name, change)).status_code == 403


@pytest.mark.parametrize("group", sorted(EVERYONE))
def test_the_rail_offers_what_may_be_opened(account: Account, group: str) -> None:
    text = rows.page(somebody(group), reverse("home"))
    for page in PAGES:
        if page.icon:
            link = f'href="{reverse(page.names[0])}"'
            assert (link in text) is (group in page.groups), page.label


def test_an_address_on_no_page_is_refused(account: Account, settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    answer = somebody("admins", "engineers", "auditors").get("/homeless/")
    assert answer.status_code == 403
    assert "This address belongs to no page." in answer.content.decode()


@pytest.mark.parametrize("name", sorted(OPEN_NAMES))
def test_health_is_open(db: None, name: str) -> None:
    assert Client().get(reverse(name)).headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("group", sorted(EVERYONE))
@pytest.mark.parametrize(
    "url",
    [
        "/environments/hello-erlang/dev-nobody/",
        "/environments/nothing/dev-alice/",
        "/environments/hello-erlang/dev-nobody/activity/",
        "/changes/00000000-0000-4000-8000-000000000000/",
        "/catalogue/nothing/",
        "/no/such/page/",
    ],
)
def test_what_is_not_there_is_not_found(dev: Environment, url: str, group: str) -> None:
    """404 is for what is not there, whoever asks."""
    assert somebody(group).get(url).status_code == 404


def test_a_missing_right_is_said_even_about_what_is_not_there(account: Account) -> None:
    """403 is for a missing right: an auditor learns nothing from the difference."""
    auditor = somebody("auditors")
    assert auditor.post("/environments/hello-erlang/dev-nobody/act/park/").status_code == 403
    assert somebody_else("engineers").post("/environments/hello-erlang/dev-nobody/act/park/").status_code == 404


def somebody_else(group: str) -> Client:
    """The browser of a second person."""
    client = Client()
    user = User.objects.create_user("somebody-else")
    user.groups.add(Group.objects.get_or_create(name=group)[0])
    client.force_login(user)
    return client


def test_reading_is_for_everybody_changing_for_its_owner(
    dev: Environment, bob: User, client_of: Callable[[User], Client]
) -> None:
    """bob sees alice's environment, and his click on it makes no change."""
    browser = client_of(bob)
    assert browser.get("/environments/hello-erlang/dev-alice/").status_code == 200
    before = counts()
    answer = browser.post("/environments/hello-erlang/dev-alice/act/park/", follow=True)
    assert "belongs to alice" in answer.content.decode()
    assert counts() == before
