"""Everything programs can do, a terminal can: the words of every operation, and of every command its operation."""

from collections.abc import Iterator, Mapping

import click
import pytest

from portal.api.service import description
from portal.cli.main import main
from provisioning.lifecycle import ChangeKind

WORDS: Mapping[str, str] = {
    "accept_drift": "drift accept",
    "adopt_stacks": "adopt stacks",
    "approve_change": "changes approve",
    "ask_items_again": "items again",
    "cancel_change": "changes cancel",
    "cancel_job": "jobs cancel",
    "cancel_schedule": "flags unschedule",
    "compare_items": "items compare",
    "compare_now": "items compare",
    "compare_releases": "releases diff",
    "compare_versions": "flags diff",
    "copy_item": "items copy",
    "copy_items": "items copy-many",
    "copy_parameters": "flags copy",
    "count_items": "items count",
    "create_environment": "env create",
    "delete_item": "items delete",
    "delete_kept": "kept delete",
    "delete_parameter": "flags delete",
    "detect_drift": "drift detect",
    "download_file": "jobs download",
    "download_report": "jobs report",
    "drop_job": "jobs drop",
    "edit_change": "changes edit",
    "export_items": "items export",
    "extend_environment": "env extend",
    "freeze_items": "items delete-many",
    "import_items": "items import",
    "judge_statement": "items statement",
    "list_activity": "env activity",
    "list_adoptable": "adopt list",
    "list_all_schedules": "flags schedules",
    "list_applications": "apps list",
    "list_audit": "audit",
    "list_blueprint_problems": "apps problems",
    "list_budgets": "budgets list",
    "list_changes": "changes list",
    "list_choices": "env create",
    "list_copies": "flags copy",
    "list_counterparts": "items compare",
    "list_differences": "items compare",
    "list_environment_writes": "items history",
    "list_environments": "env list",
    "list_events": "changes watch",
    "list_every_table": "tables",
    "list_flags": "flags list",
    "list_items": "items query",
    "list_jobs": "jobs list",
    "list_kept": "kept list",
    "list_parameters": "flags list",
    "list_plans": "changes plan",
    "list_releases": "releases list",
    "list_report": "jobs report",
    "list_savings": "savings",
    "list_schedules": "flags schedules",
    "list_statements": "items statement",
    "list_tables": "tables",
    "list_tokens": "tokens list",
    "list_versions": "flags history",
    "list_writes": "items history",
    "look_again": "env look-again",
    "make_schedule": "flags schedule",
    "make_ticket": "jobs download",
    "patch_item": "items edit",
    "plan_put_back": "jobs put-back",
    "plan_run": "jobs run",
    "price_comparison": "items compare",
    "price_copy": "items copy-many",
    "price_environment": "env create",
    "price_items": "items scan",
    "price_update": "env update",
    "promote_release": "promote",
    "put_back_job": "jobs put-back",
    "put_item": "items put",
    "read_all_costs": "costs",
    "read_environment_costs": "costs",
    "read_outputs": "env outputs",
    "recover_stack": "env recover",
    "refresh_costs": "cost-refresh",
    "reject_change": "changes reject",
    "remove_budget": "budgets remove",
    "repair_drift": "drift repair",
    "request_change": "env update",
    "restore_parameter": "flags rollback",
    "resume_job": "jobs resume",
    "resume_schedule": "flags resume",
    "retry_change": "changes retry",
    "retry_job": "jobs retry",
    "reveal_change": "changes reveal",
    "reveal_item": "items reveal",
    "reveal_outputs": "env outputs",
    "reveal_parameter": "flags reveal",
    "revoke_token": "tokens revoke",
    "run_change": "changes run",
    "run_job": "jobs run",
    "run_statement": "items statement",
    "search": "search",
    "send_back_change": "changes send-back",
    "set_budget": "budgets set",
    "set_parameter": "flags set",
    "show_adoptable": "adopt show",
    "show_application": "apps show",
    "show_change": "changes show",
    "show_cost_source": "cost-source",
    "show_drift": "drift show",
    "show_engine": "engine",
    "show_environment": "env show",
    "show_home": "home",
    "show_item": "items get",
    "show_job": "jobs show",
    "show_look": "env look-again",
    "show_me": "whoami",
    "show_parameter": "flags show",
    "show_plan": "changes plan",
    "show_receipt": "changes receipt",
    "show_recovery": "env stuck",
    "show_release": "releases show",
    "show_schedule": "flags resume",
    "show_survey": "kept list",
    "show_table": "tables",
    "survey_again": "kept look-again",
    "take_up_change": "changes take-up",
    "undo_write": "items undo",
}
# What opens a change of each kind.
KINDS: Mapping[ChangeKind, str] = {
    ChangeKind.CREATE: "env create",
    ChangeKind.UPDATE: "env update",
    ChangeKind.PARK: "env park",
    ChangeKind.WAKE: "env wake",
    ChangeKind.DELETE_COMPUTE: "env delete",
    ChangeKind.DELETE_DATA_STACK: "env delete",
    ChangeKind.UNPROTECT: "env unprotect",
    ChangeKind.PROTECT: "env protect",
    ChangeKind.DELETE_DATA: "env delete",
    ChangeKind.ADOPT: "adopt stacks",
    ChangeKind.RECOVER: "env recover",
    ChangeKind.REPAIR_DRIFT: "drift repair",
    ChangeKind.ACCEPT_DRIFT: "drift accept",
    ChangeKind.WRITE_ITEMS: "items put",
    ChangeKind.SET_PARAMETERS: "flags set",
    ChangeKind.REDEPLOY: "deploy",
    ChangeKind.ROLL_BACK: "releases back",
    ChangeKind.DEPLOY: "deploy",
}


def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


ALL = list(commands(main))


def test_every_operation_has_a_command() -> None:
    operations = [one for methods in description()["paths"].values() for one in methods.values()]
    assert set(WORDS) == {one["operationId"] for one in operations}
    assert set(WORDS.values()) <= {words for words, _ in ALL}


def test_every_kind_of_change_has_a_command() -> None:
    assert set(KINDS) == set(ChangeKind)
    assert set(KINDS.values()) <= {words for words, _ in ALL}


@pytest.mark.parametrize(("words", "command"), ALL, ids=[words for words, _ in ALL])
def test_every_command_says_what_it_is_for_and_what_each_option_does(words: str, command: click.Command) -> None:
    assert (command.help or "").strip(), words
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help, f"{words} {option.name}"
