"""`manage.py create_token alice --scopes read,change --expires 90`: a token for the API, printed once."""

from argparse import ArgumentParser
from datetime import datetime, timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.accounts.models import Scope, User
from portal.accounts.tokens import NewToken, do_create_token
from provisioning.actions.actor import Actor
from provisioning.actions.refusals import Refusal


class Command(BaseCommand):
    """Prints the token, and nothing else, to standard output, so that a script can take it from there."""

    help = "Make an API token for a person. It is printed once and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose, what for, what it may, how long."""
        parser.add_argument("user", help="the username of the person in whose name it acts")
        parser.add_argument("--name", default="Made by create_token", help="what it is for")
        parser.add_argument(
            "--scopes", default="read", help=f"out of {','.join(Scope.values)}; reading is always in it"
        )
        parser.add_argument(
            "--expires", default="90", help="in so many days, or a time such as 2030-01-31T12:00Z, or “never”"
        )

    def handle(self, *args: object, **options: str) -> None:
        """Make it."""
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is nobody called {options['user']}.")
        wanted = NewToken(options["name"], _scopes(options["scopes"]), _end(options["expires"]))
        # Who has the machine acts as the person: the entry has no address, and says how the token was made.
        groups = frozenset(user.groups.values_list("name", flat=True))
        actor = Actor(user.pk, user.get_username(), groups, token="manage.py create_token")  # noqa: S106  (a name)
        try:
            made = do_create_token(actor, user, wanted, by=None)
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        ends = f"ends {made.row.expires_at:%Y-%m-%d %H:%M} UTC" if made.row.expires_at else "does not end by itself"
        self.stderr.write(f"{made.row} for {user}: {', '.join(made.row.scopes)}; {ends}. It is shown this once:")
        self.stdout.write(made.text)


def _scopes(text: str) -> list[Scope]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in Scope.values:
            raise CommandError(f"“{word}” is no scope: choose from {', '.join(Scope.values)}.")
    return [Scope(word) for word in words]


def _end(text: str) -> datetime | None:
    if text == "never":
        return None
    if text.isascii() and text.isdecimal() and 0 < int(text) <= 366:
        return timezone.now() + timedelta(days=int(text))
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise CommandError("--expires is a number of days up to 366, a time such as 2030-01-31T12:00Z, or never.")
    return found
