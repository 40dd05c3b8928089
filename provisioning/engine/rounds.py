"""Rounds over an account that take several ticks: one worker at a time holds the lease of one that is due.

A round began when it was due, so that what was read since then counts for it; somebody who asks for another one
meanwhile moves that time, and the round that ends does not take that wish away.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from provisioning.models import Account

LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Rounds:
    """One kind of round, by the account's two columns for it: when the next is due, and until when it is leased."""

    due: str
    until: str

    def free(self, now: datetime) -> Q:
        """Accounts that this is due for, or was never done for, and that nobody holds."""
        due = Q(**{f"{self.due}__isnull": True}) | Q(**{f"{self.due}__lte": now})
        return due & (Q(**{f"{self.until}__isnull": True}) | Q(**{f"{self.until}__lt": now}))

    def claim(self, account_id: int) -> tuple[Account, datetime] | None:
        """Take the lease: the account, and when this round began. None where it is not due or somebody holds it."""
        now = timezone.now()
        Account.objects.filter(**{f"{self.due}__isnull": True}, pk=account_id).update(**{self.due: now})
        if Account.objects.filter(self.free(now), pk=account_id).update(**{self.until: now + LEASE}) != 1:
            return None
        account = Account.objects.get(pk=account_id)
        return account, getattr(account, self.due)

    def go_on(self, account: Account) -> None:
        """Give the lease back in the middle of a round: the next tick goes on with it."""
        self._mine(account).update(**{self.until: None})

    def pause(self, account: Account, seconds: float) -> None:
        """Keep the lease for so long, and go on then: there is no room for calls to AWS now."""
        self._mine(account).update(**{self.until: timezone.now() + timedelta(seconds=seconds)})

    def end(self, account: Account, next_at: datetime, **columns: object) -> None:
        """End the round and write `columns`, unless somebody asked for another one meanwhile: then only the lease."""
        mine = self._mine(account)
        as_begun = mine.filter(**{self.due: getattr(account, self.due)})
        if not as_begun.update(**{self.until: None, self.due: next_at}, **columns):
            mine.update(**{self.until: None})

    def _mine(self, account: Account) -> "QuerySet[Account]":
        return Account.objects.filter(pk=account.pk, **{self.until: getattr(account, self.until)})
