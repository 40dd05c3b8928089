"""The pages about the API, made from its own description: every operation, what it takes, what it answers."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from portal.api.service import description

_REF = "#/components/schemas/"
_REFS = re.compile(f'"{_REF}([^"]+)"')
_CODES = {
    "401": "No token, or one that cannot be used.",
    "403": "The token's scopes, or its person's groups, do not allow it.",
    "404": "It is not there.",
    "410": "It was there, and is no more: a download is good for one time.",
    "409": "How things stand does not allow it; `change` names a change that is in the way.",
    "412": "The version that was looked at is not the one that is there.",
    "422": "Some of what was sent cannot be used; `fields` says which.",
    "428": "The version that was looked at has to be named.",
    "429": "Too many requests a minute; Retry-After says when to go on.",
    "500": "Nobody expected that; `incident` is in the log.",
    "502": "AWS refused.",
    "503": "AWS or the database does not answer now; Retry-After says when to try again.",
}


@dataclass(frozen=True)
class Field:
    """One thing that is sent or answered. `where` is path, query, header, or empty for a body's; `shape` is the name of
    the shape that its type is made of, empty for a plain value."""

    name: str
    type: str
    needed: bool
    text: str
    where: str = ""
    shape: str = ""


@dataclass(frozen=True)
class OperationView:
    """One operation as the page shows it. `answers` is what it answers, in words, and `shape` the name of its shape."""

    name: str
    method: str
    path: str
    summary: str
    text: str
    scope: str
    groups: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answers: str
    shape: str
    status: str
    example: str


@dataclass(frozen=True)
class ShapeView:
    """One shape of what is sent or answered: its fields, or the words that it is one of."""

    name: str
    text: str
    fields: tuple[Field, ...]
    words: str = ""


@dataclass(frozen=True)
class Described:
    """One operation as the description has it, at its address."""

    method: str
    path: str
    operation: Mapping[str, Any]


@dataclass(frozen=True)
class GroupView:
    """The operations of one noun, which have a page of their own under its slug."""

    slug: str
    noun: str
    operations: tuple[Described, ...]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """How to begin, and every operation by its noun."""
    told, base = description(), _base(request)
    context = {
        "groups": _groups(told),
        "start": _example(base, "GET /api/v1/me", {}, takes_file=False),
        "codes": {status: _marked(text) for status, text in _CODES.items()},
        "version": told["info"]["version"],
    }
    return render(request, "api/reference.html", context)


@require_safe
def part(request: HttpRequest, part: str) -> HttpResponse:
    """The operations of one noun, whole, and the shapes that they send and answer."""
    told, base = description(), _base(request)
    groups = _groups(told)
    group = next((one for one in groups if one.slug == part), None)
    if group is None:
        raise Http404("There is no such part of the API.")
    shapes = told["components"]["schemas"]
    context = {
        "group": group,
        "groups": groups,
        "operations": [_operation(told, base, one) for one in group.operations],
        "shapes": [_shape(name, shapes[name]) for name in sorted(_shapes_of(told, group.operations))],
    }
    return render(request, "api/part.html", context)


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _groups(told: Mapping[str, Any]) -> list[GroupView]:
    found: dict[str, list[Described]] = {}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append(Described(method.upper(), path, operation))
    return [GroupView(slugify(noun), noun, tuple(operations)) for noun, operations in found.items()]


def _shapes_of(told: Mapping[str, Any], operations: Iterable[Described]) -> set[str]:
    """The names of all shapes that these refer to, and those to others."""
    found: set[str] = set()
    waiting = {name for one in operations for name in _named_by(told, one)}
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= _refs(told["components"]["schemas"][name]) - found
    return found


def _named_by(told: Mapping[str, Any], one: Described) -> Iterator[str]:
    """Those of its parameters, of its body's fields, and of what it answers when all is well."""
    yield from _refs(one.operation["parameters"])
    yield from _refs(_body(told, one.operation))
    for status, answer in one.operation["responses"].items():
        if status.startswith("2"):
            yield from _refs(answer)


def _refs(schema: Any) -> set[str]:
    return set(_REFS.findall(json.dumps(schema)))


def _operation(told: Mapping[str, Any], base: str, one: Described) -> OperationView:
    method, path, operation = one.method, one.path, one.operation
    body = _body(told, operation)
    (status, answer), *others = [sent for sent in operation["responses"].items() if sent[0].startswith("2")]
    besides = "".join(f", or {code} {_answer(other)}" for code, other in others)
    return OperationView(
        name=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        text=_marked(operation.get("description", "")),
        scope=operation["x-scope"],
        groups=", ".join(operation["x-groups"]),
        parameters=tuple(_parameter(taken) for taken in operation["parameters"]),
        body=_fields(body),
        answers=f"{_answer(answer)}{besides}",
        shape=_shape_in(answer["content"].get("application/json", {}).get("schema", {})),
        status=status,
        example=_example(base, f"{method} {path}", body, takes_file="requestBody" in operation and not body),
    )


def _answer(answer: Mapping[str, Any]) -> str:
    found = answer["content"].get("application/json")
    return _type(found["schema"]) if found else "a file"


def _parameter(one: Mapping[str, Any]) -> Field:
    return Field(
        one["name"], _type(one["schema"]), one["required"], _marked(one.get("description", "")), where=one["in"]
    )


def _body(told: Mapping[str, Any], operation: Mapping[str, Any]) -> Mapping[str, Any]:
    if "requestBody" not in operation:
        return {}
    content: Mapping[str, Any] = operation["requestBody"]["content"]
    schema: Mapping[str, Any] = content.get("application/json", {}).get("schema", {})
    if "$ref" not in schema:  # a file
        return {}
    found: Mapping[str, Any] = told["components"]["schemas"][schema["$ref"].removeprefix(_REF)]
    return found


def _shape(name: str, schema: Mapping[str, Any]) -> ShapeView:
    words = _type(schema) if "properties" not in schema else ""
    return ShapeView(name, _marked(schema.get("description", "")), _fields(schema), words)


def _fields(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    needed = schema.get("required", ())
    return tuple(
        Field(name, _type(one), name in needed, _marked(one.get("description", "")), shape=_shape_in(one))
        for name, one in schema.get("properties", {}).items()
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A type in a few words: `text`, `list of ChangeLine`, `number or null`."""
    if "$ref" in schema:
        return str(schema["$ref"].removeprefix(_REF))
    if "enum" in schema or "const" in schema:
        return ", ".join(str(one) or "“”" for one in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(one) for one in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"names with {_type(schema['additionalProperties'])}"
    kind = str(schema.get("format") or schema.get("type") or "anything")
    return {"string": "text", "integer": "number", "date-time": "time", "uuid": "id"}.get(kind, kind)


def _marked(text: str) -> SafeString:
    """A description with what stands between backticks as code."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if at % 2 else part,) for at, part in parts)
    )


def _shape_in(schema: Mapping[str, Any]) -> str:
    """The name of the shape that a type is made of, through lists, names and choices; empty where there is none."""
    if "$ref" in schema:
        return str(schema["$ref"].removeprefix(_REF))
    more = schema.get("additionalProperties")
    within = [*schema.get("anyOf", ()), schema.get("items", {}), more if isinstance(more, Mapping) else {}]
    return next(filter(None, (_shape_in(one) for one in within if one)), "")


def _example(base: str, address: str, body: Mapping[str, Any], *, takes_file: bool) -> str:
    """A command that does it, to copy."""
    method, _, path = address.partition(" ")
    lines = ['curl -H "Authorization: Bearer $STACKYARD_TOKEN"']
    if method != "GET":
        lines[0] = lines[0].replace("curl", f"curl -X {method}")
    if body:
        needed = {name: f"<{_type(body['properties'][name])}>" for name in body.get("required", ())}
        lines += ['-H "Content-Type: application/json"', f"-d '{json.dumps(needed, ensure_ascii=False)}'"]
    lines += ["--data-binary @<file>"] if takes_file else []
    return " \\\n  ".join([*lines, f"{base}{path}"])
