"""The small pieces of every page: what they say, that they escape, and that templates stay within the CSP."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.template import Context, Template
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from portal.templatetags import stackyard

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>"
ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@dataclass(frozen=True)
class Status:
    label: str
    tone: str


@dataclass(frozen=True)
class Person:
    username: str
    full_name: str = ""

    def get_full_name(self) -> str:
        return self.full_name

    def get_username(self) -> str:
        return self.username


class Markup(HTMLParser):
    """Collects what a browser would make of some markup: its tags with their attributes, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def render(source: str, **context: object) -> Markup:
    return Markup(Template("{% load stackyard %}" + source).render(Context(context)))


@pytest.mark.parametrize(
    "source",
    [
        "{% icon text %}",
        "{% icon 'check' text %}",
        "{% badge text %}",
        "{% badge status %}",
        "{% stage_badge text %}",
        "{% money text %}",
        "{% money 1 currency=text %}",
        "{% mono text %}",
        "{% mono text limit=500 %}",
        "{% copy_button text %}",
        "{% person text %}",
        "{% person user %}",
        "{% sort_header text text css=text %}",
    ],
)
def test_hostile_text_stays_text(source: str) -> None:
    status, user = Status(HOSTILE, HOSTILE), Person(HOSTILE, HOSTILE)
    markup = render(source, text=HOSTILE, status=status, user=user)
    names = {name for _, attributes in markup.tags for name in attributes}
    assert {tag for tag, _ in markup.tags} <= {"svg", "use", "span", "code", "button", "th", "a"}
    assert not {name for name in names if name.startswith("on") or name == "style"}


@given(st.text(min_size=1))
def test_a_cut_text_is_whole_in_its_copy(text: str) -> None:
    markup = Markup(stackyard.mono(text))
    assert [attributes["data-copy"] for tag, attributes in markup.tags if tag == "button"] == [text]


def test_a_long_id_is_cut_in_its_middle() -> None:
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/prod-hello-erlang-messages"
    markup = render("{% mono arn limit=21 %}", arn=arn)
    assert markup.text == "arn:aws:dy…g-messages"
    assert len(markup.text) == 21
    assert ("code", {"title": arn}) in markup.tags
    assert render("{% mono 'dev-alice' copy=False %}", arn=arn).tags == [("span", {"class": "mono"}), ("code", {})]


@pytest.mark.parametrize("tone", ["good", "busy", "attention", "bad", "quiet"])
def test_badge_has_dot_word_and_tone(tone: str) -> None:
    markup = render("{% badge status %}", status=Status("Ready", tone))
    assert markup.text == "Ready"
    assert [attributes["class"] for _, attributes in markup.tags] == [f"badge badge-{tone}", "dot"]


def test_badge_of_an_unknown_tone_is_quiet() -> None:
    assert "badge-quiet" in str(render("{% badge status %}", status=Status("Odd", "purple")).tags)


@pytest.mark.parametrize(("stage", "css"), [("dev", "dev"), ("staging", "staging"), ("prod", "prod"), ("qa", "dev")])
def test_stage_badge(stage: str, css: str) -> None:
    markup = render("{% stage_badge stage %}", stage=stage)
    assert (markup.text, markup.tags[0][1]["class"]) == (stage, f"stage stage-{css}")


@pytest.mark.parametrize(
    ("apart", "text"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-9), "just now"),
        (timedelta(seconds=-10), "10 s ago"),
        (timedelta(seconds=-59), "59 s ago"),
        (timedelta(seconds=-60), "1 min ago"),
        (timedelta(minutes=-59, seconds=-59), "59 min ago"),
        (timedelta(hours=-1), "1 h ago"),
        (timedelta(days=-1), "1 d ago"),
        (timedelta(days=-6, hours=-23), "6 d ago"),
        (timedelta(days=-7), "15 Nov 2026"),
        (timedelta(seconds=5), "in a moment"),
        (timedelta(minutes=5), "in 5 min"),
        (timedelta(hours=26), "in 1 d"),
        (timedelta(hours=71, minutes=59), "in 3 d"),
        (timedelta(days=400), "27 Dec 2027"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_times_are_relative(apart: timedelta, text: str) -> None:
    assert render("{% when moment %}", moment=NOW + apart).text == text


@time_machine.travel(NOW, tick=False)
def test_times_carry_utc_whatever_their_zone() -> None:
    eastern = datetime.fromisoformat("2026-11-22T04:27:00-05:00")
    naive = eastern.astimezone(UTC).replace(tzinfo=None)
    for moment in (eastern, naive):
        markup = render("{% when moment %}", moment=moment)
        assert markup.text == "3 min ago"
        assert markup.tags[0][1] == {
            "datetime": "2026-11-22T09:27:00Z",
            "title": "2026-11-22 09:27 UTC",
            "data-when": "relative",
        }
    assert render("{% when moment exact=True %}", moment=eastern).text == "22 Nov 2026, 09:27 UTC"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (75, "1 min 15 s"),
        (60, "1 min"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (7_500, "2 h 5 min"),
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
        (-5, "−5 s"),
    ],
)
def test_durations_have_two_units(length: float | timedelta, text: str) -> None:
    assert render("{% duration length %}", length=length).text == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("12.345"), "$12.35"),
        (Decimal(0), "$0.00"),
        (1234.5, "$1,234.50"),
        (Decimal("-3"), "−$3.00"),
        (Decimal("-0.004"), "> −$0.01"),
        (Decimal("0.004"), "< $0.01"),
        (Decimal("0.005"), "$0.01"),
        ("17.5", "$17.50"),
    ],
)
def test_money_has_two_decimals(amount: object, text: str) -> None:
    assert render("{% money amount %}", amount=amount).text == text
    assert render("{% money amount approx=True %}", amount=amount).text == f"≈ {text}"


def test_money_in_another_currency() -> None:
    assert render("{% money 2 currency='EUR' %}").text == "EUR\N{NO-BREAK SPACE}2.00"


@pytest.mark.parametrize("amount", [None, "", "free", Decimal("NaN"), Decimal("Infinity"), float("nan"), "1e99"])
def test_what_is_no_amount_is_unknown(amount: object) -> None:
    assert render("{% money amount %}", amount=amount).text == "—"


@pytest.mark.parametrize("source", ["{% when x %}", "{% duration x %}", "{% mono x %}"])
def test_nothing_is_a_dash(source: str) -> None:
    assert render(source, x=None).text == "—"


@pytest.mark.parametrize("source", ["{% badge x %}", "{% stage_badge x %}"])
def test_no_status_is_no_badge(source: str) -> None:
    assert render(source, x=None).tags == []


@pytest.mark.parametrize(
    ("user", "text"),
    [
        (Person("alice", "Alice Andersson"), "AAAlice Andersson"),
        (Person("alice.b-carlsson"), "ACalice.b-carlsson"),
        (Person("bob@example.org"), "Bbob@example.org"),
        ("Ada", "AAda"),
        ("…", "?…"),
        (None, "SStackyard"),
    ],
)
def test_people_have_initials_and_a_name(user: object, text: str) -> None:
    assert render("{% person user %}", user=user).text == text
    assert render("{% person None none='Nobody yet' %}").text == "NYNobody yet"


@pytest.mark.parametrize(
    ("query", "href", "order"),
    [
        ("", "?sort=name", None),
        ("?sort=cost", "?sort=name", None),
        ("?sort=name&page=7&stage=dev", "?sort=-name&stage=dev", "ascending"),
        ("?sort=-name", "?sort=name", "descending"),
    ],
)
def test_sort_header_turns_the_order(query: str, href: str, order: str | None) -> None:
    markup = render("{% sort_header 'Name' 'name' %}", request=RequestFactory().get(f"/{query}"))
    tags = dict(markup.tags)
    assert (tags["a"]["href"], tags["th"].get("aria-sort")) == (href, order)


def test_sort_header_knows_the_order_without_a_query() -> None:
    markup = render("{% sort_header 'Name' 'name' default='-name' css='number' %}")
    assert dict(markup.tags)["th"] == {"scope": "col", "class": "sort number", "aria-sort": "descending"}


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons.svg").read_text()))
    named = {name for template in TEMPLATES for name in re.findall(r'{% icon ["\']([\w-]+)["\']', template.read_text())}
    assert {"home", "check", "warning"} <= named
    assert named <= sprite


def test_no_template_needs_more_than_the_policy_allows() -> None:
    forbidden = re.compile(r"\sstyle=|\son\w+=|<style|javascript:|hx-on|hx-vals=['\"]js:|<script(?![^>]*\ssrc=)")
    guilty = {str(path.relative_to(ROOT)) for path in TEMPLATES if forbidden.search(path.read_text())}
    assert not guilty
    assert forbidden.search('<p style="x">')
    assert forbidden.search("<script>x</script>")


@pytest.mark.parametrize("name", ["400", "403", "404", "500", "aws"])
def test_error_pages_render_without_any_context(name: str) -> None:
    markup = Markup(Template(f'{{% extends "errors/{name}.html" %}}').render(Context()))
    assert [tag for tag, _ in markup.tags].count("h1") == 1
    assert "/" in [attributes.get("href") for tag, attributes in markup.tags if tag == "a"]
