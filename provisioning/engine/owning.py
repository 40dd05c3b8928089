"""Which tables are an environment's, whether a stack has them or not (R1, R10). Reads only."""

from dataclasses import dataclass

from provisioning.aws import cloudformation, dynamodb
from provisioning.aws.clients import Clients
from provisioning.blueprints.model import Blueprint, TablePromise
from provisioning.blueprints.promises import filled_values, starting_values, table_promises
from provisioning.blueprints.shapes import Pseudo
from provisioning.lifecycle import StackKind, stack_status
from provisioning.models import Environment, Stack, Table

TABLE_TYPE = "AWS::DynamoDB::Table"


@dataclass(frozen=True)
class OwnTable:
    """One table that is there. `logical_id` is empty for one the template does not know; `owner` is the stack that
    has it, empty when none has; `promise` is None where nothing is promised about it."""

    name: str
    logical_id: str
    owner: str
    shown: dynamodb.Table
    promise: TablePromise | None


def promises(blueprint: Blueprint, environment: Environment, stack: Stack) -> tuple[TablePromise, ...]:
    """The tables the blueprint promises this environment, under the values its data stack was last sent; tables
    without a fixed name are left out, because nobody could tell whose they are."""
    account = environment.account
    filled = filled_values(
        blueprint,
        StackKind.DATA,
        environment=environment.name,
        stage=environment.stage,
        owner=environment.owner.get_username(),
        environment_id=str(environment.pk),
    )
    values = {**starting_values(blueprint, StackKind.DATA, environment.stage), **filled, **stack.parameters}
    found = table_promises(blueprint, values, Pseudo(account.region, account.account_id, stack.name))
    return tuple(promise for promise in found if promise.name != promise.logical_id)


def own_tables(aws: Clients, blueprint: Blueprint, environment: Environment, stack: Stack) -> tuple[OwnTable, ...]:
    """Every table of an environment that is there: those of its data stack, those promised by name, and those
    known from before. Another stack's are among them, with that stack as their owner."""
    promised = {promise.name: promise for promise in promises(blueprint, environment, stack)}
    placed = {}
    if not stack_status(stack.status).gone:
        rows = stack.resources.filter(type=TABLE_TYPE).exclude(physical_id="")
        placed = {row.physical_id: row.logical_id for row in rows}
    known = Table.objects.filter(account=environment.account, environment=environment).values_list("name", flat=True)
    found = []
    for name in sorted({*promised, *placed, *known}):
        shown = dynamodb.describe_table(aws, name)
        if shown is None:
            continue
        promise = promised.get(name)
        logical_id = placed.get(name) or (promise.logical_id if promise else "")
        found.append(OwnTable(name, logical_id, owner_of(aws, name), shown, promise))
    return tuple(found)


def owner_of(aws: Clients, table: str) -> str:
    """The name of the stack that has a table, empty when none has."""
    owner = cloudformation.owner_of(aws, table)
    return owner.stack_name if owner else ""
