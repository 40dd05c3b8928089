"""Drift looked for to its end, and what is known of it."""

from datetime import timedelta

from provisioning.actions.drifting import do_detect_drift
from provisioning.engine.drifting import detect, drifted, is_checking
from provisioning.lifecycle import StackKind
from provisioning.models import DriftCheck, Environment

from .yard import Yard


def looked(yard: Yard, environment: Environment, *kinds: StackKind, rounds: int = 60) -> None:
    """Drift is looked for until nothing is asked for any more."""
    do_detect_drift(yard.alice, environment, kinds)
    for _ in range(rounds):
        again = detect(yard.account.pk, yard.fake.aws_for)
        if not any(is_checking(check) for check in checks(environment)):
            return
        yard.clock.shift(timedelta(seconds=again or 60))
    raise AssertionError("Drift detection does not come to its end")


def checks(environment: Environment) -> list[DriftCheck]:
    """Its checks, data before compute."""
    return list(DriftCheck.objects.filter(stack__environment=environment).order_by("-stack__kind"))


def found(environment: Environment) -> dict[str, list[tuple[str, str, str]]]:
    """What is open, by resource: path, expected, actual."""
    return {
        row.logical_id: [(one["path"], one["expected"], one["actual"]) for one in row.differences]
        for row in drifted(environment)
    }
