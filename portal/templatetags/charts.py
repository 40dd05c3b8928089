"""Charts: `{% load charts %}{% stacked_bars chart %}{% chart_table chart %}`, with a Chart of `portal.charts`.

Each bar is one stop of the keyboard and says all of its parts; parts lead to what they stand for with the pointer, and
from the table behind the chart with the keyboard. Everything that came from outside is escaped here.
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from portal.charts import BOTTOM, HEIGHT, LEFT, PLOT_HEIGHT, RIGHT, TOP, WIDTH, Chart, Column, Drawing, draw
from portal.templatetags.stackyard import MINUS, money_text

register = template.Library()

EDGE = WIDTH - RIGHT
FLOOR = HEIGHT - BOTTOM
TEN = 10  # per cent, below which one decimal is told
REMEMBERED = 16  # charts of each kind, about 150 KB each: many people look at the same ones between two readings


@register.simple_tag
@lru_cache(REMEMBERED)
def stacked_bars(chart: Chart) -> SafeString:
    """The chart as SVG. It needs `chart_table` beside it for who cannot see it."""
    drawing = draw(chart)
    parts = [
        f'<svg class="chart chart-bars" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" '
        f'aria-labelledby="{escape(chart.id)}-title">',
        f'<title id="{escape(chart.id)}-title">{escape(chart.title)}</title>',
        _pattern(chart),
        *_axes(drawing),
        *(part for column in drawing.columns for part in _column(drawing, column)),
        f'<line class="axis" x1="{LEFT}" x2="{EDGE}" y1="{drawing.zero}" y2="{drawing.zero}"/>',
        *_names(drawing),
        "</svg>",
    ]
    return mark_safe("".join(parts))  # noqa: S308 - each text in it is escaped above


def _pattern(chart: Chart) -> str:
    return (
        f'<defs><pattern id="{escape(chart.id)}-hatch" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="hatch" d="M1.5 0V6"/></pattern></defs>'
    )


def _axes(drawing: Drawing) -> Iterator[str]:
    yield f'<text class="unit" x="{LEFT - 8}" y="14" text-anchor="start">{escape(drawing.chart.unit)}</text>'
    for tick in drawing.grid:
        yield f'<line class="grid" x1="{LEFT}" x2="{EDGE}" y1="{tick.at}" y2="{tick.at}"/>'
        yield f'<text x="{LEFT - 8}" y="{tick.at + 4:.1f}" text-anchor="end">{escape(tick.label)}</text>'
    for tick in drawing.dates:
        yield f'<text x="{tick.at}" y="{FLOOR + 26}" text-anchor="middle">{escape(tick.label)}</text>'
    if drawing.incomplete_from is not None:
        yield f'<text x="{EDGE}" y="14" text-anchor="end">hatched: incomplete</text>'


def _column(drawing: Drawing, column: Column) -> Iterator[str]:
    """A bar: the strip that takes focus, its parts, the hatch over them, and what is told while it is looked at."""
    strip = f'<rect class="strip" x="{column.x}" y="{TOP}" width="{column.width}" height="{PLOT_HEIGHT}"/>'
    said = escape(column.said)
    yield '<g class="column">'
    if column.bar.url:
        yield f'<a class="day" href="{escape(column.bar.url)}" aria-label="{said}">{strip}</a>'
    else:
        yield f'<g class="day" tabindex="0" role="img" aria-label="{said}">{strip}</g>'
    for box in column.boxes:
        rect = (
            f'<rect class="part series-{box.place + 1}" x="{box.x}" y="{box.y}" width="{box.width}" '
            f'height="{max(box.height, 0.5)}"><title>{escape(box.said)}</title></rect>'
        )
        yield f'<a href="{escape(box.url)}" tabindex="-1" aria-hidden="true">{rect}</a>' if box.url else rect
    if column.hatched:
        y, height = column.hatched
        first = column.boxes[0]
        yield (
            f'<rect class="hatched" x="{first.x}" y="{y}" width="{first.width}" height="{height}" '
            f'fill="url(#{escape(drawing.chart.id)}-hatch)"/>'
        )
    for number, mark in enumerate(column.bar.marks):
        x = column.x + column.width / 2
        label, y = escape(mark.label), FLOOR + 6 + number * 7
        dot = f'<circle class="event" cx="{x:.1f}" cy="{y}" r="3"><title>{label}</title></circle>'
        yield f'<a href="{escape(mark.url)}" aria-label="{label}">{dot}</a>' if mark.url else dot
    yield f'<text class="told" x="{EDGE}" y="30" text-anchor="end" aria-hidden="true">{escape(column.told)}</text></g>'


def _names(drawing: Drawing) -> Iterator[str]:
    for name in drawing.names:
        yield f'<path class="lead" d="M{EDGE + 3} {name.from_y}L{EDGE + 12} {name.y}"/>'
        square = f'x="{EDGE + 15}" y="{name.y - 4:.1f}" width="8" height="8" rx="2"'
        yield f'<rect class="series-{name.place + 1}" {square}/>'
        yield f'<text class="direct" x="{EDGE + 27}" y="{name.y + 4:.1f}">{escape(name.label)}</text>'


@register.simple_tag
@lru_cache(REMEMBERED)
def chart_table(chart: Chart) -> SafeString:
    """The numbers of a chart as the rows of a table, newest first: a column for each series, and the total."""
    cells = "".join(f'<th scope="col" class="number">{_linked(one.label, one.url)}</th>' for one in chart.series)
    parts = [
        f'<table class="table table-numbers"><caption>{escape(chart.title)}</caption>',
        f'<thead><tr><th scope="col">Days</th>{cells}<th scope="col" class="number">Total</th></tr></thead><tbody>',
        *(_row(chart, number) for number in reversed(range(len(chart.bars)))),
        "</tbody></table>",
    ]
    return mark_safe("".join(parts))  # noqa: S308 - each text in it is escaped above


def _row(chart: Chart, number: int) -> str:
    bar = chart.bars[number]
    amounts = "".join(
        f'<td class="number">{money_text(amount, chart.currency) if amount else "–"}</td>' for amount in bar.amounts
    )
    note = ' <span class="quiet small">incomplete</span>' if bar.incomplete else ""
    happened = "".join(f'<br><span class="quiet small">{_linked(mark.label, mark.url)}</span>' for mark in bar.marks)
    head = f'<th scope="row">{_linked(bar.label, bar.url)}{note}{happened}</th>'
    return f'<tr>{head}{amounts}<td class="number strong">{money_text(bar.total, chart.currency)}</td></tr>'


def _linked(label: str, url: str) -> str:
    return f'<a href="{escape(url)}">{escape(label)}</a>' if url else escape(label)


@register.simple_tag
def swatch(place: int) -> SafeString:
    """The colour of the series at a place, counted from 0; decoration."""
    return mark_safe(  # noqa: S308 - a whole number
        '<svg class="swatch" viewBox="0 0 8 8" aria-hidden="true" focusable="false">'
        f'<rect class="series-{int(place) + 1}" width="8" height="8" rx="2"/></svg>'
    )


@register.simple_tag
def per_cent(share: Decimal | None, *, signed: bool = False) -> str:
    """A share of a hundred: "45 %", "0.3 %", with `signed` "+45 %"; a dash for what is not known."""
    if share is None:
        return "\N{EN DASH}"
    digits = 1 if abs(share) < TEN else 0
    sign = MINUS if share < 0 else "+" if signed and share > 0 else ""
    return f"{sign}{abs(share):,.{digits}f}\N{NO-BREAK SPACE}%"
