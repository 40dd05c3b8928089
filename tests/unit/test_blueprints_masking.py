"""Masking rules in a blueprint: how paths are written, and what is refused by line, with what to do."""

from pathlib import Path

import pytest
from test_blueprints import BLUEPRINT, problems_of, write

from provisioning.blueprints.loader import SHIPPED, load_blueprint, load_library
from provisioning.blueprints.masking import parse_path

RULES = """\
masking:
  - {table: Orders, hide: [card, buyer, 'lines[*].note'], stages: [prod, staging]}
  - {table: Orders, hide: []}
"""


def with_rules(rules: str) -> str:
    """The blueprint with these rules as its last lines: the first rule stands in line 36."""
    return BLUEPRINT + rules


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("email", ("email",)),
        ("profile.phone", ("profile", "phone")),
        ("addresses[*].street", ("addresses", None, "street")),
        ("grid[*][*]", ("grid", None, None)),
        ("by_mail.*.name", ("by_mail", None, "name")),
        ('"a.b".c', ("a.b", "c")),
        (r'"say \"so\"[0]"', ('say "so"[0]',)),
        ("日本-#x y", ("日本-#x y",)),
    ],
)
def test_a_path_has_steps(text: str, steps: tuple[str | None, ...]) -> None:
    assert parse_path(text) == steps


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[0]", "a[", "a]b", '"a', '""', "*", "*.a", "[*]"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_path(text)


def test_rules_are_read(tmp_path: Path) -> None:
    blueprint, problems = load_blueprint(
        write(tmp_path / "shop", with_rules(RULES.replace("prod, staging", "staging")))
    )
    assert problems == ()
    assert blueprint
    first, second = blueprint.masking
    assert (first.table, first.hide) == ("Orders", ("card", "buyer", "lines[*].note"))
    assert first.stages == {"staging"}
    assert second.hide == ()
    assert second.stages == {"prod"}


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence", "fix"),
    [
        ("table: Orders, hide: [card", "table: Gone, hide: [card", 36, "no table Gone", "Correct it."),
        ("[card", "['card['", 36, "“card[” is no path", "Write it as"),
        ("[card", "[id, card", 36, "id is a key of the table, and keys cannot be hidden", "out of keys"),
        ("[card", "[id.part, card", 36, "id is a key of the table", "Remove it"),
        ("prod, staging", "prod, live", 36, "“live” is no stage.", "Use some of dev, staging, prod."),
        ("hide: []", "stages: [dev]", 37, "does not say what to hide", "Add hide:"),
        ("hide: []", "hide: card", 37, "hide must be a list", "Write it as"),
        ("hide: []", "hide: [], why: x", 37, "“why” is not known", "Use one of"),
        ("hide: []", "hide: [total], stages: [staging]", 37, "two rules for staging", "one of the two"),
    ],
)
def test_a_rule_that_cannot_be_is_told_by_its_line(
    tmp_path: Path, *, old: str, new: str, line: int, sentence: str, fix: str
) -> None:
    rules = RULES.replace(old, new)
    problems = [one for one in problems_of(write(tmp_path / "shop", with_rules(rules))) if sentence in one.sentence]
    assert [(one.line, fix in one.fix) for one in problems] == [(line, True)]


def test_what_ships_hides_what_is_personal() -> None:
    found = load_library([SHIPPED]).blueprints
    hidden = {
        (slug, rule.table): rule.hide for slug, one in found.items() for rule in one.masking if "prod" in rule.stages
    }
    assert {"email", "password_hash"} <= set(hidden["fileshare", "UsersTable"])
    assert "content" in hidden["hello-erlang", "MessagesTable"]
    tables = {(slug, name) for slug, one in found.items() for name in one.stacks["data"].template.resources}
    assert set(hidden) <= tables


def test_what_ships_knows_the_questions_of_its_application() -> None:
    found = load_library([SHIPPED]).blueprints
    titles = {pattern.title for one in found.values() for pattern in one.patterns}
    assert {"Messages of a user, newest first", "User by e-mail", "URLs of a user"} <= titles
