"""What a name would take, shown while it is typed: stacks, tables, parameters, who has them, and who must approve."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from portal.requesting.asking import Asks, asks_of
from portal.requesting.prices import price_of
from provisioning.actions.choices import NamesLook, TakenName, names_taken
from provisioning.actions.naming import name_problem, stage_of
from provisioning.actions.order import why_not_now
from provisioning.blueprints.model import Blueprint, ComputedNames, StagePolicy
from provisioning.blueprints.promises import computed_names, filled_values, starting_values, table_promises
from provisioning.blueprints.shapes import Pseudo, TemplateError
from provisioning.lifecycle import BESIDE_STACKS, OPEN_CHANGES, ChangeKind, EnvironmentStatus, StackKind
from provisioning.models import Account, Change, Environment, Table


@dataclass(frozen=True)
class NameLine:
    """One name that will be taken; `taken` says by what, `kept` what is in the table that will be taken over; both
    are empty while it is free."""

    label: str
    name: str
    taken: str = ""
    kept: str = ""


@dataclass(frozen=True)
class Collision:
    """What the name meets. `tone` is bad when the request would be refused."""

    tone: str
    sentence: str
    url: str = ""
    link_label: str = ""


@dataclass(frozen=True)
class Names:
    """A name and all it leads to. With a `problem` there is nothing else."""

    name: str
    stage: str = ""
    problem: str = ""
    lines: tuple[NameLine, ...] = ()
    collisions: tuple[Collision, ...] = ()
    unchecked: str = ""
    is_checked: bool = False
    asks: Asks | None = None


def names_of(
    blueprint: Blueprint, account: Account, name: str, *, user_id: int, live: bool, replaces: str = ""
) -> Names:
    """What `name` would take; `live` also asks the account whether stacks and tables of these names exist.
    `replaces` is the id of the change that this one is sent instead of."""
    problem = name_problem(name) or _not_offered(blueprint, name)
    if problem:
        return Names(name, problem=problem)
    stage = stage_of(name)
    try:
        computed = computed_names(blueprint, name, stage, Pseudo(account.region, account.account_id, ""))
    except TemplateError as broken:
        return Names(name, problem=f"{broken.sentence} {broken.fix}")
    environment = Environment.objects.filter(account=account, application=blueprint.slug, name=name).first()
    look = names_taken(account, computed.stacks.values(), computed.tables) if live else NamesLook(())
    taken = _strangers(look.taken, environment, computed)
    kept = _kept(blueprint, account, name, computed)
    if live and not look.problem:
        there = {one.name for one in taken}
        kept = tuple(table for table in kept if table.name in there)
    strangers = tuple(one for one in taken if one.name not in {table.name for table in kept})
    return Names(
        name=name,
        stage=stage,
        lines=tuple(_lines(computed, {one.name: one.detail for one in strangers}, kept)),
        collisions=(*_collisions(environment, replaces), *_taken_over(kept), *_taken(account, strangers)),
        unchecked=look.problem,
        is_checked=live and not look.problem,
        asks=_asks(blueprint, account, blueprint.stages[stage], name, user_id),
    )


def name_and_stage(blueprint: Blueprint, name: str) -> tuple[str, str]:
    """The name and the stage it stands for; for a name that cannot be one, the blueprint's first stage twice."""
    stage = "" if name_problem(name) else stage_of(name)
    first = next(iter(blueprint.stages))
    return (name, stage) if stage in blueprint.stages else (first, first)


def _not_offered(blueprint: Blueprint, name: str) -> str:
    policy = blueprint.stages.get(stage_of(name))
    if policy is None:
        return f"{blueprint.title} has no stage {stage_of(name)}."
    if "-" in name and not policy.personal:
        return f"{blueprint.title} has no personal environments. Use dev."
    return ""


def _lines(computed: ComputedNames, taken: dict[str, str], kept: tuple[Table, ...]) -> Iterable[NameLine]:
    items = {table.name: f"about {table.item_count:,} items" for table in kept}
    for kind, name in computed.stacks.items():
        yield NameLine(StackKind(kind).label, name, taken.get(name, ""))
    for table in computed.tables:
        yield NameLine("Table", table, taken.get(table, ""), items.get(table, ""))
    if computed.parameter_path:
        count = len(computed.parameters)
        yield NameLine(f"{count} parameter{'' if count == 1 else 's'} under", computed.parameter_path)


def _strangers(
    found: Iterable[TakenName], environment: Environment | None, computed: ComputedNames
) -> tuple[TakenName, ...]:
    """What is taken by something else than this very environment. Tables carry no owner: those of its own living
    data stack are its own."""
    own = str(environment.pk) if environment else "none"
    found = tuple(found)
    data = computed.stacks[StackKind.DATA]
    has_data = any(one.name == data and one.environment_id == own for one in found)
    return tuple(one for one in found if one.environment_id != own and not (has_data and one.name in computed.tables))


def _kept(blueprint: Blueprint, account: Account, name: str, computed: ComputedNames) -> tuple[Table, ...]:
    """The tables of this environment that outlived their stack, as last listed (R5)."""
    rows = Table.objects.filter(account=account, application=blueprint.slug, environment_name=name, stack_name="")
    return tuple(rows.filter(name__in=computed.tables).order_by("name"))


def _collisions(environment: Environment | None, replaces: str) -> Iterable[Collision]:
    """What the name meets in Stackyard itself: anybody's environment, an open change."""
    if environment is None:
        return
    open_ones = Change.objects.filter(environment=environment, status__in=OPEN_CHANGES)
    change = open_ones.exclude(kind__in=BESIDE_STACKS).first()
    if change is not None and replaces == str(change.pk):
        return
    why = why_not_now(environment, ChangeKind.CREATE)
    page = reverse("environment", args=[environment.application, environment.name])
    if why and change is not None:
        yield Collision("bad", why, reverse("change", args=[change.pk]), "Open that change")
    elif why:
        yield Collision("bad", why, page, "Open the environment")
    elif environment.status == EnvironmentStatus.REMOVED:
        yield Collision("quiet", f"{environment} was there before. Its history goes on.", page, "Look at it")
    else:
        status = EnvironmentStatus(environment.status).label.lower()
        yield Collision("quiet", f"{environment} is there ({status}). What is missing is created.", page, "Look at it")


def _taken_over(kept: tuple[Table, ...]) -> Iterable[Collision]:
    if not kept:
        return
    items = sum(table.item_count for table in kept)
    count = f"{len(kept)} kept table{'' if len(kept) == 1 else 's'}"
    sentence = f"{count} with about {items:,} item{'' if items == 1 else 's'} will be taken over, every item untouched."
    yield Collision("good", f"{sentence} The plan compares them with the template.", reverse("orphans"), "Kept tables")


def _taken(account: Account, found: tuple[TakenName, ...]) -> Iterable[Collision]:
    """Stacks and tables of these names that are not this environment's. A table that no stack owns can be taken over
    even before it was listed; one that another stack owns cannot (R5)."""
    for one in found:
        if one.kind == "stack":
            whose = "belongs to another environment" if one.environment_id else "was made outside Stackyard"
            yield Collision("bad", f"A stack named {one.name} exists already ({one.detail}) and {whose}.")
    tables = [one.name for one in found if one.kind == "table"]
    owners = dict(Table.objects.filter(account=account, name__in=tables).values_list("name", "stack_name"))
    for name in tables:
        if owners.get(name):
            yield Collision("bad", f"A table named {name} exists already and belongs to the stack {owners[name]}.")
    loose = [name for name in tables if not owners.get(name)]
    if loose:
        what = f"A table named {loose[0]} exists" if len(loose) == 1 else f"Tables named {' and '.join(loose)} exist"
        sentence = f"{what} already. What no stack owns and fits the template is taken over, as the plan will say;"
        yield Collision("attention", f"{sentence} anything else stops it.")


def _asks(blueprint: Blueprint, account: Account, policy: StagePolicy, name: str, user_id: int) -> Asks | None:
    """Who must approve and what is switched on; None for a stage that asks for nothing."""
    if not policy.approvals and not policy.protection:
        return None
    filled = filled_values(blueprint, "data", environment=name, stage=policy.stage, owner="-", environment_id="-")
    values = starting_values(blueprint, "data", policy.stage) | filled
    promises = table_promises(blueprint, values, Pseudo(account.region, account.account_id, ""))
    notes = {
        "Point-in-time recovery is on.": bool(promises) and all(one.point_in_time_recovery for one in promises),
        "Tables refuse deletion.": bool(promises) and all(one.deletion_protection for one in promises),
        "The data stack is protected.": policy.protection,
    }
    monthly = price_of(blueprint, name=name, stage=policy.stage, region=account.region).monthly
    return asks_of(policy, user_id, tuple(sentence for sentence, so in notes.items() if so), monthly)
