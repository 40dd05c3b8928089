"""Playbooks: for each kind of change, the steps that plan it, run it, and clean up after it.

A new step is one `ensure_…` function and its name in here. Each step belongs to a stop of the rail that people see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioning.engine.deploying import preparing, promotions, sending
from provisioning.engine.deploying import steps as deploying
from provisioning.engine.outcome import Outcome
from provisioning.engine.steps import (
    adopting,
    change_sets,
    checking,
    configuration,
    deleting,
    deletion,
    dividing,
    drift,
    guarding,
    item_jobs,
    items,
    looking,
    parameters,
    preflight,
    protection,
    recovering,
    rereading,
    sealing,
    stacks,
    superseding,
    taking_over,
    verifying,
)
from provisioning.engine.work import Work
from provisioning.lifecycle import ChangeKind

PLAN, APPROVE, DATA, COMPUTE, CONFIGURATION, VERIFY = (
    "Plan",
    "Approve",
    "Data stack",
    "Compute stack",
    "Configuration",
    "Verify",
)
CLEAN_UP, ADOPTION, RECOVERY, ACCEPTANCE = "Clean up", "Adopt", "Recover", "Accept"
BACKUP, RECEIPT, ITEMS, PARAMETERS, REDEPLOY = "Backups", "Receipt", "Items", "Parameters", "Redeploy"


@dataclass(frozen=True)
class PlaybookStep:
    """One step: its function, the stop of the rail it belongs to, and what people read."""

    run: Callable[[Work], Outcome]
    stop: str
    label: str

    @property
    def name(self) -> str:
        """The function's name: what the database keeps."""
        return self.run.__name__


@dataclass(frozen=True)
class Playbook:
    """The steps of one kind of change. `planning` alters nothing that exists; `running` does what was planned."""

    planning: tuple[PlaybookStep, ...]
    running: tuple[PlaybookStep, ...]

    @property
    def stops(self) -> tuple[str, ...]:
        """The stops of the rail, in order, each once; approval stands between planning and running."""
        running = tuple(dict.fromkeys(step.stop for step in self.running))
        return (PLAN, APPROVE, *running)

    def step(self, name: str) -> PlaybookStep | None:
        """The step of that name, in planning, running or cleaning up."""
        return next((step for step in (*self.planning, *self.running, *CLEANUP) if step.name == name), None)


_ACCOUNT = PlaybookStep(checking.ensure_account_known, PLAN, "Reach the account")
_REPLACED = PlaybookStep(superseding.ensure_superseded_gone, PLAN, "Remove what the replaced change had planned")
_FIRST = (_REPLACED, _ACCOUNT)
_TEMPLATES = PlaybookStep(checking.ensure_templates_checked, PLAN, "Check templates and values")
_JUDGED = PlaybookStep(promotions.ensure_artifact_judged, PLAN, "See whether the stage takes the artifact")
_NAMES = PlaybookStep(checking.ensure_names_free, PLAN, "Check names and quotas")
_GUARD_TEMPLATES = PlaybookStep(guarding.ensure_templates_guarded, PLAN, "Guard the data: templates")
_PREFLIGHT = PlaybookStep(preflight.ensure_preflight, PLAN, "Look for what AWS would refuse")
_ADOPT = PlaybookStep(adopting.ensure_tables_adopted, PLAN, "Look for tables that were kept")
_DIVIDE = PlaybookStep(dividing.ensure_indexes_divided, PLAN, "Divide index changes")
_PLAN_DATA = PlaybookStep(change_sets.ensure_data_planned, PLAN, "Plan the data stack")
_PLAN_COMPUTE = PlaybookStep(change_sets.ensure_compute_planned, PLAN, "Plan the compute stack")
_GUARD = PlaybookStep(guarding.ensure_data_guarded, PLAN, "Guard the data: what AWS would do")
_EXPORTS = PlaybookStep(preflight.ensure_exports_kept, PLAN, "Check who uses the exports that change")
_LOOK = PlaybookStep(looking.ensure_data_looked_at, PLAN, "Look at the tables")
_PRICE = PlaybookStep(sealing.ensure_priced, PLAN, "Price it")
_SEAL = PlaybookStep(sealing.ensure_plan_sealed, PLAN, "Seal the plan")

_RUN_DATA = PlaybookStep(stacks.ensure_data_stack, DATA, "Bring up the data stack")
_SETTINGS = PlaybookStep(configuration.ensure_table_settings, DATA, "Expiry and recovery of tables")
_PROTECTION = PlaybookStep(protection.ensure_protection, DATA, "Protect the data stack")
_COMPUTE_SET = PlaybookStep(change_sets.ensure_compute_change_set, COMPUTE, "Compare with the plan")
_RUN_COMPUTE = PlaybookStep(stacks.ensure_compute_stack, COMPUTE, "Bring up the compute stack")
_FLAGS = PlaybookStep(configuration.ensure_flags, DATA, "Put the flags")
_CONFIGURATION = PlaybookStep(configuration.ensure_configuration, CONFIGURATION, "Collect what the application reads")
_SETTLED = PlaybookStep(configuration.ensure_new_tables_settled, VERIFY, "Expiry and recovery of new tables")
_VERIFIED = PlaybookStep(verifying.ensure_verified, VERIFY, "Compare reality with the promise")

_RELEASED = PlaybookStep(deploying.ensure_release_kept, VERIFY, "Write down what runs together")
_RELEASE = PlaybookStep(deploying.ensure_release_kept, VERIFY, "Write down what runs together")

_PUT = PlaybookStep(parameters.ensure_parameters_put, PARAMETERS, "Store the values")
_READ = PlaybookStep(parameters.ensure_parameters_read, PLAN, "Read each parameter as it is")
_REDEPLOYED = (
    PlaybookStep(deploying.ensure_redeployed, REDEPLOY, "Start what runs anew"),
    PlaybookStep(deploying.ensure_proved, REDEPLOY, "Prove that it is live, and well"),
    PlaybookStep(deploying.ensure_put_back, REDEPLOY, "Go back where that failed"),
    PlaybookStep(deploying.ensure_released, REDEPLOY, "Write down what runs together"),
)

_DRIFT_SEEN = PlaybookStep(drift.ensure_drift_seen, VERIFY, "Look for drift again")

_DELETE_COMPUTE = PlaybookStep(stacks.ensure_compute_stack, COMPUTE, "Delete the compute stack")

_PLANNED = (
    *_FIRST,
    _TEMPLATES,
    _NAMES,
    _GUARD_TEMPLATES,
    _PREFLIGHT,
    _ADOPT,
    _DIVIDE,
    _PLAN_DATA,
    _PLAN_COMPUTE,
    _GUARD,
    _EXPORTS,
    _LOOK,
    _PRICE,
    _SEAL,
)

_CREATE = Playbook(
    planning=_PLANNED,
    running=(
        _RUN_DATA,
        _SETTINGS,
        _PROTECTION,
        _FLAGS,
        _COMPUTE_SET,
        _RUN_COMPUTE,
        _CONFIGURATION,
        _SETTLED,
        _VERIFIED,
        _RELEASE,
    ),
)
_REMOVE_COMPUTE = Playbook(
    planning=(*_FIRST, _NAMES, _PLAN_COMPUTE, _GUARD, _LOOK, _PRICE, _SEAL), running=(_DELETE_COMPUTE,)
)

_SWITCH_PROTECTION = Playbook(
    planning=(
        *_FIRST,
        PlaybookStep(protection.ensure_protection_planned, PLAN, "Look at what protects the data"),
        _LOOK,
        _PRICE,
        _SEAL,
    ),
    running=(
        PlaybookStep(protection.ensure_settings_switched, DATA, "Switch protection in AWS"),
        PlaybookStep(protection.ensure_lock_switched, DATA, "Switch Stackyard's own lock"),
    ),
)

REREAD = PlaybookStep(rereading.ensure_unmoved, APPROVE, "Read everything again")

CLEANUP = (
    _REPLACED,
    PlaybookStep(stacks.ensure_change_sets_gone, CLEAN_UP, "Remove what the plan left in AWS"),
    PlaybookStep(item_jobs.ensure_job_given_up, CLEAN_UP, "Take back the work on items that was held for it"),
)

PLAYBOOKS: Mapping[str, Playbook] = {
    ChangeKind.CREATE: _CREATE,
    ChangeKind.UPDATE: _CREATE,
    ChangeKind.WAKE: Playbook(
        planning=_PLANNED, running=(_FLAGS, _COMPUTE_SET, _RUN_COMPUTE, _CONFIGURATION, _VERIFIED, _RELEASE)
    ),
    ChangeKind.PARK: _REMOVE_COMPUTE,
    ChangeKind.DELETE_COMPUTE: _REMOVE_COMPUTE,
    ChangeKind.DELETE_DATA_STACK: Playbook(
        planning=(
            *_FIRST,
            PlaybookStep(stacks.ensure_compute_gone, PLAN, "Check that no compute stack uses it"),
            _NAMES,
            PlaybookStep(checking.ensure_exports_unused, PLAN, "Check who uses its exports"),
            _PLAN_DATA,
            _GUARD,
            _LOOK,
            _PRICE,
            _SEAL,
        ),
        running=(
            PlaybookStep(protection.ensure_unprotected, DATA, "Lift the stack's protection"),
            PlaybookStep(stacks.ensure_data_stack, DATA, "Delete the data stack, keep its tables"),
        ),
    ),
    ChangeKind.UNPROTECT: _SWITCH_PROTECTION,
    ChangeKind.PROTECT: _SWITCH_PROTECTION,
    ChangeKind.DELETE_DATA: Playbook(
        planning=(
            *_FIRST,
            PlaybookStep(stacks.ensure_compute_gone, PLAN, "Check that no compute stack uses it"),
            _NAMES,
            PlaybookStep(checking.ensure_exports_unused, PLAN, "Check who uses its exports"),
            PlaybookStep(deletion.ensure_deletion_planned, PLAN, "List what is deleted"),
            _LOOK,
            _PRICE,
            _SEAL,
        ),
        running=(
            PlaybookStep(deleting.ensure_backups, BACKUP, "Back up every table"),
            PlaybookStep(deleting.ensure_data_stack_deleted, DATA, "Delete the data stack"),
            PlaybookStep(deleting.ensure_tables_deleted, DATA, "Delete the tables"),
            PlaybookStep(deleting.ensure_receipt, RECEIPT, "Write the receipt"),
        ),
    ),
    ChangeKind.ADOPT: Playbook(
        planning=(
            *_FIRST,
            PlaybookStep(taking_over.ensure_stacks_read, PLAN, "Read the stacks as they are"),
            PlaybookStep(taking_over.ensure_differences_planned, PLAN, "Compare them with the blueprint"),
            _PRICE,
            _SEAL,
        ),
        running=(PlaybookStep(taking_over.ensure_taken_over, ADOPTION, "Write the stacks down as Stackyard's"),),
    ),
    ChangeKind.RECOVER: Playbook(
        planning=(
            *_FIRST,
            PlaybookStep(recovering.ensure_way_out_planned, PLAN, "Read the stuck stack as it is"),
            _GUARD,
            _LOOK,
            _PRICE,
            _SEAL,
        ),
        running=(PlaybookStep(recovering.ensure_recovered, RECOVERY, "Get the stack out of where it is stuck"),),
    ),
    ChangeKind.REPAIR_DRIFT: Playbook(
        planning=(
            *_FIRST,
            PlaybookStep(drift.ensure_repair_prepared, PLAN, "Read what is deployed"),
            _PLAN_DATA,
            _PLAN_COMPUTE,
            _GUARD,
            _LOOK,
            _PRICE,
            _SEAL,
        ),
        running=(
            PlaybookStep(stacks.ensure_data_stack, DATA, "Bring the data stack back to its template"),
            _SETTINGS,
            PlaybookStep(stacks.ensure_compute_stack, COMPUTE, "Bring the compute stack back to its template"),
            _DRIFT_SEEN,
        ),
    ),
    ChangeKind.ACCEPT_DRIFT: Playbook(
        planning=(
            *_FIRST,
            PlaybookStep(drift.ensure_accept_prepared, PLAN, "Look at what is accepted"),
            PlaybookStep(drift.ensure_values_planned, PLAN, "Plan the values that are taken over"),
            _GUARD,
            _LOOK,
            _PRICE,
            _SEAL,
        ),
        running=(
            PlaybookStep(drift.ensure_accepted, ACCEPTANCE, "Write down what is taken as it is"),
            PlaybookStep(drift.ensure_values_taken, ACCEPTANCE, "Take real values over"),
            _DRIFT_SEEN,
        ),
    ),
    ChangeKind.WRITE_ITEMS: Playbook(
        planning=(
            *_FIRST,
            PlaybookStep(items.ensure_items_read, PLAN, "Read each item as it is"),
            PlaybookStep(items.ensure_items_priced, PLAN, "Price the writes"),
            _SEAL,
        ),
        running=(
            PlaybookStep(items.ensure_items_written, ITEMS, "Write the items"),
            PlaybookStep(item_jobs.ensure_job_over, ITEMS, "Let the work on items go, and see its end"),
        ),
    ),
    ChangeKind.SET_PARAMETERS: Playbook(planning=(*_FIRST, _READ, _SEAL), running=(_PUT, *_REDEPLOYED)),
    ChangeKind.REDEPLOY: Playbook(planning=(*_FIRST, _SEAL), running=_REDEPLOYED),
    ChangeKind.ROLL_BACK: Playbook(
        planning=(
            *_FIRST,
            _READ,
            _TEMPLATES,
            _NAMES,
            _GUARD_TEMPLATES,
            _PLAN_COMPUTE,
            _GUARD,
            _LOOK,
            _PRICE,
            _SEAL,
        ),
        running=(_PUT, _RUN_COMPUTE, *_REDEPLOYED),
    ),
    ChangeKind.DEPLOY: Playbook(
        planning=(
            *_FIRST,
            PlaybookStep(preparing.ensure_deploy_prepared, PLAN, "Put the artifact into what is deployed"),
            _TEMPLATES,
            _JUDGED,
            _NAMES,
            _GUARD_TEMPLATES,
            _PLAN_COMPUTE,
            _GUARD,
            _LOOK,
            _PRICE,
            _SEAL,
        ),
        running=(
            PlaybookStep(sending.ensure_artifact_sent, COMPUTE, "Bring up the compute stack with it"),
            *_REDEPLOYED,
        ),
    ),
}
