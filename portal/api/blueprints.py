"""Blueprints that cannot be used, for those who mend them."""

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Schema

from portal.accounts.models import Scope
from portal.api.operations import operation
from provisioning.blueprints.loader import library

router = Router(tags=["Applications"])


class BlueprintProblem(Schema):
    """Why a blueprint, or a part of one, cannot be used, and what to do. Lines count from 1."""

    file: str
    line: int
    sentence: str
    fix: str


class ProblemList(Schema):
    """Every problem; `usable` blueprints are in order. `folders` are looked into besides the shipped ones."""

    items: list[BlueprintProblem]
    usable: int
    folders: list[str]


@operation(
    router, "GET", "/blueprints/problems", scope=Scope.READ, page="blueprint_problems", answers=ProblemList,
    summary="List what is wrong with blueprints",
)  # fmt: skip
def list_blueprint_problems(request: HttpRequest) -> ProblemList:
    """For admins and auditors. Files are read again as soon as they change."""
    found = library()
    return ProblemList(
        items=[
            BlueprintProblem(file=one.file, line=one.line, sentence=one.sentence, fix=one.fix) for one in found.problems
        ],
        usable=len(found.blueprints),
        folders=[str(folder) for folder in settings.BLUEPRINT_DIRS],
    )
