"""The database itself keeps the audit append-only: it refuses to change or delete an entry.

The triggers look at rows, so PostgreSQL's TRUNCATE stays possible for the database's owner. SQLite drops a table's
triggers when a later migration rebuilds the table; such a migration has to end with the operation of this one again
(the tests notice when it does not).
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE = "provisioning_auditentry"
REFUSAL = "The audit is append-only: entries are neither changed nor deleted."

GUARD = {
    "sqlite": [
        f"""CREATE TRIGGER audit_refuses_{verb} BEFORE {verb} ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"""
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        f"""CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$""",
        f"""CREATE TRIGGER audit_refuses BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION audit_refuses()""",
    ],
}
NO_GUARD = {
    "sqlite": [f"DROP TRIGGER IF EXISTS audit_refuses_{verb}" for verb in ("UPDATE", "DELETE")],
    "postgresql": [f"DROP TRIGGER IF EXISTS audit_refuses ON {TABLE}", "DROP FUNCTION IF EXISTS audit_refuses()"],
}


def guard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Put the guard up."""
    _run(schema_editor, GUARD)


def unguard(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the guard down; without it no entry is protected."""
    _run(schema_editor, NO_GUARD)


def _run(schema_editor: BaseDatabaseSchemaEditor, statements: dict[str, list[str]]) -> None:
    vendor = schema_editor.connection.vendor
    if vendor not in statements:
        raise NotImplementedError(f"The audit has no guard for {vendor}: write one here, for GUARD and NO_GUARD.")
    for statement in statements[vendor]:
        # Parameters of None keep the driver from reading a % in the text as a placeholder.
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    """Adds triggers, no columns."""

    dependencies = [("provisioning", "0001_initial")]

    operations = [migrations.RunPython(guard, unguard)]
