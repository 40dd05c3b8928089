"""STACKYARD_HOME: the one folder that holds everything a local Stackyard keeps, and who uses it now."""

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.children import PATIENCE, Child, started_at, stop_orphan
from tools.terminal import CommandError

MARKER = ".stackyard-home"
_FOLDERS = ("aws", "broker", "logs", "run")


@dataclass(frozen=True)
class Home:
    """Where things are. The database and the secret key, which the portal makes itself, lie in `root`."""

    root: Path

    @property
    def aws(self) -> Path:
        return self.root / "aws"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def marker(self) -> Path:
        return self.root / MARKER


def find_home(environment: Mapping[str, str], checkout: Path) -> Home:
    """The home that STACKYARD_HOME names; `.home` in the checkout when it names none."""
    text = environment.get("STACKYARD_HOME", "").strip()
    return Home(Path(text).expanduser().resolve() if text else checkout / ".home")


def prepare(home: Home, checkout: Path) -> None:
    """Make the folders, readable by their owner only, and mark them as ours.

    Raises CommandError when the folder holds somebody else's files (`make reset` removes what is marked)
    or cannot be written.
    """
    ours = home.marker.exists() or home.root == checkout / ".home"
    try:
        if not ours and home.root.exists() and any(home.root.iterdir()):
            raise CommandError(
                f"STACKYARD_HOME names {home.root}, which holds files that are not Stackyard's: "
                "set it to an empty folder or to one that does not exist yet."
            )
        for folder in (home.root, *(home.root / name for name in _FOLDERS)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.marker.write_text("This folder belongs to a local Stackyard; `make reset` removes it.\n")
    except OSError as error:
        raise CommandError(f"STACKYARD_HOME names {home.root}, which cannot be used ({error.strerror}).") from error


@contextlib.contextmanager
def taken(home: Home, address: str) -> Iterator[None]:
    """Hold the home for one run, telling others the `address` it answers at.

    Raises CommandError when another run holds it.
    """
    with home.lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            where = file.read().strip()
            at = f" at {where}" if where else ""
            raise CommandError(
                f"Stackyard is already running{at}, on {home.root}: use it, end it with Ctrl-C there, "
                "or set STACKYARD_HOME and the ports to start a second one."
            ) from None
        file.truncate(0)
        file.write(address)
        file.flush()
        yield
        file.truncate(0)


def note_children(home: Home, children: Sequence[Child]) -> None:
    """Write down what runs, so that the next run can end it should this one be killed."""
    notes = [{"pid": child.process.pid, "started": started_at(child.process.pid)} for child in children]
    fresh = home.run / "children.new"
    fresh.write_text(json.dumps(notes))
    fresh.replace(home.run / "children.json")


def stop_orphans(home: Home, patience: float = PATIENCE) -> int:
    """End what a killed run left behind, and nothing else; returns how many. Needs the home to be taken."""
    notes = home.run / "children.json"
    try:
        left = json.loads(notes.read_text())
    except (OSError, ValueError):
        return 0
    ours = [(int(note["pid"]), str(note["started"])) for note in reversed(left)]
    count = sum(stop_orphan(pid, started, patience) for pid, started in ours)
    notes.unlink()
    return count


def remove(home: Home) -> None:
    """Delete the home and everything in it. Needs the home to be taken.

    Raises CommandError when the folder is not marked as ours.
    """
    if not home.marker.is_file():
        raise CommandError(f"{home.root} does not carry Stackyard's mark ({MARKER}), so nothing is removed.")
    shutil.rmtree(home.root)
