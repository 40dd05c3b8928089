"""What `make up` decides before anything starts: settings, ports, which AWS, whose folder."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.envfile import read_env_file, with_env_file
from tools.home import Home, find_home, prepare, taken
from tools.ports import read_port, require_free
from tools.reset import reset
from tools.terminal import CommandError
from tools.up import answers, local_aws_command, plan, web_command, welcome
from tools.which_aws import Kind, aws_environment, choose_aws


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A loopback port on which something listens that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        yield port


def yes(_: str) -> str:
    return "yes"


def made(home: Path, checkout: Path) -> Home:
    prepare(Home(home), checkout)
    return Home(home)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=1", "1"),
        ("export A=1", "1"),
        ("  A = spaced out  ", "spaced out"),
        ("A='a # b'", "a # b"),
        ('A="quoted" # said why', "quoted"),
        ("A=value # said why", "value"),
        ("A=no#comment", "no#comment"),
        ("A=", ""),
        ("A=# only a comment", ""),
        ("A=a=b", "a=b"),
    ],
)
def test_env_file_reads_a_value(tmp_path: Path, line: str, value: str) -> None:
    (tmp_path / ".env").write_text(f"# a comment\n\n{line}\n")

    assert read_env_file(tmp_path / ".env") == {"A": value}


def test_env_file_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nthis is prose\n")

    with pytest.raises(CommandError, match=r"Line 2 of .*\.env is not KEY=VALUE"):
        read_env_file(tmp_path / ".env")


def test_the_environment_wins_over_the_file_even_when_empty(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nAWS_PROFILE=work\nLOG_LEVEL=DEBUG\n")

    merged = with_env_file({"PORT": "8001", "AWS_PROFILE": ""}, tmp_path / ".env")

    assert merged == {"PORT": "8001", "AWS_PROFILE": "", "LOG_LEVEL": "DEBUG"}


@pytest.mark.parametrize(("text", "port"), [("", 8000), (" 8080 ", 8080), ("1", 1), ("65535", 65535)])
def test_a_port_is_read(text: str, port: int) -> None:
    assert read_port({"PORT": text}, "PORT", 8000) == port


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80.5", "٨٠٠٠", "8000 8001"])
def test_a_bad_port_is_refused_by_the_name_of_its_setting(text: str) -> None:
    with pytest.raises(CommandError, match=r"^STACKYARD_AWS_PORT must be a port number from 1 to 65535"):
        read_port({"STACKYARD_AWS_PORT": text}, "STACKYARD_AWS_PORT", 4566)


def test_a_taken_port_is_refused_and_the_setting_named(busy_port: int) -> None:
    with pytest.raises(CommandError, match=f"Port {busy_port} is taken by another program: .* set PORT to a free"):
        require_free("PORT", busy_port)


def test_a_port_is_free_again_after_its_program_ended() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()

    require_free("PORT", port)


def test_nothing_answers_on_a_port_that_nobody_serves() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert not answers(port, "/readyz")


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, Kind.LOCAL),
        ({"AWS_ACCESS_KEY_ID": "test"}, Kind.LOCAL),
        ({"AWS_PROFILE": ""}, Kind.LOCAL),
        ({"AWS_REGION": "eu-west-1"}, Kind.LOCAL),
        ({"STACKYARD_AWS": "local", "AWS_PROFILE": "work"}, Kind.LOCAL),
        ({"AWS_ENDPOINT_URL": "http://10.0.0.5:4566", "AWS_PROFILE": "work"}, Kind.EMULATOR),
        ({"AWS_PROFILE": "work"}, Kind.REAL),
        ({"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}, Kind.REAL),
        ({"AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/x"}, Kind.REAL),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token"}, Kind.REAL),
        ({"STACKYARD_AWS": "real"}, Kind.REAL),
    ],
)
def test_which_aws(settings: dict[str, str], kind: Kind) -> None:
    assert choose_aws(settings, 4566).kind is kind


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"STACKYARD_AWS": "fake"}, "STACKYARD_AWS must be"),
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, "AWS_ENDPOINT_URL must be an address"),
        ({"AWS_ENDPOINT_URL": "https://dynamodb.eu-west-1.amazonaws.com"}, "names the real AWS"),
    ],
)
def test_an_aws_that_cannot_be_meant_is_refused(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        choose_aws(settings, 4566)


def test_with_the_local_aws_nothing_that_leads_to_the_real_one_is_left() -> None:
    person = {
        "STACKYARD_AWS": "local",
        "AWS_PROFILE": "work",
        "AWS_SESSION_TOKEN": "secret",
        "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/x",
        "AWS_ENDPOINT_URL_DYNAMODB": "https://elsewhere.example.org",
        "HOME": "/home/alice",
    }

    given = aws_environment(choose_aws(person, 4999), person)

    assert given.keys().isdisjoint({"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL_DYNAMODB"})
    assert given["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4999"
    assert given["AWS_ACCESS_KEY_ID"] == given["AWS_SECRET_ACCESS_KEY"] == "test"
    assert given["AWS_CONFIG_FILE"] == given["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert given["HOME"] == "/home/alice"


def test_with_the_real_aws_the_persons_own_settings_are_kept() -> None:
    person = {"AWS_PROFILE": "work", "AWS_REGION": "eu-west-1", "STACKYARD_AWS": "real", "AWS_ENDPOINT_URL": "http://x"}

    given = aws_environment(choose_aws(person, 4566), person)

    assert given == {"AWS_PROFILE": "work", "AWS_REGION": "eu-west-1", "STACKYARD_AWS": "real"}


def test_an_emulator_gets_demo_credentials_only_when_there_are_none() -> None:
    bare = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}
    own = bare | {"AWS_ACCESS_KEY_ID": "mine", "AWS_REGION": "eu-west-1"}

    assert aws_environment(choose_aws(bare, 4566), bare)["AWS_ACCESS_KEY_ID"] == "test"
    assert aws_environment(choose_aws(own, 4566), own)["AWS_ACCESS_KEY_ID"] == "mine"
    assert aws_environment(choose_aws(own, 4566), own)["AWS_DEFAULT_REGION"] == "eu-west-1"


def test_a_plan_listens_on_the_loopback_address_only(tmp_path: Path) -> None:
    launch = plan({"PORT": "8123", "STACKYARD_AWS_PORT": "4123"}, tmp_path)
    prepare(launch.home, tmp_path)

    web = web_command(launch, Path("/venv/bin/python"))
    local = local_aws_command(launch, Path("/venv/bin/python"))

    assert web.argv[web.argv.index("--bind") + 1] == "127.0.0.1:8123"
    assert (local.environment["BIND_HOST"], local.environment["GATEWAY_PORT"]) == ("127.0.0.1", "4123")
    assert local.environment["STATE_DIR"] == str(tmp_path / ".home" / "aws" / "state")
    assert web.environment["STACKYARD_HOME"] == str(tmp_path / ".home")


def test_one_port_cannot_serve_two(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="PORT and STACKYARD_AWS_PORT are both 4566"):
        plan({"PORT": "4566"}, tmp_path)


def test_a_deployments_key_still_serves_this_machine(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SECRET_KEY=x\nALLOWED_HOSTS=stackyard.example.org\n")

    settings = plan({}, tmp_path).settings

    assert settings["ALLOWED_HOSTS"] == "stackyard.example.org,127.0.0.1,localhost"
    assert settings["HTTPS"] == "false"


def test_the_welcome_names_logins_only_where_people_were_seeded(tmp_path: Path) -> None:
    local, real = plan({}, tmp_path), plan({"STACKYARD_AWS": "real"}, tmp_path)

    assert "alice" in welcome(local)
    assert "REAL AWS" not in welcome(local)
    assert "alice" not in welcome(real)
    assert "REAL AWS" in welcome(real)


def test_the_home_is_for_its_owner_only(tmp_path: Path) -> None:
    home = made(tmp_path / "home", tmp_path)

    assert home.root.stat().st_mode & 0o077 == 0
    assert home.marker.is_file()
    prepare(home, tmp_path)  # a second run finds it in order


def test_a_folder_with_somebody_elses_files_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    home = find_home({"STACKYARD_HOME": str(tmp_path)}, tmp_path / "checkout")

    with pytest.raises(CommandError, match="holds files that are not Stackyard's"):
        prepare(home, tmp_path / "checkout")

    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_two_runs_cannot_share_a_home_and_the_second_learns_the_address(tmp_path: Path) -> None:
    home = made(tmp_path / "home", tmp_path)

    with (
        taken(home, "http://127.0.0.1:8000/"),
        pytest.raises(CommandError, match=r"already running at http://127.0.0.1:8000/"),
        taken(home, "http://127.0.0.1:9000/"),
    ):
        pytest.fail("the home was given away twice")

    with taken(home, "http://127.0.0.1:9000/"):
        assert home.lock.read_text() == "http://127.0.0.1:9000/"


def test_reset_removes_what_is_ours_after_a_yes(tmp_path: Path) -> None:
    home = made(tmp_path / "home", tmp_path)

    answer = reset({"STACKYARD_HOME": str(home.root)}, tmp_path, yes)

    assert "is gone" in answer
    assert not home.root.exists()


@pytest.mark.parametrize("reply", ["", "y", "no"])
def test_reset_keeps_everything_without_a_yes(tmp_path: Path, reply: str) -> None:
    home = made(tmp_path / "home", tmp_path)

    assert reset({"STACKYARD_HOME": str(home.root)}, tmp_path, lambda _: reply) == "Nothing was removed."
    assert home.marker.exists()


def test_reset_takes_the_answer_from_the_environment(tmp_path: Path) -> None:
    home = made(tmp_path / "home", tmp_path)

    reset({"STACKYARD_HOME": str(home.root), "STACKYARD_YES": "1"}, tmp_path, lambda _: "no")

    assert not home.root.exists()


def test_reset_refuses_a_folder_without_the_mark(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")

    with pytest.raises(CommandError, match="does not carry Stackyard's mark"):
        reset({"STACKYARD_HOME": str(tmp_path)}, tmp_path, yes)

    assert (tmp_path / "thesis.tex").exists()


def test_reset_refuses_while_stackyard_runs(tmp_path: Path) -> None:
    home = made(tmp_path / "home", tmp_path)

    with taken(home, "http://127.0.0.1:8000/"), pytest.raises(CommandError, match="already running"):
        reset({"STACKYARD_HOME": str(home.root)}, tmp_path, yes)

    assert home.marker.exists()
