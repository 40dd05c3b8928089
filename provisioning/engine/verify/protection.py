"""Protection of data: termination protection, the stack policy and each table's own (D1–D3, T13)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioning.aws import cloudformation, dynamodb
from provisioning.aws.clients import Clients
from provisioning.blueprints.model import TablePromise
from provisioning.engine.verify.line import Line, line, unknown
from provisioning.lifecycle import stack_status
from provisioning.planning.stack_policy import keeps_tables

GROUP = "Data stack"
TERMINATION, POLICY, DELETION = (
    "Termination protection is on",
    "Stack policy keeps the tables",
    "Deletion protection is on",
)
KNOWINGLY = "Switched off knowingly: the settings of this environment say by whom and why."
UNTOUCHED = "Off when last looked at; this change leaves the data stack alone."


@dataclass(frozen=True)
class Seen:
    """What AWS showed. `tables` are those that promise protection, by name; one that is not there is absent."""

    termination: bool
    policy: bool
    tables: Mapping[str, bool]


def look(aws: Clients, stack_id: str, promised: Iterable[TablePromise]) -> Seen | None:
    """The protection of a data stack as it is now; None when the stack is gone. Raises AwsError."""
    state = cloudformation.describe_stack(aws, stack_id)
    if state is None or stack_status(state.status).gone:
        return None
    policy = cloudformation.get_stack_policy(aws, stack_id)
    tables = {
        promise.name: shown.protection
        for promise in promised
        if promise.deletion_protection and (shown := dynamodb.describe_table(aws, promise.name)) is not None
    }
    return Seen(state.termination_protection, keeps_tables(policy), tables)


def protection_lines(*, termination: bool, policy: bool, knowingly: bool, untouched: bool) -> Iterator[Line]:
    """The two lines about the data stack itself. Termination protection may be off `knowingly`; a change that leaves
    the data stack `untouched` is not to blame for what is missing there."""
    if knowingly and not termination:
        yield unknown(GROUP, TERMINATION, KNOWINGLY)
    elif untouched and not termination:
        yield unknown(GROUP, TERMINATION, UNTOUCHED)
    else:
        yield line(GROUP, TERMINATION, termination, "on" if termination else "off")
    if untouched and not policy:
        yield unknown(GROUP, POLICY, UNTOUCHED)
    else:
        yield line(GROUP, POLICY, policy, _said(policy=policy))


def _said(*, policy: bool) -> str:
    return "it denies replacing and removing them" if policy else "it does not say so"


def seen_lines(seen: Seen) -> tuple[Line, ...]:
    """Every line about protection, as the checklist keeps it."""
    return (
        *protection_lines(termination=seen.termination, policy=seen.policy, knowingly=False, untouched=False),
        *(line(name, DELETION, on, "on" if on else "off") for name, on in seen.tables.items()),
    )
