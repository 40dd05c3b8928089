"""What is held against Stackyard: what each table held, and what was allowed at the moment of each call.

It knows the policies and the rules by itself (`estate`), and looks at AWS and at the decisions, never at what the
engine thinks of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes.world import ChangeSet, Stack, Table, World

from engine.yard import Yard
from provisioning.lifecycle import ChangeKind
from provisioning.models import Change, Environment, SealedPlan

from .estate import APPROVALS, BY_RULE

TABLE = "AWS::DynamoDB::Table"
SHELLS = {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
_NAME = re.compile(r"vault-(?:data-)?(dev|staging|prod)\b")


@dataclass(frozen=True)
class Held:
    """A table that is somebody's, and what is in it."""

    environment: str
    table_id: str
    items: Mapping[str, Any]


class Ledger:
    """Watches every call that takes effect. What is wrong is noted: raised inside a call, it would only look like a
    bug of the step."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.held: dict[str, Held] = {}
        self.wrong: list[str] = []
        watch = yard.fake.script.watch
        watch("ExecuteChangeSet", self._executed)
        watch("DeleteStack", self._stack_deleted)
        watch("DeleteTable", self._table_deleted)
        watch("UpdateTable", lambda asked: self._allowed(asked["TableName"], "UpdateTable"))
        watch("ContinueUpdateRollback", lambda asked: self._allowed(asked["StackName"], "ContinueUpdateRollback"))
        watch("RollbackStack", lambda asked: self._allowed(asked["StackName"], "RollbackStack"))
        watch("SetStackPolicy", lambda asked: self._allowed(asked["StackName"], "SetStackPolicy"))
        watch("UpdateTerminationProtection", lambda asked: self._allowed(asked["StackName"], "termination protection"))

    @property
    def world(self) -> World:
        """The AWS that is watched."""
        return self.yard.fake.world

    def take_stock(self) -> None:
        """Every table that was held is the same one, and has every item; what is new and settled is held from now."""
        for name, held in self.held.items():
            table = self.world.tables.get(name)
            if table is None:
                self.wrong.append(f"{name} is gone")
            elif table.described["TableId"] != held.table_id:
                self.wrong.append(f"{name} is another table now")
            elif not held.items.keys() <= table.items.keys():
                self.wrong.append(f"{name} lost items")
        for name, table in self.world.tables.items():
            if name.startswith("vault-") and table.described["TableStatus"] == "ACTIVE" and self._settled(table):
                self.held[name] = Held(_environment(name), table.described["TableId"], dict(table.items))

    def forgive(self) -> None:
        """Somebody outside Stackyard did something: what is not there any more is not Stackyard's doing."""
        there = self.world.tables
        self.held = {
            name: held
            for name, held in self.held.items()
            if name in there and there[name].described["TableId"] == held.table_id
        }

    def _settled(self, table: Table) -> bool:
        """Whether a table belongs to somebody: a create that fails takes back what it has just made."""
        stack = self.world.stacks.get(table.stack_id)
        return stack is None or stack.status in DONE

    def _executed(self, asked: Mapping[str, Any]) -> None:
        name = asked["ChangeSetName"]
        stack_id, key = self.world.change_sets.get(name, ("", ""))
        if not stack_id:
            return
        stack = self.world.stacks[stack_id]
        change_set = stack.change_sets[key]
        change = self._allowed(stack.name, "ExecuteChangeSet")
        if change is None:
            return
        self._as_sealed(change, stack, change_set)
        for row in (one["ResourceChange"] for one in change_set.changes):
            harm = row["Action"] == "Remove" or row.get("Replacement") in {"True", "Conditional"}
            if row["ResourceType"] == TABLE and harm:
                self.wrong.append(f"{change} executed {row['Action']} of {row['LogicalResourceId']} in {stack.name}")

    def _as_sealed(self, change: Change, stack: Stack, change_set: ChangeSet) -> None:
        """What is executed is what the plan that counts says of that stack: that very change set, or one that was
        impossible then and does no more than was said."""
        sealed = SealedPlan.objects.filter(change=change, digest=change.plan_digest, void_because="").last()
        if sealed is None:
            self.wrong.append(f"{change} runs without a plan that counts")
            return
        parts = [part for part in sealed.content["stacks"] if part["name"] == stack.name]
        does = {
            (one["ResourceChange"]["LogicalResourceId"], one["ResourceChange"]["Action"]) for one in change_set.changes
        }
        very = [part for part in parts if part["change_set"] == change_set.arn and _does(part["changes"]) == does]
        later = [part for part in parts if part["read_from"] == "template" and does <= _does(part["changes"])]
        if not very and not later:
            self.wrong.append(f"{change} executed {sorted(does)} in {stack.name}, which its plan does not say")

    def _stack_deleted(self, asked: Mapping[str, Any]) -> None:
        stack = self._stack(asked["StackName"])
        if stack is None or stack.status in {*SHELLS, "DELETE_IN_PROGRESS", "DELETE_COMPLETE"}:
            return
        change = self._allowed(stack.name, "DeleteStack")
        for placed in stack.resources.values():
            if placed.type == TABLE and not placed.deletion_policy.startswith("Retain") and change is not None:
                self._let_go(change, placed.physical_id)

    def _table_deleted(self, asked: Mapping[str, Any]) -> None:
        change = self._allowed(asked["TableName"], "DeleteTable")
        if change is not None:
            self._let_go(change, asked["TableName"])

    def _let_go(self, change: Change, name: str) -> None:
        """A table goes only when its data is to be deleted and is unprotected, and when a complete backup could bring
        every item back."""
        table = self.world.tables.get(name)
        if table is None or table.protected:
            return
        about = f"{name} was deleted by {change}"
        if change.kind != ChangeKind.DELETE_DATA:
            self.wrong.append(about)
        if Environment.objects.get(pk=change.environment_id).data_protected:
            self.wrong.append(f"{about} while its data was protected")
        kept = [one for one in self.world.backups.values() if one.table_id == table.described["TableId"]]
        if not any(one.status == "AVAILABLE" and table.items.keys() <= one.items.keys() for one in kept):
            self.wrong.append(f"{about} without a backup of all its items")
        self.held.pop(name, None)

    def _stack(self, name: str) -> Stack | None:
        return self.world.stacks.get(self.world.names.get(name, name))

    def _allowed(self, name: str, call: str) -> Change | None:
        """The change that makes a call about this stack or table, when it runs approved as its policy demands."""
        environment = _environment(name)
        running = Change.objects.filter(
            environment__name=environment, status="running", lease_token__isnull=False
        ).select_related("environment", "requested_by")
        change = running.first()
        if change is None:
            self.wrong.append(f"{call} of {name}, and no change of {environment} runs")
        elif not _approved(change):
            self.wrong.append(f"{call} of {name} by {change}, which was not approved")
        return change


def _approved(change: Change) -> bool:
    """Whether enough others approved this very plan, or a rule did that may."""
    needed, who = APPROVALS[change.environment.name]
    if _spares_data(change):
        needed, who = max(1, needed), who or frozenset({"ada", "mona"})
    if not needed:
        return True
    newest: dict[str, str] = {}
    for decision in change.decisions.filter(plan_digest=change.plan_digest).select_related("by").order_by("pk"):
        newest[decision.by.username if decision.by else ""] = decision.verdict
    if newest.get("") == "approved" and change.environment.name == "prod" and change.kind in BY_RULE:
        return not any(row["type"] == TABLE and row["action"] != "Add" for row in _rows(change))
    others = {name for name, verdict in newest.items() if verdict == "approved" and name in who}
    return len(others - {change.requested_by.username}) >= needed


def _spares_data(change: Change) -> bool:
    """Whether something of a data stack is skipped, left behind or forced: never without a second person."""
    goal = change.goal
    return goal.get("stack") == "data" and (bool(goal.get("spared")) or goal.get("what") in {"retain", "force"})


def _rows(change: Change) -> list[dict[str, Any]]:
    return [row for part in (change.plan or {})["stacks"] for row in part["changes"]]


def _does(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(row["logical_id"], row["action"]) for row in rows}


def _environment(name: str) -> str:
    """The environment that a stack, its id or a table belongs to by name."""
    found = _NAME.search(name)
    assert found, name
    return found[1]
