"""A broken blueprint is reported on every start, with file, line and fix, and takes nothing down."""

from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from provisioning.blueprints.loader import library
from tools.up import blueprint_problems


@pytest.fixture
def broken(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "blueprint.yaml").write_text("title: [\n")
    settings.BLUEPRINT_DIRS = [tmp_path]
    return folder / "blueprint.yaml"


def test_the_checks_of_a_start_name_file_line_and_fix(broken: Path) -> None:
    (found,) = [message for message in run_checks() if message.id == "stackyard.W001"]
    assert found.msg.startswith(f"{broken}:2: ")
    assert found.hint
    assert set(library().blueprints) == {"fileshare", "hello-erlang"}


def test_nothing_is_said_of_a_library_in_order() -> None:
    assert not [message for message in run_checks() if message.id == "stackyard.W001"]


def test_make_up_repeats_what_the_checks_said(tmp_path: Path) -> None:
    log = tmp_path / "migrate.log"
    log.write_text(
        "System check identified some issues:\n\nWARNINGS:\n"
        "?: (stackyard.W001) x/blueprint.yaml:3: No title.\n\tHINT: Add one.\n"
        "?: (stackyard.W001) y/data.yaml:1: Empty.\nOperations to perform:\n"
    )
    assert blueprint_problems(log) == [
        "Blueprint not loaded: x/blueprint.yaml:3: No title. Add one.",
        "Blueprint not loaded: y/data.yaml:1: Empty.",
    ]
