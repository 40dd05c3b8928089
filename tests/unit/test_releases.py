"""Releases against each other, and which one to go back to."""

from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.shapes import ResolvedResource
from provisioning.planning.releases import (
    ONLY_AFTER,
    ONLY_BEFORE,
    Kept,
    Line,
    ReleaseFacts,
    artifact_of,
    difference,
    last_good,
)


def facts(template: str = "t1", image: str = "shop:1", size: str = "small", **values: tuple[int, str]) -> ReleaseFacts:
    """What ran: parameters as key=(version, digest)."""
    versions = {key: {"version": number, "generation": 1, "digest": digest} for key, (number, digest) in values.items()}
    return ReleaseFacts(template, {"Size": size}, image, versions)


FACTS = st.builds(
    facts,
    template=st.sampled_from(["t1", "t2"]),
    image=st.sampled_from(["shop:1", "shop:2"]),
    size=st.sampled_from(["small", "large"]),
    a=st.tuples(st.integers(1, 3), st.sampled_from("xyz")),
    b=st.tuples(st.integers(1, 3), st.sampled_from("xyz")),
)


def test_what_differs_is_told_by_part() -> None:
    found = difference(facts(a=(1, "x"), b=(1, "x")), facts("t2", "shop:2", "large", a=(2, "y"), c=(1, "z")))
    assert found.template == Line("template", "t1", "t2")
    assert found.artifact == Line("image", "shop:1", "shop:2")
    assert found.stack_parameters == (Line("Size", "small", "large"),)
    assert [(line.name, line.before, line.after, line.how) for line in found.parameters] == [
        ("a", "v1", "v2", "other"),
        ("b", "v1", None, ONLY_BEFORE),
        ("c", None, "v1", ONLY_AFTER),
    ]
    assert found.as_dict()["template"]["before"] == "t1"


def test_flags_pitfall_20_values_are_compared_by_digest_under_whatever_version() -> None:
    found = difference(facts(a=(7, "x")), facts(a=(9, "x")))
    assert found.is_empty
    assert found.same == 1


def test_what_is_new_since_and_an_image_that_moved_are_nothing_to_put() -> None:
    assert not difference(facts(a=(1, "x"), new=(1, "y")), facts(a=(1, "x"))).can_go
    assert not difference(facts(image="shop:1@2"), facts(image="shop:1@1")).can_go


@given(FACTS, FACTS)
def test_a_difference_is_the_same_the_other_way_round(one: ReleaseFacts, other: ReleaseFacts) -> None:
    there, back = difference(one, other), difference(other, one)
    assert there.is_empty == back.is_empty
    assert there.stack_differs == back.stack_differs
    assert [line.name for line in there.parameters] == [line.name for line in back.parameters]
    assert difference(one, one).is_empty


@given(FACTS, st.lists(FACTS, max_size=6))
def test_one_that_is_gone_back_to_always_differs(now: ReleaseFacts, past: list[ReleaseFacts]) -> None:
    found = last_good(now, [Kept(number, one) for number, one in enumerate(past, 1)])
    if found is None:
        assert all(not difference(now, one).can_go for one in past)
    else:
        assert difference(now, found.facts).can_go


def test_the_newest_that_differs_is_chosen() -> None:
    past = [Kept(1, facts(a=(1, "x"))), Kept(2, facts(a=(2, "y"))), Kept(3, facts(a=(3, "z")))]
    found = last_good(facts(a=(3, "z")), past)
    assert found is not None
    assert found.number == 2


def test_what_was_gone_back_from_is_forward_and_not_back() -> None:
    past = [
        Kept(1, facts(a=(1, "x"))),
        Kept(2, facts(a=(2, "y"))),
        Kept(3, facts(a=(3, "z"))),
        Kept(4, facts(a=(4, "y")), restores=2),
    ]
    found = last_good(facts(a=(4, "y")), past)
    assert found is not None
    assert found.number == 1
    assert last_good(facts(a=(5, "x")), [*past, Kept(5, facts(a=(5, "x")), restores=1)]) is None


def test_images_are_read_from_templates_where_they_say_them_plainly() -> None:
    def resource(kind: str, **properties: object) -> ResolvedResource:
        return ResolvedResource(
            logical_id="One", type=kind, properties=properties, deletion_policy="Delete", update_replace_policy="Delete"
        )

    tasks = resource(
        "AWS::ECS::TaskDefinition", ContainerDefinitions=[{"Image": "shop:1"}, {"Image": {"Ref": "X"}}, {}]
    )
    machines = resource("AWS::EC2::LaunchTemplate", LaunchTemplateData={"ImageId": "ami-1"})
    assert artifact_of([tasks, machines, resource("AWS::S3::Bucket")]) == "shop:1, ami-1"
    assert artifact_of([resource("AWS::EC2::LaunchTemplate")]) == ""
