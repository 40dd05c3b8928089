"""What CloudFormation does to a stack, beat by beat: create, update, delete, import, and undoing each.

Every operation is a generator; one `next` is one beat. It leaves events as it goes and ends at a status of rest.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from provisioning.blueprints.shapes import Resolved, ResolvedResource

from . import reality, resources
from .differences import replacement
from .exports import publish, unpublish
from .naming import NAMED_BY, NoExportError, parsed, resolved
from .policies import denied
from .resources import physical_id
from .tables import ResourceError
from .world import ChangeSet, Placed, Stack, World

# A part of an operation: beats, and in the end what went wrong, empty when nothing did.
Steps = Generator[None, None, str]
STACK_TYPE = "AWS::CloudFormation::Stack"
CUSTOM_NAMED = (
    "CloudFormation cannot update a stack when a custom-named resource requires replacing."
    " Rename {name} and update the stack again."
)


def say(world: World, stack: Stack, about: tuple[str, str, str], status: str, reason: str = "") -> None:
    """Add an event `about` a logical id, a type and a physical id."""
    logical_id, kind, physical_id = about
    event: dict[str, Any] = {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "EventId": f"{logical_id}-{status}-{world.number()}",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": physical_id,
        "ResourceType": kind,
        "Timestamp": world.now(),
        "ResourceStatus": status,
    }
    if reason:
        event["ResourceStatusReason"] = reason
    if stack.token:
        event["ClientRequestToken"] = stack.token
    stack.events.append(event)


def turn(world: World, stack: Stack, status: str, reason: str = "") -> None:
    """Move a stack to a status, and say so."""
    world.set_status(stack, status, reason)
    say(world, stack, (stack.name, STACK_TYPE, stack.stack_id), status, reason)


class Run:
    """One operation on one stack, and what is needed to undo it."""

    def __init__(
        self, world: World, stack: Stack, change_set: ChangeSet | None, *, keep_failed: bool, clear_created: bool
    ) -> None:
        self.world, self.stack, self.change_set = world, stack, change_set
        self.keep_failed, self.clear_created = keep_failed, clear_created
        self.before = dict(stack.resources)
        self.before_properties = {name: dict(one.properties) for name, one in stack.resources.items()}
        self.old_tags = dict(stack.tags)
        self.made: list[Placed] = []
        self.replaced: list[Placed] = []
        self.old = (stack.body, dict(stack.parameters), list(stack.outputs), stack.imports)
        self.skips: frozenset[str] = frozenset()  # what a roll-back leaves as it is
        self.leaves: frozenset[str] = frozenset()  # what a deletion leaves where it is
        self.forced = False

    # Creating.

    def create(self) -> Iterator[None]:
        """A first create: to CREATE_COMPLETE, or back to nothing."""
        world, stack = self.world, self.stack
        turn(world, stack, "CREATE_IN_PROGRESS", "User Initiated")
        yield
        wanted = self._wanted()
        problem = wanted if isinstance(wanted, str) else ""
        if isinstance(wanted, Resolved):
            problem = yield from self._apply(wanted.resources)
            problem = problem or publish(world, stack, wanted)
        if not problem:
            turn(world, stack, "CREATE_COMPLETE")
            return
        if self.keep_failed:
            turn(world, stack, "CREATE_FAILED", problem)
            return
        turn(world, stack, "ROLLBACK_IN_PROGRESS", f"{problem} Rollback requested by user.")
        yield
        stuck = yield from self._take_away(self.made[::-1], "ROLLBACK", undoing=True)
        unpublish(world, stack)
        turn(world, stack, "ROLLBACK_FAILED" if stuck else "ROLLBACK_COMPLETE", stuck)

    # Updating.

    def update(self) -> Iterator[None]:
        """An update: to UPDATE_COMPLETE, or back to what was."""
        world, stack = self.world, self.stack
        turn(world, stack, "UPDATE_IN_PROGRESS", "User Initiated")
        yield
        wanted = self._wanted()
        problem = wanted if isinstance(wanted, str) else ""
        if isinstance(wanted, Resolved):
            problem = self._forbidden(wanted) or (yield from self._apply(wanted.resources))
            problem = problem or publish(world, stack, wanted)
        if not problem and isinstance(wanted, Resolved):
            self._keep_policies(wanted)
            turn(world, stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            stack.updated_at = world.now()
            yield
            kept = {one.logical_id for one in wanted.resources}
            gone = [one for name, one in self.before.items() if name not in kept]
            yield from self._take_away([*self.replaced, *gone], "DELETE")
            turn(world, stack, "UPDATE_COMPLETE")
        elif self.keep_failed:
            stack.undoing = self
            turn(world, stack, "UPDATE_FAILED", problem)
        else:
            yield from self.undo(problem)

    def undo(self, problem: str) -> Iterator[None]:
        """Back to what was before the update, or stuck on the way; from there it can be gone on with."""
        world, stack = self.world, self.stack
        turn(world, stack, "UPDATE_ROLLBACK_IN_PROGRESS", problem)
        yield
        stack.tags, stack.undoing = self.old_tags, self
        stack.body, stack.parameters, stack.outputs, stack.imports = self.old
        for name, placed in self.before.items():
            if name in self.skips:
                self._say(stack.resources[name], "UPDATE_COMPLETE", "Resource update skipped")
                continue
            if stack.resources.get(name) is placed and placed.properties == self.before_properties[name]:
                continue
            why = world.script.failure(stack.name, name, "ROLLBACK")
            if why:
                self._say(stack.resources.get(name, placed), "UPDATE_FAILED", why)
                turn(world, stack, "UPDATE_ROLLBACK_FAILED", f"The following resource(s) failed to update: [{name}].")
                return
            stack.resources[name] = placed
            resources.change(world, stack, placed, self.before_properties[name])
            self._say(placed, "UPDATE_COMPLETE")
        stack.undoing = None
        turn(world, stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        yield
        yield from self._take_away(self.made[::-1], "DELETE", undoing=True)
        turn(world, stack, "UPDATE_ROLLBACK_COMPLETE")

    # Deleting.

    def delete(self) -> Iterator[None]:
        """A delete: to DELETE_COMPLETE, or stuck."""
        world, stack = self.world, self.stack
        turn(world, stack, "DELETE_IN_PROGRESS", "User Initiated")
        yield
        stuck = yield from self._take_away(list(stack.resources.values())[::-1], "DELETE")
        if stuck:
            turn(world, stack, "DELETE_FAILED", stuck)
            return
        unpublish(world, stack)
        stack.outputs, stack.resources = [], {}
        if world.names.get(stack.name) == stack.stack_id:
            del world.names[stack.name]
        turn(world, stack, "DELETE_COMPLETE")

    # Importing.

    def take_over(self) -> Iterator[None]:
        """An import: to IMPORT_COMPLETE, or back."""
        world, stack = self.world, self.stack
        turn(world, stack, "IMPORT_IN_PROGRESS", "User Initiated")
        yield
        wanted = self._wanted()
        problem = wanted if isinstance(wanted, str) else ""
        if isinstance(wanted, Resolved):
            problem = yield from self._adopt(one for one in wanted.resources if one.logical_id not in self.before)
        if not problem:
            turn(world, stack, "IMPORT_COMPLETE")
            return
        turn(world, stack, "IMPORT_ROLLBACK_IN_PROGRESS", problem)
        yield
        for placed in self.made:
            resources.release(world, placed)
            del stack.resources[placed.logical_id]
        blocked = world.script.failure(stack.name, stack.name, "ROLLBACK")
        turn(world, stack, "IMPORT_ROLLBACK_FAILED" if blocked else "IMPORT_ROLLBACK_COMPLETE", blocked or "")

    def _adopt(self, wanted: Iterator[ResolvedResource]) -> Steps:
        world, stack = self.world, self.stack
        for resource in wanted:
            placed = self._placed(resource, "IMPORT_IN_PROGRESS")
            self._say(placed, "IMPORT_IN_PROGRESS", "Resource import started.")
            yield
            why = world.script.failure(stack.name, resource.logical_id, "IMPORT")
            try:
                if why is None:
                    resources.adopt(world, stack, placed)
            except ResourceError as refusal:
                why = str(refusal)
            if why is not None:
                self._say(placed, "IMPORT_FAILED", why)
                return f"The following resource(s) failed to import: [{resource.logical_id}]."
            self.made.append(placed)
            stack.resources[resource.logical_id] = placed
            self._say(placed, "IMPORT_COMPLETE", "Resource import completed.")
        return ""

    # Parts.

    def _wanted(self) -> Resolved | str:
        """The template worked out, or the reason why it cannot be, said at the resource that it is about."""
        assert self.change_set is not None
        world, stack = self.world, self.stack
        stack.body, stack.parameters = self.change_set.body, self.change_set.parameters
        stack.tags, stack.capabilities = dict(self.change_set.tags), self.change_set.capabilities
        try:
            wanted, imported = resolved(world, stack, stack.body, stack.parameters)
        except NoExportError as missing:
            logical_id, body = next(
                (name, body) for name, body in parsed(stack.body).resources.items() if "Fn::ImportValue" in str(body)
            )
            verb = "UPDATE" if self.before else "CREATE"
            say(world, stack, (logical_id, body["Type"], ""), f"{verb}_FAILED", str(missing))
            return f"The following resource(s) failed to {verb.lower()}: [{logical_id}]."
        stack.imports = imported
        for name in imported:
            world.importers.setdefault(name, set()).add(stack.stack_id)
        return wanted

    def _forbidden(self, wanted: Resolved) -> str:
        """Why the stack policy lets the update not happen, said at the resource that it is about, or nothing."""
        kept = {one.logical_id: one for one in wanted.resources}
        for name, placed in self.before.items():
            if name in kept and not self._differs(kept[name]):
                continue
            replaced = name in kept and replacement(placed, kept[name]) != "False"
            verb = "Delete" if name not in kept else "Replace" if replaced else "Modify"
            why = denied(self.stack.policy, f"Update:{verb}", name, placed.type)
            if why:
                self._say(placed, "UPDATE_FAILED", why)
                return f"The following resource(s) failed to update: [{name}]."
        return ""

    def _keep_policies(self, wanted: Resolved) -> None:
        for one in wanted.resources:
            placed = self.stack.resources[one.logical_id]
            placed.deletion_policy, placed.update_replace_policy = one.deletion_policy, one.update_replace_policy

    def _apply(self, wanted: Sequence[ResolvedResource]) -> Steps:
        """Make and change resources, a beat's worth at a time. Returns what went wrong, or nothing."""
        todo = [one for one in wanted if self._differs(one)]
        step = max(1, self.world.pace.resources)
        for start in range(0, len(todo), step):
            batch = [(one, self._begin(one)) for one in todo[start : start + step]]
            yield
            if self.stack.cancelled:
                self.stack.token = self.stack.cancelled  # the roll-back is the cancel's, and so are its events
                return "User Initiated"
            failed = ""
            for one, placed in batch:
                if failed:
                    doing = "creation" if self._verb(one) == "CREATE" else "update"
                    self._say(placed, f"{self._verb(one)}_FAILED", f"Resource {doing} cancelled")
                elif not self._finish(one, placed):
                    failed = one.logical_id
            if failed:
                return f"The following resource(s) failed to {'update' if self.before else 'create'}: [{failed}]."
        return ""

    def _differs(self, resource: ResolvedResource) -> bool:
        placed = self.before.get(resource.logical_id)
        if placed is not None and self._has_drifted(resource, placed):
            return True
        return placed is None or placed.properties != resource.properties or self.stack.tags != self.old_tags

    def _has_drifted(self, resource: ResolvedResource, placed: Placed) -> bool:
        """Whether this operation is to bring a resource back (C13)."""
        if self.change_set is None or not self.change_set.reverts:
            return False
        return reality.is_gone(self.world, placed) or bool(reality.differences(self.world, placed, resource))

    def _verb(self, resource: ResolvedResource) -> str:
        return "UPDATE" if resource.logical_id in self.before else "CREATE"

    def _begin(self, resource: ResolvedResource) -> Placed:
        placed = self.before.get(resource.logical_id)
        if placed is None or replacement(placed, resource) != "False":
            placed = self._placed(resource, "CREATE_IN_PROGRESS")
        self._say(placed, f"{self._verb(resource)}_IN_PROGRESS")
        return placed

    def _finish(self, resource: ResolvedResource, placed: Placed) -> bool:
        """Whether the resource came out as wanted."""
        verb = self._verb(resource)
        why = self.world.script.failure(self.stack.name, resource.logical_id, verb)
        try:
            if why is None:
                self._bring_about(resource, placed)
        except ResourceError as refusal:
            why = str(refusal)
        if why is None:
            self._say(placed, f"{verb}_COMPLETE")
            return True
        self._say(placed, f"{verb}_FAILED", why)
        return False

    def _bring_about(self, resource: ResolvedResource, placed: Placed) -> None:
        world, stack = self.world, self.stack
        there = self.before.get(resource.logical_id)
        if there is placed and self._has_drifted(resource, placed):
            reality.bring_back(world, stack, placed, resource)
        if there is placed:
            resources.check(world, placed, resource.properties)
            resources.change(world, stack, placed, resource.properties)
            return
        if there is not None:
            if there.physical_id == placed.physical_id and resource.properties.get(NAMED_BY.get(resource.type, "")):
                raise ResourceError(CUSTOM_NAMED.format(name=there.physical_id))
            self.replaced.append(there)
        resources.make(world, stack, placed)
        self.made.append(placed)
        stack.resources[resource.logical_id] = placed

    def _placed(self, resource: ResolvedResource, status: str) -> Placed:
        return Placed(
            logical_id=resource.logical_id,
            type=resource.type,
            physical_id=physical_id(self.world, self.stack, resource),
            properties=resource.properties,
            deletion_policy=resource.deletion_policy,
            update_replace_policy=resource.update_replace_policy,
            status=status,
            updated_at=self.world.now(),
        )

    def _take_away(self, doomed: Sequence[Placed], verb: str, *, undoing: bool = False) -> Steps:
        """Remove resources, or leave those that are retained. Returns what is stuck, or nothing."""
        stack, step = self.stack, max(1, self.world.pace.resources)
        stuck = []
        for start in range(0, len(doomed), step):
            batch = doomed[start : start + step]
            for placed in batch:
                self._say(placed, "DELETE_IN_PROGRESS")
            yield
            stuck += [placed.logical_id for placed in batch if not self._removed(placed, verb, undoing=undoing)]
        for placed in doomed:
            if stack.resources.get(placed.logical_id) is placed and placed.logical_id not in stuck:
                del stack.resources[placed.logical_id]
        return f"The following resource(s) failed to delete: [{', '.join(stuck)}]." if stuck else ""

    def _removed(self, placed: Placed, verb: str, *, undoing: bool) -> bool:
        """Whether the resource is gone, or kept as its policy says; what was only just made goes (R3), and what a
        person leaves behind stays (S8)."""
        replaced = any(placed is one for one in self.replaced)
        policy = placed.update_replace_policy if replaced else placed.deletion_policy
        kept = policy == "Retain" and not self.clear_created if undoing else policy.startswith("Retain")
        if kept or placed.logical_id in self.leaves:
            resources.release(self.world, placed)
            self._say(placed, "DELETE_SKIPPED")
            return True
        why = self.world.script.failure(self.stack.name, placed.logical_id, verb)
        try:
            if why is None:
                resources.remove(self.world, placed)
        except ResourceError as refusal:
            why = str(refusal)
        if why and self.forced:
            resources.release(self.world, placed)
            self._say(placed, "DELETE_SKIPPED", why)
            return True
        self._say(placed, "DELETE_FAILED" if why else "DELETE_COMPLETE", why or "")
        return why is None

    def _say(self, placed: Placed, status: str, reason: str = "") -> None:
        placed.status, placed.updated_at = status, self.world.now()
        say(self.world, self.stack, (placed.logical_id, placed.type, placed.physical_id), status, reason)
