"""Whether the web server in this container answers: ends with 0 or 1, for the container's health check.

Asks for /healthz under a name that ALLOWED_HOSTS lets in, because the portal refuses all others.
"""

import http.client
import os
import sys


def allowed_name(allowed_hosts: str) -> str:
    """A host name that the comma-separated list lets in."""
    first = allowed_hosts.split(",", maxsplit=1)[0].strip()
    if first in {"", "*"}:
        return "localhost"
    return f"health{first}" if first.startswith(".") else first


def main() -> int:
    """Ask once, with five seconds of patience."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": allowed_name(os.environ.get("ALLOWED_HOSTS", ""))})
        return 0 if connection.getresponse().status == http.client.OK else 1
    except (OSError, http.client.HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main())
