"""`make up`: install what is missing, start Stackyard on this machine, and stop it again on Ctrl-C.

    read settings → take the home → ports free? → install → local AWS, migrate → worker, web, seed → wait

Everything listens on the loopback address only. What is started here is stopped here, and nothing else.
"""

import http.client
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.children import Child, Command, start, stop
from tools.envfile import with_env_file
from tools.home import Home, find_home, note_children, prepare, stop_orphans, taken
from tools.installing import CHECKOUT, compiled_once, install_app, install_local_aws
from tools.ports import LOOPBACK, read_port, require_free
from tools.signals import Signals
from tools.terminal import CommandError, complain, say, tail
from tools.which_aws import Aws, Kind, aws_environment, choose_aws

START_LIMIT = 60.0
SETUP_LIMIT = 180.0
_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Launch:
    """One run, decided before anything starts; `settings` is the whole environment of its programs."""

    checkout: Path
    home: Home
    port: int
    aws_port: int
    aws: Aws
    settings: Mapping[str, str]

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/"


class StoppedError(Exception):
    """A person asked to stop while something was being waited for."""


class Yard:
    """The programs of one run, in the order in which they were started."""

    def __init__(self, launch: Launch, signals: Signals) -> None:
        self.launch = launch
        self.signals = signals
        self.running: list[Child] = []

    def start(self, command: Command) -> Child:
        """Start a program that is to run until the end."""
        child = start(command, self.launch.home.logs, self.launch.checkout)
        self.running.append(child)
        note_children(self.launch.home, self.running)
        return child

    def finish(self, command: Command) -> None:
        """Run a program to its end.

        Raises CommandError when it fails or takes longer than SETUP_LIMIT seconds.
        """
        child = self.start(command)
        self._wait(lambda: child.ended, SETUP_LIMIT, f"{child.name} did not finish in {SETUP_LIMIT:.0f} s", child)
        self.running.remove(child)
        if child.process.returncode:
            raise CommandError(f"{child.name} failed. The end of {child.log}:\n{tail(child.log)}")

    def ready(self, child: Child, port: int, path: str) -> None:
        """Wait until the child answers 200 at the path.

        Raises CommandError with the end of its log when it ends, or has no answer in START_LIMIT seconds.
        """
        late = f"{child.name} is not ready after {START_LIMIT:.0f} s"
        self._wait(lambda: child.ended or answers(port, path), START_LIMIT, late, child)
        self.check()

    def watch(self) -> None:
        """Return when a person asks to stop. Raises CommandError when a program ends by itself."""
        while not self.signals.stop_asked:
            self.signals.pause(5.0)
            if not self.signals.stop_asked:
                self.check()

    def check(self) -> None:
        """Raise CommandError when a program that should run has ended."""
        for child in self.running:
            if child.ended:
                code = child.process.returncode
                raise CommandError(
                    f"{child.name} ended by itself (code {code}). The end of {child.log}:\n{tail(child.log)}"
                )

    def stop(self) -> None:
        """Stop everything that was started here, the last one first."""
        killed = stop(self.running[::-1])
        if killed:
            complain(f"Had to be killed: {', '.join(killed)}.")

    def _wait(self, done: Callable[[], bool], limit: float, late: str, child: Child) -> None:
        deadline = time.monotonic() + limit
        while not done():
            if self.signals.stop_asked:
                raise StoppedError
            if time.monotonic() > deadline:
                raise CommandError(f"{late}. The end of {child.log}:\n{tail(child.log)}")
            self.signals.pause(_BETWEEN_LOOKS)


def answers(port: int, path: str) -> bool:
    """Whether something on the loopback port answers 200 at the path within two seconds."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def plan(environment: Mapping[str, str], checkout: Path) -> Launch:
    """What this run will be, from the environment and the checkout's `.env`.

    Raises CommandError for a setting that cannot be understood.
    """
    settings = with_env_file(environment, checkout / ".env")
    port = read_port(settings, "PORT", 8000)
    aws_port = read_port(settings, "STACKYARD_AWS_PORT", 4566)
    aws = choose_aws(settings, aws_port)
    if aws.kind is Kind.LOCAL and port == aws_port:
        raise CommandError(f"PORT and STACKYARD_AWS_PORT are both {port}: set one of them to another port.")
    home = find_home(settings, checkout)
    child = aws_environment(aws, compiled_once(settings)) | {
        "PORT": str(port),
        "STACKYARD_HOME": str(home.root),
        "PYTHONUNBUFFERED": "1",
    }
    if child.get("SECRET_KEY"):
        # A deployment's key still serves this machine here: plain HTTP, under its loopback names.
        child["HTTPS"] = child.get("HTTPS") or "false"
        child["ALLOWED_HOSTS"] = ",".join(filter(None, [child.get("ALLOWED_HOSTS"), LOOPBACK, "localhost"]))
    return Launch(checkout, home, port, aws_port, aws, child)


def local_aws_command(launch: Launch, python: Path) -> Command:
    """The local AWS: loopback only, its state in the home, no second listener, no reach for containers."""
    base = {name: value for name, value in launch.settings.items() if not name.startswith("AWS_ENDPOINT_URL")}
    scratch = launch.home.aws / "tmp"
    scratch.mkdir(exist_ok=True)
    return Command(
        "local AWS",
        (str(python), "-m", "ministack"),
        base
        | {
            "BIND_HOST": LOOPBACK,
            "GATEWAY_PORT": str(launch.aws_port),
            "PERSIST_STATE": "1",
            "STATE_DIR": str(launch.home.aws / "state"),
            "S3_DATA_DIR": str(launch.home.aws / "s3"),
            "TMPDIR": str(scratch),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": f"unix://{scratch / 'no-containers.sock'}",
        },
    )


def worker_command(launch: Launch, python: Path) -> Command:
    """The worker with its scheduler. It is alone on the broker, so it need not talk to other workers."""
    schedule = launch.home.run / "celerybeat-schedule"
    options = [
        "--pool",
        "threads",
        "--concurrency",
        "4",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
    argv = (
        *(str(python), "-m", "celery", "-A", "portal", "worker", "--scheduling", *options),
        *("--schedule", str(schedule), "-l", "info"),
    )
    return Command("worker", argv, launch.settings)


def web_command(launch: Launch, python: Path) -> Command:
    """The web server: one process whose threads share the caches."""
    argv = (
        *(str(python), "-m", "gunicorn", "portal.wsgi", "-k", "gthread", "--workers", "1", "--threads", "8"),
        *("--bind", f"{LOOPBACK}:{launch.port}", "--graceful-timeout", "10", "--no-control-socket"),
        *("--limit-request-line", "8190"),  # the key of an item stands in its address, and has up to 3 KB
    )
    return Command("web", argv, launch.settings)


def manage_command(launch: Launch, python: Path, name: str, *arguments: str) -> Command:
    """One command of `manage.py`, logged under its name."""
    return Command(name, (str(python), "manage.py", name, *arguments), launch.settings)


def welcome(launch: Launch) -> str:
    """What a person needs to know once everything runs."""
    lines = ["", f"Stackyard is ready: {launch.address}", ""]
    if launch.aws.kind is Kind.REAL:
        lines += [
            f"!!! REAL AWS ({launch.aws.why}): what you do here changes real resources and costs real money.",
            "    Nobody was seeded: `.venv/bin/python manage.py createsuperuser` makes the first person.",
        ]
    else:
        lines += [
            "Sign in as alice or bob (engineers), ada or grace (admins) or audrey (auditor).",
            "Everybody's password: stackyard",
            f"AWS: {launch.aws.kind} at {launch.aws.endpoint}",
        ]
    return "\n".join([*lines, f"Logs: {launch.home.logs}", "Ctrl-C stops it.", ""])


def blueprint_problems(log: Path) -> list[str]:
    """What Django's checks said of broken blueprints: file, line, sentence, and the fix below it."""
    lines = log.read_text(errors="replace").splitlines()
    found: list[str] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if "(stackyard.W001)" in line:
            fix = after.strip().removeprefix("HINT: ") if "HINT:" in after else ""
            found.append(f"Blueprint not loaded: {line.partition('(stackyard.W001) ')[2]} {fix}".rstrip())
    return found


def bring_up(yard: Yard) -> None:
    """Install and start everything, in order; return when the pages answer.

    Raises CommandError naming the program that failed, StoppedError when a person does not want to wait.
    """
    launch = yard.launch
    python = install_app()
    local = launch.aws.kind is Kind.LOCAL
    aws = yard.start(local_aws_command(launch, install_local_aws())) if local else None
    yard.finish(manage_command(launch, python, "migrate", "--no-input"))
    for problem in blueprint_problems(launch.home.logs / "migrate.log"):
        say(problem)
    if launch.settings.get("SECRET_KEY"):
        yard.finish(manage_command(launch, python, "collectstatic", "--no-input"))
    if aws:
        yard.ready(aws, launch.aws_port, "/_ministack/health")
    yard.start(worker_command(launch, python))
    web = yard.start(web_command(launch, python))
    # Safe beside a running worker, and both take seconds to load. On AWS itself it makes no people and no network.
    yard.finish(manage_command(launch, python, "seed_demo"))
    yard.ready(web, launch.port, "/readyz")


def serve(launch: Launch) -> None:
    """Start, watch and stop. Raises CommandError when something fails or ends by itself."""
    signals = Signals()
    yard = Yard(launch, signals)
    try:
        bring_up(yard)
        say(welcome(launch))
        yard.watch()
    except StoppedError:
        pass
    finally:
        if signals.stop_asked:
            say("Stopping …")
        yard.stop()
        signals.close()


def up(environment: Mapping[str, str], checkout: Path) -> None:
    """The whole of `make up`. Raises CommandError with the sentence to print."""
    launch = plan(environment, checkout)
    if launch.aws.kind is Kind.REAL:
        say(f"!!! REAL AWS, because {launch.aws.why}. STACKYARD_AWS=local keeps Stackyard on this machine.")
    prepare(launch.home, checkout)
    with taken(launch.home, launch.address):
        if stop_orphans(launch.home):
            say("Stopped what a former run had left behind.")
        require_free("PORT", launch.port)
        if launch.aws.kind is Kind.LOCAL:
            require_free("STACKYARD_AWS_PORT", launch.aws_port)
        serve(launch)


def main() -> int:
    """Run `make up`; 0 when a person stopped it, 1 when something failed."""
    try:
        up(os.environ, CHECKOUT)
    except CommandError as problem:
        complain(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
