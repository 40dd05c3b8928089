"""Long parts of a page that are put in last.

A template hands what it made up through every block and include around it, and each of them copies it twice. With half
a megabyte of rows that costs more than making them; so they are kept aside, and a mark goes through in their place.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


class Late:
    """What is kept aside for one answer. The mark is nobody's to guess, so no value can pose as one."""

    def __init__(self) -> None:
        self._mark = f"<!--{secrets.token_hex(16)}-->"
        self._parts: list[list[str]] = []

    def keep(self, parts: Iterable[str]) -> SafeString:
        """Keep safe HTML, in pieces, for where the returned mark ends up. The places come in the order of the calls."""
        self._parts.append(list(parts))
        return SafeString(self._mark)

    def render(self, request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
        """The page of a template, which finds this as `late`, with everything in its place."""
        before, *others = render_to_string(template, {**context, "late": self}, request).split(self._mark)
        pieces = [before]
        for part, after in zip(self._parts, others, strict=True):
            pieces += (*part, after)
        return HttpResponse(pieces)
