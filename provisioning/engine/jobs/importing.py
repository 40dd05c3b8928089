"""An import: its dry run, and the run that a second click asks for; also what puts back what another job did.

Goals: {"phase": "check", "form": how the file is written, "name": …} for the dry run. {"phase": "run", "of": the id of
the job that has the items, "purpose": its pieces, "mode": NEW, OVER or BACK} for the run; of BACK also "unsure",
whether what may have been somebody else is put back too, and "back", how many are put, deleted, and unsure.
"""

from datetime import datetime

from provisioning.aws.clients import Clients
from provisioning.engine.jobs.applying import Applying, Writer
from provisioning.engine.jobs.checking import Checking
from provisioning.engine.jobs.chunks import Purpose, drop_chunks
from provisioning.engine.jobs.entries import SURE, UNSURE, source_of
from provisioning.engine.jobs.ticking import Again, Finished, recording, table_of
from provisioning.engine.jobs.undoing import PURPOSES
from provisioning.engine.jobs.writers import Place, PutBack, PutNew, PutOver
from provisioning.items.masking import mask_for
from provisioning.items.query import shape_of
from provisioning.models import ItemJob

CHECK, RUN = "check", "run"
NEW, OVER, BACK = "new", "over", "back"  # items with free keys; over what is there; over what another job left


def import_items(job: ItemJob, aws: Clients, until: datetime) -> Again | Finished:
    """Bring an import on. Raises StopJobError, AwsError, LeaseLostError and CancelAskedError."""
    if job.goal["phase"] == CHECK:
        return Checking(job, aws).go_on(until)
    purpose = Purpose(job.goal.get("purpose", Purpose.ITEMS))
    if job.goal["mode"] == BACK:
        source = source_of(job, *PURPOSES, parts=(SURE, UNSURE) if job.goal.get("unsure") else (SURE,))
    else:
        source = source_of(job, purpose)
    outcome = Applying(job, source, writer_of(job, aws)).go_on(until)
    if isinstance(outcome, Finished) and purpose is Purpose.ITEMS:
        with recording(job):
            drop_chunks(source.job, purpose)  # what was written needs no copy here
    return outcome


def writer_of(job: ItemJob, aws: Clients) -> Writer:
    """How the items of a run are written."""
    place = place_of(job, aws)
    mode = job.goal["mode"]
    if mode == OVER:
        return PutOver(place)
    return PutBack(place) if mode == BACK else PutNew(place)


def place_of(job: ItemJob, aws: Clients) -> Place:
    """The table that a job writes to. Raises StopJobError when it is not its environment's any more."""
    table = table_of(job)
    return Place(aws, table.name, shape_of(table).itself.keys, mask_for(job.environment, table))
