"""Texts and times that are sent. Texts are of characters that a database keeps: neither NUL nor half a character."""

import re
from datetime import date
from typing import Annotated

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field, StringConstraints

_DAY = re.compile(r"\d{4}-\d\d-\d\d(?P<time>[Tt ].+)?", re.ASCII)


def _keepable(text: str) -> str:
    if "\0" in text or (not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text)):
        raise ValueError("A text cannot hold NUL or half a character")
    return text


# As far as a pattern can say it: NUL, in any dialect of patterns.
_PATTERN = r"^[^\u0000]*$"
_Text = Annotated[str, AfterValidator(_keepable), Field(json_schema_extra={"pattern": _PATTERN})]
Line = Annotated[_Text, StringConstraints(max_length=1000)]
Name = Annotated[_Text, StringConstraints(min_length=1, max_length=100)]
TableName = Annotated[_Text, StringConstraints(min_length=1, max_length=255)]
Value = Annotated[_Text, StringConstraints(max_length=8192)]


def _a_day(sent: object) -> object:
    return _written(sent, with_time=False)


def _a_moment(sent: object) -> object:
    return _written(sent, with_time=True)


def _written(sent: object, *, with_time: bool) -> object:
    """A day or a time as ISO 8601 writes it: seconds since 1970, which would be taken too, are not meant."""
    found = _DAY.fullmatch(sent) if isinstance(sent, str) else None
    if sent is not None and (found is None or bool(found["time"]) is not with_time):
        raise ValueError("Write 2030-01-31T12:00:00Z" if with_time else "Write 2030-01-31")
    return sent


Day = Annotated[date, BeforeValidator(_a_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_a_moment)]


class Sent(Schema):
    """What is sent. A name that is not known is a mistake, and is said."""

    model_config = ConfigDict(extra="forbid")
