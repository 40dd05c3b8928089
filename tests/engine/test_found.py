"""What random sequences of clicks once brought to light (see `never`), each as a plain story."""

from pathlib import Path

from provisioning.lifecycle import ChangeKind

from .vault import BLUEPRINT, DATA
from .yard import Yard, keep_linted

TOLD = DATA + "Outputs: {Things: {Value: !Ref Things}}\n"
EXPIRING = TOLD.replace(
    "      BillingMode", "      TimeToLiveSpecification: {AttributeName: ends, Enabled: true}\n      BillingMode"
)


FLAGGED = BLUEPRINT.replace(
    "flags: []", "flags: [{key: fast, title: Go fast, type: boolean, default: 'false', after: nothing}]"
).replace("parameters: []", "parameter_path: /vault/{environment}/\nparameters: []")


def save(vault: Path, data: str) -> None:
    """The team saves its data template."""
    (vault / "data.yaml").write_text(data)
    keep_linted()


def test_a_blueprint_saved_after_the_approval_changes_nothing_of_what_runs(yard: Yard, vault: Path) -> None:
    change = yard.approve(yard.drive(yard.create("vault", "prod")))
    yard.fake.script.before("ExecuteChangeSet", lambda: save(vault, EXPIRING))
    yard.drive(change)
    assert (change.status, change.problem) == ("succeeded", None)
    assert not any(table.ttl_attribute for table in yard.fake.world.tables.values()), (
        "nobody reviewed that items expire"
    )


def test_a_blueprint_that_was_saved_and_not_sent_yet_does_not_fail_what_wakes(yard: Yard, vault: Path) -> None:
    save(vault, TOLD)
    environment = yard.ready("vault")
    yard.did(environment, ChangeKind.PARK)
    save(vault, EXPIRING)
    change = yard.did(environment, ChangeKind.WAKE)
    assert (change.status, change.problem) == ("succeeded", None)


def test_a_flag_that_was_edited_after_the_approval_is_put_as_it_was_approved(yard: Yard, vault: Path) -> None:
    (vault / "blueprint.yaml").write_text(FLAGGED)
    change = yard.drive(yard.create("vault", "prod"))
    assert change.plan is not None
    assert [(flag["name"], flag["value"]) for flag in change.plan["flags"]] == [("/vault/prod/fast", "false")]
    yard.approve(change)
    (vault / "blueprint.yaml").write_text(FLAGGED.replace("default: 'false'", "default: 'true'"))
    yard.drive(change)
    assert (change.status, change.problem) == ("succeeded", None)
    assert yard.fake.world.parameters["/vault/prod/fast"][-1]["Value"] == "false"
