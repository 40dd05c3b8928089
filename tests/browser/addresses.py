"""The address of every page there is, from the addresses that the portal itself knows."""

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from bench.scene import ADOPTED, APPLICATION, BROKEN, BY_HAND, KEPT, PARKED, READY, WAITING, Scene
from bench.visitor import Page, Visitor
from portal.pages import PAGES
from provisioning.items.values import key_token

from . import item_pages, odd_items, spent, troubles
from .plans import CHANGES, path_of

ACCOUNT = ("account_change_password", "account_logout", "mfa_index", "mfa_activate_totp", "mfa_generate_recovery_codes")

_TEXT, _VALUE = re.compile(r">[^<]*"), re.compile(r'(?<!class)="[^"]*"')  # classes stay
_DELETING = ("environment_delete_data", "environment_delete_data_stack", "environment_unprotect")


def addresses(scene: Scene, person: Visitor) -> list[str]:
    """Where a whole page answers this person: one address for every name in PAGES, and the states that look otherwise;
    of refusals that are the same page with another sentence, one.

    Raises KeyError for an address that needs something nobody gave: then it belongs in `_given`.
    """
    names = [name for page in PAGES for name in page.names]
    given = _given(scene)
    asked = [_address(name, given) for name in (*names, *ACCOUNT)] + _more(scene)
    found = (person.get(path) for path in asked)
    # A download, a part of a page and what takes POST only are no pages.
    whole = [page for page in found if page.html.lstrip().startswith("<!DOCTYPE html>")]
    return [page.url.removeprefix(person.address) for page in _worth_a_look(whole)]


def _worth_a_look(pages: Iterable[Page]) -> Iterable[Page]:
    """Each page once; of refusals that differ in their words alone, the one that is hardest to fit on a phone."""
    found: dict[object, Page] = {}
    for page in pages:
        kind = page.url if page.status == HTTPStatus.OK else (page.status, _markup(page))
        if kind not in found or _longest_word(page) > _longest_word(found[kind]):
            found[kind] = page
    return found.values()


def _markup(page: Page) -> str:
    return _VALUE.sub("", _TEXT.sub(">", page.html))


def _longest_word(page: Page) -> int:
    return max(map(len, page.words.split()))


def _given(scene: Scene) -> dict[str, Any]:
    return {
        "application": APPLICATION,
        "name": READY,
        "change_id": scene.ready.strip("/").rpartition("/")[2],
        "format": "dotenv",
        "kind": "park",
        "number": 1,
        "part": "items",
        "stack": "data",
        "table": f"{READY}-{APPLICATION}-messages",
        "token": key_token({"id": {"S": "there-is-none"}}),
        "job_id": UUID(int=0),
        "ticket": "none",
        "budget_id": 0,
        "write": 1,
        "key": "use_dynamodb",
        "version": 1,
        "schedule": 1,
    }


def _more(scene: Scene) -> list[str]:
    environment = reverse("environment", args=[APPLICATION, READY])
    return [
        *(reverse("environment", args=[APPLICATION, name]) for name in (PARKED, BROKEN)),
        reverse("environment_settings", args=[APPLICATION, PARKED]),
        reverse("environment_delete_data", args=[APPLICATION, PARKED]),
        reverse("environment_delete_data_stack", args=[APPLICATION, PARKED]),
        reverse("environment", args=["fileshare", WAITING]),
        f"{reverse('request_create', args=['fileshare'])}?name=prod",
        *(reverse("environment", args=[APPLICATION, name]) for name in ("dev-deleting", "dev-unprotected", ADOPTED)),
        *(reverse("environment_settings", args=[APPLICATION, name]) for name in ("dev-held", "dev-unprotected")),
        *(reverse(name, args=[APPLICATION, "dev-unprotected"]) for name in _DELETING),
        reverse("request_adopt", args=[APPLICATION, BY_HAND]),
        reverse("request_update", args=[APPLICATION, "dev-waiting"]),
        f"{reverse('request_create', args=[APPLICATION])}?name={KEPT}",
        *map(path_of, CHANGES),
        *troubles.paths(),
        *spent.paths(),
        *odd_items.paths(),
        *item_pages.paths(),
        f"{path_of('waiting')}plans/1/",
        scene.adopted,
        scene.parked,
        scene.failed,
        scene.waiting,
        f"{reverse('search')}?q=dev",
        f"{reverse('search')}?q=nothing-is-called-so",
        f"{reverse('environments')}?text=nothing-is-called-so",
        f"{reverse('orphans')}?q=nothing-is-called-so",
        f"{reverse('tables')}?q=nothing-is-called-so",
        f"{reverse('costs')}?range=365&by=service&types=all",
        f"{reverse('costs')}?application=nothing-is-called-so",
        *(reverse("environment_tables", args=[APPLICATION, name]) for name in (PARKED, BROKEN)),
        environment.replace(READY, "dev-nobody-made-this"),
    ]


def _address(name: str, given: dict[str, Any]) -> str:
    converters = next(pattern.pattern.converters for pattern in _patterns(get_resolver()) if pattern.name == name)
    return reverse(name, kwargs={key: given[key] for key in converters})


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern)
        else:
            yield pattern
