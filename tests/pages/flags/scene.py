"""Parameters as the engine leaves them, for pages to show, and a browser on their pages."""

import html
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from provisioning.engine.reconcile import reconcile
from provisioning.flags.sealing import digest, kept
from provisioning.lifecycle import ParameterVerb, WriteState
from provisioning.models import Change, Environment, Parameter, ParameterPath, ParameterVersion

APPLICATION = "fileshare"
FLAG = "use_dynamodb"
CANARY = "canary-4f1c-swordfish"
MORE_FLAGS = """\
  - {key: theme, title: Colours, type: choice, default: light, allowed: [light, dark], after: nothing}
  - {key: most_megabytes, title: Most of a file, type: number, default: '5', after: redeploy}
  - {key: hosts, title: Who may ask, type: list, default: 'a.example,b.example', after: nothing}
  - {key: routes, title: Ways, type: json, default: '{}', after: nothing}
  - {key: api_token, title: Token of the store, type: secret, after: redeploy}
  - {key: greeting, title: Greeting, type: text, default: Hello, after: nothing, owner: web, stale_after: 2026-01-31}
"""
ClientOf = Callable[[User], Client]


def path_row(environment: Environment, **columns: Any) -> ParameterPath:
    """The row of its path, read just now unless `columns` say otherwise."""
    path = f"/{environment.application}/{environment.name}/"
    columns = {"path": path, "read_at": timezone.now(), **columns}
    return ParameterPath.objects.update_or_create(environment=environment, defaults=columns)[0]


def parameter(environment: Environment, key: str, value: str = "true", **columns: Any) -> Parameter:
    """A parameter at version 1, found as it was, unless `columns` say otherwise."""
    kind = columns.pop("type", "String")
    by, verb = columns.pop("by", None), columns.pop("verb", ParameterVerb.FOUND)
    name = columns.pop("name", f"/{environment.application}/{environment.name}/{key}")
    row = Parameter.objects.create(
        environment=environment,
        key=key,
        name=name,
        type=kind,
        value=kept(kind, value),
        digest=digest(value),
        **{"version": 1, "modified_at": timezone.now(), "seen_at": timezone.now(), **columns},
    )
    version(row, row.version, value, by=by, verb=verb)
    return row


def version(row: Parameter, number: int | None, value: str, **columns: Any) -> ParameterVersion:
    """A version of a parameter, stored so many minutes `ago`."""
    ago = columns.pop("ago", 0)
    return ParameterVersion.objects.create(
        **{
            "parameter": row,
            "generation": row.generation,
            "version": number,
            "type": row.type,
            "value": kept(row.type, value) if value else "",
            "digest": digest(value) if value else "",
            "verb": ParameterVerb.EDIT,
            "state": WriteState.DONE,
            "at": timezone.now() - timedelta(minutes=ago),
            **columns,
        }
    )


def worked(change: Change) -> Change:
    """The change, as far as workers bring it now."""
    for _ in range(4):
        reconcile(change.pk)
    return Change.objects.get(pk=change.pk)


@dataclass(frozen=True)
class Flags:
    """A browser on the pages of flags and parameters."""

    client: Client

    def matrix(self, application: str = APPLICATION, **query: str) -> str:
        """The flags page."""
        return self.text(self.client.get(reverse("flags"), {"application": application, **query}))

    def tab(self, environment: Environment, **query: str) -> str:
        """The tab of one environment."""
        return self.text(self.client.get(reverse("environment_flags", args=where(environment)), query))

    def page(self, environment: Environment, key: str = FLAG, name: str = "parameter", **query: str) -> str:
        """A page of one parameter."""
        more = {"version": int(query.pop("version"))} if "version" in query else {}
        return self.text(self.client.get(address(environment, name, key=key, **more), query))

    def look(self, environment: Environment, key: str = FLAG, seen: str = "") -> Any:
        """The three states, as htmx asks for them."""
        url = address(environment, "parameter_live", key=key)
        return self.client.get(url, {"seen": seen}, headers={"HX-Request": "true"})

    def post(self, environment: Environment, name: str = "parameter_set", key: str = FLAG, **data: str) -> Any:
        """Send a form about one parameter. `version` is part of the address."""
        more = {"version": int(data.pop("version"))} if "version" in data else {}
        sent = {"key": str(uuid.uuid4()), **data}
        return self.client.post(address(environment, name, key=key, **more), sent)

    @staticmethod
    def text(answer: Any) -> str:
        """The text of an answer that went well."""
        assert answer.status_code == 200, answer.status_code
        text: str = answer.content.decode()
        return text


def where(environment: Environment) -> tuple[str, str]:
    """The parts of its address."""
    return environment.application, environment.name


def address(environment: Environment, name: str, **more: object) -> str:
    """An address of a parameter."""
    return reverse(name, kwargs={"application": environment.application, "name": environment.name, **more})


def words(page: str) -> str:
    """What a page says, without tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def row_of(page: str, key: str) -> str:
    """The row of a parameter in a matrix, tags and all."""
    found = re.search(rf'<tr><th scope="row"><code title="{re.escape(html.escape(key))}">.*?</tr>', page)
    assert found, f"no row of {key}"
    return found[0]


def cells(page: str, key: str) -> list[str]:
    """What the cells of a row say."""
    return [words(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row_of(page, key))]
