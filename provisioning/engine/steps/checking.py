"""Planning, first half: is what was asked for possible at all? Nothing in here alters AWS, except that a dead
shell of an earlier try is removed so that its name is free (S4)."""

from provisioning.aws import cloudformation, dynamodb
from provisioning.blueprints.values import validate_values
from provisioning.engine.accounts import ensure_account_facts
from provisioning.engine.outcome import Done, Outcome, Problem, Stop, Wait
from provisioning.engine.ways_out import known_way_out
from provisioning.engine.work import Work, shell_token
from provisioning.lifecycle import IMPORT_UNDONE, ChangeKind, StackKind, StackStatus, stack_status
from provisioning.models import Operation, Stack
from provisioning.planning import lint
from provisioning.planning.findings import Finding, errors, with_new
from provisioning.planning.plan import stack_facts

CREATE, UPDATE, DELETE, IMPORT, NONE = "create", "update", "delete", "import", "none"
SETTINGS = "settings"  # protection is switched, which no change set can
ACCEPT = "accept"  # a difference from the template is written down as meant; nothing in AWS is altered
TAKE_OVER = "adopt"  # a stack that was made elsewhere: written down, nothing in AWS is altered
STACK_QUOTA_SHARE = 0.9
UPDATES = frozenset({ChangeKind.UPDATE, ChangeKind.DEPLOY})
DELETES = frozenset({ChangeKind.PARK, ChangeKind.DELETE_COMPUTE, ChangeKind.DELETE_DATA_STACK, ChangeKind.DELETE_DATA})
TABLE = "AWS::DynamoDB::Table"


def ensure_templates_checked(work: Work) -> Outcome:
    """cfn-lint, parameter values, and capabilities against the blueprint's allow-list (S27)."""
    found: list[Finding] = []
    for kind, operation in work.operations.items():
        found += _lint(kind, operation)
        if operation.template is None:
            continue
        template = work.template(operation)
        values = {**operation.parameters, **work.secrets.get(kind, {})}
        for name, sentence in validate_values(template, values).items():
            if name not in operation.keep:
                found.append(Finding("error", f"{kind}: {name}", sentence, "Correct the value and send it again."))
        allowed = work.blueprint.stacks[kind].capabilities_allowed
        for capability in sorted(template.capabilities - allowed):
            found.append(
                Finding(
                    "error",
                    kind,
                    f"The template needs {capability}, which its blueprint does not allow.",
                    "Add it to the blueprint's capabilities, or take the named IAM resource out.",
                )
            )
    return noted(work, found, "Templates and values are in order")


def _lint(kind: StackKind, operation: Operation) -> list[Finding]:
    if operation.template is None:
        return []
    try:
        rows = lint.findings(operation.template)
    except lint.LintUnavailableError as broken:
        return [Finding("warning", kind, f"cfn-lint did not run: {broken}", "The template was not linted.")]
    return [
        Finding(row["severity"], f"{kind}: line {row['line']}", f"{row['rule']}: {row['sentence']}") for row in rows
    ]


def noted(work: Work, found: list[Finding], good: str) -> Outcome:
    """What a step of planning answers: the findings are kept, and the first error among them stops the change."""
    work.change.findings = with_new(work.change.findings, found)
    wrong = errors(finding.as_dict() for finding in found)
    if not wrong:
        return Done(good)
    more = f" ({len(wrong) - 1} more below)" if len(wrong) > 1 else ""
    return Stop(Problem(wrong[0]["sentence"] + more, "you", wrong[0]["fix"], code="preflight"))


def ensure_names_free(work: Work) -> Outcome:
    """Look at each stack's name and decide what to do with it: create, update, delete or nothing (R10, S6)."""
    found: list[Finding] = []
    for kind, operation in work.operations.items():
        if operation.action:
            continue
        outcome = _decide(work, kind, operation, found)
        if outcome is not None:
            return outcome
    if any(operation.action == CREATE for operation in work.operations.values()):
        found += _quota(work)
    return noted(work, found, "Names are free and quotas suffice")


def _decide(work: Work, kind: StackKind, operation: Operation, found: list[Finding]) -> Outcome | None:
    stack = operation.stack
    state = cloudformation.describe_stack(work.aws, stack.name)
    status = stack_status(state.status if state else "")
    operation.rests_on = stack_facts(state)
    if state is not None and state.tags.get("EnvironmentId") not in {None, str(work.change.environment_id)}:
        found.append(_stranger(stack.name, "belongs to another Stackyard environment"))
        return None
    if state is not None and state.tags.get("EnvironmentId") is None and not stack.stack_id:
        found.append(_stranger(stack.name, "was made outside Stackyard"))
        return None
    if state is not None:
        stack.stack_id, stack.status = state.stack_id, state.status
    if status.moving:
        return Wait(f"{stack.name} is still {status.label.lower()}", 5)
    if work.change.kind in DELETES:
        operation.action = NONE if status.gone else DELETE
        return None
    if state is not None and (status.shell or _holds_nothing(work, state)):
        return _without_shell(work, operation, state.stack_id)
    if status.gone:
        _from_nothing(work, operation, found)
        return None
    return _on_what_is_there(operation, status, found)


def _from_nothing(work: Work, operation: Operation, found: list[Finding]) -> None:
    stack = operation.stack
    if work.change.kind in UPDATES:
        gone = f"There is no stack {stack.name} to update."
        found.append(Finding("error", stack.kind, gone, "Create or wake it first."))
        return
    operation.action = CREATE
    stack.stack_id = stack.status = stack.last_event_id = ""


def _on_what_is_there(operation: Operation, status: StackStatus, found: list[Finding]) -> Outcome | None:
    if operation.stack.skipped:
        return _inconsistent(operation.stack)
    if status.updatable:
        operation.action = UPDATE
    else:
        found.append(_stuck(operation.stack, status))
    return None


def _inconsistent(stack: Stack) -> Stop:
    """What a roll-back skipped is not as the template says, and an update would build on it (S11)."""
    names = f"{', '.join(stack.skipped)} {'was' if len(stack.skipped) == 1 else 'were'}"
    return Stop(
        Problem(
            f"When {stack.name} was rolled back, {names} skipped and may differ from its template. Nothing was done.",
            "you",
            "Put that in order, then check for drift: once nothing differs, updates go on.",
            code="skipped",
        )
    )


def _stuck(stack: Stack, status: StackStatus) -> Finding:
    found = known_way_out(stack, status.name)
    advice = "An administrator has to bring it back to rest in CloudFormation first."
    if found is not None and found.label:
        advice = f"Get it out of there first: “{found.label}” on the environment's page. {found.sentence}"
    sentence = f"{stack.name} is in {status.name} ({status.label.lower()}) and takes no change."
    return Finding("error", stack.kind, sentence, advice)


def _holds_nothing(work: Work, state: cloudformation.StackState) -> bool:
    """Whether an import was undone and left a stack without resources; its tables are where they were (R5)."""
    if state.status != IMPORT_UNDONE:
        return False
    return all(one.status == IMPORT_UNDONE for one in cloudformation.list_resources(work.aws, state.stack_id))


def _without_shell(work: Work, operation: Operation, stack_id: str) -> Outcome:
    """A shell holds nothing and blocks its name: delete it, then look again (S4, S6, S7)."""
    cloudformation.delete_stack(work.aws, stack_id, token=shell_token(operation, stack_id))
    operation.stack.stack_id = operation.stack.status = operation.stack.last_event_id = ""
    return Wait(f"Removing the empty shell of {operation.stack.name}", 0.5)


def _stranger(name: str, why: str) -> Finding:
    return Finding(
        "error", name, f"A stack named {name} exists already and {why}.", "Choose another name, or have it adopted."
    )


def tables_in_the_way(work: Work) -> list[str]:
    """Names of the tables that the plan makes and that are there: nothing is ever created over one (R4, R10). Looked
    for again right before the plan runs. A table to be taken over is not in the way."""
    parts = work.parts.get(StackKind.DATA)
    if not parts or parts[-1].action not in {CREATE, UPDATE} or parts[-1].called_at is not None:
        return []
    # A stack that is not there has no tables, whatever was once deployed under its name.
    deployed = work.deployed(parts[0].stack) if parts[0].action == UPDATE else ()
    had = {row["logical_id"] for part in parts for row in part.imports} | {one.logical_id for one in deployed}
    coming = [one for one in work.resolved(parts[-1]).resources if one.type == TABLE and one.logical_id not in had]
    names = [name for one in coming if isinstance(name := one.properties.get("TableName"), str)]
    return [name for name in names if dynamodb.describe_table(work.aws, name) and not _has(work, parts[0], name)]


def _has(work: Work, operation: Operation, table: str) -> bool:
    """Whether the stack itself has this table, though nobody told us: our change set was executed in the console."""
    if operation.action != UPDATE:
        return False
    owner = cloudformation.owner_of(work.aws, table)
    return owner is not None and owner.stack_id == operation.stack.stack_id


def _quota(work: Work) -> list[Finding]:
    """Refuse new stacks at 90 % of the account's limit (Q1). Not being told the limit is no reason to stop."""
    account = work.change.environment.account
    limit = account.stack_limit
    if limit is None or account.stack_count is None:
        return []
    if account.stack_count + 2 <= limit * STACK_QUOTA_SHARE:
        return []
    return [
        Finding(
            "error",
            "quota",
            f"{account.stack_count} of {limit} CloudFormation stacks are in use in {account.region}.",
            "An administrator has to remove stacks or raise the limit in AWS Service Quotas.",
        )
    ]


def ensure_exports_unused(work: Work) -> Outcome:
    """A data stack whose exports are imported cannot go (X2, X5). Ask before AWS would fail half way."""
    stack = work.operations[StackKind.DATA].stack
    for output in stack.outputs:
        if not output.get("export"):
            continue
        users = cloudformation.list_imports(work.aws, output["export"])
        if users:
            return Stop(
                Problem(
                    f"{stack.name} cannot be deleted: {', '.join(users)} uses its exports.",
                    "you",
                    "Delete the stacks that use it first.",
                    code="exports-in-use",
                )
            )
    return Done("No other stack uses its exports")


def ensure_account_known(work: Work) -> Outcome:
    """Console links, ARNs and the stack quota need the account: asked once a day, kept on the account's row."""
    ensure_account_facts(work.aws, work.change.environment.account)
    return Done("The account answers")
