"""What Parameter Store takes, checked here before the call, with a sentence for people (M1, M2).

Limits are AWS's own: see PutParameter in the Systems Manager API.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

STRING, STRING_LIST, SECURE = "String", "StringList", "SecureString"
TYPES = (STRING, STRING_LIST, SECURE)
STANDARD_BYTES = 4_096
LONGEST_NAME = 1_011
MOST_LEVELS = 15
_NAME = re.compile(r"[a-zA-Z0-9_.\-/]+", re.ASCII)
_RESERVED = re.compile(r"/?(aws|ssm)", re.IGNORECASE | re.ASCII)


def name_problem(name: str) -> str:
    """Why a full name cannot be a parameter's; empty when it can (M2). AWS cuts spaces at its ends without a word, so
    they are refused here."""
    if not name or name == "/":
        return "A parameter needs a name."
    if name != name.strip() or " " in name:
        return "A name has no spaces."
    if not _NAME.fullmatch(name):
        return "A name has letters, digits, and the signs _ . - / only."
    if "/" in name and not name.startswith("/"):
        return "A name with levels begins with a slash."
    if "//" in name:
        return "Two slashes leave a level without a name."
    if name.endswith("/"):
        return "A name does not end with a slash."
    if _RESERVED.match(name):
        return "AWS keeps names that begin with aws or ssm for itself."
    if name.count("/") > MOST_LEVELS:
        return f"A name has {MOST_LEVELS} levels at most; this one has {name.count('/')}."
    if len(name) > LONGEST_NAME:
        return f"A name has {LONGEST_NAME:,} characters at most; this one has {len(name):,}."
    return ""


def value_problem(kind: str, value: str) -> str:
    """Why Parameter Store would not take a value of this type; empty when it would. Never repeats the value."""
    if not value:
        return "A value cannot be empty. Delete the parameter instead."
    size = len(value.encode(errors="surrogatepass"))
    if size > STANDARD_BYTES:
        return f"A value has {STANDARD_BYTES:,} bytes at most; this one has {size:,}."
    if "{{" in value or "}}" in value:
        return "A value cannot hold two braces side by side: AWS reads them as a reference."
    if "\x00" in value:
        return "A value cannot hold a null character."
    if kind == STRING_LIST and any(not member.strip() for member in value.split(",")):
        return "A list cannot have an empty member, and its members cannot hold commas."
    return ""


def flag_problem(kind: str, value: str, allowed: Sequence[str] = ()) -> str:
    """Why a value is none of a declared flag's type (as in FLAG_TYPES of a blueprint); empty when it is one.

    Only the canonical form counts: `True`, `yes` or `1` would be read differently by different programs.
    """
    if kind == "boolean" and value not in {"true", "false"}:
        return "This is true or false, written just so."
    if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII):
        return "This is a number such as 5 or 0.25."
    if kind == "choice" and value not in allowed:
        return f"This is one of {', '.join(allowed)}."
    if kind == "json":
        return _json_problem(value)
    return ""


def _json_problem(value: str) -> str:
    try:
        json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        where = f", line {wrong.lineno}, column {wrong.colno}" if isinstance(wrong, json.JSONDecodeError) else ""
        return f"This is not JSON{where}."
    return ""


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def is_secret(kind: str, declared: str) -> bool:
    """Whether a value is hidden: by Parameter Store's type of it, or because its flag is declared a secret, however
    somebody stored it. `declared` is the flag's type, empty for a parameter that nobody declared."""
    return kind == SECURE or declared == "secret"


def store_type(kind: str) -> str:
    """Parameter Store's type for a declared flag's type."""
    return {"list": STRING_LIST, "secret": SECURE}.get(kind, STRING)
