"""The embedded broker: Celery's filesystem transport, made safe for a reader that looks while a writer writes.

As shipped, a message file is visible before its content is, and a worker that reads it in between dies. Here a message
appears whole or not at all, and what cannot be read is passed over: the sweep rings again for whatever was lost.
"""

import json
import os
import uuid
from pathlib import Path
from queue import Empty
from time import monotonic_ns
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem

_MOMENT = 0.3  # seconds


class Channel(filesystem.Channel):
    """Messages as files that are renamed into place."""

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]  # kombu disagrees with itself
        folder = Path(self.data_folder_out)
        name = f"{monotonic_ns() // 1_000_000}_{uuid.uuid4()}"
        draft = folder / f"{name}.draft"
        draft.write_text(json.dumps(payload))
        os.replace(draft, folder / f"{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        try:
            return super()._get(queue)
        except ValueError as torn:
            raise Empty from torn

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str | None) -> None:
        """Nothing: Celery sends to a queue by its name. The shared table of bindings would be one more torn file."""


class Transport(filesystem.Transport):
    """Stands in for `filesystem://`."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Hear of what came, for a moment where the caller has a limit: a worker that is to stop looks up only then,
        and once more. Raises TimeoutError when nothing came."""
        super().drain_events(connection, timeout=None if timeout is None else min(timeout, _MOMENT), **kwargs)


def use_safe_files() -> None:
    """Let `filesystem://` mean the transport of this module."""
    TRANSPORT_ALIASES["filesystem"] = "portal.broker:Transport"
