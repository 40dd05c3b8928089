"""The last step: look at what is really there and keep the checklist (never from the template alone)."""

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from provisioning.aws import parameters, tags
from provisioning.aws.endpoint import is_emulator
from provisioning.blueprints.promises import computed_names
from provisioning.blueprints.shapes import Pseudo
from provisioning.engine.claims import hold
from provisioning.engine.outcome import Done, Outcome, Problem, Stop
from provisioning.engine.steps.configuration import promised_tables, secret_keys
from provisioning.engine.table_rows import keep_verified
from provisioning.engine.verify.compute import compute_lines
from provisioning.engine.verify.line import Line, line, unknown
from provisioning.engine.verify.protection import protection_lines
from provisioning.engine.verify.tables import Settings, TableFound, read_table, table_lines
from provisioning.engine.work import Work
from provisioning.lifecycle import Outcome as Found
from provisioning.lifecycle import StackKind
from provisioning.models import Check, Stack, StackResource


def ensure_verified(work: Work) -> Outcome:
    """Read reality, keep every line and what was read of tables, stop when one is not as promised."""
    tables = _tables(work)
    lines = [
        *_as_adopted(work, StackKind.DATA, _data_lines(work, tables)),
        *_as_adopted(work, StackKind.COMPUTE, _compute_lines(work)),
    ]
    _keep(work, lines, tables)
    wrong = [each for each in lines if each.outcome is Found.BAD]
    if wrong:
        first = wrong[0]
        return Stop(
            Problem(
                f"{len(wrong)} of {len(lines)} checks failed. First: {first.group}, {first.label}: {first.detail}",
                "an administrator",
                "Look at the checklist, mend the cause, then retry: only the checks run again.",
                code="verify",
            ),
            replan=False,
        )
    blind = sum(each.outcome is Found.UNKNOWN for each in lines)
    note = f"{len(lines) - blind} as promised"
    return Done(f"{note}, {blind} cannot be checked here" if blind else note)


def _tables(work: Work) -> tuple[TableFound, ...]:
    """The tables of the data stack, read now; none without that stack."""
    if not work.stacks[StackKind.DATA].outputs:
        return ()
    seen = work.settings_seen
    return tuple(read_table(work.aws, promise, seen.get(promise.name, Settings())) for promise in promised_tables(work))


def _keep(work: Work, lines: list[Line], tables: tuple[TableFound, ...]) -> None:
    now, environment = timezone.now(), work.change.environment
    with transaction.atomic():
        hold(work.change)
        Check.objects.filter(environment=environment).delete()
        Check.objects.bulk_create(
            Check(
                environment=environment,
                position=position,
                group=each.group,
                label=each.label[:200],
                outcome=each.outcome,
                detail=each.detail,
                at=now,
            )
            for position, each in enumerate(lines)
        )
        keep_verified(environment, work.stacks[StackKind.DATA].name, tables)


def _as_adopted(work: Work, kind: StackKind, lines: Iterable[Line]) -> Iterator[Line]:
    """What does not hold of a stack that still is as it was adopted is no failure: nobody promised it yet."""
    stack = work.stacks[kind]
    is_ours = stack.blueprint_version and stack.template_id == work.blueprint.stacks[kind].template.digest
    for each in lines:
        if stack.adopted_at is None or is_ours or each.outcome is not Found.BAD:
            yield each
        else:
            detail = f"{each.detail}; adopted so, the next update brings it to the blueprint"
            yield Line(each.group, each.label, Found.UNKNOWN, detail)


def _data_lines(work: Work, tables: tuple[TableFound, ...]) -> Iterator[Line]:
    stack = work.stacks[StackKind.DATA]
    if not stack.outputs:
        return
    tagged = tags.resources_by_tag(work.aws, "EnvironmentId", str(work.change.environment_id))
    for found in tables:
        table = f":table/{found.promise.name}"
        yield from table_lines(
            found,
            next((there for arn, there in tagged.items() if arn.endswith(table)), None),
            unprotected=not work.change.environment.data_protected,
        )
    yield from _export_lines(stack)
    yield from _parameter_lines(work)
    if work.policy.protection:
        yield from protection_lines(
            termination=stack.termination_protection,
            policy=stack.update_policy,
            knowingly=not work.change.environment.data_protected,
            untouched=StackKind.DATA not in work.operations,
        )


def _export_lines(stack: Stack) -> Iterator[Line]:
    for output in stack.outputs:
        if output.get("export"):
            yield line("Exports", output["export"], bool(output["value"]), output["value"])


def _parameter_lines(work: Work) -> Iterator[Line]:
    environment = work.change.environment
    path = work.blueprint.path(environment.name)
    if path is None:
        return
    account = environment.account
    names = computed_names(
        work.blueprint,
        environment.name,
        environment.stage,
        Pseudo(account.region, account.account_id, work.stacks[StackKind.DATA].name),
    )
    there = work.parameters
    if there is None:
        there = {parameter.name: parameter for parameter in parameters.parameters_by_path(work.aws, path)}
    secrets = {f"{path}{key}" for key in secret_keys(work.blueprint)}
    for name in names.parameters:
        found = there.get(name)
        if found is None and name in secrets:
            yield unknown("Parameters", name, "a secret that nobody has set yet")
            continue
        yield line("Parameters", name, found is not None, f"version {found.version}" if found else "not there")


def _compute_lines(work: Work) -> Iterator[Line]:
    stack = work.stacks[StackKind.COMPUTE]
    if not stack.outputs:
        return
    by_type: dict[str, list[StackResource]] = {}
    for resource in stack.resources.all():
        by_type.setdefault(resource.type, []).append(resource)
    yield from compute_lines(
        work.aws,
        by_type,
        _own_tables(work),
        account_id=work.change.environment.account.account_id,
        emulated=is_emulator(settings.AWS_ENDPOINT_URL),
    )


def _own_tables(work: Work) -> frozenset[str]:
    account = work.change.environment.account
    names = [promise.name for promise in promised_tables(work)]
    return frozenset(f"arn:aws:dynamodb:{account.region}:{account.account_id}:table/{name}" for name in names)
