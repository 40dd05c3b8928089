"""What Parameter Store takes, and what a declared flag takes."""

import pytest

from provisioning.flags.rules import SECURE, STRING, STRING_LIST, flag_problem, name_problem, store_type, value_problem
from provisioning.flags.sealing import UnreadableError, digest, kept, opened


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("", "needs a name"),
        ("/", "needs a name"),
        ("/ssm/flag", "keeps names"),
        ("/SSMflag", "keeps names"),
        ("/aws/flag", "keeps names"),
        ("aws-flag", "keeps names"),
        ("/app//flag", "Two slashes"),
        ("/app/flag/", "end with a slash"),
        ("app/flag", "begins with a slash"),
        ("/" + "/".join("a" * 16), "15 levels at most; this one has 16"),
        ("/app/flag ", "no spaces"),
        (" /app/flag", "no spaces"),
        ("/app/my flag", "no spaces"),
        ("/app/flag\n", "no spaces"),
        ("/app/flág", "letters, digits"),
        ("/app/flag#1", "letters, digits"),
        ("/app/{{flag}}", "letters, digits"),
        ("/" + "a" * 1_011, "1,011 characters"),
    ],
)
def test_flags_pitfall_18_names_that_aws_refuses_are_refused_here(name: str, word: str) -> None:
    assert word in name_problem(name)


@pytest.mark.parametrize(
    "name", ["/fileshare/dev/use_dynamodb", "flag", "/a", "/" + "/".join("a" * 15), "/app/ssm/flag", "/x/A.b-C_9"]
)
def test_flags_pitfall_18_other_names_pass(name: str) -> None:
    assert name_problem(name) == ""


@pytest.mark.parametrize(
    ("kind", "value", "word"),
    [
        (STRING, "", "cannot be empty"),
        (STRING, "a" * 4_097, "4,096 bytes at most; this one has 4,097"),
        (STRING, "é" * 2_049, "4,098"),
        (STRING, "x {{ssm:y}}", "two braces"),
        (STRING, "a\x00b", "null character"),
        (STRING_LIST, "a,,b", "empty member"),
        (STRING_LIST, "a, ", "empty member"),
        (SECURE, "", "cannot be empty"),
    ],
)
def test_values_that_aws_refuses_are_refused_here_without_repeating_them(kind: str, value: str, word: str) -> None:
    problem = value_problem(kind, value)
    assert word in problem
    assert not value or value not in problem


def test_values_at_the_limits_pass() -> None:
    assert value_problem(STRING, "a" * 4_096) == ""
    assert value_problem(STRING, "{ }") == ""
    assert value_problem(STRING_LIST, "a,b") == ""


@pytest.mark.parametrize("value", ["True", "true ", "1", "yes", "TRUE\n", "", "on", "FALSE"])
def test_flags_pitfall_17_a_boolean_has_two_forms_only(value: str) -> None:
    assert flag_problem("boolean", value) == "This is true or false, written just so."


def test_declared_types() -> None:
    assert flag_problem("boolean", "true") == flag_problem("boolean", "false") == ""
    assert flag_problem("number", "-0.5") == ""
    assert flag_problem("number", "1e5") != ""
    assert flag_problem("choice", "blue", ("red", "green")) == "This is one of red, green."
    assert flag_problem("json", '{"a": [1, 2.50]}') == ""
    assert flag_problem("json", '{"a": }') == "This is not JSON, line 1, column 7."
    assert flag_problem("json", "NaN") == "This is not JSON."
    assert [store_type(kind) for kind in ("boolean", "list", "secret", "json")] == [STRING, STRING_LIST, SECURE, STRING]


def test_a_secret_is_unreadable_at_rest_and_comparable() -> None:
    at_rest = kept(SECURE, "hunter2")
    assert "hunter2" not in at_rest
    assert opened(SECURE, at_rest) == "hunter2"
    assert kept(STRING, "blue") == opened(STRING, "blue") == "blue"
    assert digest("hunter2") == digest("hunter2") != digest("hunter3")
    assert len(digest("hunter2")) == 64


def test_a_secret_of_another_key_is_said_to_be_unreadable(settings: object) -> None:
    at_rest = kept(SECURE, "hunter2")
    settings.SECRET_KEY = "another"  # type: ignore[attr-defined]  # pytest-django's settings
    with pytest.raises(UnreadableError):
        opened(SECURE, at_rest)
    assert digest("hunter2") != ""
