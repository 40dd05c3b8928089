"""What an address may say behind its ?: a name that an operation does not read is a mistake, and is told. A filter that
is misspelt would find everything."""

from collections.abc import Callable, Collection
from http import HTTPStatus
from inspect import signature
from typing import Any, get_args

from django.http import HttpRequest
from ninja.params.models import Query

from portal.api.problems import UNUSABLE, ProblemError


def names_asked(view: Callable[..., Any]) -> tuple[str, ...]:
    """The names that an operation reads, in the order in which they are described."""
    found: list[str] = []
    for name, parameter in signature(view).parameters.items():
        shape, *more = get_args(parameter.annotation) or (None,)
        if any(isinstance(one, Query) for one in more):
            fields = getattr(shape, "model_fields", None)
            found += [name] if fields is None else [field.alias or key for key, field in fields.items()]
    return tuple(found)


def refuse_unknown(request: HttpRequest, known: Collection[str]) -> None:
    """Raises ProblemError for names in the address that are not known."""
    unknown = sorted(set(request.GET) - set(known))
    if unknown:
        here = f"It takes {', '.join(known)}." if known else "It takes none."
        fields = dict.fromkeys(unknown, f"Nothing behind the ? of this address is called so. {here}")
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", UNUSABLE, fields=fields)
