"""A configuration as files: whatever a value is, who reads the file has exactly that value, and nothing else."""

import io
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values
from fakes.readers import erlang_itself, erlang_terms, github_env, kubernetes_value, workflow_command
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.connecting.containers import ecs, kubernetes
from portal.connecting.formats import FORMATS, dotenv, erlang, shell
from portal.connecting.github import github, masks
from provisioning.actions.delivering import Configuration, Setting

AWKWARD = 'it\'s "$HOME" `id` \\ é\nnew line'
ARN = "arn:aws:ssm:us-east-1:000000000000:parameter/fileshare/dev/"
# What tries to end a value, to begin another one, or to become something else on the way.
BITS = (
    "'", '"', "\\", "\\\\", "$", "${HOME}", "$(id)", "$$", "`id`", "\n", "\r", "\r\n", "#", " #", "=", "<<", "{{", ",",
    "\t", " ", "STACKYARD_0", "STACKYARD_1", "\nSTACKYARD_0\n", "EOF", "export X=1", "é", "😀", "\x1b", "\x85",
    "\u2028", "%", "%0A", "%25", "::add-mask::", "\\n", "\\'", "\ufeff", "%{", "~", "!", "yes", "1e3", "null", ": ",
)  # fmt: skip
VALUES = st.one_of(
    st.lists(st.sampled_from(BITS), max_size=8).map("".join),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
)
SOME = st.lists(VALUES, min_size=1, max_size=4).map(lambda values: {f"V{n}": one for n, one in enumerate(values)})
READERS = settings(max_examples=40, deadline=None)


def configuration(values: Mapping[str, str | None], **secrets: str | None) -> Configuration:
    """A configuration of these variables; None is one that could not be read, or a secret that was not asked for."""
    plain = [Setting(name, value, "" if value is not None else "not\nread") for name, value in values.items()]
    hidden = [Setting(name, value, "a secret", secret=True, arn=f"{ARN}{name}") for name, value in secrets.items()]
    return Configuration("hello-erlang", "dev", tuple(FORMATS), (*plain, *hidden))


def printed_by_bash(script: str, names: list[str]) -> dict[str, str]:
    """What those variables hold after bash has run a script, as another process is given them."""
    shown = " ".join(f"{name}" for name in names)
    command = f'{script}\nfor name in {shown}; do printf \'%s\\0\' "$(printenv "$name"; printf x)"; done'
    told = subprocess.run(  # noqa: S603  (our own text)
        ["/bin/bash", "-c", command], capture_output=True, check=True, env={"HOME": "/root", "PATH": "/usr/bin:/bin"}
    )
    assert told.stderr == b""
    values = told.stdout.decode().split("\0")[:-1]
    return {name: value.removesuffix("\nx") for name, value in zip(names, values, strict=True)}


@READERS
@given(SOME)
@example({"V0": AWKWARD})
def test_bash_reads_exports_exactly(values: dict[str, str]) -> None:
    assert printed_by_bash(shell(configuration({**values, "GONE": None})), list(values)) == values


@settings(max_examples=400, deadline=None)
@given(SOME)
@example({"V0": "it's $5 \\"})
@example({"V0": "C:\\dir\\", "V1": 'say "x"'})
def test_readers_of_env_files_read_them_exactly(values: dict[str, str]) -> None:
    text = dotenv(configuration({**values, "GONE": None}))
    assert dotenv_values(stream=io.StringIO(text), interpolate=False) == values
    if "${" not in text:  # python-dotenv has no way to write it so that it puts nothing in its place
        assert dotenv_values(stream=io.StringIO(text)) == values


@READERS
@given(SOME)
def test_a_shell_reads_env_files_exactly_but_for_what_only_it_would_replace(values: dict[str, str]) -> None:
    kept = {
        name: value for name, value in values.items() if not (set("'\\\r") & set(value) and set("$`\r") & set(value))
    }
    text = dotenv(configuration(kept))
    assert printed_by_bash(f"set -a\n{text}", list(kept)) == kept


@settings(max_examples=400, deadline=None)
@given(SOME)
@example({"V0": "a\nSTACKYARD_0\nSTACKYARD_1\r\nV1=x"})
def test_a_workflow_reads_them_exactly(values: dict[str, str]) -> None:
    text = github(configuration({**values, "GONE": None, "AWS_PROFILE": "mine"}))
    assert github_env(text) == values


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_no_line_of_a_secret_is_left_unmasked_in_a_log(value: str) -> None:
    told = [workflow_command(line) for line in masks(configuration({"A": "plain"}, TOKEN=value))]
    assert {name for name, _ in told} <= {"add-mask"}
    hidden = [data for _, data in told]
    lines = [line for line in value.replace("\r", "\n").split("\n") if line.strip()]
    assert set(lines) <= set(hidden)
    assert not value.strip() or value in hidden
    assert "plain" not in hidden or "plain" in value


@settings(max_examples=200, deadline=None)
@given(SOME)
def test_a_container_of_ecs_gets_values_and_names_of_secrets(values: dict[str, str]) -> None:
    told = json.loads(ecs(configuration({**values, "AWS_PROFILE": "mine", "GONE": None}, TOKEN="swordfish", KEY=None)))
    assert {one["name"]: one["value"] for one in told["environment"]} == values
    assert told["secrets"] == [{"name": name, "valueFrom": f"{ARN}{name}"} for name in ("TOKEN", "KEY")]


@settings(max_examples=200, deadline=None)
@given(SOME)
@example({"V0": "$(V1)$$", "V1": "no"})
def test_kubernetes_reads_them_exactly(values: dict[str, str]) -> None:
    told = yaml.safe_load(kubernetes(configuration({**values, "GONE": None}, TOKEN=None, GIVEN="swordfish")))
    expanded = {one["name"]: kubernetes_value(one["value"], values) for one in told if "value" in one}
    assert expanded == {**values, "GIVEN": "swordfish"}
    (referred,) = [one for one in told if "value" not in one]
    assert referred == {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "hello-erlang-dev", "key": "TOKEN"}}}


@settings(max_examples=400, deadline=None)
@given(SOME)
def test_erlang_reads_them_exactly(values: dict[str, str]) -> None:
    told = dict(erlang_terms(erlang(configuration({"AWS_REGION": "eu-west-1", **values, "GONE": None}))))
    assert told == {
        "aws": [("region", "eu-west-1")],
        "hello_erlang": [(name.lower(), value) for name, value in values.items()],
    }


def test_erlang_itself_where_it_is_installed_agrees(tmp_path: Path) -> None:
    values = {f"V{number}": bit for number, bit in enumerate((*BITS, "".join(BITS)))}
    text = erlang(configuration({"AWS_REGION": "eu-west-1", **values, "GONE": None}))
    read = erlang_itself(text, tmp_path) if shutil.which("erl") else erlang_terms(text)
    assert dict(read)["hello_erlang"] == [(name.lower(), value) for name, value in values.items()]


def test_no_format_tells_a_secret_that_was_not_asked_for() -> None:
    read = configuration({"A": "x"}, TOKEN=None)
    for name, file in FORMATS.items():
        text = file.render(read)
        assert ("TOKEN" in text) is (name != "github"), name


def test_dotenv_quotes_only_what_needs_it() -> None:
    values = {"A": "plain-1/x", "B": "two words", "C": "it's $5\\", "D": "$HOME", "E": "", "F": None, "G": "it's"}
    assert dotenv(configuration(values)).splitlines() == [
        "A=plain-1/x",
        "B='two words'",
        "C='it\\'s $5\\\\'",
        "D='$HOME'",
        "E=''",
        "# F: not read",
        'G="it\'s"',
    ]


def test_erlang_groups_and_escapes() -> None:
    values = {"AWS_PROFILE": "mine", "AWS_REGION": "eu-west-1", "MESSAGES_TABLE": AWKWARD, "IF": "x", "GONE": None}
    assert erlang(configuration(values)) == (
        "[\n"
        '  {aws, [\n    {region, "eu-west-1"}\n  ]},\n'
        "  {hello_erlang, [\n"
        "    %% GONE: not read\n"
        '    {messages_table, "it\'s \\"$HOME\\" `id` \\\\ \\x{e9}\\nnew line"},\n'
        "    {'if', \"x\"}\n"
        "  ]}\n].\n"
    )


@pytest.mark.parametrize("text", ["X=1", "# a comment\n", "A<<END\nx\n", "=x\n"])
def test_the_reader_of_workflow_files_is_strict(text: str) -> None:
    with pytest.raises((ValueError, AssertionError)):
        github_env(text)
