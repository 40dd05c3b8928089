"""Stacked bars as SVG, made on the server: money by day, above and below nothing, with what is incomplete hatched.

Everything is drawn in units of a fixed sheet that the page scales. Colours are classes, so that schemes and forced
colours are the stylesheet's; the numbers are in a table behind each chart (`templatetags/charts.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from portal.templatetags.stackyard import MINUS, money_text

WIDTH, HEIGHT = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 72, 168, 40, 36
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
WIDEST = 72  # of one bar, so that a single day is no wall
LINES = 4  # of the grid, about
LABEL_APART, TICK_APART = 15, 76
LONGEST_LABEL, TOLD = 22, 3
LONGEST_NAME = 19  # fits beside the plot in the widest of the fonts
SELLERS = ("Amazon ", "AWS ")
ZERO = Decimal(0)


@dataclass(frozen=True)
class Series:
    """One part of every bar. `url` is where its parts lead, empty for nowhere."""

    label: str
    url: str = ""


@dataclass(frozen=True)
class Mark:
    """Something that happened on a day: a dot below the axis, with what it says."""

    label: str
    url: str = ""


@dataclass(frozen=True)
class Bar:
    """One day, or days in a row: `amounts` stand in the order of the series. `short` is for the axis."""

    short: str
    label: str
    amounts: tuple[Decimal, ...]
    url: str = ""
    incomplete: bool = False
    marks: tuple[Mark, ...] = ()

    @property
    def total(self) -> Decimal:
        """All parts together."""
        return sum(self.amounts, ZERO)


@dataclass(frozen=True)
class Chart:
    """A chart as a page has it. `id` is unique on the page; `unit` says what a bar is, such as "US dollars a day"."""

    id: str
    title: str
    unit: str
    series: tuple[Series, ...]
    bars: tuple[Bar, ...]
    currency: str = "USD"


@dataclass(frozen=True)
class Box:
    """A part of a bar on the sheet. `place` is that of its series."""

    place: int
    x: float
    y: float
    width: float
    height: float
    said: str
    url: str


@dataclass(frozen=True)
class Column:
    """A bar on the sheet: the strip that is its own, from top to bottom, and its parts. `told` fits in one line above
    the plot, `said` has every part."""

    x: float
    width: float
    bar: Bar
    boxes: tuple[Box, ...]
    told: str
    said: str
    hatched: tuple[float, float] | None


@dataclass(frozen=True)
class Tick:
    """A line of the grid, or a date below the axis, with its words."""

    at: float
    label: str


@dataclass(frozen=True)
class Named:
    """A series' name beside the last bar; `from_y` is the middle of what it names."""

    label: str
    place: int
    y: float
    from_y: float


@dataclass(frozen=True)
class Drawing:
    """Everything of a chart, placed."""

    chart: Chart
    columns: tuple[Column, ...]
    grid: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    zero: float
    names: tuple[Named, ...]
    incomplete_from: float | None
    size: tuple[int, int] = field(default=(WIDTH, HEIGHT))


def draw(chart: Chart) -> Drawing:
    """Place a chart on its sheet. Any amounts will do: none, one bar, all zero, all below zero."""
    highest = max((_sum(bar, above=True) for bar in chart.bars), default=ZERO)
    lowest = min((_sum(bar, above=False) for bar in chart.bars), default=ZERO)
    lines = scale(lowest, highest)
    top, bottom = lines[-1], lines[0]
    per_unit = float(PLOT_HEIGHT / (top - bottom))

    def level(amount: Decimal) -> float:
        return round(TOP + float(top - amount) * per_unit, 2)

    step = PLOT_WIDTH / max(len(chart.bars), 1)
    columns = tuple(_column(chart, bar, LEFT + number * step, step, level) for number, bar in enumerate(chart.bars))
    first_open = next((one.x for one in columns if one.bar.incomplete), None)
    return Drawing(
        chart=chart,
        columns=columns,
        grid=tuple(Tick(level(line), axis_text(line, lines[1] - lines[0], chart.currency)) for line in lines),
        dates=tuple(_dates(columns, step)),
        zero=level(ZERO),
        names=_names(chart, columns, level(ZERO)),
        incomplete_from=first_open,
    )


def _sum(bar: Bar, *, above: bool) -> Decimal:
    return sum((one for one in bar.amounts if (one > 0) is above and one), ZERO)


def scale(lowest: Decimal, highest: Decimal) -> tuple[Decimal, ...]:
    """The lines of the grid: round amounts that hold everything between them, nothing among them."""
    span = highest - lowest
    if span == 0:
        return (ZERO, Decimal(1))
    raw = span / LINES
    power = Decimal(1).scaleb(raw.adjusted())
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= raw)
    first = int((lowest / step).to_integral_value(ROUND_FLOOR))
    last = int((highest / step).to_integral_value(ROUND_CEILING))
    return tuple(step * number for number in range(first, last + 1))


def axis_text(amount: Decimal, step: Decimal, currency: str) -> str:
    """An amount of the grid: with as many decimals as its steps need, cents at least where it needs any."""
    digits = max(2, -step.adjusted()) if step < 1 else 0
    mark = "$" if currency == "USD" else f"{currency}\N{NO-BREAK SPACE}"
    sign = MINUS if amount < 0 else ""
    return f"{sign}{mark}{abs(amount):,.{digits}f}"


def _column(chart: Chart, bar: Bar, x: float, step: float, level: Callable[[Decimal], float]) -> Column:
    width = round(min(step * 0.8, WIDEST) if step > 4 else step * 0.92, 2)
    left = round(x + (step - width) / 2, 2)
    boxes, up, down = [], ZERO, ZERO
    for place, (series, amount) in enumerate(zip(chart.series, bar.amounts, strict=True)):
        if not amount:
            continue
        start = up if amount > 0 else down
        end = start + amount
        up, down = (end, down) if amount > 0 else (up, end)
        y, foot = level(max(start, end)), level(min(start, end))
        said = f"{series.label}, {bar.label}: {money_text(amount, chart.currency)}"
        boxes.append(Box(place, left, y, width, round(foot - y, 2), said, series.url))
    hatched = (level(up), round(level(down) - level(up), 2)) if bar.incomplete and boxes else None
    told, said = _told(chart, bar)
    return Column(round(x, 2), round(step, 2), bar, tuple(boxes), told, said, hatched)


def _told(chart: Chart, bar: Bar) -> tuple[str, str]:
    parts = sorted(
        ((amount, series.label) for series, amount in zip(chart.series, bar.amounts, strict=True) if amount),
        key=lambda one: -abs(one[0]),
    )
    words = [f"{label} {money_text(amount, chart.currency)}" for amount, label in parts]
    head = f"{bar.label}: {money_text(bar.total, chart.currency)}{', incomplete' if bar.incomplete else ''}"
    short = [f"{_cut(label)} {money_text(amount, chart.currency)}" for amount, label in parts[:TOLD]]
    more = f", {len(words) - TOLD} more" if len(words) > TOLD else ""
    happened = "".join(f". {mark.label}" for mark in bar.marks)
    return (
        f"{head} = {' + '.join(short)}{more}" if len(words) > 1 else head,
        (f"{head}. {', '.join(words)}" if len(words) > 1 else head) + happened,
    )


def _cut(label: str, longest: int = LONGEST_LABEL) -> str:
    return label if len(label) <= longest else f"{label[: longest - 1]}…"


def _name(label: str) -> str:
    """A series' name as it fits beside the plot, with what tells it from others: of an environment the end, of a
    service not who sells it."""
    if "/" in label and len(label) > LONGEST_NAME:
        return f"…{label[1 - LONGEST_NAME :]}"
    seller = next((one for one in SELLERS if label.startswith(one)), "")
    return _cut(label.removeprefix(seller), LONGEST_NAME)


def _dates(columns: Sequence[Column], step: float) -> Iterator[Tick]:
    """As many dates as fit below the axis, the first always among them."""
    every = max(1, -int(-TICK_APART // step)) if columns else 1
    for column in columns[::every]:
        yield Tick(round(column.x + step / 2, 2), column.bar.short)


def _names(chart: Chart, columns: Sequence[Column], nothing: float) -> tuple[Named, ...]:
    """The names of series beside the last bar that is complete, pushed apart where they would touch. A series that is
    in other bars only is named at `nothing`, which is what it has in that one."""
    shown = [one for one in columns if one.boxes and not one.bar.incomplete] or [one for one in columns if one.boxes]
    if not shown:
        return ()
    beside = {box.place: box.y + box.height / 2 for box in shown[-1].boxes}
    elsewhere = {box.place: nothing for column in columns for box in column.boxes}
    found = sorted((middle, place) for place, middle in {**elsewhere, **beside}.items())
    places = [middle for middle, _ in found]
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + LABEL_APART)
    places[-1] = min(places[-1], float(HEIGHT - BOTTOM))
    for number in range(len(places) - 2, -1, -1):
        places[number] = min(places[number], places[number + 1] - LABEL_APART)
    return tuple(
        Named(_name(chart.series[place].label), place, round(y, 2), round(middle, 2))
        for (middle, place), y in zip(found, places, strict=True)
    )
