"""What is said of a value that cannot be used: the words that can, and our own sentences as they are."""

import pytest

from portal.accounts.models import User

from .program import Program, program_of


@pytest.fixture
def program(alice: User) -> Program:
    """A program of alice's."""
    return program_of(alice)


def test_words_that_are_taken_are_listed_without_the_empty_one(program: Program) -> None:
    told = program.get("/environments?stage=nope", 422)["fields"]["stage"]
    assert told == "Input should be 'dev', 'staging' or 'prod'."


def test_a_sentence_of_ours_stands_by_itself(program: Program) -> None:
    told = program.get("/costs?from=1.11.", 422)["fields"]["from"]
    assert told == "Write 2030-01-31."
