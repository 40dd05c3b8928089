"""The form that asks for a change of items anew, with what was asked for in it: where one goes from what was sent
back."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from provisioning.engine.steps.items import intents_of
from provisioning.items.sealing import NotSealedError
from provisioning.items.values import key_token
from provisioning.lifecycle import JobKind, WriteVerb
from provisioning.models import Change, Environment, ItemJob
from provisioning.planning.item_plans import opened

NEW = "item_new"
_FORMS: Mapping[str, str] = {
    WriteVerb.CREATE: NEW,
    WriteVerb.EDIT: "table_item_edit",
    WriteVerb.COPY: "table_item_copy",
    WriteVerb.DELETE: "table_item_delete",
}
_RUNS: Mapping[str, str] = {JobKind.IMPORT: "table_import_run", JobKind.DELETE: "table_delete_run"}


def form_of(change: Change) -> str:
    """The address of the form that sends another request instead of this one; empty where there is none."""
    part: Mapping[str, Any] = (change.plan or {}).get("items") or {}
    if change.goal.get("job"):
        return _form_of_job(change)
    writes: Sequence[Mapping[str, Any]] = part.get("writes", [])
    if len(writes) > 1:
        return reverse("change_items_again", args=[change.pk])
    form = _form_of_write(change, part["table"]["name"], writes[0]) if writes else ""
    return f"{form}?instead={change.pk}" if form else ""


def _form_of_write(change: Change, table: str, write: Mapping[str, Any]) -> str:
    where = _where(change.environment, table)
    if write["verb"] == WriteVerb.CREATE:
        return reverse(NEW, kwargs=where)
    try:
        if write["verb"] == WriteVerb.UNDO:
            undone = next(iter(intents_of(change).values())).undoes
            return reverse("table_write_undo", kwargs={**where, "write": undone}) if undone else ""
        token = key_token(opened(write)[-1].key)  # of a copy the last one is where it is now
    except NotSealedError:
        return ""
    return reverse(_FORMS[write["verb"]], kwargs={**where, "token": token})


def _form_of_job(change: Change) -> str:
    job = ItemJob.objects.filter(change=change).first()
    if job is None:
        return ""
    if "source" in job.goal:
        source = Environment.objects.filter(pk=job.goal["source"]).first()
        pairs = [*((name, value) for name, value in job.goal.get("query", [])), ("replaces", str(change.pk))]
        table = job.goal["source_table"]
        return f"{reverse('table_copy_items', kwargs=_where(source, table))}?{urlencode(pairs)}" if source else ""
    name = "item_job_put_back" if job.goal.get("back") else _RUNS.get(job.kind)
    if name is None or not job.goal.get("of"):
        return ""
    address = reverse(name, kwargs={**_where(change.environment, job.table), "job_id": job.goal["of"]})
    return f"{address}?replaces={change.pk}"


def _where(environment: Environment, table: str) -> dict[str, str]:
    return {"application": environment.application, "name": environment.name, "table": table}
