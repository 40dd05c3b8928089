"""A person in front of the portal, as a program: cookies, forms as the pages give them, no JavaScript."""

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from http.cookiejar import CookieJar

PASSWORD = "stackyard"  # noqa: S105  of every demo person
TIMEOUT = 60.0
_NOT_SENT = frozenset({"submit", "button", "reset", "image", "file"})
_UNSEEN = frozenset({"script", "style", "head", "template"})
_BLOCKS = re.compile(r"h[1-6]|p|div|li|dt|dd|tr|td|th|section|summary|legend|label|option|button|pre|textarea")


@dataclass
class Form:
    """A form of a page. `sent` is what a browser would send untouched; `choices` are (value, label) by name."""

    action: str
    method: str
    sent: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """The names of all its fields, ticked or not."""
        return frozenset(self.sent) | frozenset(self.choices)

    def filled(self, values: Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
        """What a browser sends when these fields were filled in. Raises KeyError for a field that is not there."""
        unknown = sorted(set(values) - self.names)
        if unknown:
            raise KeyError(f"The form {self.action} has no field {', '.join(unknown)}, only {sorted(self.names)}.")
        given = {name: [value] if isinstance(value, str) else list(value) for name, value in values.items()}
        return [(name, value) for name, found in {**self.sent, **given}.items() for value in found]


@dataclass(frozen=True)
class Page:
    """An answer: its status, the address it came from after redirects, and its HTML."""

    status: int
    url: str
    html: str

    @property
    def path(self) -> str:
        """The address without its host."""
        return urllib.parse.urlsplit(self.url).path

    @cached_property
    def _read(self) -> "_Reader":
        reader = _Reader(self.path)
        reader.feed(self.html)
        reader.close()
        return reader

    @property
    def forms(self) -> list[Form]:
        """Its forms in order."""
        return self._read.forms

    @cached_property
    def words(self) -> str:
        """What can be read on it, on one line."""
        return " ".join("".join(self._read.words).split())

    def form(self, action: str) -> Form:
        """The first POST form whose address ends so. Raises LookupError, with what the page says, for none."""
        for form in self.forms:
            if form.method == "post" and urllib.parse.urlsplit(form.action).path.endswith(action):
                return form
        raise LookupError(f"No form for {action} at {self.url} ({self.status}): {self.words[:1500]}")


class Visitor:
    """One browser: its cookies and where it is."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = CookieJar()
        self._open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies), urllib.request.ProxyHandler({})
        ).open

    def sign_in(self, username: str, password: str = PASSWORD) -> "Visitor":
        """Sign in through the form. Raises LookupError when it is refused."""
        form = self.get("/accounts/login/").form("/accounts/login/")
        page = self.submit(form, login=username, password=password)
        if page.path == "/accounts/login/":
            raise LookupError(f"{username} may not sign in: {page.words[:500]}")
        return self

    def twin(self) -> "Visitor":
        """Another browser with the cookies that this one has now."""
        twin = Visitor(self.address)
        for cookie in self.cookies:
            twin.cookies.set_cookie(copy(cookie))
        return twin

    def get(self, path: str) -> Page:
        """The page at a path."""
        return self._ask(path, None)

    def post(self, path: str, sent: Sequence[tuple[str, str]]) -> Page:
        """Send fields to a path; the page at the end of the redirects."""
        return self._ask(path, urllib.parse.urlencode(sent).encode())

    def submit(self, form: Form, **values: str | Sequence[str]) -> Page:
        """Fill in and send a form. A dot in a field's name is written as two underscores."""
        return self.post(form.action, form.filled({name.replace("__", "."): value for name, value in values.items()}))

    def _ask(self, path: str, body: bytes | None) -> Page:
        request = urllib.request.Request(urllib.parse.urljoin(self.address, path), body)  # noqa: S310  our own server
        try:
            answer = self._open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            return Page(answer.status, answer.url, answer.read().decode())


class _Reader(HTMLParser):
    """Collects forms and words."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._unseen = 0
        self._select: str | None = None
        self._one_of_many = False
        self._option: tuple[str | None, bool] | None = None
        self._text: list[str] | None = None
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _UNSEEN:
            self._unseen += 1
        if _BLOCKS.fullmatch(tag):
            self.words.append(" ")
        if tag == "form":
            self._form = Form(given.get("action") or self.path, (given.get("method") or "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._control(self._form, tag, given)

    def _control(self, form: Form, tag: str, given: dict[str, str | None]) -> None:
        name = given.get("name") or ""
        if tag == "input" and name and "disabled" not in given:
            self._input(form, name, given)
        elif tag == "select" and name and "disabled" not in given:
            self._select, self._one_of_many = name, "multiple" not in given
            form.choices[name] = []
        elif tag == "option" and self._select:
            self._end_option()
            self._option, self._text = (given.get("value"), "selected" in given), []
        elif tag == "textarea" and name:
            self._area, self._text = name, []

    def _input(self, form: Form, name: str, given: dict[str, str | None]) -> None:
        kind, value = (given.get("type") or "text").lower(), given.get("value")
        if kind in _NOT_SENT:
            return
        if kind in {"checkbox", "radio"}:
            form.choices.setdefault(name, []).append((value or "on", ""))
            if "checked" in given:
                form.sent.setdefault(name, []).append(value or "on")
            return
        form.sent.setdefault(name, []).append(value or "")

    def _end_option(self) -> None:
        if self._form is None or self._select is None or self._option is None:
            return
        label = " ".join("".join(self._text or []).split())
        value, chosen = self._option
        value = label if value is None else value
        self._form.choices[self._select].append((value, label))
        if chosen:
            self._form.sent.setdefault(self._select, []).append(value)
        self._option = self._text = None

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen -= 1
        if _BLOCKS.fullmatch(tag):
            self.words.append(" ")
        if tag == "option":
            self._end_option()
        elif tag == "select" and self._form is not None and self._select:
            self._end_option()
            options = self._form.choices[self._select]
            if self._one_of_many and options:  # a browser takes the first one
                self._form.sent.setdefault(self._select, [options[0][0]])
            self._select = None
        elif tag == "textarea" and self._form is not None and self._area:
            self._form.sent.setdefault(self._area, []).append("".join(self._text or []).removeprefix("\n"))
            self._area, self._text = "", None
        elif tag == "form":
            self._form = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)
        if not self._unseen:
            self.words.append(data)
