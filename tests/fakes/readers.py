"""Who reads what a configuration is written as: strict readers by the published grammars, for what is not installed."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_ERLANG = re.compile(
    r"""\s*(?:%[^\n]*\s*)*(?P<token>"(?:[^"\\]|\\x\{[0-9a-f]+\}|\\.)*"|'(?:[^'\\]|\\.)*'|[a-z][a-z0-9_]*|[\[\]{},.])""",
    re.DOTALL,
)
_ERLANG_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def github_env(text: str) -> dict[str, str]:
    """What a runner of GitHub takes from the file that $GITHUB_ENV names. Raises ValueError for what it refuses."""
    found, lines = {}, text.split("\n")
    assert lines.pop() == "", "the last line has its end"
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, value = line.partition("=")
        elif heredoc >= 0:
            name, _, mark = line.partition("<<")
            if not mark or mark not in lines:
                raise ValueError(f"{name} has no end")
            end = lines.index(mark)
            value = "\n".join(lines[:end])
            del lines[: end + 1]
        else:
            raise ValueError(line)
        if not name:
            raise ValueError(line)
        found[name] = value
    return found


def workflow_command(line: str) -> tuple[str, str]:
    """A command in the log of a workflow and its data, as the runner unescapes them."""
    match = re.fullmatch(r"::([a-z-]+)::([^\r\n]*)", line)
    assert match is not None, line
    data = match[2].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return match[1], data


def kubernetes_value(text: str, known: Mapping[str, str]) -> str:
    """The value of a variable as Kubernetes expands it: $(NAME) is another one's value, $$ is one $."""

    def expand(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else known.get(match[1], match[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", expand, text)


def erlang_terms(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """A sys.config: a list of applications with their keys and strings. Raises ValueError for anything else."""
    tokens, at = [], 0
    while text[at:].strip():
        match = _ERLANG.match(text, at)
        if match is None:
            raise ValueError(text[at : at + 40])
        tokens.append(match["token"])
        at = match.end()
    term, rest = _term(tokens)
    if rest != ["."]:
        raise ValueError(f"{rest} after the term")
    return [(name, [(key, value) for key, value in pairs]) for name, pairs in term]


def erlang_itself(text: str, folder: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """The same, as Erlang reads it."""
    (folder / "sys.config").write_text(text)
    script = (
        '{ok, [Terms]} = file:consult("sys.config"),'
        '[io:format("~ts~n~s~n~w~n", [App, Key, Value]) || {App, Pairs} <- Terms, {Key, Value} <- Pairs], halt().'
    )
    command = [shutil.which("erl") or "erl", "-noshell", "-eval", script]
    told = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True)  # noqa: S603  (our own text)
    lines, found = told.stdout.splitlines(), dict[str, list[tuple[str, str]]]()
    for application, key, codes in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
        value = "".join(chr(int(code)) for code in codes.strip("[]").split(",") if code)
        found.setdefault(application, []).append((key, value))
    return list(found.items())


def _term(tokens: list[str]) -> tuple[Any, list[str]]:
    first, *rest = tokens
    if first not in "[{":
        return _text(first), rest
    close, members = {"[": "]", "{": "}"}[first], list[Any]()
    while rest[0] != close:
        if members and rest.pop(0) != ",":
            raise ValueError("a comma is missing")
        member, rest = _term(rest)
        members.append(member)
    return members, rest[1:]


def _text(token: str) -> str:
    inner = token[1:-1] if token[0] in "\"'" else token
    return re.sub(r"\\(?:x\{([0-9a-f]+)\}|(.))", _escape, inner, flags=re.DOTALL)


def _escape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _ERLANG_ESCAPES.get(match[2], match[2])
