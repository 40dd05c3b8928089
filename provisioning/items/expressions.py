"""From a query to what DynamoDB is sent: expressions of placeholders only, whatever attributes are called.

No name of an attribute and no value ever stands in an expression: 573 names are reserved, and others have dots, dashes
or signs (B5, pitfall 22).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from provisioning.items.operators import OPERATORS, typed
from provisioning.items.paths import Step, steps_of
from provisioning.items.query import BadQueryError, Condition, Query, Shape
from provisioning.items.values import Value

LONGEST = 4096  # bytes of one expression (B7)


@dataclass(frozen=True)
class Expressions:
    """What a query comes to. Empty texts are not sent."""

    key_condition: str
    filter: str
    projection: str
    names: dict[str, str]
    values: dict[str, Value]


@dataclass
class Placeholders:
    """The names and values of one call, each behind a placeholder of its own; a name has one however often it is
    used."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)

    def path(self, steps: Sequence[Step]) -> str:
        """A path in placeholders, such as #n0.#n1[2]."""
        text = ""
        for step in steps:
            if isinstance(step, int):
                text += f"[{step}]"
            else:
                text += ("." if text else "") + self.name(step)
        return text

    def name(self, name: str) -> str:
        """The placeholder of a name."""
        for known, meant in self.names.items():
            if meant == name:
                return known
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = name
        return placeholder

    def value(self, value: Value) -> str:
        """A placeholder for a value."""
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder


def expressions_of(query: Query, shape: Shape) -> Expressions:
    """The expressions of a checked query. Raises BadQueryError when one of them would be too long for DynamoDB."""
    view = shape.view(query.index) or shape.itself
    used = Placeholders()
    keys: list[str] = []
    if query.partition is not None:
        value = typed(shape.types.get(view.partition, "S"), query.partition)
        keys.append(f"{used.path([view.partition])} = {used.value(value)}")
    if query.sort is not None:
        keys.append(condition_text(query.sort, [view.sort], used))
    filters = [condition_text(one, steps_of(one.path), used) for one in query.filters]
    found = Expressions(
        key_condition=" AND ".join(keys),
        filter=" AND ".join(filters),
        projection=_projection(query, shape, used),
        names=used.names,
        values=used.values,
    )
    _check_length(found)
    return found


def condition_text(condition: Condition, steps: Sequence[Step], used: Placeholders) -> str:
    """One condition in placeholders. Raises BadValueError for a value that is none of its type."""
    operator = OPERATORS[condition.operator]
    placeholders = [used.value(value) for value in condition.operands()]
    return operator.template.format(*placeholders, path=used.path(steps), list=", ".join(placeholders))


def _projection(query: Query, shape: Shape, used: Placeholders) -> str:
    """The attributes that were asked for, the keys of table and index always among them: rows need their address, and
    pages the key that the next one starts after. No path may be within another one that is asked for (DynamoDB calls
    that overlapping)."""
    if not query.attributes:
        return ""
    asked = [*((name,) for name in shape.start_names(query.index)), *(steps_of(path) for path in query.attributes)]
    paths = dict.fromkeys(asked)
    kept = [steps for steps in paths if not any(steps[:length] in paths for length in range(1, len(steps)))]
    return ", ".join(used.path(steps) for steps in kept)


def _check_length(found: Expressions) -> None:
    for name, text in (("filters", found.filter), ("attribute", found.projection)):
        if len(text) > LONGEST:
            raise BadQueryError({name: f"This comes to more than the {LONGEST:,} bytes that DynamoDB reads. Ask less."})
