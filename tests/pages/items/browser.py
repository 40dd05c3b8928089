"""A browser on the pages of items: it fills in forms as a browser does, line ends and all."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from provisioning.items.values import Item, key_token
from provisioning.models import Table

KEY: Item = {"id": {"S": "a"}, "at": {"N": "1"}}
ITEM: Item = {**KEY, "kind": {"S": "x"}, "n": {"N": "1"}, "m": {"M": {"x": {"S": "1"}}}, "expires": {"N": "1700000000"}}
Fields = dict[str, list[str]]


class _Form(HTMLParser):
    """The fields of the form on a page, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: Fields = {}
        self._inside, self._select, self._area = False, "", ""
        self._first = True

    def _put(self, name: str, value: str) -> None:
        self.fields.setdefault(name, []).append(re.sub(r"\r\n|\r|\n", "\r\n", value))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside = given.get("method") == "post" and "enctype" in given
        if not self._inside or (tag != "option" and not given.get("name")):
            return
        name = given.get("name") or ""
        if tag == "input" and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            self._put(name, given.get("value") or "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._put(self._select, given.get("value") or "")
        elif tag == "textarea":
            self._area, self._first = name, True
            self._put(name, "")

    def handle_data(self, data: str) -> None:
        if self._area:
            text = data[1:] if self._first and data.startswith("\n") else data
            self._first = False
            self.fields[self._area][-1] += re.sub(r"\r\n|\r|\n", "\r\n", text)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form":
            self._inside = False


def form_fields(text: str) -> Fields:
    """What a browser would send of the form of a page if nobody touched it."""
    form = _Form()
    form.feed(text.replace("\r\n", "\n"))
    return form.fields


@dataclass
class ItemBrowser:
    """Somebody's browser; `fields` are those of the form on the page that is open."""

    client: Client
    table: Table
    text: str = ""
    fields: Fields = field(default_factory=dict)
    path: str = ""

    @property
    def home(self) -> str:
        """The address of the table."""
        return f"/environments/{self.table.application}/{self.table.environment_name}/tables/{self.table.name}/"

    def open(self, page: str = "", key: Item = KEY, *, status: int = 200) -> "ItemBrowser":
        """Open a page about an item: its own, or `edit/`, `copy/`, `delete/`."""
        return self.go(f"item/{key_token(key)}/{page}", status=status)

    def go(self, page: str, *, status: int = 200) -> "ItemBrowser":
        """Open a page of the table."""
        self.path = f"{self.home}{page}"
        return self._took(self.client.get(self.path), status)

    def send(self, *, status: int = 302, path: str = "", **changed: Any) -> "ItemBrowser":
        """Send the form with these fields otherwise; None leaves one out. Where the answer leads on, go there."""
        fields = {**self.fields, **{name.replace("_", "-"): value for name, value in changed.items()}}
        sent = {name: value for name, value in fields.items() if value is not None}
        answer = self.client.post(f"{self.home}{path}" if path else self.path, sent)
        self._took(answer, status)
        if status == 302:
            self.path = str(answer["Location"])
            self._took(self.client.get(self.path), None)
        return self

    def place(self, name: str) -> int:
        """Which row of the form an attribute is."""
        found = re.findall(r'data-row data-name="([^"]*)"', self.text)
        return found.index(name)

    def edit(self, *, status: int = 302, **values: str | None) -> "ItemBrowser":
        """Open the form, set these attributes (None removes one), and save."""
        return self.open("edit/").set(**values).send(status=status)

    def set(self, **values: str | None) -> "ItemBrowser":
        """Fill in the rows of these attributes."""
        for name, value in values.items():
            place = self.place(name)
            if value is None:
                self.fields[f"remove-{place}"] = ["on"]
            else:
                self.fields[f"value-{place}"] = [value]
        return self

    def _took(self, answer: Any, status: int | None) -> "ItemBrowser":
        assert status is None or answer.status_code == status, answer.content.decode()[-4000:]
        self.text = answer.content.decode()
        self.fields = form_fields(self.text)
        self.headers = answer.headers
        return self
