"""botocore's descriptions of the services without their documentation: half of the memory that clients take."""

import gzip
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader, create_loader
from botocore.session import Session, get_session

DOCUMENTATION = "documentation"


class WithoutDocumentation(JSONFileLoader):
    """Reads what JSONFileLoader does. Words for people are left out, and each text is kept once."""

    def load_file(self, file_path: str) -> Any:
        """What a file holds, its name given without the ending; None when there is none."""
        plain, packed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return json.loads(plain.read_bytes(), object_hook=_less)
        return json.loads(gzip.decompress(packed.read_bytes()), object_hook=_less) if packed.is_file() else None


def lean_session() -> Session:
    """A session of botocore whose clients are built of these descriptions."""
    session = get_session()
    loader: Loader = create_loader(session.get_config_variable("data_path"))
    loader.file_loader = WithoutDocumentation()
    session.register_component("data_loader", loader)
    return session


def _less(found: Mapping[str, Any]) -> dict[str, Any]:
    """A shape may have a member called so, which is no text."""
    return {
        name: sys.intern(value) if isinstance(value, str) else value
        for name, value in found.items()
        if name != DOCUMENTATION or not isinstance(value, str)
    }
