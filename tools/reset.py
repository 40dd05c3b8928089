"""`make reset`: forget everything a local Stackyard keeps, after asking."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.envfile import with_env_file
from tools.home import find_home, remove, taken
from tools.installing import CHECKOUT
from tools.terminal import CommandError, complain, say


def reset(environment: Mapping[str, str], checkout: Path, ask: Callable[[str], str]) -> str:
    """Remove STACKYARD_HOME and say what was done; `ask` shows a question and returns the answer.

    Raises CommandError while Stackyard runs there, or when the folder is not marked as Stackyard's.
    """
    settings = with_env_file(environment, checkout / ".env")
    home = find_home(settings, checkout)
    if not home.root.exists():
        return f"There is nothing to remove: {home.root} does not exist."
    if not home.marker.is_file():
        raise CommandError(f"{home.root} does not carry Stackyard's mark, so nothing is removed.")
    with taken(home, ""):
        question = f"This deletes {home.root}: the local database, the local AWS, logs. Type yes to go on: "
        answer = "yes" if settings.get("STACKYARD_YES") == "1" else ask(question)
        if answer.strip().lower() != "yes":
            return "Nothing was removed."
        remove(home)
    return f"{home.root} is gone; `make up` starts afresh."


def main() -> int:
    """Run `make reset`; 1 when it refuses."""
    try:
        say(reset(os.environ, CHECKOUT, input))
    except CommandError as problem:
        complain(str(problem))
        return 1
    except (EOFError, KeyboardInterrupt):
        say("\nNothing was removed: type yes, or set STACKYARD_YES=1.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
