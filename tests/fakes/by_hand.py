"""What people do in the AWS of a test without Stackyard: no call is counted, no scripted fault is used up by it."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .cloudformation import CloudFormation
from .naming import parsed
from .operations import Run
from .reality import alter
from .resources import SCALING, remove, tags_of
from .tables import forget, new_table
from .world import ChangeSet, Stack, Table, World

Values = Mapping[str, str]
NO_VALUES: Values = {}


class ByHand:
    """Part of `FakeAws`."""

    world: World

    def make_table(
        self,
        name: str,
        *keys: str,
        indexes: Mapping[str, Sequence[str]] | None = None,
        items: int | Mapping[str, Any] = 0,
        tags: Values = NO_VALUES,
        **properties: Any,
    ) -> Table:
        """A table in no stack, on demand, with that many items or these.

        Keys are written as `id` or `at:N`, first the partition key; so are those of its `indexes`, which project
        everything. `properties` are those of a template, such as `StreamSpecification={…}`.
        """
        own, others = _keys(keys or ("id",)), {index: _keys(written) for index, written in (indexes or {}).items()}
        types = dict(own) | {key: kind for index in others.values() for key, kind in index}
        shape = {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind in types.items()],
            "KeySchema": _schema(own),
            "GlobalSecondaryIndexes": [
                {"IndexName": index, "KeySchema": _schema(written), "Projection": {"ProjectionType": "ALL"}}
                for index, written in others.items()
            ],
        }
        table = new_table(self.world, name, shape | properties)
        table.items.update(items if isinstance(items, Mapping) else {str(number): {} for number in range(items)})
        self.world.tag(table.arn, tags_of(properties) | dict(tags))
        return table

    def lose_table(self, name: str) -> None:
        """Delete a table behind the back of whatever stack has it."""
        forget(self.world, self.world.tables[name])

    def drift(self, stack: str, logical_id: str, **properties: Any) -> None:
        """Change properties of a resource behind its stack's back; they are a template's, such as `BillingMode=…`."""
        alter(self.world, self._stack(stack).resources[logical_id], properties)

    def lose_resource(self, stack: str, logical_id: str) -> None:
        """Delete a resource behind its stack's back."""
        placed = self._stack(stack).resources[logical_id]
        remove(self.world, placed)
        self.world.lost.add(placed.physical_id)

    def wrote(self, table: str, at: datetime, units: float = 1.0) -> None:
        """CloudWatch has measured a write."""
        self.world.writes.setdefault(table, []).append((at, units))

    def register_scaling(self, resource_id: str, dimension: str = "dynamodb:table:WriteCapacityUnits") -> None:
        """Let capacity follow the load; `resource_id` is as in `table/<name>/index/<index>` (T9)."""
        self.world.scalable[f"{resource_id}|{dimension}|dynamodb"] = SCALING

    def make_stack(self, name: str, body: str, parameters: Values = NO_VALUES, tags: Values = NO_VALUES) -> Stack:
        """A stack that was brought up without Stackyard. Raises ValueError when it does not come up."""
        planned = self._planned("CREATE", name, body, parameters, tags)
        stack = self._stack(name)
        run = Run(self.world, stack, planned, keep_failed=False, clear_created=False)
        return self._brought(stack, run.create(), "CREATE_COMPLETE")

    def update_stack(
        self, name: str, body: str = "", parameters: Values = NO_VALUES, tags: Values | None = None
    ) -> Stack:
        """Update a stack without Stackyard; what is not given stays. Change sets that waited on it are OBSOLETE.

        Raises ValueError when the update does not go through.
        """
        stack = self._stack(name)
        waiting = list(stack.change_sets.values())
        values = stack.parameters | dict(parameters)
        planned = self._planned("UPDATE", name, body or stack.body, values, stack.tags if tags is None else tags)
        for other in waiting:
            other.execution = "OBSOLETE"
        run = Run(self.world, stack, planned, keep_failed=False, clear_created=False)
        return self._brought(stack, run.update(), "UPDATE_COMPLETE")

    def lose_stack(self, name: str) -> None:
        """Delete a stack by hand, protected or not; what it retains stays. Raises ValueError when it gets stuck."""
        stack = self._stack(name)
        stack.change_sets.clear()
        run = Run(self.world, stack, None, keep_failed=False, clear_created=False)
        self._brought(stack, run.delete(), "DELETE_COMPLETE")

    def _planned(self, kind: str, name: str, body: str, parameters: Values, tags: Values) -> ChangeSet:
        """A change set for this, which waits on no stack."""
        known, token = parsed(body), f"by-hand-{self.world.number()}"
        made = CloudFormation(self.world).create_change_set(
            StackName=name,
            ChangeSetName=token,
            ChangeSetType=kind,
            ClientToken=token,
            TemplateBody=body,
            Parameters=[{"ParameterKey": key, "ParameterValue": parameters[key]} for key in parameters],
            Tags=[{"Key": key, "Value": tags[key]} for key in tags],
            Capabilities=sorted(known.capabilities),
        )
        del self.world.change_sets[made["Id"]]
        planned = self._stack(name).change_sets.pop(token)
        if planned.reason:
            raise ValueError(planned.reason)
        return planned

    def _brought(self, stack: Stack, motion: Any, status: str) -> Stack:
        stack.motion, stack.token = None, ""
        deque(motion, maxlen=0)
        if stack.status != status:
            why = [event["ResourceStatusReason"] for event in stack.events if "ResourceStatusReason" in event]
            raise ValueError(f"{stack.name} is {stack.status}: {' '.join(why)}")
        return stack

    def _stack(self, name: str) -> Stack:
        return self.world.stacks[self.world.names[name]]


def _keys(written: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, kind or "S") for name, _, kind in (one.partition(":") for one in written)]


def _schema(keys: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": role} for (name, _), role in zip(keys, ("HASH", "RANGE"), strict=False)]
