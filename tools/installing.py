"""What has to be installed, from the locks in `requirements/`, when it is missing or has changed.

- `.tools/uv`         the installer itself, pinned with its hashes
- `.tools/local-aws`  the local AWS, which pins its own botocore and so lives alone
- `.venv`             Stackyard and its command `stackyard`; with the developers' tools too when `make test` was here
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.terminal import CommandError, say

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Lock:
    """A locked set of packages: its name in the stamp, its file, what a person calls it."""

    name: str
    path: Path
    title: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def _lock(name: str, file: str, title: str) -> Lock:
    return Lock(name, CHECKOUT / "requirements" / file, title)


APP = _lock("app", "app.lock", "Stackyard")
DEV = _lock("dev", "dev.lock", "Stackyard and the tools that check it")
LOCAL_AWS = _lock("local-aws", "local-aws.lock", "the local AWS")
UV = _lock("uv", "uv.lock.txt", "the installer")


def install_app() -> Path:
    """The Python of `.venv`, able to run Stackyard; an environment with the developers' tools is as good."""
    with _alone():
        wanted = DEV if stamped(CHECKOUT / ".venv") == "dev" else APP
        return put_command(_ensure(CHECKOUT / ".venv", wanted))


def install_dev() -> Path:
    """The Python of `.venv`, able to run every check."""
    with _alone():
        return put_command(_ensure(CHECKOUT / ".venv", DEV))


def install_local_aws() -> Path:
    """The Python that can run the local AWS."""
    with _alone():
        return _ensure(CHECKOUT / ".tools" / "local-aws", LOCAL_AWS)


def uv() -> Path:
    """The pinned installer, fetched with pip when neither `.tools` nor PATH has that very version.

    Raises CommandError when this Python cannot make environments or the download fails.
    """
    version = _pinned_uv()
    own = CHECKOUT / ".tools" / "uv" / "bin" / "uv"
    for candidate in (own, Path(shutil.which("uv") or own)):
        if _version_of(candidate) == version:
            return candidate
    folder = own.parent.parent
    say(f"Installing {UV.title} (uv {version}) …")
    if _quiet([sys.executable, "-m", "venv", "--clear", str(folder)]):
        raise CommandError(
            f"{sys.executable} cannot make virtual environments: install its venv package "
            "(on Debian and Ubuntu: apt-get install python3-venv)."
        )
    _run(
        [str(folder / "bin" / "pip"), "install", "--quiet", "--require-hashes", "-r", str(UV.path)],
        f"pip could not install uv {version}",
    )
    return own


def put_command(python: Path) -> Path:
    """Put `stackyard` beside that Python, as a package of this checkout would, if it is not there yet; returns the
    Python. What it imports is found here and among the packages, never in the folder that it is called in."""
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from portal.cli.main import main; main()"
    words = [str(python), "-P", "-c", code, str(CHECKOUT)]
    text = f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'
    command = python.with_name("stackyard")
    if not command.is_file() or command.read_text() != text:
        command.unlink(missing_ok=True)
        command.write_text(text)
        command.chmod(0o755)
    return python


def compiled_once(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of programs that keep what Python compiles for those after them, below `.tools`.

    Where a machine lets Python write nothing beside its sources, each program would compile all of Django again.
    """
    kept = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(CHECKOUT / ".tools" / "bytecode")} | kept


def stamped(venv: Path) -> str:
    """The name of the lock that the environment was installed from; "" when it is missing or not ours."""
    return _stamp(venv).partition(" ")[0] if _python(venv).exists() else ""


def is_current(venv: Path, lock: Lock) -> bool:
    """Whether the environment runs and was installed from this very lock."""
    return _python(venv).exists() and _stamp(venv) == f"{lock.name} {lock.digest}"


def _ensure(venv: Path, lock: Lock) -> Path:
    python = _python(venv)
    if is_current(venv, lock):
        return python
    installer = str(uv())
    say(f"Installing {lock.title} …")
    if not python.exists():
        _run(
            [installer, "venv", "--quiet", "--clear", "--force", "--python", sys.executable, str(venv)],
            "uv could not begin",
        )
    # An environment that somebody else made keeps what it has beyond the lock; one of ours equals the lock.
    action = ["sync"] if _stamp(venv) or not _has_packages(venv) else ["install", "-r"]
    command = [
        installer,
        "pip",
        *action,
        str(lock.path),
        "--quiet",
        "--require-hashes",
        "--python",
        str(python),
    ]
    _run(command, f"uv could not install {lock.title}")
    (venv / "stackyard-lock").write_text(f"{lock.name} {lock.digest}")
    return python


def _python(venv: Path) -> Path:
    return venv / "bin" / "python"


def _stamp(venv: Path) -> str:
    path = venv / "stackyard-lock"
    return path.read_text().strip() if path.is_file() else ""


def _has_packages(venv: Path) -> bool:
    return any(venv.glob("lib/python*/site-packages/*.dist-info"))


def _pinned_uv() -> str:
    match = re.search(r"^uv==(\S+)", UV.path.read_text(), re.MULTILINE)
    if match is None:
        raise CommandError(f"{UV.path} does not pin uv: run `make lock` or restore the file.")
    return match[1]


def _version_of(program: Path) -> str:
    with contextlib.suppress(OSError):
        command = [str(program), "--version"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        match = re.match(r"uv (\S+)", answer.stdout)
        return match[1] if match and answer.returncode == 0 else ""
    return ""


def _quiet(command: list[str]) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603  our own argv, no shell


def _run(command: list[str], failure: str) -> None:
    done = subprocess.run(command, cwd=CHECKOUT, env=_uv_settings(), check=False)  # noqa: S603  our own argv, no shell
    if done.returncode:
        raise CommandError(f"{failure}; what it said is above. Check the network and try again.")


def _uv_settings() -> dict[str, str]:
    settings = {"UV_PYTHON_DOWNLOADS": "never"}
    # uv trusts a list of its own; where this system has one, that one also knows the proxies of a company.
    if ssl.create_default_context().cert_store_stats()["x509_ca"]:
        settings["UV_SYSTEM_CERTS"] = "true"
    return settings | dict(os.environ)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One installation at a time: `make up` and `make test` may start together."""
    folder = CHECKOUT / ".tools"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
