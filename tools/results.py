"""What the checks and tiers came to, as a table and one closing line."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True)
class Result:
    """One check or tier: counts, wall seconds, and why it did not run at all, if so.

    A check counts as no test: it adds nothing to what passed, and 1 to what failed when it failed.
    """

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    not_run: str = ""
    note: str = ""

    def succeeded(self, *, strict: bool) -> bool:
        """Whether it may pass; `strict` also refuses what did not run and what was skipped."""
        return not self.failed and not (strict and (self.not_run or self.skipped))


def read_junit(path: Path, name: str, exit_code: int, seconds: float) -> Result:
    """The result of one run of pytest, from the JUnit file that it wrote.

    A run that broke without a failed test (nothing collected, a crash) counts as one failure.
    """
    if not path.is_file():
        return Result(name, failed=1, seconds=seconds, note=f"pytest ended with code {exit_code}, no results")
    suites = ElementTree.parse(path).getroot().iter("testsuite")  # noqa: S314  written by our own pytest
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", "0"))
        failed += int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
        skipped += int(suite.get("skipped", "0"))
    passed = max(total - failed - skipped, 0)
    if exit_code and not failed:
        note = "no test was found" if exit_code == os.EX_OK + 5 else f"pytest ended with code {exit_code}"
        return Result(name, passed, 1, skipped, seconds, note=note)
    return Result(name, passed, failed, skipped, seconds)


def table(results: Sequence[Result]) -> str:
    """The results, one a line, then what did not run and why."""
    width = max(len(result.name) for result in results)
    lines = [f"{'':{width}}  passed  failed  seconds"]
    for result in results:
        if not result.not_run:
            counts = f"{result.passed or '-':>6}  {result.failed:>6}  {result.seconds:>7.1f}"
            lines.append(f"{result.name:{width}}  {counts}  {result.note}".rstrip())
    lines += [f"did not run: {result.name}, because {result.not_run}" for result in results if result.not_run]
    lines += [f"skipped: {result.skipped} in {result.name}" for result in results if result.skipped]
    return "\n".join(lines)


def closing_line(results: Sequence[Result]) -> str:
    """The sums over everything: tests that passed, tests and checks that failed."""
    return f"{sum(r.passed for r in results)} passed, {sum(r.failed for r in results)} failed"
