"""Charts of bars: whatever the amounts, everything stays on its sheet, is told in words, and is escaped."""

import re
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.charts import BOTTOM, HEIGHT, LEFT, PLOT_WIDTH, TOP, Bar, Chart, Mark, Series, axis_text, draw, scale
from portal.templatetags.charts import chart_table, per_cent, stacked_bars, swatch

AMOUNTS = st.decimals(-100_000, 100_000, places=4)
EDGES = (LEFT - 0.1, LEFT + PLOT_WIDTH + 0.1, TOP - 0.1, HEIGHT - BOTTOM + 0.1)


def chart(*bars: tuple[str, ...], **columns: str) -> Chart:
    """A chart with one series for each amount of a bar, the last bar incomplete."""
    series = tuple(Series(f"s{number}", f"?s={number}") for number in range(max(map(len, bars), default=0)))
    made = tuple(
        Bar(
            f"{number + 1} May",
            f"{number + 1} May 2026",
            tuple(map(Decimal, bar)),
            f"?d={number}",
            number + 1 == len(bars),
        )
        for number, bar in enumerate(bars)
    )
    return Chart("c", "Costs", "US dollars a day", series, made, **columns)


class TestDrawing:
    """Where things are."""

    @given(st.integers(1, 9).flatmap(lambda parts: st.lists(st.tuples(*[AMOUNTS] * parts), max_size=40)))
    @settings(deadline=None)
    def test_everything_stays_on_the_sheet(self, bars: list[tuple[Decimal, ...]]) -> None:
        drawing = draw(chart(*(tuple(map(str, bar)) for bar in bars)))
        left, right, top, bottom = EDGES
        for column in drawing.columns:
            for box in column.boxes:
                assert left <= box.x <= box.x + box.width <= right
                assert top <= box.y <= box.y + box.height <= bottom + 0.1
        places = [name.y for name in drawing.names]
        assert all(below - above >= 14.9 for above, below in pairwise(places))
        assert top <= drawing.zero <= bottom

    @given(AMOUNTS, AMOUNTS)
    def test_the_grid_holds_everything_and_nothing(self, one: Decimal, other: Decimal) -> None:
        low, high = min(one, other, Decimal(0)), max(one, other, Decimal(0))
        lines = scale(low, high)
        assert lines[0] <= low <= high <= lines[-1]
        assert 0 in lines
        assert 2 <= len(lines) <= 8

    def test_credits_hang_below_the_axis(self) -> None:
        (column,) = draw(chart(("3", "-1", "2"))).columns
        drawing = draw(chart(("3", "-1", "2")))
        above = [box for box in column.boxes if box.y + box.height <= drawing.zero + 0.1]
        below = [box for box in column.boxes if box.y >= drawing.zero - 0.1]
        assert ([box.place for box in above], [box.place for box in below]) == ([0, 2], [1])

    def test_every_series_is_named_also_one_that_the_last_bar_has_not(self) -> None:
        drawing = draw(chart(("3", "-6"), ("3", "0"), ("1", "0")))
        assert {name.place for name in drawing.names} == {0, 1}
        assert next(name for name in drawing.names if name.place == 1).from_y == drawing.zero

    def test_names_of_services_fit_beside_the_plot(self) -> None:
        long = ("Amazon Elastic Compute Cloud - Compute", "AWS Key Management Service", "Tax")
        made = Chart("c", "t", "u", tuple(map(Series, long)), (Bar("1", "one", (Decimal(1),) * 3),))
        names = [name.label for name in draw(made).names]
        assert sorted(names) == ["Elastic Compute Cl…", "Key Management Ser…", "Tax"]
        assert long[0] in stacked_bars(made)

    def test_names_of_environments_keep_what_tells_them_apart(self) -> None:
        long = ("hello-erlang/dev-seed-144", "hello-erlang/dev-seed-74", "fileshare/dev")
        made = Chart("c", "t", "u", tuple(map(Series, long)), (Bar("1", "one", (Decimal(1),) * 3),))
        names = [name.label for name in draw(made).names]
        assert sorted(names) == ["fileshare/dev", "…erlang/dev-seed-74", "…rlang/dev-seed-144"]

    @pytest.mark.parametrize("count", [0, 1, 2, 53, 92, 366])
    def test_one_bar_is_no_wall_and_dates_do_not_touch(self, count: int) -> None:
        drawing = draw(chart(*[("1",)] * count))
        assert all(column.boxes[0].width <= 72 for column in drawing.columns)
        dates = [tick.at for tick in drawing.dates]
        assert all(right - left >= 60 for left, right in pairwise(dates))
        assert len(dates) <= 10

    @pytest.mark.parametrize(
        ("amount", "step", "text"),
        [("1500", "500", "$1,500"), ("0.5", "0.5", "$0.50"), ("-2", "1", "−$2"), ("0.002", "0.001", "$0.002")],
    )
    def test_amounts_of_the_grid(self, amount: str, step: str, text: str) -> None:
        assert axis_text(Decimal(amount), Decimal(step), "USD") == text


class TestMarkup:
    """What a page gets."""

    def test_every_bar_takes_focus_and_says_its_parts(self) -> None:
        text = stacked_bars(chart(("3", "1"), ("2", "-1")))
        said = re.findall(r'<a class="day" href="([^"]*)" aria-label="([^"]*)"', text)
        assert said == [
            ("?d=0", "1 May 2026: $4.00. s0 $3.00, s1 $1.00"),
            ("?d=1", "2 May 2026: $1.00, incomplete. s0 $2.00, s1 −$1.00"),
        ]
        assert "<title>s0, 1 May 2026: $3.00</title>" in text
        assert text.count('class="hatched"') == 1
        assert 'fill="url(#c-hatch)"' in text

    def test_a_bar_without_a_link_takes_focus_too(self) -> None:
        text = stacked_bars(Chart("c", "t", "u", (Series("s"),), (Bar("1", "one", (Decimal(1),)),)))
        assert 'class="day" tabindex="0" role="img" aria-label="one: $1.00"' in text

    def test_the_table_has_the_same_numbers(self) -> None:
        text = re.sub(r"<[^>]+>", " ", chart_table(chart(("3", "0"), ("2", "-1"))))
        assert "2 May 2026 incomplete $2.00 −$1.00 $1.00 1 May 2026 $3.00 – $3.00" in " ".join(text.split())

    def test_what_came_from_outside_is_only_text(self) -> None:
        evil = '"><script>alert(1)</script>'
        bar = Bar(evil, evil, (Decimal(1),), f"?x={evil}", incomplete=True, marks=(Mark(evil, evil),))
        made = Chart(evil, evil, evil, (Series(evil, evil),), (bar,))
        for text in (stacked_bars(made), chart_table(made)):
            assert "<script" not in text

    def test_events_are_dots_with_words(self) -> None:
        bar = Bar("1 May", "1 May 2026", (Decimal(1),), marks=(Mark("Deployed", "/changes/1/"),))
        text = stacked_bars(Chart("c", "t", "u", (Series("s"),), (bar,)))
        assert '<a href="/changes/1/" aria-label="Deployed"><circle class="event"' in text
        assert "1 May 2026: $1.00. Deployed" in text

    @pytest.mark.parametrize(
        ("share", "text"),
        [("45.2", "+45 %"), ("0.26", "+0.3 %"), ("-3.4", "−3.4 %"), ("1227", "+1,227 %"), (None, "–")],
    )
    def test_per_cent(self, share: str | None, text: str) -> None:
        found = per_cent(Decimal(share) if share else None, signed=True)
        assert found == text.replace(" ", "\N{NO-BREAK SPACE}")
        assert not per_cent(Decimal(45)).startswith("+")

    def test_swatch(self) -> None:
        assert 'class="series-9"' in swatch(8)
