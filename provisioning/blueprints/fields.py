"""Reads `blueprint.yaml` field by field: typed values out, problems collected on the way."""

import difflib
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from provisioning.blueprints.model import BlueprintProblem
from provisioning.blueprints.reading import Document

_MISSING = object()


class Problems:
    """What is wrong with one file, gathered so that its author sees everything at once."""

    def __init__(self, file: str, document: Document) -> None:
        self.file = file
        self.document = document
        self.found: list[BlueprintProblem] = []

    def add(self, path: Sequence[str], sentence: str, fix: str) -> None:
        """Note a problem at a path of keys, or at the nearest part around it that is written."""
        at = tuple(path)
        while at and at not in self.document.lines:
            at = at[:-1]
        self.found.append(BlueprintProblem(self.file, self.document.lines.get(at, 1), sentence, fix))


class Section:
    """One mapping of the file. Wrong values become problems and come out as something harmless."""

    def __init__(self, data: Any, path: tuple[str, ...], problems: Problems, known: Collection[str]) -> None:
        self.path = path
        self.problems = problems
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.complain((), f"{self.name} must be a mapping.", "Write each part as name: value.")
        for key in self.data:
            if key not in known:
                self.complain((key,), f"“{key}” is not known in {self.name}.", _did_you_mean(str(key), sorted(known)))

    @property
    def name(self) -> str:
        """How the section is called in sentences."""
        return " → ".join(self.path) or "the blueprint"

    def complain(self, path: Sequence[str], sentence: str, fix: str) -> None:
        """Note a problem below this section."""
        self.problems.add((*self.path, *path), sentence, fix)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; needed unless there is a default. Numbers and truth values count as their text."""
        value = self.data.get(key, _MISSING)
        if value is _MISSING or value is None:
            if default is None:
                self.complain((key,), f"{self.name} has no {key}.", f"Add {key}: to it.")
            return default or ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value).strip()
        self.complain((key,), f"{key} must be a text.", "Put it in quotes.")
        return default or ""

    def one_of(self, key: str, choices: Collection[str], default: str | None = None) -> str:
        """A text out of a few."""
        value = self.text(key, default)
        if value not in choices and (value or default is not None or key in self.data):
            named = ", ".join(choice for choice in choices if choice)
            self.complain((key,), f"{key} cannot be “{value}”.", f"Use one of {named}.")
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """True or false; needed unless there is a default."""
        value = self.data.get(key, default)
        if isinstance(value, bool):
            return value
        self.complain((key,), f"{key} must be true or false.", f"Write {key}: true or {key}: false.")
        return False

    def count(self, key: str, *, optional: bool = False) -> int:
        """A whole number of 0 or more; 0 when it is optional and absent."""
        value = self.data.get(key)
        if value is None and optional:
            return 0
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        self.complain((key,), f"{key} must be a whole number of 0 or more.", "Correct the number.")
        return 0

    def day(self, key: str) -> date | None:
        """A date such as 2026-01-31; None when absent."""
        value = self.data.get(key)
        if value is None:
            return None
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.complain((key,), f"{key} must be a date.", "Write it as 2026-01-31.")
            return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; empty when absent."""
        value = self.data.get(key) or []
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.complain((key,), f"{key} must be a list of texts.", "Write it as [one, two].")
        return ()

    def pairs(self, key: str) -> dict[str, str]:
        """A mapping of texts; empty when absent."""
        inner = self.data.get(key) or {}
        if not isinstance(inner, dict):
            self.complain((key,), f"{key} must be a mapping.", "Write each part as name: value.")
            return {}
        section = Section(inner, (*self.path, key), self.problems, inner)
        return {name: section.text(name) for name in inner}

    def section(self, key: str, known: Collection[str]) -> "Section":
        """A mapping within this one; absent counts as empty."""
        return Section(self.data.get(key) or {}, (*self.path, key), self.problems, known)

    def sections(self, key: str, known: Collection[str]) -> list["Section"]:
        """A list of mappings; empty when absent."""
        value = self.data.get(key) or []
        if not isinstance(value, list):
            self.complain((key,), f"{key} must be a list.", "Begin each entry with a dash.")
            return []
        return [Section(item, (*self.path, key, str(at)), self.problems, known) for at, item in enumerate(value)]


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(known)}."
