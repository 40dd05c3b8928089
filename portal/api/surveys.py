"""Listing what the account has of tables and of hand-made stacks: how old that is, and having it done again."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Schema

from portal.access import actor_of
from portal.accounts.models import Scope
from portal.api.operations import operation
from portal.api.sending import once
from portal.orphans.reading import read_look
from portal.requesting.reading import default_account
from provisioning.actions.refusals import Refusal
from provisioning.actions.surveying import do_look_again

router = Router(tags=["Kept tables and stacks to adopt"])


class Survey(Schema):
    """The last time that the account was listed whole, null before the first. `looking`: one is due or under way;
    `problem` is why the last try did not end."""

    at: datetime | None
    looking: bool
    problem: str


@operation(router, "GET", "/surveys", scope=Scope.READ, page="orphans", answers=Survey, summary="Show the last survey")
def show_survey(request: HttpRequest) -> Survey:
    """How old the lists of kept tables and of stacks to adopt are."""
    return survey_now()


@operation(
    router, "POST", "/surveys", scope=Scope.CHANGE, page="look_again", answers=Survey, status=202,
    summary="Look at the account again",
)  # fmt: skip
def survey_again(request: HttpRequest, response: HttpResponse) -> Survey:
    """Has tables and stacks listed now rather than at their next turn. Ask again until it is not `looking`."""
    account = default_account()
    if account is None:
        raise Refusal("No AWS account is set up yet. Ask an admin.", "no-account")
    once(request, response, None, lambda _: do_look_again(actor_of(request), account))
    return survey_now()


def survey_now() -> Survey:
    """The last survey, as both lists tell it."""
    look = read_look(timezone.now())
    return Survey(at=look.at, looking=look.due, problem=look.problem)
