"""Names that another environment of ours has, or was promised: two can never have the same one (R10)."""

from collections.abc import Collection, Iterator

from django.db.models import Q

from provisioning.blueprints.loader import library
from provisioning.blueprints.promises import computed_names
from provisioning.blueprints.shapes import Pseudo, TemplateError
from provisioning.lifecycle import EnvironmentStatus
from provisioning.models import Environment, Stack, StackResource, Table
from provisioning.planning.findings import Finding

TABLE_TYPE = "AWS::DynamoDB::Table"


def name_findings(environment: Environment, stacks: Collection[str], tables: Collection[str]) -> list[Finding]:
    """An error for each of these names of stacks and tables that is another environment's in the same account and
    region. Reads the database only."""
    taken = dict(_stacks(environment, stacks))
    found = [_finding("stack", name, other) for name, other in sorted(taken.items())]
    owned = dict(_tables(environment, tables))
    return found + [_finding("table", name, other) for name, other in sorted(owned.items())]


def _finding(noun: str, name: str, other: str) -> Finding:
    return Finding(
        "error",
        name,
        f"The {noun} {name} belongs to the environment {other}.",
        "Choose another environment name, or have the blueprint's owner give it names of its own.",
    )


def _elsewhere(environment: Environment, way: str) -> Q:
    """Another environment that is there, `way` down from the row asked, in the same account and region."""
    account = environment.account
    same = Q(**{f"{way}account": account})
    if account.account_id:
        numbered = {f"{way}account__account_id": account.account_id, f"{way}account__region": account.region}
        same |= Q(**numbered)
    mine_or_gone = Q(**{f"{way}pk": environment.pk}) | Q(**{f"{way}status": EnvironmentStatus.REMOVED})
    return same & ~mine_or_gone


def _stacks(environment: Environment, names: Collection[str]) -> Iterator[tuple[str, str]]:
    rows = Stack.objects.filter(_elsewhere(environment, "environment__"), name__in=names)
    for row in rows.select_related("environment"):
        yield row.name, str(row.environment)


def _tables(environment: Environment, names: Collection[str]) -> Iterator[tuple[str, str]]:
    placed = StackResource.objects.filter(
        _elsewhere(environment, "stack__environment__"), type=TABLE_TYPE, physical_id__in=names
    )
    for resource in placed.select_related("stack__environment"):
        yield resource.physical_id, str(resource.stack.environment)
    known = Table.objects.filter(_elsewhere(environment, "environment__"), environment__isnull=False, name__in=names)
    for table in known.select_related("environment"):
        yield table.name, str(table.environment)
    yield from _promised(environment, frozenset(names))


def _promised(environment: Environment, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Names that nobody has yet: two applications that call their tables alike meet under the same environment
    name, so only those are worked out (trap 2)."""
    alike = Environment.objects.filter(_elsewhere(environment, ""), name=environment.name)
    for other in alike.exclude(application=environment.application).select_related("account"):
        blueprint = library().blueprints.get(other.application)
        if blueprint is None:
            continue
        pseudo = Pseudo(other.account.region, other.account.account_id, "")
        try:
            promised = computed_names(blueprint, other.name, other.stage, pseudo).tables
        except TemplateError:
            continue  # that blueprint has a problem of its own, which the catalogue shows
        for name in names.intersection(promised):
            yield name, str(other)
