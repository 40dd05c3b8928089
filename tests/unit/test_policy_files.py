"""The policy of a stage as data: what a blueprint may write of it, and the platform's own file over that."""

import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from provisioning.blueprints.loader import SHIPPED, governed, library, load_blueprint, load_library
from provisioning.blueprints.model import AutoApproval, StagePolicy
from provisioning.blueprints.policies import PolicyFileError, read_policies

STAGING = "  staging:\n    approvals: 0\n    approvers: []\n"


def shop(folder: Path, text: str = "") -> Path:
    """A blueprint that has this line at staging, below its approvers."""
    shutil.copytree(SHIPPED / "hello-erlang", folder / "shop")
    file = folder / "shop" / "blueprint.yaml"
    before, staging, after = file.read_text().partition(STAGING)
    assert staging
    file.write_text(f"{before}  staging:\n    approvals: 1\n    approvers: [leads]\n    {text}\n{after}")
    return file


def read_staging(folder: Path, text: str) -> StagePolicy:
    """The policy of staging that a blueprint with this line has."""
    blueprint, problems = load_blueprint(shop(folder, text).parent)
    assert problems == ()
    assert blueprint
    return blueprint.stages["staging"]


def test_without_a_word_about_it_plans_wait_three_days(tmp_path: Path) -> None:
    policy = read_staging(tmp_path, "")
    assert (policy.expires_hours, policy.on_expiry, policy.auto_approvals) == (72, "expire", ())


def test_what_a_blueprint_may_say(tmp_path: Path) -> None:
    rules = (
        "{rule: Waking, kinds: [wake, park], data: any, replaces: true, deletes: true, monthly_increase: 2.5},"
        "{rule: Small updates, kinds: [update]}, {rule: Any price, kinds: [update], monthly_increase: any}"
    )
    policy = read_staging(tmp_path, f"expires_hours: 4\n    on_expiry: plan_again\n    auto_approve: [{rules}]")
    assert (policy.expires_hours, policy.on_expiry) == (4, "plan_again")
    update, more = frozenset({"update"}), Decimal("2.5")
    assert policy.auto_approvals == (
        AutoApproval("Waking", frozenset({"wake", "park"}), "any", replaces=True, deletes=True, monthly_increase=more),
        AutoApproval("Small updates", update),
        AutoApproval("Any price", update, monthly_increase=None),
    )


def test_what_may_come_from_where(tmp_path: Path) -> None:
    policy = read_staging(tmp_path, "promote_from: dev\n    promote_unproved: refuse")
    assert (policy.promote_from, policy.promote_unproved) == ("dev", "refuse")
    found = governed(load_library([SHIPPED]), read_policies(written(tmp_path, '"*": {prod: {promote_from: staging}}')))
    for blueprint in found.blueprints.values():
        assert blueprint.stages["prod"].promote_from == "staging"
        assert blueprint.stages["staging"].promote_from == ""


def test_nothing_is_promoted_where_nothing_is_deployed(tmp_path: Path) -> None:
    file = shop(tmp_path, "promote_from: dev")
    text = file.read_text()
    file.write_text(text[: text.index("  artifact:")] + text[text.index("configuration:") :])
    _, (problem,) = load_blueprint(file.parent)
    assert str(problem).endswith(
        "Nothing is deployed here that could be promoted. Add artifact: to deploy:, or remove it."
    )
    assert file.read_text().splitlines()[problem.line - 1].strip() == "promote_from: dev"


@pytest.mark.parametrize(
    ("text", "sentence", "fix"),
    [
        ("expires_hours: 0", "A plan cannot wait for 0 hours.", "from 1 to 720"),
        ("expires_hours: 721", "A plan cannot wait for 721 hours.", "from 1 to 720"),
        ("expires_hours: soon", "must be a whole number", "Correct"),
        ("on_expiry: run", "on_expiry cannot be “run”.", "Use one of expire, plan_again."),
        ("auto_approve: yes", "auto_approve must be a list.", "dash"),
        ("auto_approve: [{kinds: [wake]}]", "has no rule.", "Add rule"),
        ("auto_approve: [{rule: A}]", "has no kinds.", "List some of create"),
        ("auto_approve: [{rule: A, kinds: [destroy]}]", "“destroy” is not a kind of change.", "Use some of create"),
        ("auto_approve: [{rule: A, kinds: [delete_data]}]", "No rule may approve delete_data", "Take it out."),
        ("auto_approve: [{rule: A, kinds: [delete_data_stack]}]", "No rule may approve delete_data_stack", "Take"),
        ("auto_approve: [{rule: A, kinds: [unprotect]}]", "No rule may approve unprotect", "Take it out."),
        ("auto_approve: [{rule: A, kinds: [adopt]}]", "No rule may approve adopt", "Take it out."),
        ("auto_approve: [{rule: A, kinds: [wake], data: some}]", "data cannot be “some”.", "any, untouched"),
        ("auto_approve: [{rule: A, kinds: [wake], deletes: 1}]", "deletes must be true or false.", "Write"),
        ("auto_approve: [{rule: A, kinds: [wake], monthly_increase: -1}]", "“-1” is no amount.", "US dollars"),
        ("auto_approve: [{rule: A, kinds: [wake], monthly_increase: NaN}]", "“NaN” is no amount.", "US dollars"),
        ("auto_approve: [{rule: A, kinds: [wake], price: 1}]", "“price” is not known", "Use one of"),
        ("auto_approve: [{rule: A, kinds: [wake]}, {rule: A, kinds: [park]}]", "two rules called A.", "Rename"),
        (f"auto_approve: [{{rule: {'A' * 101}, kinds: [wake]}}]", "At most 100 characters.", "Shorten"),
        ("promote_from: live", "promote_from cannot be “live”.", "Use one of dev, staging, prod."),
        ("promote_from: staging", "Nothing is promoted from staging to staging.", "Use one of dev."),
        ("promote_from: prod", "Nothing is promoted from prod to staging.", "Use one of dev."),
        ("promote_unproved: never", "promote_unproved cannot be “never”.", "Use one of refuse, admins, reason."),
    ],
)
def test_what_it_may_not(tmp_path: Path, text: str, sentence: str, fix: str) -> None:
    file = shop(tmp_path, text)
    blueprint, problems = load_blueprint(file.parent)
    match = [problem for problem in problems if sentence in problem.sentence]
    assert match, problems
    assert blueprint is None
    assert file.read_text().splitlines()[match[0].line - 1].strip() == text
    assert fix in match[0].fix


def test_the_shipped_blueprints_approve_nothing_by_themselves() -> None:
    for blueprint in load_library([SHIPPED]).blueprints.values():
        assert all(not policy.auto_approvals for policy in blueprint.stages.values())
        assert blueprint.stages["prod"].approvals >= 1


FILE = """\
"*":
  staging: {approvals: 1, approvers: [leads]}
  prod: {approvals: 2, approvers: [admins], expires_hours: 24}
shop:
  prod:
    expires_hours: 8
    on_expiry: plan_again
    auto_approve:
      - {rule: Waking, kinds: [wake]}
"""


def written(folder: Path, text: str) -> Path:
    """A policy file of this text."""
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


def test_the_platform_has_the_last_word(tmp_path: Path) -> None:
    """Of every application first, then of one; what it does not mention stays the blueprint's."""
    shop(tmp_path)
    found = governed(load_library([tmp_path, SHIPPED]), read_policies(written(tmp_path, FILE)))
    ours, hello = found.blueprints["shop"].stages, found.blueprints["hello-erlang"].stages
    assert found.problems == ()
    assert (ours["dev"].approvals, ours["dev"].lifetime_days) == (0, 14)
    assert (ours["staging"].approvals, ours["staging"].approver_groups) == (1, ("leads",))
    assert (ours["prod"].approvals, ours["prod"].expires_hours, ours["prod"].on_expiry) == (2, 8, "plan_again")
    assert [rule.name for rule in ours["prod"].auto_approvals] == ["Waking"]
    assert ours["prod"].defaults == hello["prod"].defaults != {}
    assert (hello["prod"].approvals, hello["prod"].expires_hours, hello["prod"].auto_approvals) == (2, 24, ())


def test_an_application_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path, FILE)
    (problem,) = governed(load_library([SHIPPED]), read_policies(path)).problems
    assert str(problem) == f"{path}:5: There is no application shop. Correct its name."


def test_the_library_follows_the_setting(tmp_path: Path, settings: Any) -> None:
    settings.POLICIES = read_policies(written(tmp_path, '"*": {staging: {approvals: 1, approvers: [leads]}}'))
    assert {blueprint.stages["staging"].approvals for blueprint in library().blueprints.values()} == {1}
    settings.POLICIES = ()
    assert {blueprint.stages["staging"].approvals for blueprint in library().blueprints.values()} == {0}


WRONG = [
    ("- prod", 1, "The file must be a mapping."),
    ("shop: [", 1, "This is not YAML"),
    ("shop: prod", 1, "shop must be a mapping."),
    ("shop:\n  live: {approvals: 1}", 2, "“live” is not known in shop. Use one of dev, prod, staging."),
    ("shop:\n  prod: {approval: 1}", 2, "Did you mean approvals?"),
    ("shop:\n  prod: {lifetime_days: 1}", 2, "“lifetime_days” is not known"),
    ("shop:\n  prod:\n    approvals: -1", 3, "approvals must be a whole number of 0 or more."),
    ("shop:\n  staging: {approvals: 1}", 2, "asks for approvals of nobody. Name approvers beside approvals."),
    ("shop:\n  staging:\n    approvers: []", 3, "leaves nobody to approve."),
    ("shop:\n  prod: {approvals: 0}", 2, "prod must ask for approval and protect its data."),
    ("shop:\n  prod: {protection: false}", 2, "prod must ask for approval and protect its data."),
    ("shop:\n  prod:\n    promote_from: prod", 3, "Nothing is promoted from prod to prod. Use one of dev, staging."),
    ("shop:\n  dev:\n    promote_from: dev", 3, "Nothing is promoted from dev to dev. Remove it: nothing is below it."),
    ("shop:\n  prod: {promote_from: live}", 2, "promote_from cannot be “live”."),
    ("shop:\n  prod: {auto_approve: [{rule: A, kinds: [delete_data]}]}", 2, "No rule may approve delete_data"),
]


@pytest.mark.parametrize(("text", "line", "sentence"), WRONG)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, line: int, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(PolicyFileError) as caught:
        read_policies(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert sentence in str(caught.value)


def test_nobody_needs_to_be_asked_where_the_file_says_so(tmp_path: Path) -> None:
    (floor,) = read_policies(written(tmp_path, "shop: {staging: {approvals: 0, approvers: []}}"))
    assert dict(floor.parts) == {"approvals": 0, "approver_groups": ()}


def test_the_examples_of_the_documentation_work(tmp_path: Path, settings: Any) -> None:
    text = (settings.BASE_DIR / "docs" / "approvals.md").read_text()
    stage, file = (block.split("```")[0] for block in text.split("```yaml\n")[1:])
    indented = "".join(f"  {line}\n" for line in stage.splitlines())
    of_stage, of_file = (read_policies(written(tmp_path, content)) for content in (f"hello-erlang:\n{indented}", file))
    found = governed(load_library([SHIPPED]), of_stage).blueprints["hello-erlang"].stages["prod"]
    assert (found.approvals, found.expires_hours, found.on_expiry) == (2, 48, "plan_again")
    (rule,) = found.auto_approvals
    assert rule == AutoApproval("Waking what was parked", frozenset({"wake"}), monthly_increase=Decimal(25))
    assert governed(load_library([SHIPPED]), of_file).problems == ()
