"""Environments in every state that a page may have to show: ready, parked, failed, adopted, and one that waits for
approval; beside them tables that no stack owns and stacks that somebody made by hand."""

from dataclasses import dataclass
from typing import Any

import boto3

from bench.asking import ask_act, ask_create, change_path, follow
from bench.running import Running, until
from bench.visitor import Visitor
from tools.installing import CHECKOUT
from tools.which_aws import DEMO_KEY, DEMO_REGION

APPLICATION = "hello-erlang"
READY, PARKED, BROKEN, WAITING = "dev-shown", "dev-parked", "dev-broken", "prod"
KEPT, BY_HAND, ADOPTED = "dev-kept", "dev-by-hand", "dev-adopted"
DATA_TEMPLATE = CHECKOUT / "provisioning" / "blueprints" / "library" / APPLICATION / "data.yaml"
SECONDS = 300.0  # the first plan lints the templates, which takes a while on a machine that is busy


@dataclass(frozen=True)
class Scene:
    """The paths of changes, by how they ended or what they wait for."""

    ready: str
    parked: str
    failed: str
    waiting: str
    adopted: str


def set_scene(yard: Running) -> Scene:
    """Ask for everything as people do, and wait until it is so.

    Raises UnexpectedPageError or TooLateError when something becomes otherwise.
    """
    alice = Visitor(yard.address).sign_in("alice")
    ready = ask_create(alice, APPLICATION, READY, {"reason": "To try the echo service against real tables."})
    follow(alice, ready, seconds=SECONDS)
    follow(alice, ask_create(alice, APPLICATION, PARKED), seconds=SECONDS)
    parked = ask_act(alice, APPLICATION, PARKED, "park")
    follow(alice, parked, seconds=SECONDS)
    _make_table(yard, f"{BROKEN}-{APPLICATION}-messages")
    failed = ask_create(alice, APPLICATION, BROKEN)
    follow(alice, failed, "Failed", seconds=SECONDS)
    waiting = ask_create(alice, "fileshare", WAITING, {"reason": "Short links go live on Monday."})
    follow(alice, waiting, "Awaiting approval", seconds=SECONDS)
    return Scene(ready, parked, failed, waiting, _adopted(yard, alice))


def _adopted(yard: Running, alice: Visitor) -> str:
    """Have alice adopt one of two stacks that somebody made by hand; the other one, and tables, are only found."""
    for kept in ("messages", "sessions"):
        _make_table(yard, f"{KEPT}-{APPLICATION}-{kept}")
    for name in (BY_HAND, ADOPTED):
        _make_stack(yard, name)
    alice.submit(alice.get("/adopt/").form("/orphans/look-again/"))
    until(lambda: ADOPTED in alice.get("/adopt/").words, "the stacks that were made by hand are listed")
    form = alice.get(f"/adopt/{APPLICATION}/{ADOPTED}/").form(f"/{ADOPTED}/")
    adopted = change_path(alice.submit(form, reason="The script that made it is no more."))
    follow(alice, adopted, seconds=SECONDS)
    return adopted


def _make_stack(yard: Running, name: str) -> None:
    """A data stack as a script would make it, without a word to Stackyard."""
    values = {"Environment": name, "Stage": "dev", "Owner": "ops", "EnvironmentId": "by-hand", "Alarms": "false"}
    cloudformation, stack = _client(yard, "cloudformation"), f"{APPLICATION}-data-{name}"
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=DATA_TEMPLATE.read_text("utf-8"),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        Tags=[{"Key": "Team", "Value": "ops"}, {"Key": "Owner", "Value": "ops"}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


def _make_table(yard: Running, name: str) -> None:
    """A table that no stack owns, under a name that an environment wants, with another key than it wants."""
    _client(yard, "dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "number", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "number", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _client(yard: Running, service: str) -> Any:
    session: Any = boto3.Session(DEMO_KEY, DEMO_KEY, region_name=DEMO_REGION)
    return session.client(service, endpoint_url=yard.endpoint)
