"""`make up` itself: it carries on with what it kept, and says in one sentence why it cannot start."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.asking import ask_create, follow, status_of
from bench.running import Running, free_ports, until
from bench.visitor import Visitor
from tools.check import neutral_environment
from tools.installing import CHECKOUT
from tools.terminal import tail


def _settings(home: Path, port: int, aws_port: int) -> dict[str, str]:
    # Said even where it is empty, so that no `.env` of the checkout can say something else.
    unset = dict.fromkeys(("SECRET_KEY", "BLUEPRINT_DIRS", "DEBUG", "ALLOWED_HOSTS", "HTTPS", "CACHE_URL"), "")
    settings = neutral_environment(os.environ, home) | {
        "STACKYARD_AWS": "local",
        "STACKYARD_AWS_PORT": str(aws_port),
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{home / 'stackyard.sqlite3'}",
        "CELERY_BROKER_URL": "filesystem://",
    }
    return {name: value for name, value in settings.items() if name not in {*unset, "DJANGO_SETTINGS_MODULE"}}


def _refused(settings: dict[str, str]) -> str:
    """What `make up` says when it does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.up"],
        cwd=CHECKOUT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    return done.stderr.strip()


@contextmanager
def _up(settings: dict[str, str], log: Path) -> Iterator[None]:
    """A `make up` that is ready; Ctrl-C ends it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.up"],
            cwd=CHECKOUT,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            until(lambda: process.poll() is not None or b"Stackyard is ready" in log.read_bytes(), "make up is ready")
            assert process.poll() is None, tail(log)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    assert process.returncode == 0, tail(log)


def test_a_second_start_carries_on_where_the_first_one_ended(tmp_path: Path) -> None:
    home = tmp_path / "home"
    port, aws_port = free_ports(2)
    settings, address = _settings(home, port, aws_port), f"http://127.0.0.1:{port}"

    with _up(settings, tmp_path / "first.log"):
        alice = Visitor(address).sign_in("alice")
        path = ask_create(alice, "fileshare", "dev")
        follow(alice, path)
        already = _refused(settings)
    assert already.startswith(f"Stackyard is already running at {address}/")
    assert "\n" not in already

    with _up(settings, tmp_path / "second.log"):
        alice = Visitor(address).sign_in("alice")
        assert status_of(alice.get(path)) == "Succeeded"
        form = alice.get("/environments/fileshare/dev/connect/dotenv/")
        assert "DYNAMODB_USERS_TABLE_NAME=file-sharing-app-dev-users" in form.html  # read live: the AWS was kept too


def test_a_taken_port_is_one_sentence(tmp_path: Path, yard: Running) -> None:
    said = _refused(_settings(tmp_path / "home", yard.launch.port, yard.launch.aws_port))

    assert said.startswith(f"Port {yard.launch.port} is taken by another program")
    assert "PORT=" in said
    assert "\n" not in said
