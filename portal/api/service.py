"""The API as one object: its operations, and its OpenAPI description with every way in which one can fail."""

import copy
import json
import re
from functools import cache
from http import HTTPStatus
from typing import Any

from django.urls import reverse
from ninja import NinjaAPI

from portal.api import (
    VERSION,
    activity,
    adoptions,
    applications,
    audit,
    blueprints,
    budgets,
    change_revealing,
    changes,
    choices,
    cost_source,
    costs,
    delivery,
    drift,
    engine,
    environments,
    flags,
    item_again,
    item_comparing,
    item_prices,
    item_run_plans,
    item_writes,
    kept_tables,
    lifetimes,
    parameter_copies,
    parameter_differences,
    parameter_restoring,
    parameter_revealing,
    parameters,
    people,
    plans,
    prices,
    recoveries,
    releases,
    repeats,
    savings,
    schedules,
    search,
    statements,
    surveys,
    tables,
    tokens,
)
from portal.api.problems import MEDIA_TYPE, Problem, answers_problems
from portal.api.serving import ExactParser

_ABOUT = (
    "Environments on AWS, planned before they run. Sign in with `Authorization: Bearer <token>`; tokens are made on the"
    " account page. What goes wrong is answered as problem+json with a stable `code`."
)
_RULES = re.compile(r" \([A-Z]\d+(?:, [A-Z]\d+)*\)")
# In the order of the description; each has a router.
_PARTS = (
    applications,
    choices,
    prices,
    blueprints,
    environments,
    lifetimes,
    drift,
    recoveries,
    activity,
    changes,
    change_revealing,
    plans,
    repeats,
    adoptions,
    kept_tables,
    surveys,
    releases,
    delivery,
    parameters,
    parameter_differences,
    parameter_restoring,
    parameter_revealing,
    parameter_copies,
    schedules,
    flags,
    costs,
    cost_source,
    savings,
    budgets,
    tables,
    item_writes,
    item_again,
    item_prices,
    statements,
    item_comparing,
    item_run_plans,
    people,
    tokens,
    search,
    audit,
    engine,
)
_ALWAYS = (401, 403, 404, 422, 429, 500, 502, 503)
# Besides, by method: what depends on how things stand, and on the version that was looked at.
_BESIDES = {
    "get": (409, 410),
    "post": (400, 409, 412, 428),
    "put": (400, 409, 412, 428),
    "patch": (400, 409, 412, 428),
    "delete": (409, 412, 428),
}
_HEADERS = {
    name: {"description": said, "schema": {"type": "integer"}}
    for name, said in (
        ("RateLimit-Limit", "Requests a minute for this token."),
        ("RateLimit-Remaining", "How many of them are left."),
        ("RateLimit-Reset", "Seconds until there are all of them again."),
    )
}


class Service(NinjaAPI):
    """Gives operations the names of their views, so that `reverse` finds them."""

    def get_operation_url_name(self, operation: Any, router: Any) -> str:
        """`v1_` and the view's name."""
        return f"v1_{operation.view_func.__name__}"


def _service() -> Service:
    made = Service(
        title="Stackyard",
        version=VERSION,
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        urls_namespace="v1",
        parser=ExactParser(),
    )
    answers_problems(made)
    for part in _PARTS:
        made.add_router("", part.router)
    return made


api = _service()


@cache
def description() -> dict[str, Any]:
    """The OpenAPI 3.1 description."""
    prefix = reverse("v1_openapi").removesuffix("openapi.json")
    found: dict[str, Any] = copy.deepcopy(dict(api.get_openapi_schema(path_prefix=prefix)))
    shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    found["components"]["schemas"] |= {**shape.pop("$defs", {}), "Problem": shape}
    found["components"]["headers"] = _HEADERS
    for methods in found["paths"].values():
        for method, operation in methods.items():
            _complete(method, operation)
    return _tidied(found)


def _tidied(found: dict[str, Any]) -> dict[str, Any]:
    """Without the shapes that nothing refers to: those of queries, which stand with their operations; and without the
    numbers of rules, which only readers of the code can look up."""
    shapes, text = found["components"]["schemas"], json.dumps(found)
    for name in [name for name in shapes if f'"#/components/schemas/{name}"' not in text]:
        del shapes[name]
    for shape in shapes.values():
        if "description" in shape:
            shape["description"] = _RULES.sub("", shape["description"])
    return found


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add what every operation can answer, and the headers of what it answers when all is well."""
    told: dict[str, Any] = {str(status): answer for status, answer in operation["responses"].items()}
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
    for answer in told.values():
        answer["headers"] = headers | answer.get("headers", {})
    if method == "get":
        told["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    for status in (*_ALWAYS, *_BESIDES[method]):
        told[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    operation["responses"] = dict(sorted(told.items()))
