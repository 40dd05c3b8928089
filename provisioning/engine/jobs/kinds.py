"""Which tick each kind of job has. A new kind is one function and one line here."""

from collections.abc import Mapping

from provisioning.engine.jobs.counting import count
from provisioning.engine.jobs.exporting import export
from provisioning.engine.jobs.ticking import Tick
from provisioning.lifecycle import JobKind

TICKS: Mapping[str, Tick] = {
    JobKind.EXPORT: export,
    JobKind.COUNT: count,
}
READING_KINDS = frozenset({JobKind.EXPORT, JobKind.COUNT, JobKind.COMPARE})  # these alter nothing
