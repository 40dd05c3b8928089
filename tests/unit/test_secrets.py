"""The seal around NoEcho values (P3). That they are written nowhere else is shown where verbs are tested."""

from typing import Any

import pytest
from cryptography.fernet import InvalidToken
from hypothesis import given
from hypothesis import strategies as st

from provisioning.planning.secrets import opened, sealed

VALUES = {"data": {"Pin": "4711-2903"}, "compute": {"Password": "correct-horse-battery"}}
texts = st.text(max_size=40)


@given(st.dictionaries(texts, st.dictionaries(texts, texts, min_size=1), min_size=1))
def test_what_was_sealed_can_be_opened(values: dict[str, dict[str, str]]) -> None:
    assert opened(sealed(values)) == values


@pytest.mark.parametrize("values", [{}, {"data": {}}, {"data": {}, "compute": {}}])
def test_nothing_needs_no_seal(values: dict[str, dict[str, str]]) -> None:
    assert sealed(values) == ""
    assert opened("") == {}


def test_the_seal_shows_nothing() -> None:
    text = sealed(VALUES)
    for word in ("Pin", "4711", "Password", "correct", "horse", "battery"):
        assert word not in text
    assert sealed(VALUES) != text, "the same values twice do not look the same"


def test_another_key_opens_nothing(settings: Any) -> None:
    text = sealed(VALUES)
    settings.SECRET_KEY += "x"
    with pytest.raises(InvalidToken):
        opened(text)


@pytest.mark.parametrize("position", [0, 20, -2])
def test_a_seal_that_was_touched_opens_nothing(position: int) -> None:
    text = sealed(VALUES)
    other = "A" if text[position] != "A" else "B"
    touched = text[:position] + other + text[position:][1:]
    with pytest.raises(InvalidToken):
        opened(touched)
