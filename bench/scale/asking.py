"""Asks for many environments at once and waits until all are there, in this process. Needs Django set up.

Prints what it found as JSON, for the process that started it.
"""

import json
import statistics
import time
from dataclasses import asdict

from django.contrib.auth import get_user_model
from django.db.models import F

from bench.figures import p95
from bench.scale.aws import figures
from provisioning.actions.actor import ENGINEERS, Actor
from provisioning.actions.requesting import Ask, do_request_create
from provisioning.blueprints.loader import library
from provisioning.lifecycle import ChangeKind, ChangeStatus
from provisioning.models import Account, Change, Event, Operation, Template

APPLICATION = "hello-erlang"
VALUES = {"compute": {"VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2", "KeyName": "mine", "ImageId": "ami-1"}}
STACK = "AWS::CloudFormation::Stack"
PATIENCE = 1500.0  # seconds


def prepare() -> None:
    """An account, a person, and templates that were linted before: cfn-lint is no part of this."""
    get_user_model().objects.create(username="alice")
    Account.objects.create(slug="default", region="us-east-1")
    for blueprint in library().blueprints.values():
        for stack in blueprint.stacks.values():
            Template.objects.create(digest=stack.template.digest, body=stack.template.body, lint=[])


def ask_for(number: int) -> None:
    """Ask for so many environments, wait for their end, and print the figures."""
    user = get_user_model().objects.get()
    alice = Actor(user.pk, user.username, frozenset({ENGINEERS}))
    began = time.monotonic()
    for one in range(number):
        do_request_create(alice, APPLICATION, f"dev-n{one}", Ask(ChangeKind.CREATE, VALUES))
    asked = time.monotonic() - began
    while time.monotonic() - began < PATIENCE and Change.objects.filter(finished_at=None).exists():
        time.sleep(0.5)
    seconds = time.monotonic() - began
    lags, seen = _lags(), figures()
    ended = Operation.objects.filter(finished_at__isnull=False).count()
    found = {
        "asked": asked,
        "seconds": seconds,
        "succeeded": Change.objects.filter(status=ChangeStatus.SUCCEEDED).count(),
        "watching": seen.listings + max(0, seen.tails - ended),  # one reading of events belongs to every end
        "lag_p50": statistics.median(lags),
        "lag_p95": p95(lags),
        **asdict(seen),
    }
    print(json.dumps(found))  # noqa: T201  read by the process that started this one


def _lags() -> list[float]:
    """Seconds from the end of each stack's operation in AWS until it was written down here."""
    ends = Event.objects.filter(type=STACK, status="CREATE_COMPLETE", stack__operations__change=F("change"))
    rows = ends.values_list("at", "stack__operations__finished_at")
    return [(noticed - at).total_seconds() for at, noticed in rows if noticed is not None]
