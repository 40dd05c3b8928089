"""Which tick each kind of job has. A new kind is one function and one line here."""

from collections.abc import Mapping

from provisioning.engine.jobs.comparing import compare_tables
from provisioning.engine.jobs.copying import copy_sample
from provisioning.engine.jobs.counting import count
from provisioning.engine.jobs.deleting import delete_items
from provisioning.engine.jobs.exporting import export
from provisioning.engine.jobs.importing import import_items
from provisioning.engine.jobs.ticking import Tick
from provisioning.lifecycle import JobKind

TICKS: Mapping[str, Tick] = {
    JobKind.EXPORT: export,
    JobKind.COUNT: count,
    JobKind.IMPORT: import_items,
    JobKind.DELETE: delete_items,
    JobKind.COPY: copy_sample,
    JobKind.COMPARE: compare_tables,
}
READING_KINDS = frozenset({JobKind.EXPORT, JobKind.COUNT, JobKind.COMPARE})  # these alter nothing
