"""The package: the client alone, with its three dependencies, and a command that works."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from portal.cli import VERSION

ROOT = Path(__file__).parents[3]


def told() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as pip would build it, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603  our own argv
    (found,) = folder.glob("*.whl")
    return found


def test_its_version_is_told_in_one_voice() -> None:
    assert told()["version"] == VERSION


def test_it_holds_the_client_and_nothing_else(wheel: Path) -> None:
    names = [name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name]
    assert "portal/cli/main.py" in names
    assert [name for name in names if not name.startswith("portal/cli/") and name != "portal/__init__.py"] == []


def test_it_asks_for_little(wheel: Path) -> None:
    (metadata,) = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("METADATA")]
    lines = zipfile.ZipFile(wheel).read(metadata).decode().splitlines()
    wanted = {line.removeprefix("Requires-Dist: ").partition(">")[0] for line in lines if "Requires-Dist" in line}
    assert wanted == {"click", "rich", "urllib3"}


def test_its_command_runs_where_nothing_else_of_stackyard_is(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from portal.cli.main import main; main(['--version'])"
    done = subprocess.run(  # noqa: S603  our own argv
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"stackyard, version {VERSION}\n"
    assert told()["scripts"] == {"stackyard": "portal.cli.main:main"}
