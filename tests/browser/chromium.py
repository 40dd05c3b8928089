"""Windows of Chromium for people who are signed in, with an ear for everything their pages complain about."""

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from bench.visitor import Visitor

PATIENCE = 60_000  # milliseconds; for what AWS takes part in, on a machine that is busy
_CUT_OFF = "net::ERR_ABORTED"  # a poll that the next page does not wait for
_REPLACED = ("htmx:afterRequest", "htmx:sendAbort")  # what htmx says of a request that a newer one has ended


@dataclass
class Windows:
    """Opens windows at one Stackyard and collects what their pages complain about."""

    browser: Browser
    address: str
    signed_in: dict[str, Any]
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, username: str = "", **options: Any) -> Page:
        """A window of its own, signed in as this person unless the name is empty; options as of `new_context`."""
        if username and username not in self.signed_in:
            self.signed_in[username] = self._sign_in(username)
        state = self.signed_in[username] if username else None
        context = self.browser.new_context(base_url=self.address, storage_state=state, **options)
        context.set_default_timeout(PATIENCE / 2)
        self._contexts.append(context)
        page = context.new_page()
        self._listen(page)
        return page

    def close(self) -> None:
        """Close every window."""
        for context in self._contexts:
            context.close()

    def _sign_in(self, username: str) -> Any:
        """What a browser keeps of somebody who has signed in. How that looks in one is the matter of one test."""
        visitor = Visitor(self.address).sign_in(username)
        kept = [{"name": one.name, "value": one.value, "url": self.address} for one in visitor.cookies]
        return {"cookies": kept}

    def _listen(self, page: Page) -> None:
        def console(message: ConsoleMessage) -> None:
            # A page that is a refusal (404, 422) is mentioned too; only what a page loads counts.
            own = message.location.get("url") == page.url and "responded with a status of 4" in message.text
            ended = message.text.startswith(_REPLACED)
            if message.type in {"error", "warning"} and not own and not ended:
                self.complaints.append(f"{page.url}: {message.text}")

        def failed(request: Request) -> None:
            if request.failure != _CUT_OFF:
                self.complaints.append(f"{page.url}: {request.url} {request.failure}")

        def answered(response: Response) -> None:
            if response.status >= 500:
                self.complaints.append(f"{page.url}: {response.url} {response.status}")

        page.on("console", console)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("requestfailed", failed)
        page.on("response", answered)
