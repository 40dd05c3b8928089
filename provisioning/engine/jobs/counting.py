"""An exact count: everything is read and nothing is brought, at the price of reading it (pitfall 9)."""

from datetime import datetime

from provisioning.aws.clients import Clients
from provisioning.aws.items.reading import ReadPage
from provisioning.engine.jobs.asked import read_of, require_readable
from provisioning.engine.jobs.reading import Brought, Reading
from provisioning.engine.jobs.ticking import Again, Finished, table_of
from provisioning.models import ItemJob, JobPart


def count(job: ItemJob, aws: Clients, until: datetime) -> Again | Finished:
    """Bring a count on; what it has counted is `done`. Raises as `export` does."""
    table = table_of(job)
    query, read = read_of(job, table, count_only=True)
    require_readable(job.environment, table, query)
    again = Reading(job, aws, read, _nothing, _keep).go_on(until)
    return Finished({"count": job.done}) if again is None else again


def _nothing(_page: ReadPage) -> None:
    return None


def _keep(_part: JobPart, _brought: Brought[None]) -> None:
    return None
