"""The `deploy:` part of a blueprint: how the compute stack is redeployed, and how what runs tells what it has."""

import re
from collections.abc import Iterator

from provisioning.blueprints.fields import Problems, Section
from provisioning.blueprints.model import DEPLOY_KINDS, REFRESHES, Blueprint, Deploy, Workflow

KNOWN = frozenset(
    (
        *("kind", "url_output", "group", "cluster", "service", "refresh", "command", "document"),
        *("webhook", "github", "report", "watch_minutes"),
    )
)
LONGEST_WATCH = 60  # minutes
_WORKFLOW = frozenset(("repository", "workflow", "ref", "inputs"))
_TYPES = {
    "ec2": {"group": "AWS::AutoScaling::AutoScalingGroup"},
    "ecs": {"cluster": "AWS::ECS::Cluster", "service": "AWS::ECS::Service"},
    "webhook": {},
}
_OWN = {"ec2": ("refresh", "command", "document"), "ecs": (), "webhook": ("webhook", "github")}
_HOOK = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_FILE = re.compile(r"[A-Za-z0-9._-]+\.ya?ml|\d+")
_REPORT = re.compile(r"/(?!/)[A-Za-z0-9._~/%?&=-]*")

Found = Iterator[tuple[str, str, str]]


def deploy_of(top: Section) -> Deploy:
    """How it is deployed, as the file says."""
    if "deploy" not in top.data:
        top.complain(("deploy",), "The blueprint does not say how it is deployed.", "Add deploy: to it.")
        return Deploy("ec2")
    deploy = top.section("deploy", KNOWN)
    return Deploy(
        kind=deploy.one_of("kind", DEPLOY_KINDS),
        url_output=deploy.text("url_output", "") or None,
        group=deploy.text("group", "") or None,
        cluster=deploy.text("cluster", "") or None,
        service=deploy.text("service", "") or None,
        refresh=deploy.one_of("refresh", ("", *REFRESHES), ""),
        command=deploy.text("command", ""),
        document=deploy.text("document", ""),
        webhook=deploy.text("webhook", ""),
        github=_workflow(deploy),
        report=deploy.text("report", ""),
        watch_minutes=deploy.count("watch_minutes", optional=True),
    )


def _workflow(deploy: Section) -> Workflow | None:
    if "github" not in deploy.data:
        return None
    github = deploy.section("github", _WORKFLOW)
    return Workflow(github.text("repository"), github.text("workflow"), github.text("ref"), github.pairs("inputs"))


def check_deploy(blueprint: Blueprint, problems: Problems) -> None:
    """Hold it against the compute template, and its parts against each other."""
    deploy, template = blueprint.deploy, blueprint.stacks["compute"].template
    for key, expected in _TYPES[deploy.kind].items():
        name = getattr(deploy, key)
        if (template.resources.get(name) or {}).get("Type") != expected:
            sentence = f"deploy needs the {key} of the compute template."
            problems.add(("deploy", key), sentence, f"Name its resource of type {expected}.")
    if deploy.url_output and deploy.url_output not in template.outputs:
        sentence = f"The compute template has no output {deploy.url_output}."
        problems.add(("deploy", "url_output"), sentence, "Correct the name.")
    for key, sentence, fix in (*_strays(deploy), *_runs(deploy), *_told(deploy), *_proved(deploy)):
        problems.add(("deploy", key), sentence, fix)


def _strays(deploy: Deploy) -> Found:
    """What belongs to another kind."""
    for kind, keys in _OWN.items():
        for key in keys:
            if kind != deploy.kind and getattr(deploy, key):
                yield key, f"{key} is for kind: {kind}.", f"Remove it, or write kind: {kind}."


def _runs(deploy: Deploy) -> Found:
    given = [key for key in ("command", "document") if getattr(deploy, key)]
    if deploy.kind != "ec2":
        return
    if deploy.method == "run_command" and len(given) != 1:
        yield "refresh", "run_command needs to know what to run.", "Add either command: or document:."
    if deploy.method != "run_command" and given:
        yield given[0], f"{given[0]} is for refresh: run_command.", "Remove it, or write refresh: run_command."


def _told(deploy: Deploy) -> Found:
    if deploy.kind != "webhook":
        return
    if bool(deploy.webhook) == bool(deploy.github):
        yield "kind", "kind: webhook needs to know whom to tell.", "Add either webhook: or github:."
    if deploy.webhook and not _HOOK.fullmatch(deploy.webhook):
        fix = "Name one of DEPLOY_WEBHOOKS; its address and its secret are only there."
        yield "webhook", f"“{deploy.webhook}” cannot name a webhook.", fix
    if deploy.github and not _REPOSITORY.fullmatch(deploy.github.repository):
        yield "github", f"“{deploy.github.repository}” is no repository.", "Write repository: owner/name."
    if deploy.github and not _FILE.fullmatch(deploy.github.workflow):
        yield "github", f"“{deploy.github.workflow}” is no workflow.", "Write workflow: deploy.yml."


def _proved(deploy: Deploy) -> Found:
    if deploy.report and not deploy.url_output:
        yield "report", "report is a path below the application's address.", "Add url_output: to deploy."
    if deploy.report and not _REPORT.fullmatch(deploy.report):
        yield "report", f"“{deploy.report}” is no path.", "Write it as /health/parameters."
    if deploy.watch_minutes > LONGEST_WATCH:
        yield "watch_minutes", f"It is watched for {LONGEST_WATCH} minutes at most.", "Correct the number."
