"""What the account's own lists have: a value that is on none of them is refused before anything is asked for."""

from portal.requesting.layout import OF_VPC, Setting
from provisioning.actions.choices import Choices
from provisioning.blueprints.values import split_list

LISTED_WHOLE = frozenset({"vpc", "subnets", "key_pair", "security_groups"})


def not_listed(setting: Setting, found: Choices | None, value: str) -> str:
    """Why a value cannot be; empty when it can, or when the account does not answer. An image may be anybody's, so it
    is left to AWS."""
    if found is None or found.problem or setting.choices_from not in LISTED_WHOLE:
        return ""
    if all(one in found.values for one in split_list(value)):
        return ""
    if setting.choices_from in OF_VPC:
        return "This is not in the chosen VPC. Choose from the list."
    return "The account does not have this. Choose from the list."
