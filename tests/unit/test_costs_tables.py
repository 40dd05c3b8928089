"""Prices of DynamoDB tables, each reckoned by hand beside the assertion."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.costs.estimate import estimate
from provisioning.costs.model import CostLine, PricedInput, Scenario
from provisioning.costs.tables import read_units, write_units

# Nothing but requests: no storage, so that an amount shows one thing alone.
REQUESTS_ONLY = {"stored_gb": 0, "reads": 0, "writes": 1_000_000, "item_bytes": 1_024}


class NotKnownYet:
    """Stands for a value that only AWS knows."""


def price(
    properties: dict[str, Any], scenario: Scenario = "expected", context: dict[str, Any] | None = None
) -> CostLine:
    table = PricedInput("Messages", "AWS::DynamoDB::Table", properties, context or {})
    return estimate([table], scenario=scenario).lines[0]


def index(name: str, projection: str = "ALL", **more: Any) -> dict[str, Any]:
    return {"IndexName": name, "Projection": {"ProjectionType": projection}, **more}


def capacity(read: Any, write: Any) -> dict[str, Any]:
    return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}


def test_on_demand_in_the_expected_scenario() -> None:
    line = price({"BillingMode": "PAY_PER_REQUEST"})
    # 250,000 writes x 1 unit x $0.625/M = 0.15625; 1,000,000 reads x 0.5 unit x $0.125/M = 0.0625;
    # 1 GB x $0.25 = 0.25; together 0.46875, kept as 0.4688
    assert line.monthly == Decimal("0.4688")
    assert "250,000 writes a month, none in transactions." in line.assumptions
    assert "1,000,000 reads a month, eventually consistent." in line.assumptions


def test_an_idle_table_costs_its_storage() -> None:
    line = price({"BillingMode": "PAY_PER_REQUEST"}, scenario="idle")
    assert line.monthly == Decimal("0.0250")  # 0.1 GB x $0.25, no requests
    assert "0.1 GB stored, indexes not counted in." in line.assumptions


def test_recovery_stream_and_an_index_in_the_peak_scenario() -> None:
    line = price(
        {
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [index("user-timestamp-index")],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        },
        scenario="peak",
    )
    # 5 M writes x 2 units (table, index) x $0.625/M = 6.25; 20 M reads x 0.5 x $0.125/M = 1.25;
    # storage (20 + 20 GB) x $0.25 = 10; recovery 20 GB x $0.20 = 4; 2.6 M stream reads x $0.20/M = 0.52
    assert line.monthly == Decimal("22.0200")


def test_a_write_of_just_over_one_kb_with_two_indexes() -> None:
    line = price(
        {
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": [index("a"), index("b", "KEYS_ONLY")],
        },
        context={**REQUESTS_ONLY, "item_bytes": 1_127},
    )
    # 1.1 KB is 2 units on the table, 2 on the full index and 1 on the index of keys: 5 x 1 M x $0.625/M
    assert line.monthly == Decimal("3.1250")
    assert "Every write reaches every index." in line.assumptions
    assert "Measured: 1,127 bytes per item." in line.assumptions


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (1_024, 1), (1_025, 2), (409_600, 400)])
def test_write_units_are_started_kilobytes(size: int, units: int) -> None:
    assert write_units(Decimal(size)) == units


@pytest.mark.parametrize(("size", "units"), [(1, "0.5"), (4_096, "0.5"), (4_097, "1"), (8_193, "1.5")])
def test_read_units_are_half_of_started_four_kilobytes(size: int, units: str) -> None:
    assert read_units(Decimal(size)) == Decimal(units)


def test_provisioned_counts_the_table_and_every_global_index() -> None:
    line = price(
        {
            "BillingMode": "PROVISIONED",
            **capacity(read=30, write=20),
            "GlobalSecondaryIndexes": [index("a", **capacity(read="10", write="5"))],
            "LocalSecondaryIndexes": [index("b", "INCLUDE")],
        },
        context={"stored_gb": 2},
    )
    # writes (20 + 5) x $0.00065 x 730 = 11.8625; reads (30 + 10) x $0.00013 x 730 = 3.796;
    # storage 2 GB in the table and each of 2 indexes = 6 x $0.25 = 1.5
    assert line.monthly == Decimal("17.1585")
    assert "the table and 1 global index" in line.basis
    assert "An index with chosen attributes counts as a whole copy." in line.assumptions


def test_requests_do_not_change_a_provisioned_price() -> None:
    properties = {"BillingMode": "PROVISIONED", **capacity(1, 1)}
    idle = price(properties, context={"stored_gb": 1, "writes": 0})
    busy = price(properties, context={"stored_gb": 1, "writes": 9_000_000})
    assert idle.monthly == busy.monthly == Decimal("0.8194")  # 0.4745 + 0.0949 + 0.25


def test_a_missing_billing_mode_is_provisioned() -> None:
    line = price(capacity(read=1, write=1), context={"stored_gb": 0})
    assert line.monthly == Decimal("0.5694")  # 0.00065 x 730 + 0.00013 x 730 = 0.4745 + 0.0949
    assert "BillingMode is missing, which AWS reads as PROVISIONED." in line.assumptions


def test_capacity_not_known_yet_counts_with_a_default_and_says_so() -> None:
    line = price({"BillingMode": "PROVISIONED", **capacity(NotKnownYet(), 1)}, context={"stored_gb": 0})
    assert line.monthly == Decimal("0.9490")  # 1 x 0.4745 + 5 x 0.0949
    assert "ReadCapacityUnits of the table is not known yet; 5 assumed." in line.assumptions


def test_an_index_without_throughput_counts_with_a_default() -> None:
    line = price(
        {"BillingMode": "PROVISIONED", **capacity(1, 1), "GlobalSecondaryIndexes": [index("a")]},
        context={"stored_gb": 0},
    )
    assert line.monthly == Decimal("3.4164")  # (1 + 5) x 0.4745 + (1 + 5) x 0.0949
    assert "WriteCapacityUnits of a is not known yet; 5 assumed." in line.assumptions


def test_recovery_keeps_local_indexes_and_leaves_global_ones_out() -> None:
    line = price(
        {
            "BillingMode": "PAY_PER_REQUEST",
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": "true"},
            "GlobalSecondaryIndexes": [index("a")],
            "LocalSecondaryIndexes": [index("b", "KEYS_ONLY")],
        },
        context={"stored_gb": 10, "reads": 0, "writes": 0},
    )
    # storage 10 x (1 + 1 + 0.2) x $0.25 = 5.5; recovery 10 x (1 + 0.2) x $0.20 = 2.4
    assert line.monthly == Decimal("7.9000")


@pytest.mark.parametrize("value", [False, "false", None])
def test_recovery_that_is_off_costs_nothing(value: object) -> None:
    spec = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": value}}
    assert price({"BillingMode": "PAY_PER_REQUEST", **spec}) == price({"BillingMode": "PAY_PER_REQUEST"})


def test_properties_not_known_yet_are_priced_as_if_they_cost_something() -> None:
    line = price(
        {
            "BillingMode": NotKnownYet(),
            "PointInTimeRecoverySpecification": NotKnownYet(),
            "GlobalSecondaryIndexes": NotKnownYet(),
            "StreamSpecification": NotKnownYet(),
        }
    )
    # 0.46875 as on demand, + recovery 1 GB x $0.20 + 650,000 stream reads x $0.20/M = 0.13
    assert line.monthly == Decimal("0.7988")
    assert "BillingMode is not known yet; PAY_PER_REQUEST assumed." in line.assumptions
    assert "Point-in-time recovery is not known yet; on assumed." in line.assumptions
    assert "GlobalSecondaryIndexes are not known yet; none counted." in line.assumptions


def test_a_table_class_without_a_price_is_not_priced() -> None:
    line = price({"BillingMode": "PAY_PER_REQUEST", "TableClass": "STANDARD_INFREQUENT_ACCESS"})
    assert line.monthly is None
    assert line.basis == "not priced: no price on record for table class STANDARD_INFREQUENT_ACCESS"


@given(writes=st.integers(0, 10**9), reads=st.integers(0, 10**9), size=st.integers(1, 409_600))
def test_doubling_the_requests_doubles_their_price(writes: int, reads: int, size: int) -> None:
    def monthly(factor: int) -> Decimal:
        context = {"stored_gb": 0, "writes": writes * factor, "reads": reads * factor, "item_bytes": size}
        amount = price({"BillingMode": "PAY_PER_REQUEST"}, context=context).monthly
        assert amount is not None
        return amount

    # Each amount is kept to 4 decimals, so the last one may differ by one.
    assert abs(monthly(2) - 2 * monthly(1)) <= Decimal("0.0001")


@given(read=st.integers(1, 40_000), write=st.integers(1, 40_000))
def test_doubling_capacity_doubles_its_price_exactly(read: int, write: int) -> None:
    def monthly(factor: int) -> Decimal:
        amount = price(capacity(read * factor, write * factor), context={"stored_gb": 0}).monthly
        assert amount is not None
        return amount

    assert monthly(2) == 2 * monthly(1) == 2 * (write * Decimal("0.4745") + read * Decimal("0.0949"))
