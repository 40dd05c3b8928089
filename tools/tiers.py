"""The tiers of tests, by folder, and the one way to run them."""

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.installing import CHECKOUT
from tools.results import Result, read_junit
from tools.terminal import say


@dataclass(frozen=True)
class Tier:
    """A folder below `tests/`: on how many processes it runs, and the settings that it cannot run without."""

    name: str
    processes: int = 0
    needs: tuple[str, ...] = ()


TIERS = (
    Tier("unit", processes=2),
    Tier("gateway", processes=2),
    Tier("engine", processes=2),
    Tier("verbs", processes=2),
    Tier("pages", processes=2),
    Tier("journeys"),
    Tier("browser", needs=("CHROMIUM_PATH",)),
    Tier("services", needs=("TEST_DATABASE_URL", "TEST_REDIS_URL")),
)
_WHY = {
    "CHROMIUM_PATH": "there is no Chromium and none could be installed",
    "TEST_DATABASE_URL": "TEST_DATABASE_URL names no PostgreSQL",
    "TEST_REDIS_URL": "TEST_REDIS_URL names no Redis",
}


def run_tier(tier: Tier, python: Path, environment: Mapping[str, str], scratch: Path) -> Result:
    """Run one tier, its output going to the terminal; `scratch` is a folder for its results."""
    folder = f"tests/{tier.name}"
    if not (CHECKOUT / folder).is_dir():
        return Result(tier.name, failed=1, note=f"{folder} does not exist")
    missing = [name for name in tier.needs if not environment.get(name)]
    if missing:
        return Result(tier.name, not_run=" and ".join(_WHY[name] for name in missing))
    say(f"\n{tier.name}")
    junit = scratch / f"{tier.name}.xml"
    spread = ["-n", str(tier.processes)] if tier.processes else []
    command = [str(python), "-m", "pytest", folder, "-q", *spread, f"--junit-xml={junit}"]
    began = time.monotonic()
    settings = dict(environment) | {"STACKYARD_TEST_TIER": tier.name}
    done = subprocess.run(command, cwd=CHECKOUT, env=settings, stdin=subprocess.DEVNULL, check=False)  # noqa: S603
    return read_junit(junit, tier.name, done.returncode, time.monotonic() - began)


def stray_tests(tests: Path) -> list[str]:
    """Test files that no tier would run, relative to `tests`."""
    homes = {tier.name for tier in TIERS}
    found = (path.relative_to(tests) for path in sorted(tests.rglob("test_*.py")))
    return [str(path) for path in found if path.parts[0] not in homes]
