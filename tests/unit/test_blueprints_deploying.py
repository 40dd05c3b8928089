"""The `deploy:` part of a blueprint, and the webhooks of the platform: what is wrong is said, with line and fix."""

import shlex
import shutil
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from provisioning.blueprints.artifacts import filled, wrong_with
from provisioning.blueprints.hooks import Hook, read_hooks
from provisioning.blueprints.loader import SHIPPED, load_blueprint
from provisioning.blueprints.model import Artifact, Deploy

GROUP = "kind: ec2, group: Group, url_output: Url"
HOOK = "kind: webhook, url_output: Url"


def write(folder: Path, deploy: str) -> Path:
    """hello-erlang, deployed so."""
    source = SHIPPED / "hello-erlang"
    folder.mkdir()
    for name in ("data.yaml", "compute.yaml"):
        (folder / name).write_text((source / name).read_text())
    text = (source / "blueprint.yaml").read_text()
    before = text[text.index("deploy:") : text.index("configuration:")]
    (folder / "blueprint.yaml").write_text(text.replace(before, f"deploy: {{{deploy}}}\n\n"))
    return folder


def loaded(tmp_path: Path, deploy: str) -> Deploy:
    blueprint, problems = load_blueprint(write(tmp_path / "own", deploy))
    assert not problems, problems
    assert blueprint is not None
    return blueprint.deploy


@pytest.mark.parametrize(
    ("deploy", "method"),
    [
        (GROUP, "instance_refresh"),
        (f"{GROUP}, refresh: instance_refresh", "instance_refresh"),
        (f"{GROUP}, refresh: run_command, command: systemctl restart hello", "run_command"),
        (f"{GROUP}, refresh: run_command, document: Restart-Hello", "run_command"),
        (f"{HOOK}, webhook: hello", "webhook"),
        (f"{HOOK}, github: {{repository: acme/hello, workflow: deploy.yml, ref: main}}", "github"),
    ],
)
def test_each_way_to_redeploy(tmp_path: Path, deploy: str, method: str) -> None:
    assert loaded(tmp_path, deploy).method == method


def test_all_of_it_is_read(tmp_path: Path) -> None:
    github = (
        "{repository: acme/hello, workflow: deploy.yml, ref: 'env/{environment}', inputs: {target: '{environment}'}}"
    )
    deploy = loaded(tmp_path, f"{HOOK}, github: {github}, report: /health/parameters?full=1, watch_minutes: 5")
    assert (deploy.report, deploy.watch_minutes) == ("/health/parameters?full=1", 5)
    assert deploy.github is not None
    assert (deploy.github.ref, dict(deploy.github.inputs)) == ("env/{environment}", {"target": "{environment}"})


@pytest.mark.parametrize(
    ("deploy", "sentence", "fix"),
    [
        (f"{GROUP}, refresh: reboot", "refresh cannot be “reboot”", "Use one of instance_refresh, run_command."),
        (f"{GROUP}, refresh: run_command", "run_command needs to know what to run", "Add either command: or document:"),
        (f"{GROUP}, refresh: run_command, command: a, document: b", "needs to know what to run", "Add either"),
        (f"{GROUP}, command: a", "command is for refresh: run_command", "Remove it"),
        (f"{GROUP}, webhook: hello", "webhook is for kind: webhook", "Remove it"),
        (f"{HOOK}, refresh: run_command", "refresh is for kind: ec2", "Remove it"),
        (HOOK, "needs to know whom to tell", "Add either webhook: or github:"),
        (f"{HOOK}, webhook: 'https://x.test/'", "cannot name a webhook", "Name one of DEPLOY_WEBHOOKS"),
        (f"{HOOK}, github: {{repository: hello, workflow: d.yml, ref: main}}", "is no repository", "owner/name"),
        (f"{HOOK}, github: {{repository: a/b, workflow: ../x, ref: main}}", "is no workflow", "workflow: deploy.yml"),
        (f"{HOOK}, github: {{repository: a/b, workflow: d.yml}}", "has no ref", "Add ref:"),
        (f"{GROUP}, report: health", "“health” is no path", "Write it as /health"),
        (f"{GROUP}, report: //evil.test/x", "is no path", "Write it as"),
        (f"{GROUP}, report: '/a b'", "is no path", "Write it as"),
        ("kind: ec2, group: Group, report: /health", "path below the application's address", "Add url_output:"),
        (f"{GROUP}, watch_minutes: 61", "60 minutes at most", "Correct the number."),
        (f"{GROUP}, watch_minutes: -1", "must be a whole number of 0 or more", "Correct the number."),
        (f"{GROUP}, watch_minute: 5", "“watch_minute” is not known", "Did you mean watch_minutes?"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_fix(tmp_path: Path, deploy: str, sentence: str, fix: str) -> None:
    folder = write(tmp_path / "own", deploy)
    _, problems = load_blueprint(folder)
    match = [problem for problem in problems if sentence in problem.sentence]
    assert match, problems
    assert fix in match[0].fix
    lines = (folder / "blueprint.yaml").read_text().splitlines()
    assert lines[match[0].line - 1].startswith("deploy:")


def test_webhooks_come_from_the_platform() -> None:
    text = '{"shop": {"url": "https://deploy.example.org/shop", "secret": "0123456789abcdef"}}'
    assert read_hooks("DEPLOY_WEBHOOKS", text) == {"shop": Hook("https://deploy.example.org/shop", "0123456789abcdef")}
    assert read_hooks("DEPLOY_WEBHOOKS", "") == {}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no json", "DEPLOY_WEBHOOKS cannot be read"),
        ("[]", "DEPLOY_WEBHOOKS cannot be read"),
        ('{"shop": "https://x.test"}', "DEPLOY_WEBHOOKS cannot be read"),
        ('{"shop": {"url": "https://x.test"}}', "DEPLOY_WEBHOOKS cannot be read"),
        ('{"shop": {"url": "ftp://x.test", "secret": "0123456789abcdef"}}', "must be an http"),
        ('{"shop": {"url": "https://x.test", "secret": "short-secret"}}', "must have 16 characters or more"),
    ],
)
def test_webhooks_that_are_wrong_stop_the_start_without_telling_a_secret(text: str, sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence) as wrong:
        read_hooks("DEPLOY_WEBHOOKS", text)
    assert "0123456789abcdef" not in str(wrong.value)
    assert "short-secret" not in str(wrong.value)


HELD = "artifact: {parameter: ReleaseUri, example: s3://releases/one.tar.gz}"
TOLD = "artifact: {label: Version, pattern: 'v[0-9]+'}"
RUN = f"{GROUP}, refresh: run_command"


@pytest.mark.parametrize(
    "deploy",
    [
        f"{GROUP}, {HELD}",
        f"{RUN}, command: deploy, {HELD}",
        f"{RUN}, command: 'deploy {{artifact}}', {TOLD}",
        f"{RUN}, document: Deploy, document_parameters: {{Version: '{{artifact}}'}}, {TOLD}",
        f"{HOOK}, webhook: hello, {TOLD}",
        f"{HOOK}, github: {{repository: a/b, workflow: d.yml, ref: '{{artifact}}'}}, {TOLD}",
    ],
)
def test_what_is_deployed_gets_to_where_it_runs(tmp_path: Path, deploy: str) -> None:
    assert loaded(tmp_path, deploy).artifact is not None


@pytest.mark.parametrize(
    ("deploy", "sentence", "fix"),
    [
        (f"{GROUP}, artifact: {{parameter: Image}}", "has no parameter Image", "Correct the name."),
        (f"{GROUP}, artifact: {{parameter: Stage}}", "Stage cannot hold it", "Use a String"),
        (f"{GROUP}, artifact: {{parameter: VolumeSize}}", "VolumeSize cannot hold it", "Use a String"),
        (f"{GROUP}, {TOLD}", "Nothing holds the artifact", "Name the parameter of the compute template"),
        (f"{RUN}, command: deploy, {TOLD}", "is not told the artifact", "Write {artifact} where it belongs"),
        (f"{RUN}, command: 'deploy {{artifact}}'", "does not say what that is", "Add artifact: to deploy."),
        (f"{HOOK}, webhook: hello, artifact: {{label: Version}}", "Anything could be deployed", "Add pattern:"),
        (f"{HOOK}, webhook: hello, artifact: {{pattern: '['}}", "The pattern cannot be read", "Correct it."),
        (
            f"{HOOK}, webhook: hello, artifact: {{pattern: 'v1', example: v2}}",
            "“v2” does not match the pattern",
            "Correct one of the two.",
        ),
        (f"{HOOK}, webhook: hello, artifact: {{patern: 'v1'}}", "“patern” is not known", "Did you mean pattern?"),
        (f"{RUN}, command: a, document_parameters: {{A: b}}", "are those of a document", "Remove them"),
    ],
)
def test_what_is_wrong_with_it_is_said(tmp_path: Path, deploy: str, sentence: str, fix: str) -> None:
    folder = write(tmp_path / "own", deploy)
    blueprint, problems = load_blueprint(folder)
    assert blueprint is None
    said = [one for one in problems if sentence in one.sentence]
    assert said, problems
    assert fix in said[0].fix
    text = (folder / "blueprint.yaml").read_text().splitlines()
    assert "deploy" in text[said[0].line - 1]


def test_a_container_runs_the_image_that_is_deployed(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(SHIPPED / "fileshare", folder)
    compute = folder / "compute.yaml"
    compute.write_text(compute.read_text().replace("Image: !Ref ContainerImage", "Image: nginx:stable"))
    blueprint, problems = load_blueprint(folder)
    assert blueprint is None
    assert "No container's image is ContainerImage." in [one.sentence for one in problems]


ARTIFACTS = st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=0x250), max_size=40)


@given(ARTIFACTS)
def test_what_is_taken_is_one_word_without_a_placeholder(reference: str) -> None:
    """Nothing that is taken can become something else on its way: to a shell, into a document, or into a workflow."""
    blueprint, _ = load_blueprint(SHIPPED / "fileshare")
    assert blueprint is not None
    template = blueprint.stacks["compute"].template
    anything = Artifact("Version", pattern=".*")
    if wrong_with(anything, template, reference):
        return
    assert shlex.split(shlex.quote(reference)) == [reference]
    assert filled("{artifact}", {"artifact": reference, "stage": "prod"}) == reference
    assert not set(reference) & set("{} \t\n")
