"""What estimates learn from the bill: environments are graded, and each application's stage gets a factor (pitfall 20).

Only Cost Explorer's amounts teach: Stackyard's own reckoning is made of the same prices as the estimates are, and would
grade itself. Estimates are those at list price that a plan was approved by, never one that was multiplied already.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from django.db.models import Q
from django.utils import timezone

from provisioning.costs.daily import daily, daily_by
from provisioning.costs.days import known
from provisioning.costs.grading import ENOUGH, LOOKED_AT, Expected, Grade, factor, grade
from provisioning.lifecycle import ChangeStatus, CostSource
from provisioning.models import Change, CostCalibration, Environment


def expected_of(environments: Iterable[int]) -> dict[int, list[Expected]]:
    """What each environment was estimated to cost from when on, by the plans of its changes that succeeded."""
    rows = Change.objects.filter(
        environment__in=list(environments), status=ChangeStatus.SUCCEEDED, finished_at__isnull=False
    ).order_by("finished_at")
    found: dict[int, list[Expected]] = {}
    for environment_id, at, after in rows.values_list("environment_id", "finished_at", "plan__cost__after"):
        monthly = _amount(after)
        if monthly is not None and at is not None:
            found.setdefault(environment_id, []).append(Expected(at, monthly))
    return found


def _amount(text: object) -> Decimal | None:
    """The amount of a plan; None where the plan was never priced."""
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None


def grades(environments: Iterable[int], source: CostSource, settled: date) -> dict[int, Grade]:
    """The grades of those environments that have one, by id."""
    ids = list(environments)
    first = settled - timedelta(days=LOOKED_AT - 1)
    days = daily_by(source, Q(environment__in=ids), first, "environment_id")
    expected = expected_of(ids)
    found = ((pk, grade(amounts, expected.get(pk, ()), settled)) for (pk,), amounts in days.items())
    return {pk: one for pk, one in found if one is not None}


def grade_of(change: Change) -> Grade | None:
    """How the estimate that a change was decided by turned out, until another one replaced it; None while too few days
    are known to tell. Asks for nothing while it is too young."""
    at, monthly = change.finished_at, _amount(((change.plan or {}).get("cost") or {}).get("after"))
    if at is None or monthly is None or timezone.now() - at < timedelta(days=ENOUGH):
        return None
    what = known()
    if what is None:
        return None
    environment = change.environment_id
    later = [one.at.date() for one in expected_of([environment]).get(environment, ()) if one.at > at]
    last = min([what.settled, *(day - timedelta(days=1) for day in later)])
    found = grade(daily(what.source, Q(environment=environment), at.date()), [Expected(at, monthly)], last)
    return found if found is not None and found.is_enough else None


def calibrate() -> int:
    """Bring the factor of every application's stage up to date; how many have one now. A stage without an environment
    to learn from keeps the factor that it had, with its age."""
    what = known(CostSource.EXPLORER)
    if what is None or what.source != CostSource.EXPLORER:
        return 0
    since = what.settled - timedelta(days=LOOKED_AT)
    billed = Environment.objects.filter(costs__source=CostSource.EXPLORER, costs__day__gte=since).distinct()
    stages = {pk: (application, stage) for pk, application, stage in billed.values_list("pk", "application", "stage")}
    by_stage: dict[tuple[str, str], list[Grade]] = {}
    for pk, one in grades(stages, CostSource.EXPLORER, what.settled).items():
        by_stage.setdefault(stages[pk], []).append(one)
    return sum(_keep(stage, found) for stage, found in by_stage.items())


def _keep(stage: tuple[str, str], found: Iterable[Grade]) -> bool:
    learnt = factor(found)
    if learnt is None:
        return False
    columns: Mapping[str, object] = {"factor": learnt[0], "samples": learnt[1], "at": timezone.now()}
    CostCalibration.objects.update_or_create(application=stage[0], stage=stage[1], defaults=columns)
    return True
