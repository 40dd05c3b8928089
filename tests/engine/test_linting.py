"""cfn-lint for real, once: what it finds is told, kept with the template, and not looked for again."""

import pytest

from provisioning.models import Template
from provisioning.planning import lint

BROKEN = """\
Resources:
  Users:
    Type: AWS::DynamoDB::Tablee
"""


@pytest.mark.django_db
def test_what_cfn_lint_finds_is_told_and_kept() -> None:
    template = Template.objects.create(digest="broken", body=BROKEN)
    (found,) = lint.findings(template)
    assert (found["severity"], found["rule"], found["line"]) == ("error", "E3006", "3")
    assert "AWS::DynamoDB::Tablee" in found["sentence"]
    assert Template.objects.get(pk=template.pk).lint == [found]


@pytest.mark.django_db
def test_what_was_linted_before_is_not_linted_again() -> None:
    kept = [{"severity": "info", "rule": "I0000", "line": "1", "sentence": "kept"}]
    assert lint.findings(Template(digest="kept", body=BROKEN, lint=kept)) == kept
