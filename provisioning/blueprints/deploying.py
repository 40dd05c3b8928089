"""The `deploy:` part of a blueprint: how the compute stack is redeployed, and how what runs tells what it has."""

import re
from collections.abc import Iterator
from typing import Any

from provisioning.blueprints.fields import Problems, Section
from provisioning.blueprints.model import DEPLOY_KINDS, REFRESHES, Artifact, Blueprint, Deploy, Workflow
from provisioning.blueprints.shapes import Template

KNOWN = frozenset(
    (
        *("kind", "url_output", "group", "cluster", "service", "refresh", "command", "document"),
        *("webhook", "github", "report", "watch_minutes", "artifact", "document_parameters"),
    )
)
LONGEST_WATCH = 60  # minutes
PLACE = "{artifact}"  # where a command, a document's parameter or a workflow takes what is deployed
_WORKFLOW = frozenset(("repository", "workflow", "ref", "inputs"))
_ARTIFACT = frozenset(("label", "parameter", "pattern", "help", "example"))
_TASKS = "AWS::ECS::TaskDefinition"
_TYPES = {
    "ec2": {"group": "AWS::AutoScaling::AutoScalingGroup"},
    "ecs": {"cluster": "AWS::ECS::Cluster", "service": "AWS::ECS::Service"},
    "webhook": {},
}
_OWN = {
    "ec2": ("refresh", "command", "document", "document_parameters"),
    "ecs": (),
    "webhook": ("webhook", "github"),
}
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
        artifact=_artifact(deploy),
        document_parameters=deploy.pairs("document_parameters"),
    )


def _artifact(deploy: Section) -> Artifact | None:
    if "artifact" not in deploy.data:
        return None
    artifact = deploy.section("artifact", _ARTIFACT)
    return Artifact(
        label=artifact.text("label", "Artifact"),
        parameter=artifact.text("parameter", ""),
        pattern=artifact.text("pattern", ""),
        help=artifact.text("help", ""),
        example=artifact.text("example", ""),
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
    for key, sentence, fix in _taken(blueprint, deploy):
        problems.add(("deploy", "artifact", key), sentence, fix)


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
    if deploy.document_parameters and not deploy.document:
        yield "document_parameters", "document_parameters are those of a document.", "Remove them, or add document:."
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


def _taken(blueprint: Blueprint, deploy: Deploy) -> Found:
    """Whether what is deployed gets to where it runs, and whether people can write one at all."""
    artifact = deploy.artifact
    told = any(PLACE in text for text in _told_in(deploy))
    if artifact is None:
        if told:
            yield "", f"{PLACE} is what is deployed, and deploy does not say what that is.", "Add artifact: to deploy."
        return
    if artifact.parameter:
        yield from _held(blueprint, deploy, artifact.parameter)
    elif deploy.method in {"ecs", "instance_refresh"}:
        yield "parameter", "Nothing holds the artifact.", "Name the parameter of the compute template that does."
    if not artifact.parameter and deploy.method in {"run_command", "github"} and not told:
        yield "", "Whoever deploys is not told the artifact.", f"Write {PLACE} where it belongs, or name a parameter:."
    if not artifact.parameter and not artifact.pattern:
        yield "pattern", "Anything could be deployed.", "Add pattern: as a regular expression."
    yield from _written(artifact)


def _told_in(deploy: Deploy) -> Iterator[str]:
    """The texts in which an artifact can be told."""
    yield deploy.command
    yield from deploy.document_parameters.values()
    if deploy.github:
        yield deploy.github.ref
        yield from deploy.github.inputs.values()


def _held(blueprint: Blueprint, deploy: Deploy, name: str) -> Found:
    stack = blueprint.stacks["compute"]
    parameter = stack.template.parameters.get(name)
    if parameter is None:
        yield "parameter", f"The compute template has no parameter {name}.", "Correct the name."
    elif parameter.no_echo or parameter.type != "String" or name in stack.filled:
        yield "parameter", f"{name} cannot hold it.", "Use a String that is shown and that people give."
    elif deploy.kind == "ecs" and not _is_image(stack.template, name):
        yield "parameter", f"No container's image is {name}.", f"Write Image: !Ref {name} in the task definition."


def _is_image(template: Template, name: str) -> bool:
    tasks = [one.get("Properties") or {} for one in template.resources.values() if one.get("Type") == _TASKS]
    return any(_names(_images(one.get("ContainerDefinitions")), name) for one in tasks)


def _images(containers: Any) -> list[Any]:
    listed = containers if isinstance(containers, list) else []
    return [one.get("Image") for one in listed if isinstance(one, dict)]


def _names(value: Any, name: str) -> bool:
    """Whether an intrinsic leans on the parameter."""
    if isinstance(value, dict):
        return value.get("Ref") == name or any(_names(inner, name) for inner in value.values())
    if isinstance(value, list):
        return any(_names(inner, name) for inner in value)
    return isinstance(value, str) and f"${{{name}}}" in value


def _written(artifact: Artifact) -> Found:
    try:
        pattern = re.compile(artifact.pattern)
    except re.error as wrong:
        yield "pattern", f"The pattern cannot be read: {wrong}.", "Correct it."
        return
    if artifact.example and artifact.pattern and not pattern.fullmatch(artifact.example):
        yield "example", f"“{artifact.example}” does not match the pattern.", "Correct one of the two."
