"""Pairs of stacks as somebody would make them without Stackyard."""

from provisioning.blueprints.loader import library

from .yard import COMPUTE, HELLO, Yard

DATA, SERVICE = "hello-erlang-data-dev", "hello-erlang-dev"


def data_body(*changes: tuple[str, str]) -> str:
    """The data template of hello-erlang as somebody has it, with these texts replaced."""
    return _changed(library().blueprints[HELLO].stacks["data"].template.body, changes)


def compute_body(*changes: tuple[str, str]) -> str:
    """The compute template of hello-erlang as somebody has it, with these texts replaced."""
    return _changed(library().blueprints[HELLO].stacks["compute"].template.body, changes)


def _changed(body: str, changes: tuple[tuple[str, str], ...]) -> str:
    for before, after in changes:
        assert before in body
        body = body.replace(before, after)
    return body


def make_pair(yard: Yard, name: str = "dev", *, data: str = "", compute: str = "", alone: bool = False) -> None:
    """Two stacks of hello-erlang made by a script, or the data stack alone, with a few items in a table."""
    stage = name if name in {"staging", "prod"} else "dev"
    given = {"Environment": name, "Stage": stage, "Owner": "ops", "EnvironmentId": "by-hand"}
    yard.fake.make_stack(f"hello-erlang-data-{name}", data or data_body(), given | {"Alarms": "false"}, {"Team": "ops"})
    yard.fake.table(f"{name}-hello-erlang-messages").items.update({str(number): {} for number in range(7)})
    if not alone:
        given = given | COMPUTE[HELLO] | {"DataStackName": f"hello-erlang-data-{name}"}
        yard.fake.make_stack(f"hello-erlang-{name}", compute or compute_body(), given)
