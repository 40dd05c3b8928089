"""What is assumed about the use: scenarios, changed figures, free allowances; and the pitfalls of estimates."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.requesting.assuming import OF_TYPE, figures_of
from provisioning.blueprints.loader import library
from provisioning.costs.allowance import ALWAYS_FREE, LABEL, WARNING, Allowance
from provisioning.costs.book import book
from provisioning.costs.estimate import PRICERS, estimate
from provisioning.costs.model import PricedInput, Scenario, to_money
from provisioning.costs.scenarios import FIGURE_LABELS, FIGURE_WORDS, SCENARIOS
from provisioning.costs.usage import BadUsageError, Usage, kept_usage, read_usage

ON_DEMAND = {"BillingMode": "PAY_PER_REQUEST"}
TABLE = PricedInput("Table", "AWS::DynamoDB::Table", ON_DEMAND)
ALARMS = [PricedInput(f"Alarm{number}", "AWS::CloudWatch::Alarm", {"Period": 60}) for number in range(12)]
PROVISIONED = {
    "BillingMode": "PROVISIONED",
    "ProvisionedThroughput": {"ReadCapacityUnits": 30, "WriteCapacityUnits": 20},
}


def index(name: str, projection: str = "ALL") -> dict[str, Any]:
    return {"IndexName": name, "Projection": {"ProjectionType": projection}}


def test_changed_figures_go_before_the_scenario_and_say_so() -> None:
    usage = read_usage({"scenario": "expected", "figures": {"writes": "4,000,000", "stored_gb": "10"}})
    line = estimate([TABLE], usage=usage).lines[0]
    # 4 M writes x $0.625 + 1 M reads x half a unit x $0.125 + 10 GB x $0.25
    assert line.monthly == Decimal("2.5") + Decimal("0.0625") + Decimal("2.5")
    assert "As given: 4,000,000 writes a month, none in transactions." in line.assumptions
    assert "1,000,000 reads a month, eventually consistent." in line.assumptions


def test_backups_cost_once_somebody_says_how_large_they_are() -> None:
    plain = estimate([TABLE]).monthly
    kept = estimate([TABLE], usage=Usage(figures={"backup_gb": Decimal(40)}))
    assert kept.monthly - plain == Decimal("4.0000")  # 40 GB x $0.10
    assert "40 GB of backups" in kept.lines[0].basis


def test_what_was_measured_goes_before_what_was_given() -> None:
    measured = PricedInput("Table", TABLE.type, ON_DEMAND, {"stored_gb": Decimal(2)})
    usage = Usage(figures={"stored_gb": Decimal(900)})
    assert "Measured: 2 GB stored, indexes not counted in." in estimate([measured], usage=usage).lines[0].assumptions


@pytest.mark.parametrize("typed", ["a lot", "-1", "1e9", "NaN", "Infinity", "9" * 20, "١٢"])
def test_what_is_no_figure_is_refused_by_its_name(typed: str) -> None:
    with pytest.raises(BadUsageError) as caught:
        read_usage({"figures": {"reads": typed, "writes": "5"}})
    assert list(caught.value.fields) == ["reads"]


def test_a_scenario_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadUsageError):
        read_usage({"scenario": "rush"})


def test_what_equals_the_scenario_or_is_empty_is_not_changed() -> None:
    assert read_usage({"figures": {"reads": "1 000 000", "writes": "", "unheard_of": "7"}}).is_default
    assert Usage().as_dict() == {}


@given(
    st.sampled_from(list(SCENARIOS)),
    st.dictionaries(st.sampled_from(list(FIGURE_LABELS)), st.decimals(0, 10**12, places=2)),
    st.booleans(),
)
def test_usage_survives_being_kept(scenario: Scenario, figures: dict[str, Decimal], free: bool) -> None:  # noqa: FBT001 (drawn)
    usage = read_usage({"scenario": scenario, "figures": figures, "free_tier": free})
    assert kept_usage({"usage": usage.as_dict()}) == usage


def test_what_was_kept_and_is_broken_counts_as_the_usual() -> None:
    assert kept_usage({"usage": {"scenario": "rush"}}) == Usage()


def test_words_say_what_was_chosen() -> None:
    assert Usage().words == "at expected use"
    both = Usage("peak", {"lcu": Decimal(3), "reads": Decimal(1)}, free_tier=True)
    assert both.words == "at peak use with 2 figures changed, free allowances deducted"
    assert (both.within("peak"), both.within("idle")) == (both, Usage("idle", free_tier=True))


def test_every_figure_is_asked_for_and_every_priced_use_has_its_figures() -> None:
    assert set(FIGURE_LABELS) == set(FIGURE_WORDS) == set(SCENARIOS["idle"])
    assert {key for keys in OF_TYPE.values() for key in keys} == set(FIGURE_LABELS)
    assert set(OF_TYPE) <= set(PRICERS)


def test_a_form_asks_only_for_what_its_blueprint_uses() -> None:
    blueprints = library().blueprints
    assert "lcu" in figures_of(blueprints["hello-erlang"])
    assert "nat_gb" not in figures_of(blueprints["hello-erlang"])
    assert "log_gb" in figures_of(blueprints["fileshare"])


def test_every_type_of_the_shipped_blueprints_has_a_price_or_is_free() -> None:
    for blueprint in library().blueprints.values():
        for stack in blueprint.stacks.values():
            assert {one["Type"] for one in stack.template.resources.values()} <= set(PRICERS)


def test_costs_pitfall_15_a_month_is_730_hours_counted_once() -> None:
    table = PricedInput("Table", TABLE.type, PROVISIONED)
    # 20 x $0.00065 x 730 + 30 x $0.00013 x 730, and 0.1 GB x $0.25
    assert estimate([table], scenario="idle").monthly == to_money(Decimal("9.49") + Decimal("2.847") + Decimal("0.025"))


@given(st.sampled_from(["lcu", "log_gb", "nat_gb"]), st.integers(1, 10**6))
def test_costs_pitfall_15_doubling_a_quantity_doubles_its_price(key: str, amount: int) -> None:
    of = {"lcu": "AWS::ElasticLoadBalancingV2::LoadBalancer", "log_gb": "AWS::Logs::LogGroup"}
    one = PricedInput("One", of.get(key, "AWS::EC2::NatGateway"), {"Scheme": "internal"})

    def price(quantity: int) -> Decimal:
        return estimate([one], usage=Usage("idle", {key: Decimal(quantity)})).monthly

    nothing = price(0)
    assert price(2 * amount) - nothing == 2 * (price(amount) - nothing)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_costs_pitfall_16_a_missing_billing_mode_is_provisioned_and_never_free(scenario: Scenario) -> None:
    line = estimate([PricedInput("Table", TABLE.type, {})], scenario=scenario).lines[0]
    assert line.monthly is not None
    assert line.monthly > Decimal("2.84")  # 5 + 5 units with AWS's default
    assert "BillingMode is missing, which AWS reads as PROVISIONED." in line.assumptions


@given(st.text(min_size=1).filter(lambda name: name not in PRICERS), st.sampled_from(list(SCENARIOS)))
def test_costs_pitfall_17_an_unknown_type_is_not_priced_and_never_zero(kind: str, scenario: Scenario) -> None:
    found = estimate([PricedInput("It", kind, {})], scenario=scenario)
    assert found.lines[0].monthly is None
    assert found.not_priced == (f"It ({kind})",)


def test_costs_pitfall_17_each_scenario_prints_what_it_assumes_and_costs_more_than_the_one_before() -> None:
    found = [estimate([TABLE], scenario=one) for one in ("idle", "expected", "peak")]
    assert found[0].monthly < found[1].monthly < found[2].monthly
    for one in found:
        assert one.assumptions[0].lower().startswith(one.scenario)
        assert any("writes a month" in text for text in one.lines[0].assumptions)


def test_costs_pitfall_18_a_write_of_just_over_one_kb_costs_two_units_and_each_index_its_own() -> None:
    properties = {**ON_DEMAND, "GlobalSecondaryIndexes": [index("whole"), index("keys", "KEYS_ONLY")]}
    table = PricedInput("Table", TABLE.type, properties)
    one_million = {"writes": Decimal(1_000_000), "item_bytes": Decimal(1_127), "stored_gb": Decimal(0)}
    line = estimate([table], usage=Usage("idle", one_million)).lines[0]
    # 1.1 KB: 2 units on the table, 2 on the whole copy, 1 on the keys alone
    assert line.monthly == Decimal("3.1250")
    assert "5,000,000 write" in line.basis


def test_costs_pitfall_19_free_allowances_are_off_unless_somebody_says_otherwise() -> None:
    found = estimate(ALARMS)
    assert found.monthly == Decimal("1.2000")
    assert any("are not deducted" in text and "Free allowances" in text for text in found.assumptions)
    assert Usage().free_tier is False
    assert LABEL == "Deduct AWS's free allowances"
    assert WARNING.startswith("Only if this account")


def test_costs_pitfall_19_switched_on_each_free_unit_is_given_away_once_over_both_stacks() -> None:
    usage, allowance = Usage(free_tier=True), Allowance()
    first = estimate(ALARMS[:7], usage=usage, allowance=allowance)
    second = estimate(ALARMS[7:], usage=usage, allowance=allowance)
    assert (first.monthly, second.monthly) == (Decimal("0.0000"), Decimal("0.2000"))  # 12 alarms, 10 free
    assert any("deducted, as if nothing else" in text for text in second.assumptions)


def test_costs_pitfall_19_capacity_is_free_as_provisioned_and_requests_never_are() -> None:
    table = PricedInput("Table", TABLE.type, PROVISIONED)
    # 20 write units are free, 30 - 25 read units are not, storage is
    assert estimate([table], usage=Usage(free_tier=True)).monthly == to_money(5 * Decimal("0.00013") * 730)
    requests = Usage(figures={"stored_gb": Decimal(0)})
    free = Usage(figures={"stored_gb": Decimal(0)}, free_tier=True)
    assert estimate([TABLE], usage=free).monthly == estimate([TABLE], usage=requests).monthly


@given(st.sampled_from(list(ALWAYS_FREE)), st.lists(st.integers(0, 40)))
def test_costs_pitfall_19_no_more_is_free_than_aws_gives(key: str, asked: list[int]) -> None:
    allowance = Allowance()
    assert sum(allowance.take(key, Decimal(one)) for one in asked) == min(ALWAYS_FREE[key], sum(asked))


def test_a_book_is_trusted_for_sixty_days_and_no_longer() -> None:
    published: date = book().published
    assert not book().is_old(published + timedelta(days=60))
    assert book().is_old(published + timedelta(days=61))
