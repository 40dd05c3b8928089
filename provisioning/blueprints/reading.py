"""Reads YAML and JSON into plain data while remembering which line everything came from.

CloudFormation's short tags (`!Ref`, `!Sub`, …) come out in long form.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml

from provisioning.blueprints.shapes import TemplateError

_SHORT_TAGS = frozenset(
    (
        *("And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue"),
        *("Join", "Not", "Or", "Select", "Split", "Sub", "Transform"),
    )
)
_PLAIN_TAGS = frozenset({"Ref", "Condition"})


@dataclass(frozen=True)
class Document:
    """What a file said. `lines` maps a path of keys (list positions as text) to its line, from 1."""

    data: Any
    lines: Mapping[tuple[str, ...], int]


def read(text: str, source: str) -> Document:
    """Read one YAML or JSON document. Raises TemplateError naming `source` and the line."""
    try:
        return _read_json(text, source) if text.lstrip().startswith("{") else _read_yaml(text, source)
    except RecursionError as error:
        raise TemplateError(source, 1, "This is nested too deeply.", "Take some levels out.") from error


def _read_yaml(text: str, source: str) -> Document:
    try:
        node = _composed(text)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, source) from error
    except yaml.YAMLError as error:
        raise TemplateError(source, 1, f"This is not YAML: {error}.", "Remove that character.") from error
    if node is None:
        raise TemplateError(source, 1, "The file is empty.", "Write it, or remove the folder.")
    builder = _Builder(source)
    return Document(builder.build(node, ()), builder.lines)


def _composed(text: str) -> yaml.Node | None:
    """The document's nodes. PyYAML's loader in C is ten times as quick, its other one says better what is wrong."""
    quick = getattr(yaml, "CSafeLoader", None)
    if quick is not None:
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=quick)
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _not_yaml(error: yaml.MarkedYAMLError, source: str) -> TemplateError:
    # A bracket or quote that is never closed is only noticed far below: point to where it opens.
    opens = "flow" in (error.context or "") or "quoted" in (error.context or "")
    mark = (error.context_mark if opens else None) or error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = error.problem or error.context or "it cannot be read"
    return TemplateError(
        source, line, f"This is not YAML: {problem}.", "Check indentation, quotes and colons on this line."
    )


def _read_json(text: str, source: str) -> Document:
    try:
        return Document(json.loads(text), {(): 1})
    except json.JSONDecodeError as error:
        raise TemplateError(
            source, error.lineno, f"This is not JSON: {error.msg}.", "Check commas and quotes on this line."
        ) from error


class _Builder:
    """Turns YAML nodes into data. A node met twice is an alias, which CloudFormation does not know."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.lines: dict[tuple[str, ...], int] = {}
        self.scalars = yaml.SafeLoader("")
        self.met: set[int] = set()

    def build(self, node: yaml.Node, path: tuple[str, ...]) -> Any:
        """The data of one node; records its line under `path`."""
        if id(node) in self.met:
            raise self.error(node, "YAML aliases cannot be used here.", "Write the part out where it is used.")
        self.met.add(id(node))
        self.lines.setdefault(path, node.start_mark.line + 1)
        tag = node.tag
        if tag.startswith("!"):
            return self.short(node, tag[1:], path)
        return self.plain(node, path)

    def plain(self, node: yaml.Node, path: tuple[str, ...]) -> Any:
        """A node without a short tag."""
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, str(at))) for at, item in enumerate(node.value)]
        return self.scalar(node)

    def mapping(self, node: yaml.MappingNode, path: tuple[str, ...]) -> dict[str, Any]:
        """A mapping with text keys, each once: YAML itself would silently keep the last of two."""
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == "tag:yaml.org,2002:merge":
                raise self.error(key_node, "Keys must be plain text.", "Write the keys out.")
            key = str(key_node.value)
            if key in found:
                raise self.error(key_node, f"“{key}” is written twice here.", "Keep one of the two.")
            self.lines[(*path, key)] = key_node.start_mark.line + 1
            found[key] = self.build(value_node, (*path, key))
        return found

    def scalar(self, node: yaml.Node) -> Any:
        """A number, truth value, null or text. Dates stay text, as CloudFormation reads them."""
        kind = node.tag.rpartition(":")[2]
        if kind not in {"int", "float", "bool", "null"}:
            return str(node.value)
        try:
            return self.scalars.construct_object(node)
        except ValueError:
            return str(node.value)

    def short(self, node: yaml.Node, name: str, path: tuple[str, ...]) -> dict[str, Any]:
        """The long form of a node with a short tag."""
        if name not in _SHORT_TAGS and name not in _PLAIN_TAGS:
            raise self.error(node, f"“!{name}” is not a CloudFormation function.", "Check its spelling.")
        value = str(node.value) if isinstance(node, yaml.ScalarNode) else self.plain(node, path)
        if name in _PLAIN_TAGS:
            return {name: value}
        if name == "GetAtt" and isinstance(value, str):
            return {"Fn::GetAtt": value.split(".", 1)}
        return {f"Fn::{name}": value}

    def error(self, node: yaml.Node, sentence: str, fix: str) -> TemplateError:
        """A TemplateError at a node."""
        return TemplateError(self.source, node.start_mark.line + 1, sentence, fix)
