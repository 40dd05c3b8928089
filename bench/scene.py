"""Environments in every state that a page may have to show: ready, parked, failed, and one that waits for approval."""

from dataclasses import dataclass
from typing import Any

import boto3

from bench.asking import ask_act, ask_create, follow
from bench.running import Running
from bench.visitor import Visitor
from tools.which_aws import DEMO_KEY, DEMO_REGION

APPLICATION = "hello-erlang"
READY, PARKED, BROKEN, WAITING = "dev-shown", "dev-parked", "dev-broken", "prod"
SECONDS = 300.0  # the first plan lints the templates, which takes a while on a machine that is busy


@dataclass(frozen=True)
class Scene:
    """The paths of changes, by how they ended or what they wait for."""

    ready: str
    parked: str
    failed: str
    waiting: str


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
    _table_in_the_way(yard, f"{BROKEN}-{APPLICATION}-messages")
    failed = ask_create(alice, APPLICATION, BROKEN)
    follow(alice, failed, "Failed", seconds=SECONDS)
    waiting = ask_create(alice, "fileshare", WAITING, {"reason": "Short links go live on Monday."})
    follow(alice, waiting, "Awaiting approval", seconds=SECONDS)
    return Scene(ready, parked, failed, waiting)


def _table_in_the_way(yard: Running, name: str) -> None:
    """A table that no stack owns, under a name that a request is about to want."""
    dynamodb: Any = boto3.Session(DEMO_KEY, DEMO_KEY, region_name=DEMO_REGION).client(
        "dynamodb", endpoint_url=yard.endpoint
    )
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
