"""Everything the pages do, programs can do: what does the same for every address of a page, or why nothing does."""

from collections.abc import Mapping

from portal.api.operations import OPERATIONS
from portal.api.service import description
from portal.pages import PAGES
from provisioning.lifecycle import ChangeKind

# Addresses whose operation is declared with another address of the same rights.
UNDER: Mapping[str, tuple[str, ...]] = {
    "home_live": ("show_home",),
    "environment_connect": ("read_outputs",),
    "environment_settings": ("show_environment",),
    "environment_unprotect": ("request_change",),
    "environment_delete_data": ("request_change",),
    "environment_delete_data_stack": ("request_change",),
    "change_live": ("show_change", "list_events"),
    "change_plan": ("show_change",),
    "change_plan_file": ("show_plan",),
    "deploy": ("request_change",),
    "redeploy": ("request_change",),
    "roll_back": ("request_change",),
    "approvals": ("list_changes",),
    "item_jobs": ("list_jobs",),
    "item_job_live": ("show_job",),
    "item_new": ("put_item",),
    "flags_live": ("list_flags",),
    "environment_flags_live": ("list_parameters",),
    "parameter_live": ("show_parameter",),
    "parameter_new": ("set_parameter",),
    "costs": ("read_all_costs",),
    "costs_csv": ("read_all_costs",),
}
PAGES_ALONE: Mapping[str, str] = {
    "request_names": "checks a name while it is typed; create_environment refuses it with the same sentence",
    "parameter_name": "checks a name while it is typed; set_parameter refuses it with the same sentence",
    "table_controls": "draws the row of controls again when another index is chosen",
    "table_columns": "remembers which columns a person likes to see",
    "api_reference": "is the page about the API itself",
    "api_reference_part": "is a part of the page about the API itself",
}
# Kinds of changes that have a request of their own, because they need more than a few words.
OF_THEIR_OWN: Mapping[ChangeKind, str] = {
    ChangeKind.CREATE: "create_environment",
    ChangeKind.ADOPT: "adopt_stacks",
    ChangeKind.RECOVER: "recover_stack",
    ChangeKind.REPAIR_DRIFT: "repair_drift",
    ChangeKind.ACCEPT_DRIFT: "accept_drift",
    ChangeKind.WRITE_ITEMS: "put_item",
    ChangeKind.SET_PARAMETERS: "set_parameter",
}
DECLARED = {one.page for one in OPERATIONS}
ADDRESSES = {name for page in PAGES for name in page.names}


def test_every_address_of_a_page_has_an_operation_or_a_reason() -> None:
    known = [DECLARED & ADDRESSES, set(UNDER), set(PAGES_ALONE)]
    assert set().union(*known) == ADDRESSES
    assert sum(len(some) for some in known) == len(ADDRESSES), "an address stands in two places"


def test_what_stands_under_another_address_is_there() -> None:
    names = {one.name for one in OPERATIONS}
    assert {name for some in UNDER.values() for name in some} <= names


def test_every_operation_is_described() -> None:
    described = {
        operation["operationId"]: operation["summary"]
        for methods in description()["paths"].values()
        for operation in methods.values()
    }
    assert set(described) == {one.name for one in OPERATIONS}
    assert all(described.values())


def test_every_kind_of_change_can_be_asked_for() -> None:
    address = "/api/v1/environments/{app}/{name}/changes"
    sent = description()["paths"][address]["post"]["requestBody"]["content"]["application/json"]["schema"]
    shape = description()["components"]["schemas"][sent["$ref"].rsplit("/", 1)[1]]
    assert set(shape["properties"]["kind"]["enum"]) == set(ChangeKind) - set(OF_THEIR_OWN)
    assert set(OF_THEIR_OWN.values()) <= {one.name for one in OPERATIONS}


def test_descriptions_are_for_readers_who_have_no_code() -> None:
    assert not [name for name, shape in description()["components"]["schemas"].items() if "(D4" in str(shape)]
