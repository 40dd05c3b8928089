"""Every failure that the engine can tell of says what happened, whose turn it is, and what to do.

The places are read from the code, so that a new one joins by itself.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning import engine
from provisioning.planning.reasons import ADMINISTRATOR, AWS, OWNER, YOU

ROOT = Path(engine.__file__).parent
FIELDS = ("sentence", "turn", "advice", "raw", "code")
TURNS = {YOU, ADMINISTRATOR, OWNER, AWS, "the requester", "you or an administrator", "the blueprint's owner"}
# What AWS writes, and what only programs read: in a sentence it stands quoted, after words of our own.
CODES = {"status", "reason", "result", "raw", "code", "message", "status_reason"}
SHOUTED = re.compile(r"\b[A-Z]{2,}_[A-Z_]+\b")


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem":
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


SITES = dict(_calls())


def _given(call: ast.Call) -> dict[str, ast.expr]:
    """The arguments by name; a starred one stands for all three that matter."""
    named = {word.arg: word.value for word in call.keywords if word.arg}
    for position, value in enumerate(call.args):
        if isinstance(value, ast.Starred):
            return named | dict.fromkeys(FIELDS[:3], value.value)
        named[FIELDS[position]] = value
    return named


def _literal(value: ast.expr) -> str | None:
    """The text as far as it is written in the code, with … for what is filled in; None for what is made elsewhere."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    if isinstance(value, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in value.values)
    return None


def _is_told_elsewhere(value: ast.expr) -> bool:
    """Whether a whole sentence of another's making is filled in."""
    return any(isinstance(part, ast.Attribute) and part.attr == "sentence" for part in ast.walk(value))


def _filled(value: ast.expr) -> Iterator[tuple[str, str]]:
    """What is filled into a text by an attribute that AWS or a program wrote, with the text before it."""
    before = ""
    for part in value.values if isinstance(value, ast.JoinedStr) else ():
        if isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Attribute) and part.value.attr in CODES:
            yield part.value.attr, before
        before = str(part.value) if isinstance(part, ast.Constant) else ""


def test_there_are_some() -> None:
    assert len(SITES) > 15


@pytest.mark.parametrize("site", SITES)
def test_it_says_what_happened_whose_turn_it_is_and_what_to_do(site: str) -> None:
    given = _given(SITES[site])
    assert {"sentence", "turn", "advice"} <= set(given), "three things, each said"
    sentence, turn, advice = (_literal(given[name]) for name in FIELDS[:3])
    if _is_told_elsewhere(given["sentence"]):
        sentence = None
    assert turn is None or turn in TURNS
    assert advice is None or (advice.strip() and advice.rstrip("…")[-1:] in {".", "”", ""})
    if sentence is None:
        return
    assert len(re.findall(r"[a-z]{2,}", sentence)) >= 3, "a sentence has words of its own"
    assert sentence[0].isupper() or sentence[0] == "…"
    assert sentence[-1] in ".…”", "and an end"
    assert "!" not in sentence
    assert not SHOUTED.search(sentence), "a status of AWS has words in lifecycle.py"


@pytest.mark.parametrize("site", SITES)
def test_what_aws_wrote_is_quoted_after_words_of_our_own(site: str) -> None:
    for name, before in _filled(_given(SITES[site])["sentence"]):
        assert before.endswith(("AWS says: “", "(")) or before.rstrip().endswith("says: “"), f"{name} stands bare"
