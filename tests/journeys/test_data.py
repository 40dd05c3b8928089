"""Data outlives its stacks: kept, listed, taken over again, deleted only on purpose; and hand-made stacks adopted."""

from bench.asking import ask_act, ask_create, change_path, follow
from bench.running import until
from bench.visitor import Page, Visitor
from provisioning.blueprints.loader import SHIPPED

from .looks import Aws, has_stack

APPLICATION = "hello-erlang"
ITEM = {"id": {"S": "m-1"}, "user_id": {"S": "alice"}, "timestamp": {"N": "1767225600"}, "text": {"S": "kept"}}


def _messages(name: str) -> str:
    return f"{name}-hello-erlang-messages"


def _sessions(name: str) -> str:
    return f"{name}-hello-erlang-sessions"


def _ids(aws: Aws, name: str) -> dict[str, str]:
    """Each table of an environment with its own id, which no other table ever has."""
    tables = (_messages(name), _sessions(name))
    return {table: aws("dynamodb").describe_table(TableName=table)["Table"]["TableId"] for table in tables}


def _has_its_item(aws: Aws, name: str) -> bool:
    return bool(aws("dynamodb").scan(TableName=_messages(name))["Items"] == [ITEM])


def _do(person: Visitor, name: str, kind: str, *, confirm: str = "", reason: str = "") -> Page:
    return follow(person, ask_act(person, APPLICATION, name, kind, confirm=confirm, reason=reason))


def _listed(person: Visitor, path: str, *texts: str) -> Page:
    """A list of what is in the account, once it shows all of that."""

    def look() -> Page | None:
        page = person.get(path)
        return page if all(text in page.words for text in texts) else None

    return until(look, f"{path} shows {', '.join(texts)}") or person.get(path)


def test_tables_are_kept_taken_over_and_deleted_only_on_purpose(alice: Visitor, aws: Aws) -> None:
    name = "dev-data"
    follow(alice, ask_create(alice, APPLICATION, name))
    aws("dynamodb").put_item(TableName=_messages(name), Item=ITEM)
    before = _ids(aws, name)
    _do(alice, name, "delete_compute", confirm=name)
    _do(alice, name, "delete_data_stack", confirm=name)
    assert not has_stack(aws, f"hello-erlang-data-{name}")

    _listed(alice, "/orphans/", _messages(name), _sessions(name))

    again = follow(alice, ask_create(alice, APPLICATION, name))
    assert "taken over with all items" in again.words
    assert _messages(name) in again.words
    assert _ids(aws, name) == before
    assert _has_its_item(aws, name)
    assert has_stack(aws, f"hello-erlang-data-{name}")

    _do(alice, name, "delete_compute", confirm=name)
    _do(alice, name, "unprotect", reason="the trial is over")
    done = _do(alice, name, "delete_data", confirm=name, reason="the trial is over")

    assert "the trial is over" in done.words
    assert not before.keys() & set(aws("dynamodb").list_tables()["TableNames"])
    assert not has_stack(aws, f"hello-erlang-data-{name}")
    made = aws("dynamodb").list_backups(TableName=_messages(name))["BackupSummaries"]
    assert [one["BackupStatus"] for one in made] == ["AVAILABLE"]
    assert made[0]["BackupArn"] in done.html
    assert "Deleted" in done.words


def _make(aws: Aws, stack: str, template: str, values: dict[str, str]) -> None:
    """A stack as a script would make it: the shipped template, without Stackyard."""
    cloudformation = aws("cloudformation")
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=(SHIPPED / APPLICATION / template).read_text(),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


def test_stacks_made_by_a_script_are_adopted_and_updated(alice: Visitor, aws: Aws) -> None:
    name = "dev-script"
    ec2 = aws("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["stackyard-demo"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    own = {"Environment": name, "Stage": "dev", "Owner": "ops", "EnvironmentId": "by-hand"}
    network = {"VpcId": vpc, "SubnetIds": ",".join(subnet["SubnetId"] for subnet in subnets[:2])}
    _make(aws, f"hello-erlang-data-{name}", "data.yaml", own)
    more = {"DataStackName": f"hello-erlang-data-{name}", "KeyName": "mine", "ImageId": "ami-12345678"}
    _make(aws, f"hello-erlang-{name}", "compute.yaml", own | network | more)
    aws("dynamodb").put_item(TableName=_messages(name), Item=ITEM)
    before = _ids(aws, name)

    alice.submit(alice.get("/adopt/").form("/orphans/look-again/"))
    _listed(alice, "/adopt/", f"hello-erlang-data-{name}")
    form = alice.get(f"/adopt/{APPLICATION}/{name}/").form(f"/adopt/{APPLICATION}/{name}/")
    follow(alice, change_path(alice.post(form.action, form.filled({"reason": "ours from now on"}))))

    assert "Ready" in alice.get(f"/environments/{APPLICATION}/{name}/").words
    form = alice.get(f"/environments/{APPLICATION}/{name}/update/").form("/update/")
    follow(alice, change_path(alice.post(form.action, form.filled({"compute.HealthCheckPath": "/alive"}))))
    (data,) = aws("cloudformation").describe_stacks(StackName=f"hello-erlang-data-{name}")["Stacks"]
    assert "EnvironmentId" in {tag["Key"] for tag in data["Tags"]}
    assert _ids(aws, name) == before
    assert _has_its_item(aws, name)
