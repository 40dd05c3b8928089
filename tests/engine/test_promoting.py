"""Promoting: the artifact of a good release goes further, on a plan that says where it ran; and what a stage takes."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from provisioning.actions.actor import Actor
from provisioning.actions.deploying import AskToDeploy, do_deploy
from provisioning.actions.promoting import AskToPromote, do_promote, targets_of, why_not_promote
from provisioning.actions.refusals import Refusal
from provisioning.blueprints.policies import PolicyFloor
from provisioning.lifecycle import ChangeStatus, StackKind
from provisioning.models import AuditEntry, Change, Environment, Release, Stack, Template
from provisioning.planning.plan import digest

from .flags import agreed, fileshare, look, releases, roll_back, toggle
from .schedules import in_groups
from .yard import FILESHARE, Yard

SHOP = "shop:2"
REFUSES, ADMINS_MAY = "refuse", "admins"


def deploy(yard: Yard, environment: Environment, artifact: str = SHOP, **more: Any) -> Change:
    """Ask for a deployment."""
    by, reason = more.pop("by", yard.alice), more.pop("reason", "A new version")
    return do_deploy(by, environment, AskToDeploy(artifact, reason, key=uuid.uuid4(), **more))


def promote(yard: Yard, release: Release, to: Environment, **more: Any) -> Change:
    """Ask for a release to go further."""
    by, reason = more.pop("by", yard.alice), more.pop("reason", "It ran well")
    return do_promote(by, release, AskToPromote(to, reason, key=uuid.uuid4(), **more))


def proof_in(change: Change) -> dict[str, Any]:
    """What its plan says of the artifact."""
    assert change.plan is not None
    found: dict[str, Any] = change.plan["proof"]
    return found


@pytest.fixture
def staging(yard: Yard) -> Environment:
    """staging, with the artifact deployed two days ago."""
    in_groups()
    staging = fileshare(yard, "staging")
    assert agreed(yard, deploy(yard, staging)).status == ChangeStatus.SUCCEEDED
    yard.clock.shift(timedelta(days=2))
    return staging


@pytest.fixture
def prod(yard: Yard) -> Environment:
    return yard.ready(FILESHARE, "prod")


@pytest.fixture
def strict(settings: Any) -> Any:
    """Sets what becomes of an artifact that was never proved."""

    def written(unproved: str) -> None:
        parts = (("promote_from", "staging"), ("promote_unproved", unproved))
        settings.POLICIES = (PolicyFloor("*", "prod", parts, "policy.yaml", 1),)

    return written


class TestPromoting:
    """From staging to prod."""

    def test_the_very_artifact_comes_by_a_plan_that_a_second_person_agrees_to(
        self, yard: Yard, staging: Environment, prod: Environment
    ) -> None:
        release = releases(staging)[-1]
        change = yard.drive(promote(yard, release, prod))
        assert change.status == ChangeStatus.AWAITING_APPROVAL, change.problem
        yard.approve(change)
        yard.drive(change)
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert yard.stack(prod, "compute").parameters["ContainerImage"] == SHOP
        made = releases(prod)[-1]
        assert (made.artifact, made.good, made.promoted_from) == (SHOP, True, release)
        said = AuditEntry.objects.get(verb="request_deploy", change=change).summary
        assert said == f"Deploy shop:2 to fileshare/prod, from release {release.number} of fileshare/staging"

    def test_the_plan_says_where_it_ran_how_long_and_in_what_they_differ(
        self, yard: Yard, staging: Environment, prod: Environment
    ) -> None:
        look(yard, prod)
        assert agreed(yard, toggle(yard, staging, "false")).status == ChangeStatus.SUCCEEDED
        agreed(yard, deploy(yard, staging))  # the same once more: a second green one
        yard.clock.shift(timedelta(hours=1))
        newest = releases(staging)[-1]
        proof = proof_in(yard.drive(promote(yard, newest, prod)))
        (place,) = proof["places"]
        first = next(one for one in releases(staging) if one.artifact == SHOP)
        assert (place["environment"], place["good"], place["failed"], place["until"]) == ("staging", 3, 0, None)
        assert place["since"] == first.at.isoformat()
        assert proof["rule"]["how"] == "met"
        assert (proof["source"]["release"], proof["source"]["id"]) == (newest.number, newest.pk)
        assert proof["same_template"] is True
        assert proof["runs_there"] is True
        assert proof["drift"] == {"resources": [], "seen_at": None}
        differs = {line["name"]: (line["here"], line["there"]) for line in proof["stack_parameters"]}
        assert differs["TaskSize"] == ("medium", "small")
        assert "ContainerImage" not in differs, "the artifact is what goes over"
        assert "Environment" not in differs, "what Stackyard fills differs by nature"
        (flag,) = [line for line in proof["parameters"] if line["flag"]]
        assert (flag["name"], flag["here"], flag["there"]) == ("use_dynamodb", "“true” (v1)", "“false” (v2)")
        assert [line["name"] for line in proof["parameters"]] == ["use_dynamodb"], "stacks make the others"

    def test_the_seal_covers_of_which_release_it_is_and_a_template_that_is_another_is_said(
        self, yard: Yard, staging: Environment, prod: Environment
    ) -> None:
        body = Template.objects.get(pk=yard.stack(staging, "compute").template_id).body
        other = Template.objects.create(digest="f" * 64, body=f"{body}\n# newer")
        Release.objects.filter(environment=staging).update(template=other)
        change = yard.drive(promote(yard, releases(staging)[-1], prod))
        assert change.plan is not None
        plan, proof = change.plan, proof_in(change)
        assert (proof["same_template"], proof["source"]["template"]) == (False, "f" * 64)
        assert digest(plan) == change.plan_digest
        grown = {**proof, "places": [{**proof["places"][0], "good": 99}]}
        assert digest({**plan, "proof": grown}) == change.plan_digest, "counts grow by themselves"
        of_other = {**proof, "source": {**proof["source"], "id": 0}}
        assert digest({**plan, "proof": of_other}) != change.plan_digest
        excepted = {**proof, "rule": {**proof["rule"], "how": "excepted"}}
        assert digest({**plan, "proof": excepted}) != change.plan_digest

    def test_what_comes_up_in_staging_meanwhile_voids_nothing_and_prod_goes_back_to_what_it_ran(
        self, yard: Yard, staging: Environment, prod: Environment
    ) -> None:
        before = yard.stack(prod, "compute").parameters["ContainerImage"]
        ask = AskToPromote(prod, "It ran well", uuid.uuid4())
        first, change = (do_promote(yard.alice, releases(staging)[-1], ask) for _ in range(2))
        assert first.pk == change.pk, "the same form twice is one change"
        yard.drive(change)
        agreed(yard, deploy(yard, staging, "shop:3"))
        yard.approve(change)
        yard.drive(change)
        assert change.status == ChangeStatus.SUCCEEDED, change.problem
        assert change.plans.count() == 1
        agreed(yard, roll_back(yard, prod, release=1))
        assert yard.stack(prod, "compute").parameters["ContainerImage"] == before
        assert releases(prod)[-1].promoted_from is None


class TestWhatGoesNoFurther:
    """Refusals."""

    def refused(self, yard: Yard, release: Release, to: Environment, **more: Any) -> str:
        before = Change.objects.count()
        with pytest.raises(Refusal) as refusal:
            promote(yard, release, to, **more)
        assert Change.objects.count() == before
        return f"{refusal.value.code}: {refusal.value.sentence}"

    def test_what_cannot_go_there(self, yard: Yard, staging: Environment, prod: Environment) -> None:
        dev, release = fileshare(yard), releases(staging)[-1]
        for to in (dev, staging, yard.ready(name="prod")):
            assert "dev over staging to prod" in self.refused(yard, release, to)
        assert self.refused(yard, release, prod, reason=" ").startswith("no-reason")
        reader = Actor(yard.bob.user_id, "bob", frozenset({"auditors"}))
        assert self.refused(yard, release, prod, by=reader).startswith("not-allowed")
        assert why_not_promote(reader, release, prod)
        assert why_not_promote(yard.alice, release, prod) == ""
        Stack.objects.filter(environment=prod, kind=StackKind.COMPUTE).update(status="DELETE_COMPLETE")
        assert self.refused(yard, release, prod).startswith("nothing-runs")
        assert "has no compute" in why_not_promote(yard.alice, release, prod)
        release.good = False
        assert "was not proved good" in self.refused(yard, release, prod)
        release.good, release.artifact = True, ""
        assert "nobody knows what it ran" in self.refused(yard, release, prod)
        assert list(targets_of(releases(dev)[-1])) == [staging, prod]
        assert list(targets_of(release)) == [prod]
        assert list(targets_of(releases(prod)[-1])) == []


class TestWhatAStageTakes:
    """promote_from, whichever way an artifact comes."""

    def test_one_that_was_good_there_or_here_and_no_other(
        self, yard: Yard, staging: Environment, prod: Environment, strict: Any
    ) -> None:
        strict(REFUSES)
        before = releases(prod)[-1].artifact
        assert agreed(yard, deploy(yard, prod)).status == ChangeStatus.SUCCEEDED
        assert releases(prod)[-1].promoted_from is None, "it was deployed, not promoted"
        assert agreed(yard, deploy(yard, prod, before)).status == ChangeStatus.SUCCEEDED, "it ran here well"
        for by in (yard.alice, yard.ada):
            with pytest.raises(Refusal, match="shop:9 was never proved good in staging, and prod takes nothing else"):
                deploy(yard, prod, "shop:9", by=by)

    def test_an_admin_may_where_the_policy_says_so_and_the_plan_warns(
        self, yard: Yard, prod: Environment, strict: Any
    ) -> None:
        in_groups()
        strict(ADMINS_MAY)
        with pytest.raises(Refusal, match="only an admin may"):
            deploy(yard, prod, "shop:9")
        change = yard.drive(deploy(yard, prod, "shop:9", by=yard.ada, reason="The mend cannot wait"))
        assert change.status == ChangeStatus.AWAITING_APPROVAL
        assert proof_in(change)["rule"]["how"] == "excepted"
        (found,) = [one for one in change.findings if one["about"] == "shop:9"]
        assert found["severity"] == "warning"
        assert "was never proved good in staging" in found["sentence"]

    def test_good_in_dev_alone_is_not_enough_nor_is_having_asked_before(
        self, yard: Yard, prod: Environment, strict: Any
    ) -> None:
        in_groups()
        dev = fileshare(yard)
        agreed(yard, deploy(yard, dev))
        change = promote(yard, releases(dev)[-1], prod)
        strict(REFUSES)
        yard.drive(change)
        assert change.status == ChangeStatus.FAILED
        assert change.problem is not None
        assert change.problem["code"] == "not-proved"
        with pytest.raises(Refusal, match="never proved good in staging"):
            promote(yard, releases(dev)[-1], prod)
        assert "never proved good in staging" in why_not_promote(yard.alice, releases(dev)[-1], prod)
