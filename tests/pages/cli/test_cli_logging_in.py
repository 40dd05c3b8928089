"""Logging in and out: what is kept, where, for whose eyes, and that the token is never told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from portal.accounts.models import Scope, User

from ..api.program import token_for
from .served import Served, Terminal, answered


def config_of(terminal: Terminal) -> Path:
    return Path(str(terminal.environment["XDG_CONFIG_HOME"])) / "stackyard" / "config.toml"


@pytest.fixture
def token(alice: User) -> str:
    return token_for(alice, name="laptop").text


@pytest.fixture
def nobody(tmp_path: Path) -> Terminal:
    """Somebody who is not logged in."""
    return Terminal(str(tmp_path / "nobody"))


class TestLogin:
    """stackyard login."""

    def test_it_is_proved_and_kept_for_its_owner_only(self, served: Served, nobody: Terminal, token: str) -> None:
        done = nobody.run("login", served.url, "--token-stdin", typed=f"{token}\n")
        assert done.exit_code == 0, done.output
        assert "alice" in done.stdout
        assert token not in done.output
        kept = config_of(nobody)
        assert kept.stat().st_mode & 0o777 == 0o600
        assert kept.parent.stat().st_mode & 0o777 == 0o700
        assert "laptop" in nobody.told("whoami")

    def test_a_token_that_nobody_knows_is_not_kept(self, served: Served, nobody: Terminal) -> None:
        done = nobody.run("login", served.url, "--token-stdin", typed="sy_0123456789_nonsense\n")
        assert done.exit_code == 3
        assert "unknown, over, or revoked" in done.stderr
        assert "nonsense" not in done.output
        assert not config_of(nobody).exists()

    @pytest.mark.parametrize("typed", ["", "two words\n", "sy_\x1b[31m\n", 'sy_"quoted"\n'])
    def test_what_is_no_token_is_not_sent(self, served: Served, nobody: Terminal, typed: str) -> None:
        done = nobody.run("login", served.url, "--token-stdin", typed=typed)
        assert done.exit_code == 2
        assert served.asked == []

    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("stackyard.example.com", "is no address"),
            ("ftp://stackyard.example.com", "is no address"),
            ("https://ada:secret@stackyard.example.com", "holds no name and no password"),
            ("https://stackyard.example.com/?token=secret", "more than an address"),
            ("http://stackyard.example.com", "where others can read it"),
            ("https://[::1", "no address"),
        ],
    )
    def test_what_is_no_address(self, nobody: Terminal, token: str, url: str, said: str) -> None:
        done = nobody.run("login", url, "--token-stdin", typed=f"{token}\n")
        assert done.exit_code == 2
        assert said in done.stderr
        assert token not in done.output
        if "@" in url:
            assert "secret" not in done.output

    def test_without_a_terminal_nobody_is_asked(self, served: Served, nobody: Terminal) -> None:
        assert "--token-stdin" in nobody.refused("login", served.url, code=2)

    def test_several_servers(self, served: Served, nobody: Terminal, token: str, bob: User) -> None:
        nobody.run("login", served.url, "--token-stdin", "--profile", "mine", typed=f"{token}\n")
        other = token_for(bob, Scope.READ).text
        nobody.run("--profile", "other", "login", f"{served.url}/api/v1/", "--token-stdin", typed=f"{other}\n")
        assert nobody.json("whoami")["username"] == "alice"
        assert nobody.json("whoami", "--profile", "other")["username"] == "bob"
        assert "no profile" in nobody.refused("whoami", "--profile", "third", code=2)
        told = nobody.run("whoami", "--json", STACKYARD_PROFILE="other")
        assert '"bob"' in told.stdout


class TestPrecedence:
    """A flag before a variable, a variable before the file; a kept token goes to its own server only."""

    @pytest.fixture
    def logged_in(self, served: Served, nobody: Terminal, token: str) -> Terminal:
        nobody.run("login", served.url, "--token-stdin", typed=f"{token}\n")
        served.asked.clear()
        return nobody

    def test_a_variable_before_the_file(self, served: Served, logged_in: Terminal, bob: User) -> None:
        other = token_for(bob).text
        assert '"bob"' in logged_in.told("whoami", "--json", STACKYARD_TOKEN=other)
        assert "does not answer" in logged_in.refused(
            "whoami", code=6, STACKYARD_URL="http://127.0.0.1:9", STACKYARD_TOKEN=other, STACKYARD_RETRIES="0"
        )

    def test_a_flag_before_a_variable(self, served: Served, logged_in: Terminal) -> None:
        told = logged_in.told("whoami", "--json", "--server", served.url, STACKYARD_URL="http://127.0.0.1:9")
        assert '"alice"' in told
        told = logged_in.told("whoami", "--json", "--profile", "default", STACKYARD_TOKEN="sy_other_token")
        assert '"alice"' in told

    def test_a_kept_token_goes_to_no_other_server(self, served: Served, logged_in: Terminal) -> None:
        port = served.url.rpartition(":")[2]
        for other in ("http://127.0.0.1:9", f"http://localhost:{port}", f"https://127.0.0.1:{port}"):
            assert "not logged in at" in logged_in.refused("whoami", "--server", other, code=3)
            assert "not logged in at" in logged_in.refused("whoami", code=3, STACKYARD_URL=other)
        assert served.asked == []

    def test_logging_out_forgets_the_token(self, served: Served, logged_in: Terminal, token: str) -> None:
        assert token in config_of(logged_in).read_text()
        assert "revoke" in logged_in.run("logout").stderr
        assert token not in config_of(logged_in).read_text()
        assert "not logged in" in logged_in.refused("whoami", code=3)
        assert logged_in.run("logout").exit_code == 0


class TestFile:
    """A config file that cannot be used is told, and nothing of what is in it."""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("this is = = no toml sy_secret", "is not TOML"),
            ('default = 7\n[profiles.default]\nurl = "x"', "default is a text"),
            ('profiles = "sy_secret"', "profiles is a table"),
            ('[profiles.default]\ntoken = "sy_secret"', "needs a url"),
            ('[profiles.default]\nurl = "https://a.example"\ntoken = "sy_ secret"', "no token"),
            ('[profiles."a b"]\nurl = "https://a.example"', "name of a profile"),
        ],
    )
    def test_a_wrong_file(self, nobody: Terminal, text: str, said: str) -> None:
        kept = config_of(nobody)
        kept.parent.mkdir(parents=True)
        kept.write_text(text)
        kept.chmod(0o600)
        told = nobody.refused("apps", code=2)
        assert said in told
        assert "secret" not in told

    def test_a_file_that_others_can_read(self, served: Served, nobody: Terminal, token: str) -> None:
        nobody.run("login", served.url, "--token-stdin", typed=f"{token}\n")
        config_of(nobody).chmod(0o640)
        assert "chmod 600" in nobody.refused("apps", code=2)

    def test_help_needs_no_file(self, nobody: Terminal) -> None:
        kept = config_of(nobody)
        kept.parent.mkdir(parents=True)
        kept.write_text("no toml")
        assert "Exit codes" in nobody.told("--help")
        assert "--json" in nobody.told("apps", "list", "--help")

    def test_without_anything_it_says_how_to_begin(self, nobody: Terminal) -> None:
        assert "stackyard login" in nobody.refused("apps", code=2)

    def test_who_is_not_logged_in_is_told_that_and_nothing_else(self, served: Served, nobody: Terminal) -> None:
        words = ("env", "create", "hello-erlang", "dev-nobody")
        told = nobody.refused(*words, code=3, STACKYARD_URL=served.url)
        assert told == f"You are not logged in at {served.url}. Log in: stackyard login {served.url}\n"
        told = nobody.refused(*words, code=3, STACKYARD_URL=served.url, STACKYARD_TOKEN="sy_0123456789_nonsense")
        assert "Nothing is suggested" not in told
        assert [line for line in told.splitlines() if "STACKYARD_TOKEN" in line] == told.splitlines()[1:]


def test_whoami_tells_what_the_token_may(bob: User, terminal_of: Callable[..., Terminal]) -> None:
    terminal = terminal_of(bob, Scope.READ, Scope.APPROVE)
    told = terminal.json("whoami")
    assert (told["username"], told["groups"]) == ("bob", ["engineers"])
    assert told["token"]["scopes"] == ["read", "approve"]
    assert "read, approve" in terminal.told("whoami")


def test_something_that_is_no_stackyard(served: Served, alice_types: Terminal) -> None:
    served.before += [answered("200 OK", b"<html>Hello", Content_Type="text/html")]
    assert "no Stackyard" in alice_types.refused("whoami", code=6)
