"""A PostgreSQL and a Redis of our own, so that they can be crashed: nobody else's server ever is.

Both listen on a free loopback port and keep what they have in a folder that goes with them. The programs are those
that the machine has; `.ci/run` installs them where they are missing.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import ConnectionError as NoRedisError
from redis import Redis

from bench.running import until
from tools.leash import PR_SET_PDEATHSIG
from tools.ports import LOOPBACK


def program(name: str) -> str:
    """The path of a server's program. Debian keeps PostgreSQL's off PATH; the newest version is taken."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = str(kept[-1]) if kept else shutil.which(name)
    if found is None:
        pytest.fail(f"There is no {name}: install the PostgreSQL and Redis servers (.ci/run does).")
    return found


def _end_with_the_tests() -> None:
    """In the new process, before it becomes the server: ask the kernel to end it when the tests end, however."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGQUIT), 0, 0, 0)


class OwnServer:
    """One server: a folder, a port, a process that is ended by its id only."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.folder = Path(tempfile.mkdtemp(prefix="stackyard-server-"))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it with what it has kept; return when it answers."""
        raise NotImplementedError

    def crash(self) -> None:
        """End it as a machine that loses its power would: without a word to anybody who is connected."""
        raise NotImplementedError

    def close(self) -> None:
        """End it and forget what it kept."""
        if self.process is not None:
            self.crash()
        shutil.rmtree(self.folder)

    def _run(self, argv: Sequence[str], user: str | None = None) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  the servers' own programs, no shell
                argv,
                cwd=self.folder,
                user=user,
                preexec_fn=_end_with_the_tests,  # noqa: PLW1509  no other thread runs yet
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _end(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait()
        self.process = None


class OwnRedis(OwnServer):
    """Keeps nothing, as in `docker-compose.yml`: after a restart it is empty."""

    @property
    def url(self) -> str:
        """For CELERY_BROKER_URL."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        options = ["--bind", LOOPBACK, "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self._run([program("redis-server"), *options])
        until(self._answers, "Redis answers")

    def crash(self) -> None:
        self._end(signal.SIGKILL)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Meanwhile it keeps every connection and answers none."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        """Forget every message."""
        with Redis.from_url(self.url) as client:
            client.flushall()

    def _answers(self) -> bool:
        with Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except NoRedisError:
                return False


class OwnPostgres(OwnServer):
    """A cluster with one superuser and no password, in reach of this machine only.

    A cluster of our own, because the one of TEST_DATABASE_URL may serve others and may not be ours to end. PostgreSQL
    refuses to run as root: there it runs as `postgres`, the user that its package makes.
    """

    NAME = "stackyard"

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user is not None:
            owner = pwd.getpwnam(self._user)
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        self._call(
            "initdb", "-D", str(self._data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"
        )

    @property
    def url(self) -> str:
        """For DATABASE_URL."""
        return f"postgres://postgres@{LOOPBACK}:{self.port}/{self.NAME}"

    def start(self) -> None:
        # Nothing is synced to the disk: only a machine that goes down would miss that, a crash of the server does not.
        options = ["-c", f"listen_addresses={LOOPBACK}", "-c", "fsync=off", "-k", str(self.folder)]
        self._run([program("postgres"), "-D", str(self._data), "-p", str(self.port), *options], self._user)
        until(self._answers, "PostgreSQL answers")

    def make_database(self) -> None:
        """The database of the deployment."""
        self._call("createdb", "-h", LOOPBACK, "-p", str(self.port), "-U", "postgres", self.NAME)

    def crash(self) -> None:
        self._end(signal.SIGQUIT)  # "immediate": no transaction is ended, no page is written; it recovers at the start

    def _answers(self) -> bool:
        asked = [program("pg_isready"), "-q", "-h", LOOPBACK, "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0  # noqa: S603  as above

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _call(self, name: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603  as above
            [program(name), *arguments], cwd=self.folder, user=self._user, check=True, stdout=subprocess.DEVNULL
        )
