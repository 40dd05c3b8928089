"""Two templates against each other."""

from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.loader import SHIPPED
from provisioning.blueprints.template import parse
from provisioning.planning.template_difference import ADDED, CHANGED, REMOVED, TextLine, template_difference

SHOP = """\
Parameters:
  Size: {Type: String, Default: small}
  Secret: {Type: String, NoEcho: true, Default: hunter2-canary}
Resources:
  Queue: {Type: 'AWS::SQS::Queue'}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Ref Size}
Outputs:
  Name: {Value: !Ref Queue}
"""
COMPUTE = (SHIPPED / "fileshare" / "compute.yaml").read_text()


def parts(before: str, after: str) -> list[tuple[str, str, str, str]]:
    found = template_difference(parse(before), parse(after)).parts
    return [(one.section, one.name, one.how, one.type) for one in found]


def test_resources_come_first_each_with_what_happened_to_it() -> None:
    after = SHOP.replace("Queue: {Type: 'AWS::SQS::Queue'}", "Line: {Type: 'AWS::SQS::Queue'}")
    after = after.replace("!Ref Queue", "!Ref Line").replace("Default: small", "Default: large")
    after = after.replace("DisplayName: !Ref Size", "DisplayName: news")
    assert parts(SHOP, after) == [
        ("Resources", "Line", ADDED, "AWS::SQS::Queue"),
        ("Resources", "Queue", REMOVED, "AWS::SQS::Queue"),
        ("Resources", "Topic", CHANGED, "AWS::SNS::Topic"),
        ("Parameters", "Size", CHANGED, ""),
        ("Outputs", "Name", CHANGED, ""),
    ]


def test_lines_are_those_of_the_text_with_a_few_around_them() -> None:
    lines = template_difference(parse(SHOP), parse(SHOP.replace("small", "large"))).lines
    assert lines[0] == TextLine("@", "-1,5 +1,5")
    assert TextLine("-", "  Size: {Type: String, Default: small}") in lines
    assert TextLine("+", "  Size: {Type: String, Default: large}") in lines
    assert len(lines) == 7


def test_a_comment_is_no_part_and_still_a_line() -> None:
    found = template_difference(parse(SHOP), parse(f"# new\n{SHOP}"))
    assert found.parts == ()
    assert TextLine("+", "# new") in found.lines


def test_the_default_of_a_hidden_parameter_is_nowhere() -> None:
    other = SHOP.replace("hunter2-canary", "hunter3-canary")
    found = template_difference(parse(SHOP), parse(other))
    assert [one.name for one in found.parts] == ["Secret"]
    assert "canary" not in repr(found)


@given(st.data())
def test_the_lines_lead_from_one_text_to_the_other(data: st.DataObject) -> None:
    """What goes was in the one, what comes is in the other, and nothing differs from itself."""
    lines = COMPUTE.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    other = "\n".join([*lines[:at], "# a line of its own", *lines[at:]])
    before, after = parse(COMPUTE), parse(other)
    found = template_difference(before, after).lines
    assert {one.text for one in found if one.sign == "-"} <= {line.rstrip() for line in lines}
    assert [one.text for one in found if one.sign == "+"].count("# a line of its own") == 1
    assert template_difference(before, before).lines == ()
