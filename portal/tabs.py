"""The tabs over lists that belong together: environments, tables that no stack owns, stacks that can be adopted."""

from django.urls import reverse

from portal.orphans.reading import orphan_count
from provisioning.actions.adopting import found_pairs


def listing_tabs(here: str) -> list[dict[str, object]]:
    """The tabs for pieces/tabs.html; `here` is the URL name of the list that is open. A count of none is not said."""
    counted = (
        ("Environments", "environments", 0),
        ("Kept tables", "orphans", orphan_count()),
        ("To adopt", "adopt", len(found_pairs())),
    )
    return [
        {"label": label, "url": reverse(name), "active": name == here, "count": count or ""}
        for label, name, count in counted
    ]
