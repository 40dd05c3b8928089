"""The processes of `docker-compose.yml`: workers that schedule nothing, schedulers apart, a web server."""

from collections.abc import Mapping
from pathlib import Path

from bench.running import PYTHON, Running, free_ports, launch_of, until
from provisioning.models import Heartbeat
from tools.children import Command
from tools.up import worker_command

from .servers import OwnPostgres, OwnRedis

WORKERS = tuple(f"worker-{number}" for number in range(1, 6))
SCHEDULER = "scheduler"


class Deployment(Running):
    """A Running with servers of its own, five workers and one scheduler."""

    def __init__(self, home: Path, postgres: OwnPostgres, redis: OwnRedis, ports: Mapping[str, int]) -> None:
        self.postgres, self.redis = postgres, redis
        extra = {"DATABASE_URL": postgres.url, "CELERY_BROKER_URL": redis.url}
        super().__init__(launch_of(home, ports["web"], ports["aws"], extra))

    def start_plain_worker(self, name: str) -> None:
        """Start a worker that schedules nothing; it is at work a few seconds later."""
        usual = worker_command(self.launch, PYTHON)
        at = usual.argv.index("--schedule")
        argv = [part for part in (*usual.argv[:at], *usual.argv[at + 2 :]) if part != "--scheduling"]
        self.start(Command(name, (*argv, "--hostname", f"{name}@%h"), usual.environment))

    def start_scheduler(self, name: str = SCHEDULER) -> None:
        """Start what rings for a sweep every two seconds, and does nothing else."""
        argv = (str(PYTHON), "-m", "celery", "-A", "portal", "beat", "-l", "info")
        schedule = ("--schedule", str(self.launch.home.run / name))
        self.start(Command(name, (*argv, *schedule), worker_command(self.launch, PYTHON).environment))

    def mend(self) -> None:
        """Start again what is not running, so that one test's ruins are not the next one's."""
        for name in WORKERS:
            if name not in self.children:
                self.start_plain_worker(name)
        if SCHEDULER not in self.children:
            self.start_scheduler()
        if "web" not in self.children:
            self.start_web()

    def bring_up(self) -> None:
        """Everything, on an empty database."""
        self.start_aws()
        self.manage("migrate", "--no-input")
        self.manage("seed_demo")
        self.mend()

    def close(self) -> None:
        """End everything at once: nobody needs it any more."""
        for name in list(self.children)[::-1]:
            self.kill(name)

    def calls(self) -> int:
        """How many calls to AWS the workers have made that run now."""
        return sum(self.worker_calls(name) for name in WORKERS if name in self.children)

    def tasks_taken(self, worker: str) -> int:
        """How many messages this run of a worker has taken, by its log."""
        return self.children[worker].log.read_bytes().count(b" received")

    def swept_again(self) -> None:
        """Return when a sweep has been done that began after this call, or at most two seconds before it."""
        before = Heartbeat.objects.get(name="sweep").at
        until(lambda: Heartbeat.objects.get(name="sweep").at > before, "a worker sweeps")


def ports() -> dict[str, int]:
    """A free port for everything that listens."""
    return dict(zip(("postgres", "redis", "web", "aws"), free_ports(4), strict=True))
