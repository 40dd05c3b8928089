"""Masking rules of a blueprint: which attributes of a table's items are not shown, and how their paths are written.

A path names an attribute and parts within it: `email`, `profile.phone`, `addresses[*].street`. A name with a dot, a
bracket or a quotation mark in it stands in quotation marks: `"a.b".c`. `*` is every name of a map, `[*]` every member
of a list.
"""

import re
from collections.abc import Mapping

from provisioning.blueprints.fields import Problems
from provisioning.blueprints.model import Blueprint, TablePromise

Path = tuple[str | None, ...]
EVERY = None  # the step to every part of a map or list
_STEP = re.compile(r'(?:(?P<every>\*)|"(?P<quoted>(?:[^"\\]|\\.)+)"|(?P<name>[^.\[\]"*]+))(?P<lists>(?:\[\*\])*)')


def parse_path(text: str) -> Path:
    """The steps of a path. Raises ValueError when it is none."""
    steps: list[str | None] = []
    at = 0
    while True:
        found = _STEP.match(text, at)
        if found is None:
            raise ValueError(f"“{text}” is no path of an attribute.")
        steps.append(EVERY if found["every"] else found["name"] or re.sub(r"\\(.)", r"\1", found["quoted"]))
        steps += [EVERY] * (len(found["lists"]) // 3)
        at = found.end()
        if at == len(text):
            break
        if text[at] != ".":
            raise ValueError(f"“{text}” is no path of an attribute.")
        at += 1
    if steps[0] is EVERY:
        raise ValueError("A path begins with the name of an attribute.")
    return tuple(steps)


def check_masking(blueprint: Blueprint, tables: Mapping[str, TablePromise], problems: Problems) -> None:
    """Add to `problems` every rule for a table that is not there or said before, every path that is none, and every
    key attribute: keys are the addresses of items and stand in links, so they cannot be hidden."""
    seen: set[tuple[str, str]] = set()
    for at, rule in enumerate(blueprint.masking):
        path = ("masking", str(at))
        table = tables.get(rule.table)
        if table is None:
            problems.add((*path, "table"), f"The data template has no table {rule.table}.", "Correct it.")
            continue
        for stage in rule.stages:
            if (rule.table, stage) in seen:
                problems.add(
                    path, f"{rule.table} has two rules for {stage}.", "Put what they hide into one of the two."
                )
            seen.add((rule.table, stage))
        keys = {name for name, _ in table.key_schema}
        for text in rule.hide:
            _check_path(text, keys, (*path, "hide"), problems)


def _check_path(text: str, keys: set[str], path: tuple[str, ...], problems: Problems) -> None:
    try:
        first = parse_path(text)[0]
    except ValueError as wrong:
        problems.add(path, str(wrong), "Write it as name, name.part or name[*].part.")
        return
    if first in keys:
        problems.add(
            path,
            f"{first} is a key of the table, and keys cannot be hidden: they are the addresses of its items.",
            "Remove it, and keep what is personal out of keys.",
        )
