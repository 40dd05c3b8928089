"""Every page as data: what it is called, its URLs, who may see it. A URL outside this list is refused."""

from dataclasses import dataclass

from django.http import HttpRequest

EVERYONE = frozenset({"engineers", "admins", "auditors"})
CHANGERS = frozenset({"engineers", "admins"})
ADMINS = frozenset({"admins"})
READERS_OF_ALL = frozenset({"admins", "auditors"})


@dataclass(frozen=True)
class Page:
    """A page: `names` are the URL names that belong to it, `groups` who may open it. With an `icon` it stands in
    the rail, where its first URL name is the link; `within` is the page of the rail that it belongs to otherwise."""

    slug: str
    label: str
    names: tuple[str, ...]
    groups: frozenset[str] = EVERYONE
    icon: str = ""
    admin: bool = False
    within: str = ""


PAGES: tuple[Page, ...] = (
    Page("home", "Home", ("home", "home_live", "search"), icon="home"),
    Page(
        "environments",
        "Environments",
        (
            "environments",
            "environment",
            "environment_activity",
            "environment_tables",
            "environment_costs",
            "environment_connect",
            "environment_configuration",
            "environment_settings",
            "environment_unprotect",
            "environment_delete_data",
            "environment_delete_data_stack",
            "environment_drift",
            "environment_recover",
            "releases",
            "release",
            "release_diff",
            "environment_look_again",
            "changes",
            "change",
            "change_live",
            "change_events",
            "change_plan",
            "orphans",
            "adopt",
            "change_plan_at",
            "change_plan_file",
            "change_receipt",
        ),
        icon="environments",
    ),
    Page(
        "requests",
        "Requests",
        (
            "request_create",
            "request_names",
            "request_choices",
            "request_price",
            "request_update",
            "request_act",
            "environment_extend",
            "environment_detect_drift",
            "environment_repair_drift",
            "environment_accept_drift",
            "deploy",
            "promote",
            "redeploy",
            "roll_back",
            "request_adopt",
            "look_again",
            "orphans_delete",
            "change_retry",
            "change_cancel",
            "change_run",
            "change_items_again",
            "change_reveal",
        ),
        groups=CHANGERS,
    ),
    Page("approvals", "Approvals", ("approvals",), icon="approvals"),
    Page("decisions", "Decisions", ("change_approve", "change_reject", "change_send_back"), groups=CHANGERS),
    Page(
        "tables",
        "Tables",
        (
            "tables",
            "table",
            "table_price",
            "table_controls",
            "table_columns",
            "table_item",
            "table_writes",
            "table_export",
            "table_count",
            "my_jobs",
            "item_jobs",
            "item_job",
            "item_job_live",
            "item_job_cancel",
            "item_job_resume",
            "item_job_retry",
            "item_job_drop",
            "item_job_download",
            "item_job_file",
            "item_job_report",
            "item_job_report_file",
            "table_statement",
            "table_statement_judged",
            "table_compare",
            "table_compare_price",
            "table_compare_job",
            "table_compare_result",
        ),
        icon="tables",
    ),
    Page(
        "item-writes",
        "Writing items",
        (
            "item_new",
            "table_item_edit",
            "table_item_copy",
            "table_item_delete",
            "table_item_reveal",
            "table_write_undo",
        ),
        groups=CHANGERS,
        within="tables",
    ),
    Page(
        "moving-items",
        "Moving items",
        (
            "table_import",
            "table_import_run",
            "table_delete_items",
            "table_delete_run",
            "table_copy_items",
            "item_job_put_back",
        ),
        groups=CHANGERS,
        within="tables",
    ),
    Page(
        "flags",
        "Flags",
        (
            "flags",
            "flags_live",
            "environment_flags",
            "environment_flags_live",
            "parameter",
            "parameter_live",
            "parameter_history",
        ),
        icon="flags",
    ),
    Page(
        "setting-parameters",
        "Setting parameters",
        (
            "parameter_new",
            "parameter_name",
            "parameter_set",
            "parameter_delete",
            "parameter_restore",
            "parameter_reveal",
            "environment_secrets",
            "parameter_schedule",
            "parameter_schedule_resume",
            "parameter_schedule_cancel",
            "copy_parameters",
        ),
        groups=CHANGERS,
        within="flags",
    ),
    Page(
        "costs",
        "Costs",
        ("costs", "costs_csv", "costs_json", "costs_source", "budgets", "savings"),
        icon="costs",
    ),
    Page("setting-budgets", "Setting budgets", ("budget_set", "budget_remove"), groups=CHANGERS),
    Page("reading-costs", "Reading costs", ("costs_refresh",), groups=ADMINS),
    Page("catalogue", "Catalogue", ("catalogue", "application"), icon="catalogue"),
    Page("api", "API", ("api_reference", "api_reference_part", "api_tokens", "api_token_revoke")),
    Page("audit", "Audit", ("audit",), groups=READERS_OF_ALL, icon="audit", admin=True),
    Page("engine", "Engine", ("engine",), groups=READERS_OF_ALL, icon="refresh", admin=True),
    Page("taking-up", "Taking up", ("change_take_up",), groups=ADMINS),
    Page("blueprints", "Blueprints", ("blueprint_problems",), groups=READERS_OF_ALL, icon="admin", admin=True),
)

# Without a person: health, static files are served before views, and sign-in itself (allauth's own URLs).
OPEN_NAMES = frozenset({"healthz", "readyz"})
# The operations of the API let in by themselves: a token, its scopes, and the groups of the page that does the same.
OPEN_PREFIXES = ("account_", "socialaccount_", "mfa_", "openid_connect_", "v1_")
_BY_NAME = {name: page for page in PAGES for name in page.names}


def page_of(url_name: str) -> Page | None:
    """The page that a URL belongs to."""
    return _BY_NAME.get(url_name)


def groups_of(request: HttpRequest) -> frozenset[str]:
    """The names of the person's groups, read once a request."""
    if not hasattr(request, "group_names"):
        names = request.user.groups.values_list("name", flat=True) if request.user.is_authenticated else ()
        request.group_names = frozenset(names)  # type: ignore[attr-defined]  # a note on the request, for one request
    found: frozenset[str] = request.group_names  # type: ignore[attr-defined]
    return found
