"""Cost Explorer, from scripted answers: no emulator has more than a queue of canned results."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from provisioning.aws.billing import CostTagStatus, GroupBy, cost_page, cost_tags
from provisioning.aws.errors import Busy, Denied, Refused

from .scripts import Script

DAYS = (date(2026, 1, 31), date(2026, 2, 1))
ASKED: dict[str, Any] = {
    "TimePeriod": {"Start": "2026-01-31", "End": "2026-02-01"},
    "Granularity": "DAILY",
    "Metrics": ["UnblendedCost"],
}
BY_TAGS = (GroupBy("TAG", "Application"), GroupBy("TAG", "Environment"))
GROUPED = ASKED | {
    "GroupBy": [{"Type": "TAG", "Key": "Application"}, {"Type": "TAG", "Key": "Environment"}],
}


def period(*groups: dict[str, Any], total: str = "", estimated: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {"TimePeriod": ASKED["TimePeriod"], "Estimated": estimated, "Groups": list(groups)}
    return found | ({"Total": {"UnblendedCost": {"Amount": total, "Unit": "USD"}}} if total else {"Total": {}})


def group(*keys: str, amount: str = "1") -> dict[str, Any]:
    return {"Keys": list(keys), "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Environment$dev", "dev"),
        ("Environment$", ""),
        ("Environment$a$b$", "a$b$"),
        ("Environment$$", "$"),
        ("Environment$日本", "日本"),
    ],
)
def test_costs_pitfall_04_a_tag_is_split_once(script: Script, key: str, value: str) -> None:
    aws, answers = script("cost_explorer")
    answers.add_response("get_cost_and_usage", {"ResultsByTime": [period(group("Application$x", key))]}, GROUPED)
    (found,) = cost_page(aws, DAYS, BY_TAGS).groups
    assert found.keys == ("x", value)


def test_a_service_is_no_tag(script: Script) -> None:
    aws, answers = script("cost_explorer")
    answers.add_response("get_cost_and_usage", {"ResultsByTime": [period(group("Environment$dev", "A$B"))]})
    (found,) = cost_page(aws, DAYS, (GroupBy("TAG", "Environment"), GroupBy("DIMENSION", "SERVICE"))).groups
    assert found.keys == ("dev", "A$B")


def test_costs_pitfall_13_amounts_are_exact(script: Script) -> None:
    aws, answers = script("cost_explorer")
    exact = "0.0000000123456789012345678901"
    answers.add_response("get_cost_and_usage", {"ResultsByTime": [period(total=exact, estimated=False)]}, ASKED)
    (found,) = cost_page(aws, DAYS).groups
    assert (found.amount, found.currency, found.estimated) == (Decimal(exact), "USD", False)
    assert found.day == date(2026, 1, 31)


def test_a_page_leads_to_the_next_one_with_the_same_question(script: Script) -> None:
    aws, answers = script("cost_explorer")
    only = {"Tags": {"Key": "Application", "MatchOptions": ["ABSENT"]}}
    asked = ASKED | {"Filter": only}
    answers.add_response("get_cost_and_usage", {"ResultsByTime": [], "NextPageToken": "2"}, asked)
    answers.add_response("get_cost_and_usage", {"ResultsByTime": []}, asked | {"NextPageToken": "2"})
    assert cost_page(aws, DAYS, only=only).token == "2"
    assert cost_page(aws, DAYS, only=only, token="2").token == ""


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("LimitExceededException", Busy),
        ("ThrottlingException", Busy),
        ("DataUnavailableException", Refused),
        ("RequestChangedException", Refused),
        ("AccessDeniedException", Denied),
    ],
)
def test_costs_pitfall_14_what_goes_wrong_is_told_apart(script: Script, code: str, kind: type[Exception]) -> None:
    aws, answers = script("cost_explorer")
    answers.add_client_error("get_cost_and_usage", code, "no", 400)
    with pytest.raises(kind):
        cost_page(aws, DAYS)


def test_tags_come_with_their_status_from_every_page(script: Script) -> None:
    aws, answers = script("cost_explorer")
    first = {"TagKey": "Environment", "Type": "UserDefined", "Status": "Active", "LastUsedDate": "2026-01-31T00:00:00Z"}
    second = {"TagKey": "environment", "Type": "UserDefined", "Status": "Inactive"}
    asked = {"Type": "UserDefined", "MaxResults": 100}
    answers.add_response("list_cost_allocation_tags", {"CostAllocationTags": [first], "NextToken": "n"}, asked)
    answers.add_response("list_cost_allocation_tags", {"CostAllocationTags": [second]}, asked | {"NextToken": "n"})
    assert cost_tags(aws) == (
        CostTagStatus("Environment", "Active", date(2026, 1, 31)),
        CostTagStatus("environment", "Inactive", None),
    )
