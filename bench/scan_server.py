"""`python -m bench.scan_server <port>`: a DynamoDB that answers Scan only, in segments, with pages of 1 MB that it has
ready. It costs nearly nothing, so that what is measured is who asks."""

import http.client
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tools.ports import LOOPBACK

ITEMS, SEGMENTS, PAGE_BYTES = 100_000, 4, 1_048_576
UNITS = 128.0


def item(number: int) -> dict[str, Any]:
    """A message of about half a kilobyte."""
    return {
        "user": {"S": f"user-{number % 997}"},
        "id": {"S": f"message-{number:06}"},
        "at": {"N": str(1_750_000_000 + number)},
        "text": {"S": f"{number} " * 50},
        "read": {"BOOL": number % 2 == 0},
        "labels": {"SS": ["one", "two"]},
        "sender": {"M": {"name": {"S": "Nobody"}, "city": {"S": "Berlin"}}},
    }


def pages(segment: int) -> list[bytes]:
    """Every answer of one segment; the start key of a page is the number of the page."""
    found: list[list[str]] = [[]]
    size = 0
    for number in range(segment, ITEMS, SEGMENTS):
        text = json.dumps(item(number))
        if size + len(text) > PAGE_BYTES:
            found.append([])
            size = 0
        found[-1].append(text)
        size += len(text)
    return [_answer(page, number + 1 if number + 1 < len(found) else 0) for number, page in enumerate(found)]


def _answer(page: list[str], next_page: int) -> bytes:
    rest: dict[str, Any] = {
        "Count": len(page),
        "ScannedCount": len(page),
        "ConsumedCapacity": {"TableName": "x", "CapacityUnits": UNITS},
    }
    if next_page:
        rest["LastEvaluatedKey"] = {"user": {"S": "page"}, "id": {"S": str(next_page)}}
    return ('{"Items":[' + ",".join(page) + "]," + json.dumps(rest)[1:]).encode()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    ready: tuple[list[bytes], ...] = ()

    def do_GET(self) -> None:
        """Say that it is there."""
        self._send(b"{}")

    def do_POST(self) -> None:
        """Answer a Scan."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        start = asked.get("ExclusiveStartKey")
        self._send(self.ready[asked.get("Segment", 0)][int(start["id"]["S"]) if start else 0])

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base's own name)
        """Nothing."""


def is_ready(port: int) -> bool:
    """Whether the server on this port answers."""
    try:
        asking = http.client.HTTPConnection(LOOPBACK, port, timeout=1)
        asking.request("GET", "/")
        return asking.getresponse().status == 200
    except OSError:
        return False


if __name__ == "__main__":
    Handler.ready = tuple(pages(segment) for segment in range(SEGMENTS))
    ThreadingHTTPServer((LOOPBACK, int(sys.argv[1])), Handler).serve_forever()
