"""A database that every migration has been applied to, and one that the library's templates are linted in besides, made
once and copied from then on.

Each takes ten to twenty seconds of a core, and every process of every tier of tests would do so for itself. Whoever
takes a copy may still migrate it: that finds nothing to do, or what has been added meanwhile.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tools.installing import APP, CHECKOUT

_FOLDER = CHECKOUT / ".tools"
_MIGRATIONS = ("portal/*/migrations/*.py", "provisioning/migrations/*.py")
_TEMPLATES = ("provisioning/blueprints/library/*/*.yaml",)
_MIGRATE = ("manage.py", "migrate", "--no-input", "--verbosity", "0")
_WARM = "import django; django.setup(); from provisioning.engine.warming import warm_library; warm_library()"


def copy_migrated(into: sqlite3.Connection) -> None:
    """Fill an empty SQLite database with every table. Raises CalledProcessError when a migration fails."""
    _copy(_kept("migrated", _MIGRATIONS, _MIGRATE), into)


def copy_linted(into: sqlite3.Connection) -> None:
    """The same with the library's templates as the first sweep leaves them, so that no worker lints them anew. Raises
    CalledProcessError."""
    migrated = _kept("migrated", _MIGRATIONS, _MIGRATE)
    _copy(_kept("linted", (*_MIGRATIONS, *_TEMPLATES), ("-c", _WARM), upon=migrated), into)


def _copy(kept: Path, into: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(kept)) as source:
        source.backup(into)


def _kept(name: str, sources: Sequence[str], *steps: Sequence[str], upon: Path | None = None) -> Path:
    """The file, made by whoever comes first, `upon` another one; others wait for it. Those of other sources are
    removed."""
    _FOLDER.mkdir(exist_ok=True)
    kept = _FOLDER / f"{name}-{_digest(sources)}.sqlite3"
    with (_FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            for old in _FOLDER.glob(f"{name}-*.sqlite3*"):
                old.unlink()
            _make(kept, steps, upon)
    return kept


def _make(kept: Path, steps: Sequence[Sequence[str]], upon: Path | None) -> None:
    making = kept.with_name(f"{kept.name}-making")
    if upon:
        shutil.copyfile(upon, making)
    settings = dict(os.environ) | {"DATABASE_URL": f"sqlite:///{making}", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    for step in steps:
        argv = (sys.executable, *step)
        subprocess.run(argv, cwd=CHECKOUT, env=settings, stdin=subprocess.DEVNULL, check=True)  # noqa: S603  our argv
    with closing(sqlite3.connect(making)) as written:
        written.execute("PRAGMA journal_mode=DELETE")  # one file, which can be renamed
    making.replace(kept)


def _digest(sources: Sequence[str]) -> str:
    """Of what decides about the content: our own files, and the packages, which bring tables and rules of theirs."""
    found = sorted(path for pattern in sources for path in CHECKOUT.glob(pattern))
    digest = hashlib.sha256(APP.path.read_bytes())
    for path in found:
        digest.update(str(path.relative_to(CHECKOUT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
