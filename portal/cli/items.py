"""Items of tables: every command of `stackyard items`."""

import click

from portal.cli.command import Group
from portal.cli.items_elsewhere import compare, copy_many
from portal.cli.items_moving import count, export, import_
from portal.cli.items_reading import get, query, reveal, scan
from portal.cli.items_running import delete_many
from portal.cli.items_statements import statement
from portal.cli.items_writing import again, copy, delete, edit, history, put, undo


@click.group(cls=Group)
def items() -> None:
    """Items of tables: read, written, exported, imported, copied, compared.

    TABLE is its whole name, what its template calls it, or the end of its name. KEY is the item's key, its values in
    the order of the table's keys, or typed JSON; put -- before values that begin with a dash.
    """


for _one in (
    query,
    scan,
    get,
    reveal,
    statement,
    put,
    edit,
    copy,
    delete,
    delete_many,
    history,
    undo,
    again,
    export,
    import_,
    count,
    compare,
    copy_many,
):
    items.add_command(_one)
