"""Names read backwards: which blueprint and which environment a stack or a table belongs to."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.actions.naming import name_problem
from provisioning.blueprints.loader import library
from provisioning.planning.matching import TABLE, Belonging, Pattern, belonging, stack_patterns, table_patterns

BLUEPRINTS = library().blueprints
STACKS = stack_patterns(BLUEPRINTS.values())
TABLES = table_patterns(BLUEPRINTS.values(), "us-east-1", "123456789012")
NAMES = st.one_of(
    st.sampled_from(["dev", "staging", "prod"]),
    st.from_regex(r"dev(-[a-z0-9]{1,6}){1,3}", fullmatch=True).filter(lambda name: not name_problem(name)),
)


def patterns(*texts: str, application: str = "shop", kind: str = "data") -> tuple[Pattern, ...]:
    """One pattern at dev each."""
    return tuple(Pattern(application, kind, "dev", text) for text in texts)


def told(name: str, known: Iterable[Pattern] = STACKS) -> tuple[str, str, str] | None:
    """What a name belongs to, as a tuple."""
    found = belonging(name, known)
    return (found.application, found.kind, found.environment) if found else None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hello-erlang-data-dev", ("hello-erlang", "data", "dev")),
        ("hello-erlang-dev", ("hello-erlang", "compute", "dev")),
        ("hello-erlang-data-dev-alice", ("hello-erlang", "data", "dev-alice")),
        ("hello-erlang-dev-data", ("hello-erlang", "compute", "dev-data")),
        ("fileshare-data-dev", ("fileshare", "data", "dev")),
        ("fileshare-prod", ("fileshare", "compute", "prod")),
        ("fileshare-production", None),
        ("fileshare-prod-eu", None),
        ("fileshare-dev-", None),
        ("fileshare-dev--a", None),
        ("fileshare-DEV", None),
        ("my-fileshare-dev", None),
        (f"fileshare-dev-{'a' * 20}", ("fileshare", "compute", f"dev-{'a' * 20}")),
        (f"fileshare-dev-{'a' * 21}", None),
        ("", None),
    ],
)
def test_stacks(name: str, expected: tuple[str, str, str] | None) -> None:
    assert told(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dev-hello-erlang-messages", ("hello-erlang", TABLE, "dev")),
        ("dev-bob-hello-erlang-sessions", ("hello-erlang", TABLE, "dev-bob")),
        ("file-sharing-app-prod-users", ("fileshare", TABLE, "prod")),
        ("file-sharing-app-prod-orders", None),
        ("hello-erlang-messages", None),
        ("qa-hello-erlang-messages", None),
    ],
)
def test_tables(name: str, expected: tuple[str, str, str] | None) -> None:
    assert told(name, TABLES) == expected


@given(name=NAMES)
def test_every_name_that_a_blueprint_gives_is_found_again(name: str) -> None:
    for blueprint in BLUEPRINTS.values():
        for kind, stack in blueprint.stacks.items():
            assert told(stack.stack_name(name)) == (blueprint.slug, kind, name)


def test_the_pattern_with_more_of_its_own_words_wins() -> None:
    both = (*patterns("shop-{environment}", kind="compute"), *patterns("shop-{environment}-data"))
    assert told("shop-dev-data", both) == ("shop", "data", "dev")
    assert told("shop-dev-date", both) == ("shop", "compute", "dev-date")


def test_two_that_fit_equally_well_give_nothing() -> None:
    twice = (*patterns("app-{environment}"), *patterns("app-{environment}", application="other"))
    assert told("app-dev", twice) is None
    assert told("app-dev", patterns("app-{environment}", "app-{environment}")) == ("shop", "data", "dev")


def test_an_environment_that_is_named_twice_is_one() -> None:
    known = patterns("{environment}-shop-{environment}")
    assert told("dev-a-shop-dev-a", known) == ("shop", "data", "dev-a")
    assert told("dev-a-shop-dev-b", known) is None


def test_a_pattern_without_an_environment_fits_nothing() -> None:
    assert told("shop", patterns("shop")) is None


def test_signs_in_a_pattern_are_signs() -> None:
    assert told("shopxdev", patterns("shop.{environment}")) is None


def test_the_stage_must_be_one_of_the_blueprints() -> None:
    assert told("shop-prod", patterns("shop-{environment}")) is None
    assert Belonging("shop", "data", "dev-a").stage == "dev"
