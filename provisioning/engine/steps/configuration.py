"""Running, after the stacks: what CloudFormation did not apply, and what it does not own."""

from provisioning.aws import dynamodb, parameters
from provisioning.aws.errors import Conflict
from provisioning.blueprints.model import Blueprint, TablePromise
from provisioning.blueprints.promises import filled_values, promised, table_promises
from provisioning.blueprints.resolving import resolve
from provisioning.engine.outcome import Done, Outcome, Problem, Stop
from provisioning.engine.steps.checking import CREATE, DELETE, NONE
from provisioning.engine.verify.tables import Settings
from provisioning.engine.work import Work
from provisioning.flags.rules import SECURE, STRING, store_type
from provisioning.lifecycle import ChangeKind, StackKind

PUTS_FLAGS = frozenset({ChangeKind.CREATE, ChangeKind.UPDATE, ChangeKind.WAKE})


def promised_tables(work: Work) -> tuple[TablePromise, ...]:
    """The tables of this environment as its data stack was last sent them: what was reviewed counts, whatever the
    blueprint says by now (C15). Of a stack that is as it was adopted nothing was sent, so the blueprint counts; it may
    know fewer tables, or call them otherwise: what Stackyard would fill in stands for those."""
    stack, environment = work.stacks[StackKind.DATA], work.change.environment
    filled = filled_values(
        work.blueprint,
        StackKind.DATA,
        environment=environment.name,
        stage=environment.stage,
        owner=environment.owner.get_username(),
        environment_id=str(environment.pk),
    )
    as_adopted = stack.adopted_at is not None and not stack.blueprint_version
    if stack.template is None or as_adopted:
        return table_promises(work.blueprint, filled | stack.parameters, work.pseudo(stack))
    return promised(resolve(work.parsed(stack.template), filled | stack.parameters, pseudo=work.pseudo(stack)))


def ensure_table_settings(work: Work) -> Outcome:
    """Expiry, point-in-time recovery and, on a table that was taken over, deletion protection: where the template
    promises them and CloudFormation did not apply them. What is on without being promised stays on. Tables that are
    new came with their settings; `ensure_new_tables_settled` makes sure of it in the end."""
    parts = work.parts.get(StackKind.DATA, [])
    if all(operation.action in {DELETE, NONE} for operation in parts) or _are_new(work):
        return Done(skipped=True)
    taken_over = {row["name"] for operation in parts for row in operation.imports}
    if not work.change.environment.data_protected:
        taken_over.clear()  # what was switched off knowingly stays off
    applied = _apply_settings(work)
    applied += [
        f"deletion protection of {promise.name}"
        for promise in promised_tables(work)
        if promise.deletion_protection and promise.name in taken_over and _ensure_protected(work, promise)
    ]
    return _applied(applied)


def ensure_new_tables_settled(work: Work) -> Outcome:
    """The same for tables that the data stack has just made, right before the last look, which uses what was read."""
    return _applied(_apply_settings(work)) if _are_new(work) else Done(skipped=True)


def _are_new(work: Work) -> bool:
    return [operation.action for operation in work.parts.get(StackKind.DATA, [])] == [CREATE]


def _applied(applied: list[str]) -> Outcome:
    return Done(f"Switched on by Stackyard: {', '.join(applied)}" if applied else "CloudFormation applied them all")


def _apply_settings(work: Work) -> list[str]:
    """Switch on what is promised and off. Keeps what was found on; what is switched here has to be read again."""
    applied = []
    for promise in promised_tables(work):
        expiry = dynamodb.time_to_live(work.aws, promise.name) if promise.ttl_attribute else None
        if expiry is not None and promise.ttl_attribute and expiry.status not in {"ENABLED", "ENABLING"}:
            dynamodb.enable_time_to_live(work.aws, promise.name, promise.ttl_attribute)
            applied.append(f"expiry of {promise.name}")
            expiry = None
        recovery = dynamodb.point_in_time_recovery(work.aws, promise.name) if promise.point_in_time_recovery else None
        if recovery is not None and not recovery.enabled:
            dynamodb.enable_point_in_time_recovery(work.aws, promise.name)
            applied.append(f"point-in-time recovery of {promise.name}")
            recovery = None
        work.settings_seen[promise.name] = Settings(expiry, recovery)
    return applied


def _ensure_protected(work: Work, promise: TablePromise) -> bool:
    """An import takes the template's word for it (R7), so a table that was taken over is asked itself."""
    table = dynamodb.describe_table(work.aws, promise.name)
    if table is None or table.protection:
        return False
    dynamodb.set_deletion_protection(work.aws, promise.name, enabled=True)
    return True


def planned_flags(work: Work) -> list[dict[str, str]]:
    """The flags that the change puts where they are missing, as the plan holds them: {name, key, value, title, type}
    each."""
    path = work.blueprint.path(work.change.environment.name)
    if path is None or work.change.kind not in PUTS_FLAGS:
        return []
    return [
        {
            "name": f"{path}{flag.key}",
            "key": flag.key,
            "value": flag.default,
            "title": flag.title,
            "type": store_type(flag.type),
        }
        for flag in work.blueprint.flags
        if store_type(flag.type) != SECURE
    ]


def secret_keys(blueprint: Blueprint) -> frozenset[str]:
    """The keys of declared secrets, which Stackyard never puts by itself."""
    return frozenset(flag.key for flag in blueprint.flags if store_type(flag.type) == SECURE)


def ensure_flags(work: Work) -> Outcome:
    """The flags under the parameter path, as the plan has them: put by Stackyard, never by a stack (M13, D6), never
    overwritten. Before the compute stack, because its tasks read them when they start."""
    flags = (work.change.plan or {}).get("flags") or []
    if not flags:
        return Done("This application has no flags", skipped=True)
    there = []
    for flag in flags:
        try:
            parameters.create_parameter(
                work.aws,
                flag["name"],
                flag["value"],
                type=parameters.type_of(flag.get("type", STRING)),
                tags=work.tags(),
                description=flag["title"],
            )
        except Conflict:
            there.append(flag["key"])
    put = [f"{flag['key']} = {flag['value']}" for flag in flags if flag["key"] not in there]
    return Done(f"Put {', '.join(put)}" if put else f"{', '.join(there)} in place, left as it is")


def ensure_configuration(work: Work) -> Outcome:
    """Every value that the application's configuration needs is there: outputs, parameters, flags. Declared secrets may
    come later: nobody but a person has their values, and only once the environment is there."""
    environment = work.change.environment
    outputs = {f"output:{kind}:{output['key']}" for kind, stack in work.stacks.items() for output in stack.outputs}
    path = work.blueprint.path(environment.name)
    wanted = [value for value in work.blueprint.configuration if value.source.startswith(("output:", "parameter:"))]
    keys = set()
    if path is not None:
        work.parameters = {one.name: one for one in parameters.parameters_by_path(work.aws, path)}
        keys = {f"parameter:{name.removeprefix(path)}" for name in work.parameters}
    secrets = {f"parameter:{key}" for key in secret_keys(work.blueprint)}
    absent = [value for value in wanted if value.source not in outputs | keys]
    missing = [value.variable for value in absent if value.source not in secrets]
    if missing:
        return Stop(
            Problem(
                f"The configuration lacks {', '.join(missing)}.",
                "the blueprint's owner",
                "Correct the outputs or parameters that blueprint.yaml names, then retry.",
                code="configuration",
            ),
            replan=False,
        )
    ready = f"{len(work.blueprint.configuration) - len(absent)} values ready to connect with"
    unset = ", ".join(value.variable for value in absent)
    return Done(f"{ready}; to be set under Flags: {unset}" if unset else ready)
