"""Works a template out for given values: conditions, intrinsics and all, short of what only AWS knows."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from provisioning.blueprints.shapes import (
    Pseudo,
    Resolved,
    ResolvedOutput,
    ResolvedResource,
    Template,
    TemplateError,
    Unknown,
)
from provisioning.blueprints.values import as_text, split_list

_LATER = ", known after it runs"
_SUB = re.compile(r"\$\{(!?)([^}]*)\}")
_WHOLE = re.compile(r"[+-]?\d+")


class _NoValue:
    """`AWS::NoValue`: the property or list member it stands for is left out."""


_NO_VALUE = _NoValue()


def resolve(template: Template, values: Mapping[str, str], *, pseudo: Pseudo) -> Resolved:
    """Evaluate the template under `values` (absent ones take their default).

    What only AWS knows (attributes and ids of resources, imports, SSM lookups) and parameters with neither
    value nor default become `Unknown`; a condition that compares an Unknown is off. A reference to a Number
    parameter gives a number. Raises TemplateError when an intrinsic is malformed or a mapping lacks a key.
    """
    return _Resolver(template, values, pseudo).resolve()


class _Resolver:
    def __init__(self, template: Template, values: Mapping[str, str], pseudo: Pseudo) -> None:
        self.template = template
        self.values = values
        self.place: tuple[str, ...] = ()
        self.conditions: dict[str, bool] = {}
        self.deciding: list[str] = []
        self.pseudo: Mapping[str, Any] = {
            "AWS::Region": pseudo.region,
            "AWS::AccountId": pseudo.account_id,
            "AWS::StackName": pseudo.stack_name,
            "AWS::Partition": pseudo.partition,
            "AWS::URLSuffix": "amazonaws.com.cn" if pseudo.partition == "aws-cn" else "amazonaws.com",
            "AWS::NoValue": _NO_VALUE,
        }
        self.functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self.ref,
            "Condition": self.condition,
            "Fn::And": lambda parts: all(map(self.truth, self.members(parts, 2, 10))),
            "Fn::Or": lambda parts: any(map(self.truth, self.members(parts, 2, 10))),
            "Fn::Not": lambda parts: not self.truth(self.members(parts, 1, 1)[0]),
            "Fn::Equals": self.equals,
            "Fn::If": self.choose,
            "Fn::Sub": self.sub,
            "Fn::Join": self.join,
            "Fn::Split": self.split,
            "Fn::Select": self.select,
            "Fn::FindInMap": self.find_in_map,
            "Fn::GetAtt": self.get_att,
            "Fn::ImportValue": lambda name: Unknown(f"{_bare(self.value(name))} (imported){_LATER}"),
            "Fn::GetAZs": lambda _region: Unknown(f"Availability zones{_LATER}"),
            "Fn::Cidr": lambda _parts: Unknown(f"Address blocks{_LATER}"),
            "Fn::Base64": self.encode,
        }

    def resolve(self) -> Resolved:
        """Everything whose condition is on."""
        for name in self.template.conditions:
            self.condition(name)  # all of them first, so that a broken one is reported where it is written
        resources = [self.resource(name, body) for name, body in self.template.resources.items() if self.is_on(body)]
        outputs = [self.output(name, body) for name, body in self.template.outputs.items() if self.is_on(body)]
        return Resolved(tuple(resources), tuple(outputs), dict(self.conditions))

    def is_on(self, body: Mapping[str, Any]) -> bool:
        """Whether a resource or output is there under these values."""
        return "Condition" not in body or self.condition(body["Condition"])

    def resource(self, name: str, body: Mapping[str, Any]) -> ResolvedResource:
        """One resource with its properties worked out."""
        self.place = ("Resources", name)
        return ResolvedResource(
            logical_id=name,
            type=str(body["Type"]),
            properties=self.value(body.get("Properties") or {}),
            deletion_policy=as_text(self.value(body.get("DeletionPolicy", "Delete"))),
            update_replace_policy=as_text(self.value(body.get("UpdateReplacePolicy", "Delete"))),
        )

    def output(self, name: str, body: Mapping[str, Any]) -> ResolvedOutput:
        """One output with its value and export name."""
        self.place = ("Outputs", name)
        export = body.get("Export") or {}
        named = as_text(self.value(export["Name"])) if "Name" in export else None
        return ResolvedOutput(name, self.value(body["Value"]), named)

    def value(self, raw: Any) -> Any:
        """Any part of the template, worked out."""
        if isinstance(raw, list):
            return [item for item in map(self.value, raw) if item is not _NO_VALUE]
        if not isinstance(raw, dict):
            return raw
        if len(raw) == 1:
            name, inner = next(iter(raw.items()))
            if name in self.functions and (name != "Condition" or isinstance(inner, str)):
                return self.functions[name](inner)
            if name.startswith("Fn::"):
                raise self.error(f"{name} cannot be worked out here.", "Write the value another way.")
        worked = {key: self.value(inner) for key, inner in raw.items()}
        return {key: inner for key, inner in worked.items() if inner is not _NO_VALUE}

    def ref(self, name: Any) -> Any:
        """A parameter's value, a pseudo parameter, or a resource's id (Unknown)."""
        if name in self.pseudo:
            return self.pseudo[name]
        parameter = self.template.parameters.get(name)
        if parameter is None:
            return Unknown(f"{name}{_LATER}")
        given = self.values.get(name, parameter.default)
        if given is None:
            return Unknown(f"{name}, not chosen yet")
        if parameter.type.startswith("AWS::SSM::Parameter::Value"):
            return Unknown(f"value of {given}{_LATER}")
        if parameter.is_list:
            return list(split_list(given))
        return _number(given) if parameter.type == "Number" else given

    def condition(self, name: Any) -> bool:
        """A named condition, worked out once."""
        if name not in self.conditions:
            self.place = ("Conditions", str(name))
            if name not in self.template.conditions or name in self.deciding:
                raise self.error(f"Condition {name} is missing or leans on itself.", "Rewrite it.")
            self.deciding.append(name)
            self.conditions[name] = self.truth(self.template.conditions[name])
            self.deciding.pop()
        return self.conditions[name]

    def truth(self, raw: Any) -> bool:
        """A condition function's answer; literals count by their text."""
        worked = self.value(raw)
        return worked if isinstance(worked, bool) else as_text(worked) == "true"

    def equals(self, parts: Any) -> bool:
        """Equality of texts, as CloudFormation compares. An Unknown equals nothing."""
        left, right = (self.value(part) for part in self.members(parts, 2, 2))
        if isinstance(left, Unknown) or isinstance(right, Unknown):
            return False
        return as_text(left) == as_text(right)

    def choose(self, parts: Any) -> Any:
        """Fn::If."""
        name, then, otherwise = self.members(parts, 3, 3)
        return self.value(then if self.condition(name) else otherwise)

    def sub(self, raw: Any) -> Any:
        """Fn::Sub: `${!X}` stays as the literal `${X}`."""
        if isinstance(raw, str):
            return self.substituted(raw, {})
        text, own = self.members(raw, 2, 2)
        if not isinstance(text, str) or not isinstance(own, dict):
            raise self.error("Fn::Sub needs a text and a mapping.", "Correct it.")
        return self.substituted(text, {key: self.value(inner) for key, inner in own.items()})

    def substituted(self, text: str, own: Mapping[str, Any]) -> Any:
        """`text` with every variable filled in; Unknown when any of them is."""
        unknown = False

        def fill(match: re.Match[str]) -> str:
            nonlocal unknown
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            found = own.get(name)
            if found is None:
                found = self.get_att(name.split(".", 1)) if "." in name else self.ref(name)
            unknown = unknown or isinstance(found, Unknown)
            return _bare(found)

        filled = _SUB.sub(fill, text)
        return Unknown(filled + _LATER) if unknown else filled

    def join(self, parts: Any) -> Any:
        """Fn::Join; Unknown when a member is."""
        glue, raw = self.members(parts, 2, 2)
        worked = self.value(raw)
        if isinstance(worked, Unknown):
            return worked
        if not isinstance(worked, list):
            raise self.error("Fn::Join needs a list.", "Give it one.")
        text = as_text(glue).join(_bare(item) for item in worked)
        return Unknown(text + _LATER) if any(isinstance(item, Unknown) for item in worked) else text

    def split(self, parts: Any) -> Any:
        """Fn::Split."""
        glue, raw = self.members(parts, 2, 2)
        worked = self.value(raw)
        if isinstance(worked, Unknown):
            return worked
        if not glue:
            raise self.error("Fn::Split needs a separator.", "Give it one.")
        return as_text(worked).split(as_text(glue))

    def select(self, parts: Any) -> Any:
        """Fn::Select; Unknown when the list or the position is."""
        at, raw = (self.value(part) for part in self.members(parts, 2, 2))
        for part in (raw, at):
            if isinstance(part, Unknown):
                return part
        if not isinstance(raw, list) or not _WHOLE.fullmatch(as_text(at)) or not 0 <= int(at) < len(raw):
            raise self.error("Fn::Select points outside its list.", "Check the position and the list.")
        return raw[int(at)]

    def find_in_map(self, parts: Any) -> Any:
        """Fn::FindInMap; Unknown when a key is."""
        keys = [self.value(part) for part in self.members(parts, 3, 3)]
        found: Any = self.template.mappings
        for key in keys:
            if isinstance(key, Unknown):
                return key
            if not isinstance(found, dict) or as_text(key) not in found:
                raise self.error(f"No mapping holds “{as_text(key)}”.", "Add the key to the mapping.")
            found = found[as_text(key)]
        return found

    def get_att(self, parts: Any) -> Unknown:
        """Fn::GetAtt: only AWS knows."""
        pieces = parts if isinstance(parts, list) else str(parts).split(".", 1)
        return Unknown(f"{'.'.join(_bare(self.value(piece)) for piece in pieces)}{_LATER}")

    def encode(self, raw: Any) -> Any:
        """Fn::Base64. An Unknown stays readable rather than encoded."""
        worked = self.value(raw)
        if isinstance(worked, Unknown):
            return worked
        return base64.b64encode(as_text(worked).encode()).decode()

    def members(self, raw: Any, least: int, most: int) -> list[Any]:
        """The arguments of an intrinsic, checked for their number."""
        if not isinstance(raw, list) or not least <= len(raw) <= most:
            raise self.error("An intrinsic function has the wrong number of parts.", "Correct it.")
        return raw

    def error(self, sentence: str, fix: str) -> TemplateError:
        """A TemplateError at the resource or output being worked out."""
        return TemplateError(self.template.source, self.template.line(*self.place), sentence, fix)


def _bare(value: Any) -> str:
    """A value inside a longer text; an Unknown without its ending, which the whole text then carries."""
    return str(value).removesuffix(_LATER) if isinstance(value, Unknown) else as_text(value)


def _number(text: str) -> int | float | str:
    """The number a text writes, or the text itself when the number would be written differently."""
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if str(number) == text:
            return number
    return text
