"""The page about the API, made from its own description: every operation, what it takes, what it answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from portal.api.service import description

_REF = "#/components/schemas/"
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
class GroupView:
    """The operations of one noun, under an anchor."""

    anchor: str
    noun: str
    operations: tuple[OperationView, ...]


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every operation by its noun, then the shapes of answers."""
    told, base = description(), request.build_absolute_uri("/").rstrip("/")
    groups: dict[str, list[OperationView]] = {}
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            shown = _operation(told, base, f"{method.upper()} {path}", operation)
            groups.setdefault(operation["tags"][0], []).append(shown)
    shapes = told["components"]["schemas"]
    context = {
        "groups": [GroupView(f"about-{slugify(noun)}", noun, tuple(found)) for noun, found in groups.items()],
        "start": _example(base, "GET /api/v1/me", {}, takes_file=False),
        "shapes": [_shape(name, shapes[name]) for name in sorted(shapes)],
        "codes": {status: _marked(text) for status, text in _CODES.items()},
        "version": told["info"]["version"],
    }
    return render(request, "api/reference.html", context)


def _operation(told: Mapping[str, Any], base: str, address: str, operation: Mapping[str, Any]) -> OperationView:
    method, _, path = address.partition(" ")
    body = _body(told, operation)
    (status, answer), *others = [one for one in operation["responses"].items() if one[0].startswith("2")]
    besides = "".join(f", or {code} {_answer(one)}" for code, one in others)
    return OperationView(
        name=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        text=_marked(operation.get("description", "")),
        scope=operation["x-scope"],
        groups=", ".join(operation["x-groups"]),
        parameters=tuple(_parameter(one) for one in operation["parameters"]),
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
