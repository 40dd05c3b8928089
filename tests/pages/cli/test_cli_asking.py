"""How the server is asked: again where that is safe, never elsewhere with the token, and what is said when it is away,
older, or no Stackyard."""

import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.models import User
from portal.api import VERSION
from portal.cli import API_VERSION
from portal.cli.shown import plain
from provisioning.lifecycle import ChangeStatus

from .. import rows
from .served import Served, Terminal, answered, dropped, problem

LATER = "503 Service Unavailable"


def tokens_sent(served: Served) -> set[str]:
    return {headers.get("authorization", "") for _, _, headers in served.asked}


class TestAgain:
    """A bounded number of tries."""

    def test_where_the_server_asks_to_wait(self, served: Served, alice_types: Terminal) -> None:
        served.before += [
            problem("429 Too Many Requests", "too-many-requests", "At most 600.", Retry_After="0"),
            problem(LATER, "aws-busy", "Try again.", Retry_After="0"),
        ]
        done = alice_types.run("whoami")
        assert done.exit_code == 0
        assert done.stderr.count("trying again") == 2

    def test_not_for_ever(self, served: Served, alice_types: Terminal) -> None:
        served.before += [problem(LATER, "database-away", "The database does not answer.", Retry_After="0")] * 9
        assert "(database-away)" in alice_types.refused("whoami", code=6, STACKYARD_RETRIES="2")
        assert len(served.asked) == 3

    def test_not_where_it_takes_longer_than_a_person_waits(self, served: Served, alice_types: Terminal) -> None:
        served.before += [problem(LATER, "aws-busy", "Try again later.", Retry_After="3600")]
        assert "Try again later. (aws-busy)" in alice_types.refused("whoami", code=6)
        assert len(served.asked) == 1

    def test_after_the_network_failed(self, served: Served, alice_types: Terminal) -> None:
        served.before += [dropped]
        assert alice_types.run("whoami").exit_code == 0
        assert len(served.asked) == 2

    def test_what_aws_refused_is_not_asked_again(self, served: Served, alice_types: Terminal) -> None:
        served.before += [problem("502 Bad Gateway", "aws-failed", "AWS refused.")]
        assert "AWS refused. (aws-failed)" in alice_types.refused("whoami", code=6)
        assert len(served.asked) == 1

    def test_an_incident_is_told(self, served: Served, alice_types: Terminal) -> None:
        served.before += [problem("500 Internal Server Error", "unexpected", "In the log as 1a2b3c4d.")]
        assert "1a2b3c4d" in alice_types.refused("whoami", code=6)


class TestAway:
    """Nobody there, or somebody else."""

    def test_nobody_listens(self, alice_types: Terminal) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{taken.getsockname()[1]}"
            told = alice_types.refused("apps", "--server", url, code=6, STACKYARD_RETRIES="0")
        assert told == f"The server at {url} does not answer: Connection refused.\n"

    def test_a_name_that_nobody_has(self, alice_types: Terminal) -> None:
        told = alice_types.refused("apps", "--server", "https://no.such.invalid", code=6, STACKYARD_RETRIES="0")
        assert told.startswith("The server at https://no.such.invalid does not answer: ")
        assert "object at" not in told

    @pytest.mark.parametrize(
        ("status", "body", "kind"),
        [
            ("200 OK", b"<html>", "text/html"),
            ("200 OK", b"{not json", "application/json"),
            ("404 Not Found", b"<html>", "text/html"),
            ("403 Forbidden", b"proxy says no", "text/plain"),
        ],
    )
    def test_something_else_answers(
        self, served: Served, alice_types: Terminal, status: str, body: bytes, kind: str
    ) -> None:
        served.before += [answered(status, body, Content_Type=kind)] * 2
        assert "is no Stackyard" in alice_types.refused("apps", code=6)

    def test_a_certificate_that_nobody_vouches_for(self, served: Served, alice_types: Terminal) -> None:
        told = alice_types.refused("apps", "--server", served.url.replace("http:", "https:"), code=6)
        assert "certificate" in told or "does not answer" in told
        assert served.asked == []


class TestElsewhere:
    """The token goes to the server that was named, and nowhere else."""

    @pytest.mark.parametrize(
        "there", ["http://localhost:1/api/v1/me", "https://127.0.0.1/api/v1/me", "//evil.invalid/api/v1/me"]
    )
    def test_a_redirect_to_another_server_is_not_followed(
        self, served: Served, alice_types: Terminal, there: str
    ) -> None:
        served.before += [answered("302 Found", None, Location=there)]
        told = alice_types.refused("whoami", code=6)
        assert "sends us to" in told
        assert len(served.asked) == 1

    def test_one_at_home_is(self, served: Served, alice_types: Terminal) -> None:
        served.before += [answered("307 Temporary Redirect", None, Location="/api/v1/me")]
        assert alice_types.run("whoami").exit_code == 0

    def test_round_and_round(self, served: Served, alice_types: Terminal) -> None:
        served.before += [answered("302 Found", None, Location="/api/v1/me")] * 9
        assert "in circles" in alice_types.refused("whoami", code=6)

    def test_what_alters_something_is_not_sent_on(self, served: Served, alice: User, alice_types: Terminal) -> None:
        rows.environment(alice, "dev-alice")
        served.before += [answered("308 Permanent Redirect", None, Location="/api/v1/elsewhere")]
        assert "sends us to" in alice_types.refused("env", "park", "hello-erlang/dev-alice", code=6)
        assert len(served.asked) == 1


class TestOlder:
    """A server that does not know what this command asks."""

    def test_it_is_said(self, served: Served, alice_types: Terminal) -> None:
        served.before += [
            problem("404 Not Found", "not-found", "There is nothing at this address.", Stackyard_Version="1.0.0"),
            answered("200 OK", {"paths": {"/api/v1/applications": {"get": {}}}}, Content_Type="application/json"),
        ]
        told = alice_types.refused("whoami", code=7)
        assert told == "This server (API 1.0.0) does not know this; it is older than this command.\n"
        assert "" in tokens_sent(served)  # the description is for anybody

    def test_what_is_not_there_is_not_old(self, served: Served, alice_types: Terminal) -> None:
        assert "no application called nothing" in alice_types.refused("apps", "show", "nothing", code=4)

    def test_a_value_that_an_older_server_does_not_know(self, served: Served, alice_types: Terminal) -> None:
        served.before += [problem("422 Unprocessable", "invalid", "Not as sent.", Stackyard_Version="1.0.0")]
        assert "older than this command" in alice_types.refused("apps", code=2)
        served.before += [problem("422 Unprocessable", "invalid", "Not as sent.", Stackyard_Version=API_VERSION)]
        assert "older" not in alice_types.refused("apps", code=2)

    def test_the_command_is_of_this_servers_version(self) -> None:
        assert API_VERSION == VERSION


def test_the_token_is_in_no_output(served: Served, alice_types: Terminal) -> None:
    token = str(alice_types.environment["STACKYARD_TOKEN"])
    served.before += [problem("500 Error", "unexpected", "Nobody expected it.")]
    for words in (["apps"], ["apps"], ["whoami"], ["env", "show", "a/b"], ["whoami", "--server", "http://127.0.0.1:9"]):
        done = alice_types.run(*words, STACKYARD_RETRIES="0")
        assert token not in done.output
        assert token.rpartition("_")[2] not in done.output
    assert tokens_sent(served) <= {f"Bearer {token}", ""}


def test_a_hostile_text_is_shown_as_what_it_is(alice: User, alice_types: Terminal) -> None:
    made = rows.environment(alice, "dev-alice")
    rows.change(made, alice, ChangeStatus.SUCCEEDED, reason="\x1b]0;owned\x07\x1b[2J über\u202egnp")
    told = alice_types.told("changes", "list")
    assert "\x1b" not in told
    assert "\\x1b]0;owned\\x07" in told
    assert "über\\u202egnp" in told
    assert alice_types.json("changes", "list")["items"][0]["reason"].startswith("\x1b]0;")


@given(st.text())
def test_no_text_commands_a_terminal(text: str) -> None:
    shown = plain(text)
    assert all(one in "\n\t" or one.isprintable() or ord(one) >= 0xA0 for one in shown)
    assert plain(shown) == shown


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_json_is_the_apis_whatever_the_terminal_can_show(
    alice: User, terminal_of: Callable[..., Terminal], encoding: str
) -> None:
    terminal = terminal_of(alice)
    rows.change(rows.environment(alice, "dev-alice"), alice, ChangeStatus.SUCCEEDED, reason="größer 🚀")
    terminal.charset = encoding
    assert terminal.json("changes", "list")["items"][0]["reason"] == "größer 🚀"
