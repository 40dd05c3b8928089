"""Who asks: a Bearer token and nothing else. A session's cookie opens no operation, so no other site can use it.

What a token may is its scopes, and within them what its person's groups may on the page that does the same.
"""

from http import HTTPStatus
from typing import cast

from django.http import HttpRequest
from ninja.security import HttpBearer

from portal.accounts.models import ApiToken, Scope
from portal.accounts.tokens import find_token
from portal.api.problems import ProblemError
from portal.api.rates import count_request
from portal.pages import groups_of, page_of


class Token(HttpBearer):
    """Lets in whoever has a token with `scope`, of a person who may open the page with the URL name `page`."""

    def __init__(self, scope: Scope, page: str) -> None:
        super().__init__()
        found = page_of(page)
        if found is None:
            raise ValueError(f"{page} is on no page")
        self.scope, self.page = scope, found

    def __call__(self, request: HttpRequest) -> ApiToken:
        """The token of the request. Raises ProblemError: 401, 403 or 429."""
        found: ApiToken | None = super().__call__(request)
        if found is None:
            raise _nobody(given="Authorization" in request.headers)
        return found

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        """The token; the request is its person's from here on. Raises ProblemError: 403 or 429."""
        found = find_token(token)
        if found is None:
            return None
        request.user = found.user
        request.token_name = str(found)  # type: ignore[attr-defined]  # read by actor_of, for the audit
        # Whatever was noted for a session that came along is not this person's.
        request.__dict__.pop("group_names", None)
        self._count(request, found)
        self._require(request, found)
        return found

    def _count(self, request: HttpRequest, token: ApiToken) -> None:
        rate = count_request(token.pk)
        request.rate = rate  # type: ignore[attr-defined]  # told in the answer's headers
        if rate.is_over:
            raise ProblemError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too-many-requests",
                f"At most {rate.limit} requests a minute. Go on in {rate.reset} s.",
                headers={"Retry-After": str(rate.reset)},
            )

    def _require(self, request: HttpRequest, token: ApiToken) -> None:
        _require_scope(token, self.scope, "this")
        if not self.page.groups & groups_of(request):
            said = f"{self.page.label} is for {' and '.join(sorted(self.page.groups))}."
            raise ProblemError(HTTPStatus.FORBIDDEN, "not-allowed", said)


def asking_token(request: HttpRequest) -> ApiToken:
    """The token that an operation is asked with."""
    return cast("ApiToken", request.auth)  # type: ignore[attr-defined]  # put there by ninja


def require_scope(request: HttpRequest, scope: Scope, what: str) -> None:
    """For operations that ask for more by what they are about, which is `what`. Raises ProblemError."""
    _require_scope(asking_token(request), scope, what)


def _require_scope(token: ApiToken, scope: Scope, what: str) -> None:
    if scope not in token.scopes:
        said = f"This token may {', '.join(token.scopes)}; {what} needs {scope}."
        raise ProblemError(HTTPStatus.FORBIDDEN, "no-scope", said)


def _nobody(*, given: bool) -> ProblemError:
    said = "This token cannot be used: unknown, over, or revoked." if given else "Sign in with Authorization: Bearer."
    code = "bad-token" if given else "no-token"
    return ProblemError(HTTPStatus.UNAUTHORIZED, code, said, headers={"WWW-Authenticate": 'Bearer realm="Stackyard"'})
