"""What a blueprint is: frozen data that the loader fills and everything else reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from provisioning.blueprints.shapes import Template

STACK_KINDS = ("data", "compute")
STAGES = ("dev", "staging", "prod")
FILLERS = ("environment", "stage", "application", "owner", "environment_id", "data_stack_name")
CHOICES = ("", "vpc", "subnets", "key_pair", "image", "security_groups")
FLAG_TYPES = ("boolean", "text", "number", "choice", "list", "json", "secret")
FLAG_AFTER = ("nothing", "redeploy")
DEPLOY_KINDS = ("ec2", "ecs", "webhook")
REFRESHES = ("instance_refresh", "run_command")
ON_EXPIRY = ("expire", "plan_again")
DATA_CONDITIONS = ("any", "untouched")
BY_RULE = ("create", "update", "park", "wake", "delete_compute", "protect")
NEVER_BY_RULE = (
    *("delete_data", "delete_data_stack", "unprotect", "adopt"),
    *("recover", "repair_drift", "accept_drift", "write_items", "set_parameters"),
    *("redeploy", "roll_back", "deploy"),
)
UNPROVED = ("refuse", "admins", "reason")
FORMATS = ("dotenv", "shell", "erlang", "github", "ecs", "kubernetes")


@dataclass(frozen=True)
class StackBlueprint:
    """One of the two stacks of an application.

    `filled` maps a template parameter to what Stackyard fills it with (one of
    environment, stage, application, owner, environment_id, data_stack_name);
    such parameters never appear on a form.
    """

    kind: str
    name_pattern: str
    template: Template
    capabilities_allowed: frozenset[str]
    filled: Mapping[str, str]

    def stack_name(self, environment: str) -> str:
        """The stack's name for an environment: `hello-erlang-data-{environment}` gives
        `hello-erlang-data-dev-alice`."""
        return self.name_pattern.replace("{environment}", environment)


@dataclass(frozen=True)
class AutoApproval:
    """A rule that approves in nobody's stead, and is recorded as the reviewer under its `name`.

    It speaks only for changes of its `kinds` that meet all it says: `data` "untouched" wants no table touched,
    `replaces` and `deletes` say whether resources may be, `monthly_increase` is the most that the price may rise by
    in US dollars a month (None: any).
    """

    name: str
    kinds: frozenset[str]
    data: str = "untouched"
    replaces: bool = False
    deletes: bool = False
    monthly_increase: Decimal | None = Decimal(0)


@dataclass(frozen=True)
class StagePolicy:
    """What a stage asks for. `defaults` maps a stack kind to parameter defaults at this stage.

    `approvals` people out of `approver_groups` have to agree, none of them the requester. A plan that nobody decided
    about, or that nobody ran, for `expires_hours` hours expires: `on_expiry` "expire" ends the change, "plan_again"
    makes a new plan and asks again. `lifetime_days` is None for environments that stay; `lifetime_max_days` is how long
    extending can make one last, never less. `personal` allows names such as `dev-alice`. With `revert_without_approval`
    nobody is asked about setting parameters back to what they were right before, and about putting the last good
    release back; forward always takes the approvals.

    With `promote_from`, a lower stage, an artifact has to have been proved good there before it comes here. Of one that
    was not `promote_unproved` says: "refuse" takes it from nobody, "admins" from an admin who says why, "reason" from
    whoever says why.
    """

    stage: str
    approvals: int
    approver_groups: tuple[str, ...]
    protection: bool
    lifetime_days: int | None
    personal: bool
    defaults: Mapping[str, Mapping[str, str]]
    expires_hours: int = 72
    on_expiry: str = "expire"
    revert_without_approval: bool = False
    auto_approvals: tuple[AutoApproval, ...] = ()
    lifetime_max_days: int | None = None
    promote_from: str = ""
    promote_unproved: str = "admins"


@dataclass(frozen=True)
class ParameterHelp:
    """How one template parameter appears on the request form.

    `choices_from` names what to read live from the account: "" (nothing), "vpc", "subnets", "key_pair",
    "image" or "security_groups". `unit` is shown after the field. `advanced` parameters start folded away.
    """

    stack: str
    name: str
    label: str
    help: str
    choices_from: str = ""
    unit: str = ""
    advanced: bool = False


@dataclass(frozen=True)
class ParameterGroup:
    """A titled part of the request form."""

    title: str
    parameters: tuple[ParameterHelp, ...]


@dataclass(frozen=True)
class AccessPattern:
    """A question the application asks of a table, by name: "A user's messages, newest first".

    `table` is the logical id in the data template; `index` is None for the table itself.
    """

    table: str
    title: str
    index: str | None
    partition_key: str
    sort_key: str | None = None
    descending: bool = False


@dataclass(frozen=True)
class MaskRule:
    """What is hidden of the items of one table at some stages. `table` is the logical id in the data template;
    `hide` are paths such as `email`, `profile.phone`, `addresses[*].street` (provisioning/blueprints/masking.py).
    Keys of the table are shown whatever it says, in prod too: they are the addresses of items."""

    table: str
    hide: tuple[str, ...]
    stages: frozenset[str]


@dataclass(frozen=True)
class Flag:
    """A switch under the parameter path, owned by Stackyard and outside both stacks (M13, D6).

    `type` is one of FLAG_TYPES; for "choice" `allowed` lists the choices, and a "secret" has no default here: somebody
    sets it. `after` is what a change needs to take effect: "nothing" or "redeploy". From `stale_after` on people are
    asked whether the flag is still used; `owner` is whom to ask, the application's owner unless given.
    """

    key: str
    title: str
    type: str
    default: str
    after: str
    allowed: tuple[str, ...] = ()
    description: str = ""
    owner: str = ""
    stale_after: date | None = None


@dataclass(frozen=True)
class Deploy:
    """How the compute stack runs and starts again. Logical ids name resources of the compute template.

    `kind` "ec2": `group` is the Auto Scaling group, whose instances are replaced (`refresh` "instance_refresh") or run
    a shell `command`, or an SSM `document` ("run_command"). `kind` "ecs": `cluster` and `service`. `kind` "webhook":
    somebody else redeploys, who is told by the `webhook` of that name in DEPLOY_WEBHOOKS, or is a `github` workflow.
    `url_output` names the output of the compute stack that holds the application's address; `report` is a path below
    it where the running backend tells its parameters. For `watch_minutes` after a redeploy it has to stay healthy.
    `artifact` is what is deployed, None where only what is there is started anew. In `command`, in the values of
    `document_parameters` and in a workflow, {artifact} is replaced by it.
    """

    kind: str
    url_output: str | None = None
    group: str | None = None
    cluster: str | None = None
    service: str | None = None
    refresh: str = ""
    command: str = ""
    document: str = ""
    webhook: str = ""
    github: "Workflow | None" = None
    report: str = ""
    watch_minutes: int = 0
    artifact: "Artifact | None" = None
    document_parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """How it is redeployed: ecs, instance_refresh, run_command, webhook or github."""
        if self.kind == "ec2":
            return self.refresh or REFRESHES[0]
        return "github" if self.github else self.kind


@dataclass(frozen=True)
class Artifact:
    """What is deployed: an image, or what machines fetch, as people write it.

    `parameter` names the parameter of the compute template that holds it, so that the stack itself says what runs;
    empty where nothing in the stack does, and who deploys is told it. A reference has to match `pattern` as a whole
    (empty: what the parameter takes). `label`, `help` and `example` are for people.
    """

    label: str
    parameter: str = ""
    pattern: str = ""
    help: str = ""
    example: str = ""


@dataclass(frozen=True)
class Workflow:
    """A workflow of a GitHub repository that redeploys. In `ref` and in `inputs`, {environment}, {stage} and {artifact}
    are replaced."""

    repository: str
    workflow: str
    ref: str
    inputs: Mapping[str, str]


@dataclass(frozen=True)
class ConfigValue:
    """One variable of the application's configuration.

    `source` is `output:<stack>:<output>`, `parameter:<key>` (under the parameter path), `region`,
    `environment`, `stage` or `text:<literal>`, where `{environment}` and `{stage}` are replaced.
    """

    variable: str
    source: str


@dataclass(frozen=True)
class Blueprint:
    """An application as engineers see it in the catalogue. `digest` changes with any of its files."""

    slug: str
    title: str
    summary: str
    description: str
    owner: str
    version: str
    stacks: Mapping[str, StackBlueprint]
    stages: Mapping[str, StagePolicy]
    groups: tuple[ParameterGroup, ...]
    patterns: tuple[AccessPattern, ...]
    flags: tuple[Flag, ...]
    deploy: Deploy
    configuration: tuple[ConfigValue, ...]
    formats: tuple[str, ...]
    parameter_path: str | None
    digest: str
    masking: tuple[MaskRule, ...] = ()

    def path(self, environment: str) -> str | None:
        """The environment's parameter path with slashes at both ends, or None without one."""
        if self.parameter_path is None:
            return None
        return self.parameter_path.replace("{environment}", environment)


@dataclass(frozen=True)
class BlueprintProblem:
    """Why a blueprint (or part of one) cannot be used. `line` counts from 1."""

    file: str
    line: int
    sentence: str
    fix: str

    def __str__(self) -> str:
        """`file:line: sentence fix`, as compilers print it."""
        return f"{self.file}:{self.line}: {self.sentence} {self.fix}"


@dataclass(frozen=True)
class Library:
    """Every usable blueprint by slug, and the problems of the others."""

    blueprints: Mapping[str, Blueprint]
    problems: tuple[BlueprintProblem, ...]


@dataclass(frozen=True)
class ComputedNames:
    """The fixed names an environment will take, known before anything exists.

    `stacks` maps the kind to the stack name; `parameters` are full names, those in the stacks and the flags.
    """

    stacks: Mapping[str, str]
    tables: tuple[str, ...]
    parameter_path: str | None
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class IndexPromise:
    """A secondary index as the template promises it. `key_schema` pairs attribute with HASH or RANGE; `included` are
    the attributes it carries besides its keys, when `projection` is INCLUDE."""

    name: str
    key_schema: tuple[tuple[str, str], ...]
    projection: str
    included: tuple[str, ...] = ()
    is_local: bool = False


@dataclass(frozen=True)
class TablePromise:
    """A table as the template promises it: what verification compares with reality.

    `stream` is the view type, None without a stream; `ttl_attribute` is None when expiry is off.
    """

    logical_id: str
    name: str
    key_schema: tuple[tuple[str, str], ...]
    attribute_types: Mapping[str, str]
    indexes: tuple[IndexPromise, ...]
    stream: str | None
    ttl_attribute: str | None
    point_in_time_recovery: bool
    deletion_protection: bool
    billing_mode: str
    tags: Mapping[str, str]
