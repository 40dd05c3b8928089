"""The numbers of the costs page as files: the same lines, the same filters, the same rights (pitfall 22)."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from portal.costs.reading import Scene
from provisioning.costs.spend import Group, grouped, money
from provisioning.items.exporting import BYTE_ORDER_MARK, csv_row, escaped

HEADER = ("day", "by", "group", "amount", "currency", "source", "estimated", "incomplete")


def exact(amount: Decimal) -> str:
    """An amount with all of its decimals and no zeros behind them."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_csv(scene: Scene) -> Iterator[str]:
    """A row for every day and group with costs. Names come from tags, which anybody may set: what a spreadsheet would
    run stands behind an apostrophe."""
    yield BYTE_ORDER_MARK + csv_row(HEADER)
    for group in _groups(scene):
        for day, amount in _days(scene, group):
            cells = (day.isoformat(), scene.wanted.by, escaped(group.label), exact(amount), scene.currency)
            yield csv_row((*cells, scene.known.source, _is_estimated(scene, day), _is_open(scene, day)))


def as_json(scene: Scene) -> str:
    """The same as JSON; amounts are text, because they have more decimals than numbers of JSON keep."""
    groups = [
        {
            "label": group.label,
            "total": exact(group.total),
            "days": {day.isoformat(): exact(amount) for day, amount in _days(scene, group)},
        }
        for group in _groups(scene)
    ]
    return json.dumps(
        {
            "source": scene.known.source,
            "as_of": scene.known.as_of.isoformat(),
            "currency": scene.currency,
            "first_day": scene.wanted.first.isoformat(),
            "last_day": (scene.end - timedelta(days=1)).isoformat(),
            "complete_until": scene.known.settled.isoformat(),
            "estimated_from": scene.days.estimated_from.isoformat() if scene.days.estimated_from else None,
            "by": scene.wanted.by,
            "filters": dict(scene.wanted.filters) | ({"types": scene.wanted.types} if scene.wanted.types else {}),
            "total": exact(sum((group.total for group in _groups(scene)), Decimal(0))),
            "groups": groups,
        },
        ensure_ascii=False,
        indent=1,
    )


def _groups(scene: Scene) -> list[Group]:
    return grouped(scene.lines, scene.wanted.by, scene.wanted.first, scene.end)


def _days(scene: Scene, group: Group) -> Iterator[tuple[date, Decimal]]:
    for number, amount in enumerate(group.amounts):
        if amount:
            yield scene.wanted.first + timedelta(days=number), money(amount)


def _is_estimated(scene: Scene, day: date) -> str:
    return "yes" if scene.days.estimated_from is not None and day >= scene.days.estimated_from else "no"


def _is_open(scene: Scene, day: date) -> str:
    return "yes" if day > scene.known.settled else "no"
