"""`make lock`: pin every package with its hashes. `make lock UPGRADE=1` moves to the newest versions.

The locks are requirements files, not the installer's own format, because that one writes the address of the
package index into the repository; whoever installs chooses where packages come from.
"""

import os
import subprocess
import sys

from tools.installing import CHECKOUT, uv
from tools.terminal import CommandError, complain, say

# In this order: the app takes the versions that the developers' lock, which holds all of it, settled on.
LOCKS = {
    "uv.lock.txt": ["requirements/uv.in"],
    "dev.lock": ["pyproject.toml", "--group", "pyproject.toml:dev"],
    "app.lock": ["pyproject.toml", "--group", "pyproject.toml:server", "--constraint", "requirements/dev.lock"],
    "local-aws.lock": ["requirements/local-aws.in"],
}
_OPTIONS = [
    "--universal",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-header",
    "--no-annotate",
    "--quiet",
]


def write_lock(name: str, sources: list[str], *, upgrade: bool) -> None:
    """Pin one set of packages. Raises CommandError when it cannot be resolved or names an address."""
    path = CHECKOUT / "requirements" / name
    say(f"requirements/{name}")
    more = ["--upgrade"] if upgrade else []
    command = [str(uv()), "pip", "compile", *sources, *_OPTIONS, *more, "-o", str(path)]
    if subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603
        raise CommandError(f"requirements/{name} could not be resolved; what uv said is above.")
    if "://" in path.read_text():
        raise CommandError(f"requirements/{name} names an address: remove the direct reference from its source.")


def main() -> int:
    """Write every lock; 1 when one fails."""
    try:
        for name, sources in LOCKS.items():
            write_lock(name, sources, upgrade=os.environ.get("UPGRADE") == "1")
    except CommandError as problem:
        complain(str(problem))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
