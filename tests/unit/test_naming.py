"""Names of environments: what is accepted gives names that AWS takes, what is not is explained."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from provisioning.actions.naming import LONGEST, name_problem, stage_of
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.loader import library
from provisioning.blueprints.promises import computed_names
from provisioning.blueprints.shapes import Pseudo

STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")
TABLE_NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")
PARAMETER_NAME = re.compile(r"(/[A-Za-z0-9_.-]+)+")


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("dev", "dev"),
        ("staging", "staging"),
        ("prod", "prod"),
        ("dev-alice", "dev"),
        ("dev-a", "dev"),
        ("dev-7", "dev"),
        ("dev-alice-feature-2", "dev"),
        ("dev-prod", "dev"),
        ("dev-" + "a" * 20, "dev"),
    ],
)
def test_good_names(name: str, stage: str) -> None:
    assert name_problem(name) == ""
    assert stage_of(name) == stage


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "Give the environment a name"),
        ("dev-" + "a" * 21, "At most 24 characters; this has 25."),
        ("Dev", "Lower case only: dev."),
        ("dev-Alice", "Lower case only: dev-alice."),
        ("test", "start with dev- for one of your own, such as dev-alice"),
        ("prod-2", "Use dev, staging or prod"),
        ("staging-alice", "Use dev, staging or prod"),
        ("development", "Use dev, staging or prod"),
        ("alice-dev", "Use dev, staging or prod"),
        ("-dev", "Use dev, staging or prod"),
        (" dev", "Use dev, staging or prod"),
        ("dev ", "Use dev, staging or prod"),
        ("dev--alice", "One hyphen at a time."),
        ("dev-", "end with a letter or a digit"),
        ("dev-alice-", "end with a letter or a digit"),
        ("dev-al ice", "Only the letters a to z, digits and single hyphens"),
        ("dev-al_ice", "Only the letters a to z, digits and single hyphens"),
        ("dev-al.ice", "Only the letters a to z, digits and single hyphens"),
        ("dev-al/ice", "Only the letters a to z, digits and single hyphens"),
        ("dev-alice\n", "Only the letters a to z, digits and single hyphens"),
        ("dev-älice", "Only the letters a to z"),
        ("dev-١", "Only the letters a to z"),
        ("dev-ⅱ", "Only the letters a to z"),
        ("prod\n", "Use dev, staging or prod"),
    ],
)
def test_bad_names(name: str, says: str) -> None:
    problem = name_problem(name)
    assert says in problem
    assert problem.endswith(".")
    with pytest.raises(Refusal) as refused:
        stage_of(name)
    assert (refused.value.code, refused.value.sentence) == ("bad-name", problem)
    assert refused.value.fields == {"name": problem}


likely = st.from_regex(r"\A(dev|staging|prod|DEV|x)(-[a-zA-Z0-9äß٣_]{0,9}){0,4}\n?\Z") | st.text(max_size=30)
personal = st.from_regex(r"\Adev(-[a-z0-9]{1,9}){1,3}\Z").filter(lambda name: len(name) <= LONGEST)


@given(likely)
def test_a_name_is_either_good_or_explained(name: str) -> None:
    problem = name_problem(name)
    if problem:
        assert problem[0].isupper()
        assert problem.endswith(".")
    else:
        assert re.fullmatch(r"dev|staging|prod|dev-[a-z0-9]+(-[a-z0-9]+)*", name)
        assert len(name) <= LONGEST


@given(personal)
def test_every_personal_name_of_that_form_is_accepted(name: str) -> None:
    assert name_problem(name) == ""


@given(likely | personal)
def test_what_is_accepted_gives_names_that_aws_takes(name: str) -> None:
    """Every shipped application: stacks, tables and parameters; the longest names of two environments differ."""
    assume(not name_problem(name))
    shipped = library().blueprints
    assert len(shipped) >= 2
    for blueprint in shipped.values():
        names = computed_names(blueprint, name, stage_of(name), Pseudo("us-east-1", "123456789012", ""))
        assert len(names.tables) >= 2
        assert all(STACK_NAME.fullmatch(stack) for stack in names.stacks.values())
        assert all(TABLE_NAME.fullmatch(table) for table in names.tables)
        assert all(PARAMETER_NAME.fullmatch(parameter) for parameter in names.parameters)
        assert len(set(names.stacks.values())) == len(names.stacks)
        assert all(name in one for one in (*names.stacks.values(), *names.tables))


@given(likely | personal)
def test_the_templates_take_every_accepted_name(name: str) -> None:
    """The Environment parameter of each template has a pattern of its own; it must not be narrower."""
    assume(not name_problem(name))
    for blueprint in library().blueprints.values():
        for stack in blueprint.stacks.values():
            parameter = stack.template.parameters["Environment"]
            assert parameter.allowed_pattern is not None
            assert re.fullmatch(parameter.allowed_pattern, name)
            assert parameter.max_length is None or len(name) <= parameter.max_length


@given(personal, personal)
def test_two_environments_never_share_a_name(one: str, other: str) -> None:
    assume(one != other)
    everything: list[set[str]] = []
    for name in (one, other):
        taken: set[str] = set()
        for blueprint in library().blueprints.values():
            names = computed_names(blueprint, name, "dev", Pseudo("us-east-1", "123456789012", ""))
            taken |= {*names.stacks.values(), *names.tables, *names.parameters}
        everything.append(taken)
    assert not everything[0] & everything[1]
