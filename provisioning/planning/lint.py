"""cfn-lint's findings for a template. It runs as a subprocess, because it is large; its result is kept with the
template, because it depends on nothing else."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from provisioning.models import Template

_SEVERITY = {"Error": "error", "Warning": "warning", "Informational": "info"}
_SECONDS = 60
_PROGRAM = "from cfnlint.runner import main; raise SystemExit(main())"  # what its script does; the package has no -m


class LintUnavailableError(Exception):
    """cfn-lint itself did not work."""


def findings(template: Template) -> list[dict[str, str]]:
    """Findings as {severity, rule, line, sentence}; from the database when this body was linted before.
    Raises LintUnavailableError."""
    if template.lint is None:
        template.lint = _run(template.body)
        template.save(update_fields=["lint"])
    result: list[dict[str, str]] = template.lint
    return result


def _run(body: str) -> list[dict[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.yaml"
        path.write_text(body)
        try:
            # Our own interpreter and a path of ours: nothing from outside reaches this command line.
            answer = subprocess.run(  # noqa: S603
                [sys.executable, "-c", _PROGRAM, "--format", "json", str(path)],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as slow:
            raise LintUnavailableError(f"cfn-lint did not finish within {_SECONDS} seconds.") from slow
    try:
        rows = json.loads(answer.stdout)
    except json.JSONDecodeError as broken:
        raise LintUnavailableError(answer.stderr.strip()[-400:]) from broken
    return [
        {
            "severity": _SEVERITY.get(row["Level"], "info"),
            "rule": row["Rule"]["Id"],
            "line": str(row["Location"]["Start"]["LineNumber"]),
            "sentence": row["Message"],
        }
        for row in rows
    ]
