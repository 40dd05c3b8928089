"""A thousand environments at once, against the scripted AWS of the tests, with real workers, broker and database."""

import sys

from tools.installing import CHECKOUT

sys.path.append(str(CHECKOUT / "tests"))  # the scripted AWS is theirs
