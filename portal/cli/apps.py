"""Applications: `stackyard apps`, `stackyard apps show APP`, `stackyard apps problems`."""

from typing import Any

import click

from portal.cli.command import Group, Session, pass_session
from portal.cli.shown import Facts, Shown, Table, some


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def apps(context: click.Context) -> None:
    """Applications that environments are made of."""
    if context.invoked_subcommand is None:
        context.invoke(list_applications)


@apps.command("list")
@pass_session
def list_applications(session: Session) -> None:
    """List applications."""
    found = session.client.get("/applications")
    rows = [[one["slug"], one["title"], some(one["stages"]), one["owner"], one["summary"]] for one in found["items"]]
    session.show(found, lambda: Table(["Application", "Title", "Stages", "Owner", "Summary"], rows))


@apps.command("show")
@click.argument("app")
@pass_session
def show_application(session: Session, app: str) -> None:
    """Show what a request for one of its environments can say."""
    found = session.client.get("/applications/{app}", app=app)
    session.show(found, lambda: _shown(found))


@apps.command("problems")
@pass_session
def list_problems(session: Session) -> None:
    """List what is wrong with blueprints, with file, line and what to do. For admins and auditors."""
    found = session.client.get("/blueprints/problems")
    rows = [[f"{one['file']}:{one['line']}", one["sentence"], one["fix"]] for one in found["items"]]
    fine = f"Every blueprint is in order: {found['usable']} can be used."
    session.show(found, lambda: Table(["Where", "What is wrong", "What to do"], rows, empty=fine))


def _shown(found: dict[str, Any]) -> Shown:
    return [
        Facts(
            [
                ("Application", found["slug"]),
                ("Owner", found["owner"]),
                ("Version", found["version"]),
                ("About", found["description"] or found["summary"]),
                ("Deployed by", found["deploy"]),
                ("Parameter path", found["parameter_path"]),
                ("Configuration as", some(found["output_formats"])),
            ],
            title=found["title"],
        ),
        Table(
            ["Stage", "#Approvals", "By", "Protected", "Personal", "Lifetime"],
            [_stage(one) for one in found["policies"]],
        ),
        Table(
            ["Parameter", "Type", "Default", "Allowed", "Meaning"],
            [_parameter(one) for one in found["parameters"]],
            empty="It takes no parameters.",
        ),
        Table(
            ["Flag", "Type", "Default", "Allowed", "Title"],
            [[one["key"], one["type"], one["default"], some(one["allowed"]), one["title"]] for one in found["flags"]],
            empty="It has no flags.",
        ),
    ]


def _stage(one: dict[str, Any]) -> list[str]:
    days = one["lifetime_days"]
    return [
        one["stage"],
        str(one["approvals"]),
        some(one["approver_groups"]),
        "yes" if one["protection"] else "",
        "yes" if one["personal"] else "",
        f"{days} days" if days else "",
    ]


def _parameter(one: dict[str, Any]) -> list[str]:
    shown = "hidden" if one["hidden"] else one["default"] if one["default"] is not None else "needed"
    return [f"{one['stack']}.{one['name']}", one["type"], shown, some(one["allowed_values"]), one["label"]]
