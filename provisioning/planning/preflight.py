"""Preflight of templates and tables: what AWS would refuse half way, found before anyone is asked (P1, T5-T9, T17).

Pure functions over a template as deployed and as sent. `Tables` are the tables of one reading, by logical id.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from provisioning.blueprints.shapes import Resolved, ResolvedResource, Template, Unknown
from provisioning.blueprints.template import MAX_BYTES
from provisioning.planning.findings import Finding

TABLE, TARGET = "AWS::DynamoDB::Table", "AWS::ApplicationAutoScaling::ScalableTarget"
ON_DEMAND, PROVISIONED = "PAY_PER_REQUEST", "PROVISIONED"
NEARLY = 0.9
MOST = {"resources": 500, "parameters": 200, "outputs": 200, "mappings": 200}  # P1
SWITCH_WINDOW, EXPIRY_WINDOW = timedelta(hours=24), timedelta(hours=1)
_NOT_A_SWITCH = timedelta(minutes=5)
Tables = Mapping[str, ResolvedResource]


def tables_of(resources: Iterable[ResolvedResource]) -> dict[str, ResolvedResource]:
    """The tables among the resources, by logical id."""
    return {resource.logical_id: resource for resource in resources if resource.type == TABLE}


def name_of(table: ResolvedResource) -> str:
    """The table's fixed name, else its logical id."""
    name = table.properties.get("TableName")
    return name if isinstance(name, str) else table.logical_id


def size_findings(kind: str, template: Template) -> list[Finding]:
    """The template against the limits of what can be sent (P1)."""
    size = len(template.body.encode())
    found = []
    if size > MAX_BYTES * NEARLY:
        found.append(
            Finding(
                "error" if size > MAX_BYTES else "warning",
                kind,
                f"The template is {size:,} bytes; {MAX_BYTES:,} is the most.",
                "Shorten it, or move part of it to another application.",
            )
        )
    counted = {
        "resources": template.resources,
        "parameters": template.parameters,
        "outputs": template.outputs,
        "mappings": template.mappings,
    }
    for noun, part in counted.items():
        if len(part) > MOST[noun]:
            found.append(
                Finding("error", kind, f"The template has {len(part):,} {noun}; {MOST[noun]} is the most.", "Split it.")
            )
    return found


def expiry_findings(before: Tables, after: Tables, *, updated_at: datetime | None, now: datetime) -> list[Finding]:
    """Expiry cannot move to another attribute in one update, and its block cannot simply go (T5). `updated_at` is
    when the stack last changed: expiry that was switched within the hour cannot be switched again."""
    found: list[Finding] = []
    for logical_id, old in before.items():
        new = after.get(logical_id)
        if new is not None:
            found += _expiry(old, new, recent=updated_at is not None and updated_at > now - EXPIRY_WINDOW)
    return found


def _expiry(old: ResolvedResource, new: ResolvedResource, *, recent: bool) -> Iterator[Finding]:
    was, will = _ttl(old), _ttl(new)
    name = name_of(old)
    two_steps = (
        f"Two updates, an hour apart: first set TimeToLiveSpecification to AttributeName {was[0]} with Enabled"
        " false, then what it should be."
    )
    if was[1] and will[0] is None:
        sentence = f"Items of {name} expire by {was[0]}, and the template no longer says so: AWS refuses that."
        fix = f"Keep TimeToLiveSpecification with AttributeName {was[0]} and set Enabled: false."
        yield Finding("error", name, sentence, fix)
    elif was[1] and will[0] != was[0]:
        sentence = f"Items of {name} expire by {was[0]}; this cannot become {will[0]} in one update."
        yield Finding("error", name, sentence, two_steps)
    elif not was[1] and will[1] and was[0] is not None and recent:
        sentence = f"The stack of {name} changed within the last hour: if expiry was switched off then, AWS refuses."
        yield Finding("warning", name, sentence, "Wait until an hour has passed.")


def _ttl(table: ResolvedResource) -> tuple[str | None, bool]:
    """The attribute, None without a block, and whether expiry is on."""
    block = table.properties.get("TimeToLiveSpecification")
    if not isinstance(block, dict):
        return None, False
    return str(block.get("AttributeName")), block.get("Enabled") in (True, "true")


def capacity_findings(after: Tables) -> list[Finding]:
    """Provisioned capacity is given for the table and each of its indexes, or, on demand, for none (T8)."""
    found = []
    for table in after.values():
        mode = table.properties.get("BillingMode", PROVISIONED)
        if mode not in (ON_DEMAND, PROVISIONED):
            continue
        wrong = [what for what, given in _throughputs(table) if given is (mode == ON_DEMAND)]
        if not wrong:
            continue
        name, where = name_of(table), ", ".join(wrong)
        if mode == ON_DEMAND:
            sentence = f"{name} is paid for on demand, and yet {where} has ProvisionedThroughput."
            fix = "Take ProvisionedThroughput away, from the table and every index."
        else:
            sentence = f"{name} is provisioned, and {where} lacks ProvisionedThroughput."
            fix = "Give it to the table and to every global index, or set BillingMode: PAY_PER_REQUEST."
        found.append(Finding("error", name, sentence, fix))
    return found


def _throughputs(table: ResolvedResource) -> Iterator[tuple[str, bool]]:
    """The table and each of its global indexes, with whether capacity is given for it."""
    yield "the table", bool(table.properties.get("ProvisionedThroughput"))
    indexes = table.properties.get("GlobalSecondaryIndexes") or []
    for index in indexes if isinstance(indexes, list) else []:
        if isinstance(index, dict):
            yield f"index {index.get('IndexName')}", bool(index.get("ProvisionedThroughput"))


def switched_on_demand(before: Tables, after: Tables) -> dict[str, str]:
    """The tables that would go from provisioned to on demand: logical id to name (T7)."""
    return {
        logical_id: name_of(old)
        for logical_id, old in before.items()
        if logical_id in after
        and old.properties.get("BillingMode", PROVISIONED) == PROVISIONED
        and after[logical_id].properties.get("BillingMode", PROVISIONED) == ON_DEMAND
    }


def switches_done(
    logical_id: str,
    ours: Iterable[tuple[datetime, datetime, Mapping[str, Any]]],
    *,
    switched_at: datetime | None,
    created_at: datetime | None,
    now: datetime,
) -> int:
    """How often a table went on demand in the last 24 hours: by our own plans, each with when it started and ended,
    and once more when AWS remembers a switch that none of them made. A table made on demand was not switched (T7)."""
    since = now - SWITCH_WINDOW
    recent = ((start, end, plan) for start, end, plan in ours if end > since)
    spans = [(start, end) for start, end, plan in recent if any(_switches(row, logical_id) for row in _rows(plan))]
    if switched_at is None or switched_at <= since:
        return len(spans)
    made_so = created_at is not None and abs(switched_at - created_at) < _NOT_A_SWITCH
    by_us = any(start - _NOT_A_SWITCH <= switched_at <= end + _NOT_A_SWITCH for start, end in spans)
    return len(spans) + (not made_so and not by_us)


def _rows(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for stack in plan.get("stacks", ()):
        yield from stack.get("changes", ())


def _switches(row: Mapping[str, Any], logical_id: str) -> bool:
    return row["logical_id"] == logical_id and any(
        detail["path"].removeprefix("/Properties/") == "BillingMode" and str(detail["after"]).strip('"') == ON_DEMAND
        for detail in row["details"]
    )


def switch_findings(done: Mapping[str, int], most: int) -> list[Finding]:
    """`done` says how often each of the tables that would go on demand did so in the last 24 hours (T7)."""
    found = []
    for name, times in sorted(done.items()):
        said = f"{name} went on demand {times} times within 24 hours; AWS allows {most}."
        if times >= most:
            found.append(Finding("error", name, said, "Wait until 24 hours have passed since the first of them."))
        elif times == most - 1:
            sentence = f"This is the last time within 24 hours that {name} may go on demand."
            found.append(Finding("warning", name, sentence, "Provisioned capacity can be chosen again at any time."))
    return found


def stream_findings(before: Tables, after: Tables, exporting: Iterable[str]) -> list[Finding]:
    """Another stream has another ARN (T17). `exporting` are the logical ids of tables whose stream is exported."""
    exported = frozenset(exporting)
    found = []
    for logical_id in streams_replaced(before, after):
        name, was, will = name_of(before[logical_id]), _stream(before[logical_id]), _stream(after[logical_id])
        becomes = f"become one of {will}" if will else "end"
        sentence = f"The stream of {name} ({was}) would {becomes}"
        if logical_id in exported:
            sentence += ", and its ARN, which is exported, with it: while that is imported, AWS undoes the update."
            fix = "Two updates: first take the export of the stream's ARN away, and let nothing import it; then this."
            found.append(Finding("error", name, sentence, fix))
        else:
            sentence += ": whoever reads it has to be pointed to the new one." if will else ": whoever reads it stops."
            found.append(Finding("warning", name, sentence, "Unread changes of the old stream stay for 24 hours."))
    return found


def streams_replaced(before: Tables, after: Tables) -> list[str]:
    """The logical ids of the tables whose stream would be another one, or none."""
    return [
        logical_id
        for logical_id, old in before.items()
        if logical_id in after and _stream(old) and _stream(old) != _stream(after[logical_id])
    ]


def _stream(table: ResolvedResource) -> str:
    block = table.properties.get("StreamSpecification")
    return str(block.get("StreamViewType", "")) if isinstance(block, dict) else ""


def exporting_streams(resolved: Resolved) -> frozenset[str]:
    """The logical ids whose stream's ARN an export gives away."""
    return frozenset(
        found.group(1)
        for output in resolved.outputs
        if output.export and isinstance(output.value, Unknown)
        for found in re.finditer(r"(\w+)\.StreamArn\b", str(output.value))
    )


def new_targets(before: Iterable[ResolvedResource], after: Iterable[ResolvedResource]) -> dict[str, str]:
    """The scalable targets that an update would register: logical id to resource id, such as `table/dev-x` (T9)."""
    before, after = list(before), list(after)
    names = {logical_id: name_of(table) for logical_id, table in tables_of(after).items()}
    there = {one.logical_id for one in before if one.type == TARGET}
    return {
        one.logical_id: _resource_id(one, names) for one in after if one.type == TARGET and one.logical_id not in there
    }


def _resource_id(target: ResolvedResource, names: Mapping[str, str]) -> str:
    """What only AWS knows stands there as a logical id; the names of tables are known to us."""
    value = target.properties.get("ResourceId", "")
    if not isinstance(value, Unknown):
        return str(value)
    path = str(value).split(",")[0]
    return "/".join(names.get(part, part) for part in path.split("/"))


def target_findings(new: Mapping[str, str], registered: Iterable[str]) -> list[Finding]:
    """A target that is registered already cannot be made by a stack (T9, T11)."""
    there = frozenset(registered)
    return [
        Finding(
            "error",
            logical_id,
            f"{resource_id} scales by itself already: somebody registered it, or it is left over from before.",
            "Deregister it in Application Auto Scaling first; then the stack can register its own.",
        )
        for logical_id, resource_id in sorted(new.items())
        if resource_id in there
    ]
