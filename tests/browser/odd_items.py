"""Items in the messages of an environment: a hundred ordinary ones, and some that are wide, deep or ugly."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import boto3
from django.urls import reverse

from bench.running import Running
from bench.scene import APPLICATION, PARKED, READY
from tools.which_aws import DEMO_KEY, DEMO_REGION

TABLE = f"{READY}-{APPLICATION}-messages"
INDEX = "user-timestamp-index"
PAGE = reverse("table", args=[APPLICATION, READY, TABLE])
HOSTILE = '"><svg onload=alert(1)>'
_BATCH = 25


def put(yard: Running) -> None:
    """Write them, past Stackyard."""
    session: Any = boto3.Session(DEMO_KEY, DEMO_KEY, region_name=DEMO_REGION)
    client = session.client("dynamodb", endpoint_url=yard.endpoint)
    writes = [{"PutRequest": {"Item": item}} for item in (*_ordinary(), *_odd())]
    for begin in range(0, len(writes), _BATCH):
        client.batch_write_item(RequestItems={TABLE: writes[begin : begin + _BATCH]})


def paths() -> list[str]:
    """The page of the table in every state that looks otherwise."""
    by_user = [("run", "1"), ("index", INDEX), ("pk", "odd")]
    wrong = [*by_user, ("sk", "x"), ("path", "a b."), ("op", "="), ("type", "N"), ("value", "x"), ("to", "")]
    filtered = [("run", "1"), ("path", "nowhere"), ("op", "exists"), ("type", "S"), ("value", ""), ("to", "")]
    queries = [[("index", INDEX), ("ask", "1")], by_user, [*by_user, ("view", "plain")], wrong, filtered]
    parked = reverse("table", args=[APPLICATION, PARKED, f"{PARKED}-{APPLICATION}-sessions"])
    return [*(f"{PAGE}?{urlencode(query)}" for query in queries), parked]


def _message(name: str, user: str, number: int, **more: Any) -> dict[str, Any]:
    return {"id": {"S": name}, "user_id": {"S": user}, "timestamp": {"N": str(1_700_000_000 + number)}, **more}


def _ordinary() -> Iterator[dict[str, Any]]:
    for number in range(100):
        yield _message(f"m{number:03}", "alice", number, content={"S": f"Hello {number}"}, room={"S": f"r{number % 3}"})


def _odd() -> Iterator[dict[str, Any]]:
    yield _message("wide", "odd", 1, **{f"attribute_{place:02}": {"S": f"value {place}"} for place in range(60)})
    deep: dict[str, Any] = {"S": "the bottom"}
    for level in range(8):
        deep = {"M": {f"level{level}": deep, "siblings": {"L": [{"N": "1"}, {"NULL": True}]}}}
    yield _message("deep", "odd", 2, tree=deep)
    yield _message(
        "ugly 日本語 👩‍👩‍👧‍👦",
        "odd",
        3,
        **{HOSTILE: {"S": "</script><script>alert(1)</script>"}},
        big={"N": "12345678901234567890123456789012345678"},
        raw={"B": bytes(range(256))},
        tags={"SS": ["red", "green"]},
        nothing={"NULL": True},
        empty={"S": ""},
        long={"S": "x" * 12_000},
        lines={"S": "one\ntwo\r\n\u202ethree"},
    )
