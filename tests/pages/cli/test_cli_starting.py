"""`stackyard --help` is quick: nothing is loaded that is not needed to say what there is."""

import subprocess
import sys

HEAVY = {"django", "celery", "boto3", "botocore", "ninja", "provisioning", "urllib3", "rich"}


def test_starting_loads_neither_the_portal_nor_what_asks_and_draws() -> None:
    code = "import sys, portal.cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  ours
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "click" in loaded
    assert loaded & HEAVY == set()
