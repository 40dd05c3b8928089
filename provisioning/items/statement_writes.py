"""INSERT, UPDATE and DELETE as what they want done to one item: a WriteIntent, or a sentence why they cannot be.

None of them is ever sent as a statement. As intents they are conditioned on what was read, kept with the item before,
can be taken back, and in prod wait for a second person (pitfall 28).
"""

from collections.abc import Iterator

from provisioning.items.intents import BadIntentError, Edit, WriteIntent, check, shown_path
from provisioning.items.query import Shape
from provisioning.items.statement_grammar import AllOf, Comparison, Condition, Literal, Path, Reader
from provisioning.items.statement_tokens import BadStatementError, Kind, Word, shown, words_of
from provisioning.items.statements import Target, Verb, given_values, table_of, verb_of
from provisioning.items.values import BadValueError, Item, Value
from provisioning.lifecycle import WriteVerb

ONE_ITEM = "A statement writes one item, named by its whole key and nothing else"


def read_write(text: str, target: Target) -> WriteIntent:
    """What a statement that writes wants. Raises BadStatementError, also for what cannot be done this way."""
    verb = verb_of(text)
    if verb is Verb.SELECT:
        raise BadStatementError("A SELECT writes nothing.")
    words = words_of(text)
    reader = Reader(words, given_values(words, target.parameters))
    reader.take()
    read = {Verb.INSERT: _insert, Verb.UPDATE: _update, Verb.DELETE: _delete}[verb]
    intent = read(reader, target.shape)
    if reader.word.kind is not Kind.END:
        raise _not_taken(reader.word)
    try:
        return check(intent, key_types(target.shape))
    except (BadIntentError, BadValueError) as wrong:
        raise BadStatementError(wrong.sentence) from None


def key_types(shape: Shape) -> dict[str, str]:
    """The key attributes of a table and their types."""
    return {name: shape.types.get(name, "S") for name in shape.itself.keys}


def _not_taken(word: Word) -> BadStatementError:
    if word.is_keyword("RETURNING"):
        return BadStatementError("Leave RETURNING out: the item before and after is kept and shown anyway.", word.at)
    return BadStatementError(f"{shown(word)} is not taken here. {ONE_ITEM}.", word.at)


def _table(reader: Reader, shape: Shape, *, before: str) -> None:
    at = reader.after().at if before else reader.word.at
    if table_of(reader, shape, before=before).name:
        raise BadStatementError("An index is not written to: name the table alone.", at)


def _insert(reader: Reader, shape: Shape) -> WriteIntent:
    _table(reader, shape, before="INTO")
    reader.expect("VALUE")
    at = reader.word.at
    value = reader.value()
    if "M" not in value:
        raise BadStatementError("A new item is a map, such as {'id': 'a'}.", at)
    item: Item = value["M"]
    missing = [name for name in shape.itself.keys if name not in item]
    if missing:
        raise BadStatementError(f"The new item has no {' and no '.join(missing)}, its key.", at)
    return WriteIntent(WriteVerb.CREATE, shape.table, {name: item[name] for name in shape.itself.keys}, item=item)


def _delete(reader: Reader, shape: Shape) -> WriteIntent:
    _table(reader, shape, before="FROM")
    return WriteIntent(WriteVerb.DELETE, shape.table, _key(reader, shape))


def _update(reader: Reader, shape: Shape) -> WriteIntent:
    _table(reader, shape, before="")
    edits: list[tuple[Path, Value | None]] = []
    if not reader.word.is_keyword("SET", "REMOVE"):
        raise reader.surprise("SET or REMOVE")
    while reader.word.is_keyword("SET", "REMOVE"):
        sets = reader.take().content == "SET"
        edits.append(_edit(reader, sets=sets))
        while reader.skip(","):
            edits.append(_edit(reader, sets=sets))
    _check_apart([path for path, _ in edits])
    patch = tuple(Edit(path.steps, value) for path, value in edits)
    return WriteIntent(WriteVerb.EDIT, shape.table, _key(reader, shape), patch=patch)


def _edit(reader: Reader, *, sets: bool) -> tuple[Path, Value | None]:
    path = reader.path()
    if not sets:
        return path, None
    reader.expect("=")
    if reader.word.is_name:
        raise BadStatementError(
            "A value stands written out here: nothing is worked out from what is there.", reader.word.at
        )
    value = reader.value()
    if reader.word.is_sign("+", "-", "*", "/", "||"):
        raise BadStatementError("A value stands written out here: nothing is worked out.", reader.word.at)
    return path, value


def _check_apart(paths: list[Path]) -> None:
    """No place is written twice, nor with another one that is a part of it: the order would decide."""
    for number, path in enumerate(paths):
        for other in paths[:number]:
            short = min(len(path.steps), len(other.steps))
            if path.steps[:short] == other.steps[:short]:
                raise BadStatementError(f"{shown_path(path.steps)} is written twice.", path.at)
            if any(isinstance(step, int) for step in path.steps) and path.attribute == other.attribute:
                raise BadStatementError("Of one list, write one place at a time.", path.at)


def _key(reader: Reader, shape: Shape) -> Item:
    """The key that a WHERE names: equality with each key attribute, and nothing else."""
    wanted = " AND ".join(f'"{name}" = …' for name in shape.itself.keys)
    if not reader.word.is_keyword("WHERE"):
        raise reader.surprise(f"WHERE {wanted}")
    at = reader.take().at
    key: Item = {}
    for test in _parts(reader.condition()):
        if not (
            isinstance(test, Comparison)
            and test.operator == "="
            and isinstance(test.first, Path)
            and test.first.is_plain
            and isinstance(test.others[0], Literal)
            and test.first.steps[0] in shape.itself.keys
            and test.first.steps[0] not in key
        ):
            raise BadStatementError(f"{ONE_ITEM}: WHERE {wanted}.", at)
        key[str(test.first.steps[0])] = test.others[0].value
    if len(key) != len(shape.itself.keys):
        raise BadStatementError(f"{ONE_ITEM}: WHERE {wanted}.", at)
    return {name: key[name] for name in shape.itself.keys}


def _parts(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, AllOf):
        for part in condition.parts:
            yield from _parts(part)
    else:
        yield condition
