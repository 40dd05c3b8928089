"""How allauth behaves here: nobody signs up by themselves."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Local accounts are made by an administrator, or come through single sign-on."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False
