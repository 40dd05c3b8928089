"""Flags of fileshare, from the toggle to what runs: the quick rollback, two people at once, writers outside Stackyard,
a redeploy that fails."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bench.asking import ask_create, changes_on, follow, status_of
from bench.running import Running, until
from bench.visitor import Form, Page, Visitor

from .looks import Aws
from .looks import deployments as deployments_of
from .relay import FailingDeployment, Relay

NAME = "/fileshare/staging/use_dynamodb"
HOME = "/environments/fileshare/staging/"
FLAG = f"{HOME}parameters/of/use_dynamodb/"
FLAGS = "/flags/?application=fileshare"


@pytest.fixture
def flag(alice: Visitor, aws: Aws) -> Page:
    """The page of the flag of fileshare/staging, which is up; the flag is true and nothing of it is under way."""
    if alice.get(HOME).status != 200:
        follow(alice, ask_create(alice, "fileshare", "staging"))
    page = seen(alice, f"v{version(aws)}")
    if stored(aws) != "true":
        follow(alice, toggle(alice, "true", redeploy="no", reason="As it was"))
        page = seen(alice, f"v{version(aws)}")
    return page


def seen(person: Visitor, word: str) -> Page:
    """The page of the flag once it says so under what is stored."""

    def look() -> Page | None:
        page = person.get(FLAG)
        return page if word in stored_card(page) else None

    return until(look, f"the page of the flag shows {word}", pause=0.2) or person.get(FLAG)


def card(page: Page, which: str) -> str:
    """One of the three states: asked, stored, live."""
    found = re.search(rf'id="state-{which}".*?</div>', page.html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""


def stored_card(page: Page) -> str:
    return card(page, "stored")


def version(aws: Aws) -> int:
    return int(aws("ssm").get_parameter(Name=NAME)["Parameter"]["Version"])


def stored(aws: Aws) -> str:
    return str(aws("ssm").get_parameter(Name=NAME)["Parameter"]["Value"])


def form_of(page: Page) -> Form:
    return page.form("/parameters/set/use_dynamodb/")


def send(person: Visitor, form: Form, value: str, **more: str) -> Page:
    """Send the form that sets it."""
    return person.post(form.action, form.filled({"value": value, "confirmed": "on", **more}))


def newest_change(person: Visitor) -> str:
    """The newest change of the environment."""
    return changes_on(person.get(f"{HOME}activity/"))[0]


def toggle(person: Visitor, value: str, **more: str) -> str:
    """Toggle it; returns the path of the change."""
    page = send(person, form_of(person.get(FLAG)), value, **more)
    assert page.status == 200, page.words[:1500]
    return newest_change(person)


def audit(person: Visitor) -> str:
    """What the audit tells of the environment."""
    return person.get("/audit/?environment=fileshare/staging").words


def deployments(aws: Aws) -> set[str]:
    """Those of the environment's service."""
    return deployments_of(aws, "fileshare-staging")


@pytest.mark.usefixtures("flag")
def test_the_quick_rollback_to_the_built_in_database_and_forward_again(alice: Visitor, ada: Visitor, aws: Aws) -> None:
    """use_dynamodb to false, redeployed, verified; then true again: one audit story."""
    before, was = deployments(aws), version(aws)
    path = toggle(alice, "false", reason="DynamoDB answers with errors")
    done = follow(alice, path)
    assert stored(aws) == "false"
    after = deployments(aws)
    assert after - before, "a new deployment was forced"
    assert f"v{was + 1}" in stored_card(seen(alice, f"v{was + 1}"))
    assert "false" in card(alice.get(FLAG), "live") or "local AWS" in card(alice.get(FLAG), "live")
    assert "use_dynamodb" in done.words

    again = toggle(alice, "true", reason="It is well again")
    follow(alice, again)
    assert (stored(aws), version(aws)) == ("true", was + 2)
    assert deployments(aws) - after

    history = alice.get(f"{HOME}parameters/history/use_dynamodb/").words
    assert "DynamoDB answers with errors" in history
    assert "It is well again" in history
    story = audit(ada)
    for words in ("DynamoDB answers with errors", "It is well again"):
        assert words in story
    assert story.count("Set parameters of fileshare/staging, asked for: use_dynamodb") >= 2
    assert story.count("Set parameters fileshare/staging: done") >= 2


@pytest.mark.usefixtures("flag")
def test_two_people_toggle_at_once(alice: Visitor, bob: Visitor, aws: Aws) -> None:
    """Both looked at the same version: one change runs, the other one is told, and nothing is overwritten."""
    was = version(aws)
    forms = [(person, form_of(person.get(FLAG))) for person in (alice, bob)]
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda one: send(one[0], one[1], "false", redeploy="no", reason="Both at once"), forms))
    statuses = sorted(page.status for page in answers)
    assert statuses == [200, 409], [page.words[:600] for page in answers]
    follow(alice, newest_change(alice))
    assert (stored(aws), version(aws)) == ("false", was + 1)
    late = bob if answers[1].status == 409 else alice
    words = answers[1 if late is bob else 0].words
    assert "One at a time" in words or "set meanwhile" in words
    refused = send(late, forms[1 if late is bob else 0][1], "false", redeploy="no", key="")
    assert refused.status == 409
    assert f"you looked at v{was}" in refused.words


def test_an_outside_writer_before_the_worker_reads(alice: Visitor, aws: Aws, yard: Running, flag: Page) -> None:
    """The worker is away while somebody else puts: it notices, and puts nothing over it."""
    was = version(aws)
    yard.stop("worker")
    page = send(alice, form_of(flag), "false", redeploy="no")
    assert page.status == 200
    aws("ssm").put_parameter(Name=NAME, Value="TRUE", Overwrite=True)
    path = newest_change(alice)
    yard.start_worker()
    words = follow(alice, path, "Failed").words
    assert f"“TRUE” now (v{was + 1}); you looked at v{was}" in words
    assert stored(aws) == "TRUE"
    until(lambda: "outside" in alice.get(FLAGS).words, "the matrix marks it", pause=0.2)


@pytest.mark.usefixtures("flag")
def test_an_outside_writer_between_read_and_put(alice: Visitor, aws: Aws, relay: Relay) -> None:
    """Parameter Store has no compare-and-set: theirs is stood over, said with both values, and kept in the history."""
    was = version(aws)
    relay.before("PutParameter", lambda: aws("ssm").put_parameter(Name=NAME, Value="maybe", Overwrite=True))
    page = send(alice, form_of(alice.get(FLAG)), "false", redeploy="no")
    assert page.status == 200
    words = follow(alice, newest_change(alice), "Failed").words
    assert f"as v{was + 1}. Theirs was “maybe”. Yours stands over it now, as v{was + 2}." in words
    assert (stored(aws), version(aws)) == ("false", was + 2)
    history = alice.get(f"{HOME}parameters/history/use_dynamodb/").words
    assert "maybe" in history
    assert "Set outside Stackyard" in history


@pytest.mark.usefixtures("flag")
def test_a_failed_redeploy_puts_the_flag_back_by_itself(alice: Visitor, ada: Visitor, aws: Aws, relay: Relay) -> None:
    """New tasks do not come up: the value goes back as a new version, is redeployed, and the story says so."""
    was, before = version(aws), deployments(aws)
    failing = FailingDeployment(before)
    relay.answering("DescribeServices", failing)
    path = toggle(alice, "false", redeploy="yes", reason="A trial")
    failed = follow(alice, path, "Failed")
    assert failing.failed
    assert (stored(aws), version(aws)) == ("true", was + 2)
    assert "tasks failed to start" in failed.words
    assert f"v{was + 2}" in failed.words
    newest = deployments(aws)
    assert failing.failed not in newest or len(newest) > 1, "redeployed on the value that was put back"
    page = seen(alice, f"v{was + 2}")
    assert "true" in stored_card(page)
    story = audit(ada)
    assert "A trial" in story
    assert "Set parameters fileshare/staging: failed." in story


@pytest.mark.usefixtures("flag")
def test_on_for_a_few_seconds(alice: Visitor, aws: Aws) -> None:
    """Set now, with a time for its way back: the worker sets it back in the name of who scheduled it."""
    was = version(aws)
    form = alice.get(f"{HOME}schedules/of/use_dynamodb/").form("/schedules/of/use_dynamodb/")
    soon = f"{datetime.now(UTC) + timedelta(seconds=8):%Y-%m-%dT%H:%M:%S}"
    given = {"value": "false", "back_at": soon, "redeploy": "no", "reason": "For a while", "confirmed": "on"}
    page = alice.post(form.action, form.filled(given))
    assert page.status == 200, page.words[:1500]
    forward = newest_change(alice)
    follow(alice, forward)
    assert (stored(aws), version(aws)) == ("false", was + 1)
    until(lambda: version(aws) == was + 2, "it goes back by itself")
    assert stored(aws) == "true"
    back = until(lambda: (path := newest_change(alice)) != forward and path, "the change of the way back is listed")
    assert status_of(follow(alice, str(back))) == "Succeeded"
    assert "For a while" in alice.get(str(back)).words
