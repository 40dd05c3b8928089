"""A copy of a sample: some items of a table are read, what is hidden of them is replaced, and they are written into the
same table of another environment of the application.

Nothing leaves the source before its mask has been applied; what is kept between reading and writing is the masked item
already (pitfall 41). In prod a table without a rule hides everything but its keys, so nothing goes out as it is.

Goal: {"source": the id of the environment, "source_table": its table, "query": pairs, "count": how many, "random": the
seed of a random sample or null for the first ones, "mode": NEW or OVER as for imports}. The job is the destination's.
"""

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from math import ceil

from django.utils import timezone

from provisioning.aws.clients import Clients
from provisioning.aws.items.reading import Read, read_page
from provisioning.engine.jobs.applying import Applying
from provisioning.engine.jobs.asked import read_of, require_readable
from provisioning.engine.jobs.chunks import Purpose, append_chunk
from provisioning.engine.jobs.entries import Entry, Source, lines_of
from provisioning.engine.jobs.importing import writer_of
from provisioning.engine.jobs.ticking import Again, Finished, StopJobError, recording
from provisioning.engine.jobs.writers import Place
from provisioning.engine.outcome import Problem
from provisioning.engine.reaching import default_aws, reach
from provisioning.items.masking import mask_for
from provisioning.items.query import shape_of
from provisioning.items.sealing import seal, unseal
from provisioning.items.values import Item, dumps, loads_item
from provisioning.models import Environment, ItemJob, JobPart, Table

SEGMENTS = 20  # of a random sample: it has some items of each, in a random order
PAGE = 100
READ = "read"


@dataclass
class Progress:
    """How far the reading is. `starts` are the start keys of segments that are not through, as typed JSON, empty for
    a beginning; `order` the segments in the order in which they are asked."""

    got: int = 0
    order: list[int] = field(default_factory=list)
    starts: dict[str, str] = field(default_factory=dict)


def copy_sample(job: ItemJob, aws: Clients, until: datetime) -> Again | Finished:
    """Bring a copy on. Raises StopJobError, AwsError, LeaseLostError and CancelAskedError."""
    part = JobPart.objects.get_or_create(job=job, number=0)[0]
    if not part.done:
        _Sampling(job, part, aws).go_on(until)
        return Again()
    return Applying(job, Source(job, (Purpose.ITEMS,)), writer_of(job, aws)).go_on(until)


class _Sampling:
    """One tick's reading."""

    def __init__(self, job: ItemJob, part: JobPart, aws: Clients) -> None:
        self.job, self.part = job, part
        environment, table = _source(job)
        mine = environment.account_id == job.environment.account_id
        self.aws = aws if mine else reach(environment.account, default_aws)
        query, read = read_of(job, table)
        require_readable(environment, table, query)
        shape = shape_of(table)
        self.mask = mask_for(environment, table)
        self.place = Place(self.aws, table.name, shape.itself.keys, self.mask)
        self.whole = shape.projected(query.index) is None
        self.read: Read = replace(read, segments=SEGMENTS if job.goal["random"] is not None else None)
        self.progress = self._progress()

    def go_on(self, until: datetime) -> None:
        """Read until then. Raises AwsError, LeaseLostError and CancelAskedError."""
        while timezone.now() < until and not self.part.done:
            self._page()

    def _progress(self) -> Progress:
        if self.part.position:
            return Progress(**json.loads(unseal(self._purpose, self.part.position)))
        count = self.read.segments or 1
        order = list(range(count))
        if self.job.goal["random"] is not None:
            random.Random(self.job.goal["random"]).shuffle(order)  # noqa: S311  (a sample, no secret)
        return Progress(order=order, starts={str(number): "" for number in order})

    @property
    def _purpose(self) -> str:
        return f"sample:{self.job.pk}"

    def _page(self) -> None:
        """One page of the next segment, kept with its position."""
        progress = self.progress
        number = progress.order[0]
        start = progress.starts[str(number)]
        wanted = self.job.goal["count"] - progress.got
        limit = ceil(self.job.goal["count"] / SEGMENTS) if self.read.segments else min(PAGE, wanted)
        segment = number if self.read.segments else None
        read = replace(self.read, limit=limit, start=loads_item(start) if start else None, segment=segment)
        page = read_page(self.aws, read)
        items = [self.mask.with_stand_ins(item) for item in self._whole(page.items[:wanted])]
        progress.got += len(items)
        progress.order = progress.order[1:]
        del progress.starts[str(number)]
        if page.last_key is not None:
            progress.order.append(number)
            progress.starts[str(number)] = dumps(page.last_key)
        self.job.scanned += page.scanned
        self.job.capacity += page.capacity
        self._record(items)

    def _whole(self, items: Sequence[Item]) -> Iterable[Item]:
        """The items with what an index does not have of them (pitfall 26)."""
        if self.whole or not items:
            return items
        found, capacity = self.place.there(items)
        self.job.capacity += capacity
        return found.values()

    def _record(self, items: list[Item]) -> None:
        progress, part = self.progress, self.part
        part.items = progress.got
        part.done = progress.got >= self.job.goal["count"] or not progress.order
        part.position = seal(self._purpose, json.dumps(asdict(progress)))
        self.job.report[READ] = progress.got
        with recording(self.job):
            if items:
                content = lines_of(Entry(0, item) for item in items)
                append_chunk(self.job, Purpose.ITEMS, content, items=len(items))
            part.save(update_fields=["position", "items", "done"])


def _source(job: ItemJob) -> tuple[Environment, Table]:
    """Where a copy reads. Raises StopJobError when that is not so any more."""
    environment = Environment.objects.select_related("account").filter(pk=job.goal["source"]).first()
    found = Table.objects.filter(
        environment=environment, account=environment.account_id if environment else None, name=job.goal["source_table"]
    ).first()
    if environment is None or found is None or environment.application != job.environment.application:
        raise StopJobError(
            Problem(
                f"The table {job.goal['source_table']} to copy from is not there any more.",
                "you",
                "Look whether it was deleted or has changed hands.",
                code="table-gone",
            )
        )
    return environment, found
