"""A program with a token: it sends JSON and reads JSON, as anybody's script would."""

import json
from datetime import datetime
from typing import Any, cast

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from portal.accounts.models import Scope, User
from portal.accounts.tokens import MadeToken, NewToken, do_create_token
from provisioning.actions.actor import Actor

V1 = "/api/v1"
ALL = tuple(Scope)
NETWORK = {"VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2", "KeyName": "key", "ImageId": "ami-12345678"}


def token_for(user: User, *scopes: Scope, name: str = "ci", expires_at: datetime | None = None) -> MadeToken:
    """A token of that person, with every scope unless some are named."""
    actor = Actor(user.pk, user.get_username(), frozenset(user.groups.values_list("name", flat=True)))
    return do_create_token(actor, user, NewToken(name, scopes or ALL, expires_at), by=user)


class Program:
    """Asks in the name of a person, by a token of theirs and nothing else."""

    def __init__(self, token: str, **headers: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}", **headers}

    def ask(self, method: str, path: str, sent: object = None, **headers: str) -> HttpResponse:
        """One request; names of headers are written with underscores."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        body = "" if sent is None else json.dumps(sent, default=str)
        all_headers = {**self.headers, **more}
        answer = self.client.generic(method, f"{V1}{path}", body, content_type="application/json", headers=all_headers)
        return cast("HttpResponse", answer)

    def get(self, path: str, status: int = 200, **headers: str) -> Any:
        """What a GET answers."""
        return told(self.ask("GET", path, **headers), status)

    def post(self, path: str, sent: object = None, status: int = 200, **headers: str) -> Any:
        """What a POST answers."""
        return told(self.ask("POST", path, sent, **headers), status)


def told(answer: HttpResponse, status: int) -> Any:
    """The JSON of an answer; one that is a problem says so in its type, its title and its status."""
    assert answer.status_code == status, answer.content.decode()
    if status >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        found = json.loads(answer.content)
        assert found["status"] == status
        assert found["title"]
        assert found["code"]
        assert found["detail"].endswith((".", "?"))
        return found
    return json.loads(answer.content)


def program_of(user: User, *scopes: Scope) -> Program:
    """A program of that person."""
    return Program(token_for(user, *scopes).text)


def now() -> datetime:
    """The time, with its zone."""
    return timezone.now()
