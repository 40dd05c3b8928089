"""The shape of the code: two faces, floors without cycles, small files, and what must never be written anywhere."""

import ast
import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from portal.pages import OPEN_NAMES, OPEN_PREFIXES, PAGES, page_of

ROOT: Path = settings.BASE_DIR
LONGEST_FILE, LONGEST_FUNCTION = 400, 60
AWS_LIBRARIES = frozenset({"boto3", "botocore", "aiobotocore", "s3transfer"})
WEB = tuple(f"django.{part}" for part in ("http", "forms", "template", "shortcuts", "views", "urls", "test"))

# Lowest first. Floors on one line know nothing of each other.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"aws", "models", "blueprints"}),
    frozenset({"lifecycle"}),
    frozenset({"costs"}),
    frozenset({"items", "flags"}),
    frozenset({"planning"}),
    frozenset({"engine"}),
    frozenset({"tasks"}),
    frozenset({"actions"}),
    frozenset({"management"}),
)
FRAME = frozenset({"apps", "migrations"})


def _files() -> Iterator[Path]:
    """Every file of the checkout, without what .gitignore leaves out."""
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().split())]

    def kept(names: list[str]) -> list[str]:
        return sorted(name for name in names if not any(fnmatch(name, pattern) for pattern in ignored))

    for folder, folders, names in os.walk(ROOT):
        folders[:] = kept(folders)
        yield from (Path(folder) / name for name in kept(names))


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = list(_files())
TREES = {path: ast.parse(path.read_text(), str(path)) for path in FILES if path.suffix == ".py"}
MODULES = {_module(path): path for path in TREES if path.relative_to(ROOT).parts[0] in {"portal", "provisioning"}}


def imports(tree: ast.AST, module: str, *, is_package: bool) -> set[str]:
    """The full names that a module imports, wherever in it: `from a import b` gives a.b."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: -node.level + is_package or None] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{source}.{alias.name}" for alias in node.names}
    return found


def within(name: str, package: str) -> bool:
    """Whether a full name is a package or something in it."""
    return name == package or name.startswith(f"{package}.")


def _imports_of(module: str) -> set[str]:
    path = MODULES[module]
    return imports(TREES[path], module, is_package=path.name == "__init__.py")


def _offences(face: str, refused: Sequence[str]) -> list[str]:
    return [
        f"{module} imports {name}"
        for module in sorted(MODULES)
        if within(module, face)
        for name in sorted(_imports_of(module))
        if any(within(name, package) for package in refused)
    ]


@pytest.mark.parametrize(
    ("code", "module", "is_package", "expected"),
    [
        ("import boto3.session", "portal.pages", False, {"boto3.session"}),
        ("def f():\n  from django import http", "provisioning.tasks", False, {"django.http"}),
        ("from . import views", "portal.audit.urls", False, {"portal.audit.views"}),
        ("from .account import Account", "provisioning.models", True, {"provisioning.models.account.Account"}),
        ("from ..aws import tags", "provisioning.engine.work", False, {"provisioning.aws.tags"}),
        ("if TYPE_CHECKING:\n  import botocore", "portal.pages", False, {"botocore"}),
    ],
)
def test_every_form_of_import_is_seen(code: str, module: str, is_package: bool, expected: set[str]) -> None:  # noqa: FBT001
    assert imports(ast.parse(code), module, is_package=is_package) == expected


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 60
    assert {"portal.settings", "provisioning.lifecycle", "provisioning.aws.clients"} <= set(MODULES)


def test_the_portal_knows_no_aws_library() -> None:
    assert _offences("portal", sorted(AWS_LIBRARIES)) == []


def test_provisioning_knows_neither_the_web_nor_the_portal() -> None:
    assert _offences("provisioning", (*WEB, "portal")) == []


def test_only_the_gateway_knows_an_aws_library() -> None:
    outside = [line for line in _offences("provisioning", sorted(AWS_LIBRARIES)) if "provisioning.aws" not in line]
    assert outside == []
    assert _offences("provisioning.aws", sorted(AWS_LIBRARIES)) != []


def test_the_command_line_knows_the_api_and_nothing_else_of_stackyard() -> None:
    ours = [line for line in _offences("portal.cli", ("portal",)) if not within(line.split()[-1], "portal.cli")]
    assert ours == []
    assert _offences("portal.cli", ("provisioning", "django", "celery", "ninja", *AWS_LIBRARIES)) == []
    assert _offences("portal", ("portal.cli",)) != []


def floor_of(name: str) -> int | None:
    """How high a full name below provisioning stands; None for what stands outside the floors."""
    parts = name.split(".")
    if len(parts) < 2 or parts[1] in FRAME:
        return None
    return next(level for level, names in enumerate(FLOORS) if parts[1] in names)


def test_every_module_stands_on_a_floor() -> None:
    known = frozenset[str]().union(*FLOORS) | FRAME
    rooms = {module.split(".")[1] for module in MODULES if module.startswith("provisioning.")}
    assert sorted(rooms - known) == []


def test_each_floor_imports_only_those_below() -> None:
    wrong = []
    for module in sorted(MODULES):
        here = floor_of(module) if within(module, "provisioning") else None
        if here is None:
            continue
        for name in sorted(_imports_of(module)):
            there = floor_of(name) if within(name, "provisioning") else None
            if there is None or name.split(".")[1] == module.split(".")[1]:
                continue
            if there >= here:
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def _known_module(name: str) -> str | None:
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


def _imported_at_start(module: str) -> set[str]:
    """The modules of ours that must be there before this one is: imports inside functions come later."""
    path = MODULES[module]
    top = [node for node in TREES[path].body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    names = imports(ast.Module(top, []), module, is_package=path.name == "__init__.py")
    return {found for name in names if (found := _known_module(name)) and found != module}


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """A way round for each module that comes back to itself; empty when none does."""
    found = []
    for start in sorted(graph):
        ways = [[start, after] for after in sorted(graph[start])]
        seen: set[str] = set()
        while ways:
            way = ways.pop()
            if way[-1] == start:
                found.append(way)
                break
            if way[-1] not in seen:
                seen.add(way[-1])
                ways += [[*way, after] for after in sorted(graph.get(way[-1], ()))]
    return found


def test_a_cycle_is_found() -> None:
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c", "b"], ["c", "b", "c"]]
    assert cycles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_module_comes_back_to_itself() -> None:
    assert cycles({module: _imported_at_start(module) for module in MODULES}) == []


def test_stacks_are_altered_through_change_sets_only() -> None:
    """No CreateStack, no UpdateStack (C1): neither as a method, nor by name through a string."""
    refused = {f"{verb}{rest}" for verb in ("create", "update") for rest in ("_stack", "Stack")}
    refused |= {f"{verb}Stack" for verb in ("Create", "Update")}
    wrong = []
    for module, path in sorted(MODULES.items()):
        for node in ast.walk(TREES[path]):
            name = getattr(node, "attr", None) or getattr(node, "id", None) or getattr(node, "value", None)
            if isinstance(name, str) and name in refused:
                wrong.append(f"{module}:{getattr(node, 'lineno', 0)} {name}")
    assert wrong == []
    assert any(
        isinstance(node, ast.Attribute) and node.attr == "create_change_set"
        for node in ast.walk(TREES[MODULES["provisioning.aws.cloudformation.change_sets"]])
    )


def test_no_file_is_longer_than_a_person_reads() -> None:
    texts = [path for path in FILES if path.suffix in {".py", ".html", ".css", ".js"} and ".min." not in path.name]
    lengths = {_relative(path): len(path.read_text().splitlines()) for path in texts}
    assert len(lengths) > 100
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{_relative(path)}:{node.lineno} {node.name}"
        for path, tree in TREES.items()
        if "migrations" not in path.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        _relative(path)
        for path, tree in TREES.items()
        if tree.body and ast.get_docstring(tree) is None and "migrations" not in path.parts and path.name != "manage.py"
    ]
    assert silent == []


def _url_names(patterns: Sequence[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        address = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from _url_names(pattern.url_patterns, address)
        else:
            yield address, pattern.name or ""


def test_every_address_is_on_a_page_or_open() -> None:
    addresses = list(_url_names(get_resolver().url_patterns))
    assert len(addresses) > len(OPEN_NAMES)
    homeless = [
        address
        for address, name in addresses
        if not (name in OPEN_NAMES or name.startswith(OPEN_PREFIXES) or page_of(name))
    ]
    assert homeless == []


def test_every_page_has_its_addresses() -> None:
    there = {name for _, name in _url_names(get_resolver().url_patterns)}
    assert [name for page in PAGES for name in page.names if name not in there] == []


def test_no_address_is_on_two_pages() -> None:
    names = [name for page in PAGES for name in page.names]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert len({page.slug for page in PAGES}) == len(PAGES)


def test_every_command_has_a_test() -> None:
    commands = {path.stem for path in TREES if path.parent.name == "commands" and not path.stem.startswith("_")}
    named = {
        node.value
        for path, tree in TREES.items()
        if path.is_relative_to(ROOT / "tests") and path != Path(__file__)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert commands
    assert sorted(commands - named) == []


INLINE = re.compile(
    r"""<style|\sstyle\s*=|\son[a-z]+\s*=\s*["']|javascript:|\shx-on|<script(?![^>]*\ssrc=)""", re.IGNORECASE
)


@pytest.mark.parametrize(
    "bad",
    [
        "<style>a{}</style>",
        '<p style="a">',
        "<b onclick='a()'>",
        '<a href="javascript:a">',
        "<script>a()</script>",
        '<a hx-on:click="a">',
    ],
)
def test_inline_code_is_seen(bad: str) -> None:
    assert INLINE.search(bad)


def test_templates_hold_no_inline_code() -> None:
    """The content security policy would refuse it."""
    pages = [path for path in FILES if path.suffix in {".html", ".svg"} and "tests" not in path.parts]
    wrong = [
        f"{_relative(path)}: {found.group().strip()}"
        for path in pages
        for found in [INLINE.search(path.read_text())]
        if found
    ]
    assert len(pages) > 40
    assert wrong == []


# Written in halves, so that this file itself stays clean.
REGISTRIES = (
    ("pypi", ".org"), ("python", "hosted.org"), ("npm", "js.org"), ("npm", "js.com"), ("crates", ".io"),
    ("rubygems", ".org"), ("proxy.golang", ".org"), ("deb.debian", ".org"), ("archive.ubuntu", ".com"),
    ("jsdelivr", ".net"), ("unpkg", ".com"), ("cdnjs", ".com"),
)  # fmt: skip
FOLDERS = ("wo" + "rk", "ro" + "ot", "Us" + "ers")
NEVER = re.compile(
    "|".join(
        [*(re.escape("".join(halves)) for halves in REGISTRIES), *(rf"(?<![\w.$}}*-])/{name}/" for name in FOLDERS)]
    )
)


def test_what_must_never_be_written_is_seen() -> None:
    for halves in REGISTRIES:
        assert NEVER.search(f"https://{''.join(halves)}/simple")
    for folder in FOLDERS:
        assert NEVER.search(f'open("/{folder}/main")')
        assert not NEVER.search(f"stackyard/{folder}/main")


def test_no_file_names_a_registry_or_a_folder_of_one_machine() -> None:
    wrong = []
    for path in FILES:
        for number, line in enumerate(path.read_bytes().decode(errors="ignore").splitlines(), 1):
            found = NEVER.search(line)
            if found:
                wrong.append(f"{_relative(path)}:{number} {found.group()}")
    assert wrong == []
