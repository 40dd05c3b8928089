"""What can be done with a value that somebody clicks, as data for the script that puts it into a link.

The script only adds the value itself: which address, which field and what is said are decided here.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from portal.tables.asked import Asked
from portal.tables.controls import Place
from provisioning.items.operators import VALUE_TYPES
from provisioning.items.paths import path_of
from provisioning.items.query import Shape, View


def menu_data(asked: Asked, shape: Shape, places: Iterable[Place], names: Iterable[str]) -> dict[str, Any]:
    """For each attribute: how to filter by a value of it, and every table or index that can be queried by it."""
    ready = {place.name for place in places if place.ready}
    views = [view for view in (shape.itself, *shape.indexes) if view.name in ready]
    here = (shape.view(asked.query.index) if asked.query else None) or shape.itself
    return {
        "types": list(VALUE_TYPES),
        "columns": {name: _column(name, asked, shape, views, here) for name in names if name},
    }


def _column(name: str, asked: Asked, shape: Shape, views: Iterable[View], here: View) -> dict[str, Any]:
    column: dict[str, Any] = {}
    follows = [_follow(view, name, shape) for view in views if view.partition == name]
    if follows:
        column["follow"] = follows
    if asked.query is None:
        return column
    is_query = not asked.query.is_scan
    if is_query and name == here.sort:
        kept = [pair for pair in asked.pairs(run="1") if pair[0] not in {"sk_op", "sk", "sk_to"}]
        column["sort"] = {"link": urlencode([*kept, ("sk_op", "=")]), "type": shape.types.get(name, "S")}
    elif not is_query or name not in here.keys:
        column["filter"] = {"link": urlencode(asked.pairs(run="1")), "path": path_of([name])}
    return column


def _follow(view: View, name: str, shape: Shape) -> dict[str, str]:
    """A query of one partition; newest first where there is an order at all."""
    pairs = [("run", "1"), *([("index", view.name)] if view.name else []), *([("order", "desc")] if view.sort else [])]
    label = f"Follow into {view.name}" if view.name else "Query the table by it"
    return {"label": label, "link": urlencode(pairs), "type": shape.types.get(name, "S")}
