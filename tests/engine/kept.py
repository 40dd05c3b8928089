"""Environments that are up, made once by the engine and put back from then on: nearly every test begins with one.

What the engine makes of a yard depends on the rows, on AWS, on the time, on the settings and on the blueprints alone.
Where all of these are as they were once before, so is the end: it is written into the test's own database and AWS,
row by row. Whoever looks on while the engine works has it work.
"""

import hashlib
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from fakes.aws import FakeAws
from fakes.world import World

if TYPE_CHECKING:
    from .yard import Yard

Rows = dict[str, dict[int, tuple[Any, ...]]]
# They are the same from the beginning of every test to its end.
_STANDING = frozenset({"django_migrations", "django_content_type", "auth_permission"})
_PARTS = ("script", "pace")  # of a world: a test may hold these two in its hands


@dataclass(frozen=True)
class End:
    """What is different once an environment is up: rows that are gone and rows that are new, by table and number."""

    gone: Mapping[str, list[int]]
    new: Rows
    world: bytes
    calls: Mapping[str, int]
    at: datetime


_ends: dict[str, End] = {}


def put_up(yard: "Yard", work: Callable[[], object], *what: str) -> None:
    """Have `work` done, which brings `what` up in a yard where nothing is yet; or put its end there."""
    if not _can_be_kept(yard):
        work()
        return
    before = _rows()
    key = _key(yard, before, what)
    if key in _ends:
        _put(yard, _ends[key])
        return
    work()
    if all(stack.motion is None for stack in yard.fake.world.stacks.values()):
        _ends[key] = _end(yard, before)


def _can_be_kept(yard: "Yard") -> bool:
    """Whether there is nothing in AWS that a test could hold in its hands, and nobody looks on."""
    fresh = World()
    world = [one.name for one in fields(World) if one.name not in {*_PARTS, "_numbers"}]
    empty = all(getattr(yard.fake.world, name) == getattr(fresh, name) for name in world)
    unseen = not any(vars(yard.fake.script).values()) and not connection.execute_wrappers
    plain = type(yard.fake) is FakeAws and connection.vendor == "sqlite" and not connection.queries_logged
    return empty and unseen and plain


def _key(yard: "Yard", rows: Rows, what: tuple[str, ...]) -> str:
    world = yard.fake.world
    services = [_own(service) for service in yard.fake.services.values()]
    chosen = {name: repr(getattr(settings, name)) for name in dir(settings) if name.isupper()}
    folders = chosen.pop("BLUEPRINT_DIRS") and [_folder(Path(one)) for one in settings.BLUEPRINT_DIRS]
    said = (what, rows, repr(world.pace), repr(world._numbers), services, chosen, folders, timezone.now())
    return hashlib.sha256(pickle.dumps(said)).hexdigest()


def _own(service: Any) -> str:
    return repr({name: value for name, value in vars(service).items() if name != "world"})


def _folder(folder: Path) -> list[tuple[str, bytes]]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path.relative_to(folder)), path.read_bytes()) for path in found]


@cache
def _columns() -> Mapping[str, list[str]]:
    """The columns of every table, in quotation marks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'")
        found: dict[str, list[str]] = {}
        for table, column in cursor.fetchall():
            if table not in _STANDING:
                found.setdefault(table, []).append(f'"{column}"')
    return found


def _rows() -> Rows:
    """Every row of the database by its number, each value as it is stored."""
    rows: Rows = {}
    with connection.cursor() as cursor:
        for table, columns in _columns().items():
            stored = ", ".join(f"+{column}" for column in columns)  # no column any more, hence no type
            cursor.execute(f'SELECT rowid, {stored} FROM "{table}"')  # noqa: S608  the schema's own names
            rows[table] = {number: tuple(row) for number, *row in cursor.fetchall()}
    return rows


def _end(yard: "Yard", before: Rows) -> End:
    after = _rows()
    gone = {table: [one for one, row in rows.items() if after[table].get(one) != row] for table, rows in before.items()}
    new = {
        table: {one: row for one, row in rows.items() if before[table].get(one) != row} for table, rows in after.items()
    }
    world = {name: value for name, value in vars(yard.fake.world).items() if name not in _PARTS}
    return End(gone, new, pickle.dumps(world), dict(yard.fake.calls), timezone.now())


def _put(yard: "Yard", end: End) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table, numbers in end.gone.items():
            cursor.executemany(f'DELETE FROM "{table}" WHERE rowid = %s', [(one,) for one in numbers])  # noqa: S608  as above
        for table, rows in end.new.items():
            columns = ["rowid", *_columns()[table]]
            into, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
            values = [(number, *row) for number, row in rows.items()]
            cursor.executemany(f'INSERT INTO "{table}" ({into}) VALUES ({places})', values)  # noqa: S608  as above
    vars(yard.fake.world).update(pickle.loads(end.world))  # noqa: S301  our own
    yard.fake.calls.update(end.calls)
    if end.at > timezone.now():
        yard.clock.move_to(end.at)
    yard.account.refresh_from_db()
