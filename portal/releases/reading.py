"""The list of releases for people: what each ran, what is new in it, what was seen of it; from rows alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator

from portal.releases.further import next_targets
from portal.releases.showing import DIGEST, Proof, kind_of, proof_of
from provisioning.engine.deploying.planned import facts_of
from provisioning.models import Environment, Release
from provisioning.planning.releases import Difference, difference

SHOWN = 50  # releases on a page
TEMPLATE_CHANGES, MOST_WORDS = "template", 4


@dataclass(frozen=True)
class Listed:
    """One release of the list. `differs` are words about what is new since `before`, the good one before it; `newest`
    whether it is the last one that was written down; `targets` where it goes next, for the last good one."""

    release: Release
    proof: Proof
    template: str
    differs: tuple[str, ...]
    before: int | None
    kind: str
    newest: bool
    targets: tuple[Environment, ...] = ()

    @property
    def may_return(self) -> bool:
        """Whether it is one to go back to."""
        return bool(self.release.good) and not self.newest


def read_releases(environment: Environment, number: str | None) -> tuple[Page[Release], tuple[Listed, ...]]:
    """A page of releases, newest first, and its rows; `number` is what somebody asked for."""
    found = Release.objects.filter(environment=environment).order_by("-number")
    page = Paginator(found.select_related("by", "change", "restores", "promoted_from__environment"), SHOWN).get_page(
        number
    )
    rows = list(page)
    older = found.filter(number__lt=rows[-1].number, good=True).first() if rows else None
    return page, tuple(_listed(rows, older, page))


def _listed(rows: Sequence[Release], older: Release | None, page: Page[Release]) -> list[Listed]:
    found, last_good = [], next((row for row in rows if row.good), None)
    targets = tuple(next_targets(last_good)) if last_good and page.number == 1 else ()
    for at, row in enumerate(rows):
        before = next((one for one in rows[at + 1 :] if one.good), older)
        found.append(
            Listed(
                release=row,
                proof=proof_of(row),
                template=(row.template_id or "")[:DIGEST],
                differs=_words(difference(facts_of(before), facts_of(row))) if before else (),
                before=before.number if before else None,
                kind=kind_of(row),
                newest=page.number == 1 and at == 0,
                targets=targets if row is last_good else (),
            )
        )
    return found


def _words(differs: Difference) -> tuple[str, ...]:
    found = [f"{line.name} {line.before or 'new'} → {line.after or 'gone'}" for line in differs.parameters]
    found += [f"{line.name} {line.before or '—'} → {line.after or '—'}" for line in differs.stack_parameters]
    image = differs.artifact
    if image and image.after not in {line.after for line in differs.stack_parameters}:
        found.insert(0, f"image {image.before or '—'} → {image.after or '—'}")
    if differs.template:
        found.insert(0, TEMPLATE_CHANGES)
    more = len(found) - MOST_WORDS
    return tuple(found[:MOST_WORDS]) + ((f"and {more} more",) if more > 0 else ())
