"""Items of every type that DynamoDB has, for Hypothesis: numbers to 38 digits, sets, binary, odd names, deep ones."""

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import strategies as st

from provisioning.items.values import Item, Value

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.one_of(
    st.sampled_from(["status", "a.b", "a-b", "#x", "日本", "key", "a:N", "x:JSON", "=1+1", "'", " ", "a,b", 'q"']),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
)
NUMBERS = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20).map(str),
    st.sampled_from(["0", "-5", "1E+125", "1E-130", "-0", "1.50", "9" * 38]),
)
BINARY = st.binary(max_size=12)
HOSTILE = st.sampled_from(
    ["<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "</script>", "=cmd|' /C calc'!A0"]
)
SCALARS = st.one_of(
    st.one_of(TEXTS, HOSTILE).map(lambda text: {"S": text}),
    NUMBERS.map(lambda number: {"N": number}),
    BINARY.map(lambda content: {"B": content}),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"NULL": True}),
    st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(lambda members: {"SS": members}),
    st.lists(NUMBERS, min_size=1, max_size=3, unique_by=Decimal).map(lambda members: {"NS": members}),
    st.lists(BINARY, min_size=1, max_size=3, unique=True).map(lambda members: {"BS": members}),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"L": parts}),
        st.dictionaries(NAMES, inner, max_size=3).map(lambda parts: {"M": parts}),
    ),
    max_leaves=6,
)
_KEYS = {
    "S": st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    "N": NUMBERS,
    "B": st.binary(min_size=1, max_size=12),
}


def items(keys: Mapping[str, str]) -> st.SearchStrategy[Item]:
    """Items with these key attributes, by name and type, and any others."""
    key = st.fixed_dictionaries({name: _key(kind) for name, kind in keys.items()})
    others = st.dictionaries(NAMES.filter(lambda name: name not in keys), VALUES, max_size=5)
    return st.tuples(key, others).map(lambda both: {**both[0], **both[1]})


def _key(kind: str) -> st.SearchStrategy[Value]:
    return _KEYS[kind].map(lambda content: {kind: content})
