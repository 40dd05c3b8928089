"""What a change set that reverts drift says beside the plain differences (C13)."""

from provisioning.blueprints.shapes import Resolved, ResolvedResource

from . import reality
from .differences import Row, row_of
from .naming import recreation
from .world import Placed, Stack, World


def with_drift(world: World, stack: Stack, wanted: Resolved, rows: list[Row]) -> list[Row]:
    """The rows, and one for each resource that is not as its template says."""
    plain = {row["ResourceChange"]["LogicalResourceId"]: row for row in rows}
    for resource in wanted.resources:
        placed = stack.resources.get(resource.logical_id)
        if placed is None or placed.type not in reality.CHECKED:
            continue
        if reality.is_gone(world, placed):
            plain[resource.logical_id] = _row(placed, "Add", "DELETED")
            continue
        found = reality.differences(world, placed, resource)
        if found:
            row = plain.setdefault(resource.logical_id, _row(placed, "Modify", "MODIFIED"))["ResourceChange"]
            row["ResourceDriftStatus"] = "MODIFIED"
            row["Replacement"] = row.get("Replacement", "False")
            row["Scope"] = ["Properties"]
            row["Details"] = [_detail(placed, one, resource) for one in found]
    return sorted(plain.values(), key=lambda row: str(row["ResourceChange"]["LogicalResourceId"]))


def _row(placed: Placed, action: str, status: str) -> Row:
    row = row_of(action, placed.logical_id, placed.type, placed.physical_id)
    return {"Type": "Resource", "ResourceChange": {**row, "ResourceDriftStatus": status}}


def _detail(placed: Placed, found: reality.Difference, wanted: ResolvedResource) -> Row:
    name = found["PropertyPath"].split("/")[1]
    target = {
        "Attribute": "Properties",
        "Name": name,
        "Path": f"/Properties{found['PropertyPath']}",
        "RequiresRecreation": recreation(placed.type, name),
        "BeforeValue": found["ActualValue"],
        "AfterValue": found["ExpectedValue"],
        "BeforeValueFrom": "ACTUAL_STATE",
        "AfterValueFrom": "TEMPLATE",
        "Drift": {"PreviousValue": reality.text(wanted.properties.get(name)), "ActualValue": found["ActualValue"]},
        "AttributeChangeType": "Modify",
    }
    return {"Target": target, "Evaluation": "Static", "ChangeSource": "DirectModification"}
