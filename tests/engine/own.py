"""An environment of a copy of a shipped application that is deployed otherwise."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from provisioning.blueprints.loader import SHIPPED, library
from provisioning.models import Environment

from .yard import COMPUTE, Yard, keep_linted


def deployed_otherwise(
    yard: Yard, settings: Any, library_dir: Path, *, url: str, deploy: str, source: str
) -> Environment:
    """The copy of `source`, up, with this `deploy:`; its address is `url`, that of a backend."""
    folder = library_dir / f"{source}-too"
    shutil.copytree(SHIPPED / source, folder)
    blueprint, compute = folder / "blueprint.yaml", folder / "compute.yaml"
    text = blueprint.read_text()
    before = text[text.index("deploy:") : text.index("configuration:")]
    text = text.replace(before, f"deploy:\n  {deploy}\n")
    if "artifact:" not in deploy:
        text = "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("promote_"))
    blueprint.write_text(text)
    address = "!Sub 'http://${LoadBalancer.DNSName}'"
    assert address in compute.read_text()
    compute.write_text(compute.read_text().replace(address, url))
    settings.BLUEPRINT_DIRS = [library_dir]
    assert not library().problems
    keep_linted()
    COMPUTE.setdefault(folder.name, COMPUTE[source])
    environment = yard.ready(folder.name)
    yard.clock.shift(timedelta(minutes=2))
    return environment
