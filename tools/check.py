"""`make test`: every check and every tier, then a table that also names what did not run.

    python -m tools.check [lint] [unit] [gateway] …    without a name: everything

Ends with 1 when anything failed. With CI=true it also does when something did not run or was skipped: a
machine that checks for others must leave nothing out.
"""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.chromium import find_chromium
from tools.installing import CHECKOUT, compiled_once, install_dev, install_local_aws
from tools.lanes import Job, lanes, run_jobs
from tools.results import Result, closing_line, table
from tools.statics import check_jobs
from tools.terminal import CommandError, complain, say
from tools.tiers import TIERS, Tier, stray_tests, tier_job

_LINT = "lint"
# A developer's own settings must neither reach a test nor let one reach a real account.
_OWN = {"DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "HTTPS", "PORT"}
_OWN_FAMILIES = ("AWS_", "CLOUDFORMATION_", "OIDC_", "STACKYARD_")


def chosen(names: Sequence[str]) -> tuple[bool, list[Tier]]:
    """Whether the checks are wanted, and which tiers; no name means all.

    Raises CommandError for a name that is neither.
    """
    known = [_LINT, *(tier.name for tier in TIERS)]
    for name in names:
        if name not in known:
            raise CommandError(f"There is no tier “{name}”: choose from {', '.join(known)}.")
    wanted = names or known
    return _LINT in wanted, [tier for tier in TIERS if tier.name in wanted]


def neutral_environment(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """The person's own environment, without the settings that would change what is tested or slow it down."""
    neutral = {
        name: value for name, value in environment.items() if name not in _OWN and not name.startswith(_OWN_FAMILIES)
    }
    return compiled_once(neutral) | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "STACKYARD_HOME": str(home),
    }


def run(names: Sequence[str], environment: Mapping[str, str], scratch: Path) -> list[Result]:
    """Install what is needed and run what was chosen. Raises CommandError when it cannot begin."""
    lint, tiers = chosen(names)
    python = install_dev()
    settings = neutral_environment(environment, scratch / "home")
    if {"engine", "journeys", "browser", "services"} & {tier.name for tier in tiers}:
        settings["LOCAL_AWS_PYTHON"] = str(install_local_aws())
    if any(tier.name == "browser" for tier in tiers):
        settings["CHROMIUM_PATH"] = find_chromium(environment, python)
    found: list[Job | Result] = [*check_jobs(python, settings)] if lint else []
    found += [tier_job(tier, python, settings, scratch) for tier in tiers]
    ran = iter(run_jobs([one for one in found if isinstance(one, Job)], scratch, CHECKOUT, lanes()))
    results = [next(ran) if isinstance(one, Job) else one for one in found]
    if len(tiers) == len(TIERS):
        strays = stray_tests(CHECKOUT / "tests")
        results += [Result(f"tests/{path}", failed=1, note="belongs to no tier") for path in strays]
    return results


def main() -> int:
    """Run `make test`; 1 when something failed."""
    try:
        with tempfile.TemporaryDirectory(prefix="stackyard-test-") as scratch:
            results = run(sys.argv[1:], os.environ, Path(scratch))
    except CommandError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    strict = os.environ.get("CI", "").lower() in {"true", "1"}
    say(f"\n{table(results)}\n")
    say(closing_line(results))
    return 0 if all(result.succeeded(strict=strict) for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
