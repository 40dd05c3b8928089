"""The tiers of tests, by folder, and what runs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.children import Command
from tools.installing import CHECKOUT
from tools.lanes import Job
from tools.results import Result, read_junit


@dataclass(frozen=True)
class Tier:
    """A folder below `tests/`: on how many processes it runs, the settings that it cannot run without, and how many
    seconds it takes, roughly: what takes longest begins first."""

    name: str
    processes: int = 0
    needs: tuple[str, ...] = ()
    seconds: int = 60


TIERS = (
    Tier("unit", processes=2, seconds=200),
    Tier("gateway", processes=2, seconds=120),
    Tier("engine", processes=2, seconds=1100),
    Tier("verbs", processes=2, seconds=110),
    Tier("pages", processes=2, seconds=400),
    Tier("journeys", seconds=440),
    Tier("browser", needs=("CHROMIUM_PATH",), seconds=750),
    Tier("services", needs=("TEST_DATABASE_URL", "TEST_REDIS_URL"), seconds=490),
)
_WHY = {
    "CHROMIUM_PATH": "there is no Chromium and none could be installed",
    "TEST_DATABASE_URL": "TEST_DATABASE_URL names no PostgreSQL",
    "TEST_REDIS_URL": "TEST_REDIS_URL names no Redis",
}


def tier_job(tier: Tier, python: Path, environment: Mapping[str, str], scratch: Path) -> Job | Result:
    """What runs one tier, with `scratch` as the folder for its results; a result at once where it cannot run."""
    folder = f"tests/{tier.name}"
    if not (CHECKOUT / folder).is_dir():
        return Result(tier.name, failed=1, note=f"{folder} does not exist")
    missing = [name for name in tier.needs if not environment.get(name)]
    if missing:
        return Result(tier.name, not_run=" and ".join(_WHY[name] for name in missing))
    junit = scratch / f"{tier.name}.xml"
    spread = ["-n", str(tier.processes)] if tier.processes else []
    argv = (str(python), "-m", "pytest", folder, "-q", *spread, f"--junit-xml={junit}")
    settings = dict(environment) | {"STACKYARD_TEST_TIER": tier.name}
    return Job(Command(tier.name, argv, settings), partial(read_junit, junit, tier.name), tier.seconds)


def stray_tests(tests: Path) -> list[str]:
    """Test files that no tier would run, relative to `tests`."""
    homes = {tier.name for tier in TIERS}
    found = (path.relative_to(tests) for path in sorted(tests.rglob("test_*.py")))
    return [str(path) for path in found if path.parts[0] not in homes]
