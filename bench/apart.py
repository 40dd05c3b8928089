"""Looking in a process of its own, with a database of its own: what this process keeps in memory is in no figure."""

import json
import subprocess
from pathlib import Path
from typing import Any

from bench.running import PYTHON, free_ports, launch_of
from tools.home import Home, prepare
from tools.installing import CHECKOUT


def looked_apart(folder: Path, look: str, what: str, aws_port: int | None = None) -> Any:
    """What `look`, Python with Django set up, prints last, as JSON, with a home below `folder` and the local AWS on
    that port, None for none. `what` is named in the RuntimeError where it fails."""
    (port,) = free_ports(1)
    prepare(Home(folder), CHECKOUT)
    done = subprocess.run(  # noqa: S603  our own program, no shell
        [str(PYTHON), "-c", f"import django; django.setup(); {look}"],
        cwd=CHECKOUT,
        env=dict(launch_of(folder, port, aws_port or port).settings) | {"LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{what} could not be measured:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])
