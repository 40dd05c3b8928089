"""A database that every migration has been applied to, made once and copied from then on.

Applying them takes ten seconds of a core, and every process of every tier of tests would do so for itself. Whoever
takes a copy may still migrate it: that finds nothing to do, or what has been added meanwhile.
"""

import fcntl
import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tools.installing import APP, CHECKOUT

_FOLDER = CHECKOUT / ".tools"
_MIGRATIONS = ("portal/*/migrations/*.py", "provisioning/migrations/*.py")


def copy_migrated(into: sqlite3.Connection) -> None:
    """Fill an empty SQLite database with every table. Raises CalledProcessError when a migration fails."""
    with closing(sqlite3.connect(_migrated())) as source:
        source.backup(into)


def _migrated() -> Path:
    """The file, made by whoever comes first; others wait for it. Those of other migrations are removed."""
    _FOLDER.mkdir(exist_ok=True)
    kept = _FOLDER / f"migrated-{_digest()}.sqlite3"
    with (_FOLDER / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            for old in _FOLDER.glob("migrated-*.sqlite3*"):
                old.unlink()
            _make(kept)
    return kept


def _make(kept: Path) -> None:
    making = kept.with_name(f"{kept.name}-making")
    settings = dict(os.environ) | {"DATABASE_URL": f"sqlite:///{making}", "DJANGO_SETTINGS_MODULE": "portal.settings"}
    argv = (sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0")
    subprocess.run(argv, cwd=CHECKOUT, env=settings, stdin=subprocess.DEVNULL, check=True)  # noqa: S603  our own argv
    with closing(sqlite3.connect(making)) as written:
        written.execute("PRAGMA journal_mode=DELETE")  # one file, which can be renamed
    making.replace(kept)


def _digest() -> str:
    """Of what decides about the tables: our migrations, and the packages that bring their own."""
    found = sorted(path for pattern in _MIGRATIONS for path in CHECKOUT.glob(pattern))
    digest = hashlib.sha256(APP.path.read_bytes())
    for path in found:
        digest.update(str(path.relative_to(CHECKOUT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
