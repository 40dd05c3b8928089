"""Settings come from the environment: a wrong value stops the start with one written sentence, a right one works."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.conf import settings

SECRET = "k9-Vq2mZt7_Wc4sXhLr0bNpYfUa3JgEdQo8iTzKx5vBwMyCuRnH1GeSlP6DjAF"
DEPLOYED = {
    "SECRET_KEY": SECRET,
    "ALLOWED_HOSTS": "portal.example.org",
    "DATABASE_URL": "postgres://stackyard:pass-word@db.example.org:5432/stackyard",
    "CELERY_BROKER_URL": "redis://broker.example.org:6379/0",
}
SHOW = """\
import json, sys, django
django.setup()
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""


def run(home: Path, given: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the checkout with this environment and nothing of ours in it."""
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "portal.settings", "STACKYARD_HOME": str(home)}
    return subprocess.run(  # noqa: S603  our own interpreter and arguments
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=environment | dict(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def start(home: Path, given: Mapping[str, str], *show: str) -> dict[str, object]:
    """What a start with this environment makes of these settings."""
    done = run(home, given, "-c", SHOW, *show)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


WRONG = [
    ({"PORT": "abc"}, "PORT must be a number from 1 to 65535, not “abc”."),
    ({"PORT": "0"}, "PORT must be a number from 1 to 65535, not “0”."),
    ({"PORT": "65536"}, "PORT must be a number from 1 to 65535, not “65536”."),
    ({"PORT": "²"}, "PORT must be a number from 1 to 65535, not “²”."),
    ({"DEBUG": "maybe"}, "DEBUG must be true or false, not “maybe”."),
    ({"HTTPS": "2"}, "HTTPS must be true or false, not “2”."),
    ({"TRUST_PROXY": "nginx"}, "TRUST_PROXY must be true or false, not “nginx”."),
    ({"AWS_ENDPOINT_URL": "foo"}, "AWS_ENDPOINT_URL must be an http(s) address, not “foo”."),
    ({"AWS_ENDPOINT_URL": "http://"}, "AWS_ENDPOINT_URL must be an http(s) address, not “http://”."),
    ({"AWS_ENDPOINT_URL": "localhost:4566"}, "AWS_ENDPOINT_URL must be an http(s) address, not “localhost:4566”."),
    ({"AWS_ENDPOINT_URL": "http://a:x"}, "AWS_ENDPOINT_URL must be an http(s) address, not “http://a:x”."),
    ({"CLOUDFORMATION_READS_PER_SECOND": "-1"}, "CLOUDFORMATION_READS_PER_SECOND must be a number a second such as 2"),
    ({"CLOUDFORMATION_WRITES_PER_SECOND": "1/s"}, "CLOUDFORMATION_WRITES_PER_SECOND must be a number a second such as"),
    ({"CLOUDFORMATION_READ_BURST": "5"}, "CLOUDFORMATION_READ_BURST must be a number from 24 to 10000, not “5”."),
    ({"AWS_EVENTS_QUEUE_URL": "hints"}, "AWS_EVENTS_QUEUE_URL must be an http(s) address, not “hints”."),
    ({"OIDC_SERVER_URL": "sso"}, "OIDC_SERVER_URL must be an http(s) address, not “sso”."),
    ({"OIDC_SERVER_URL": "https://sso.example.org"}, "OIDC_CLIENT_ID"),
    ({"BLUEPRINT_DIRS": "/nope"}, "BLUEPRINT_DIRS names /nope, which is not a folder."),
    ({"POLICY_FILE": "/nope"}, "POLICY_FILE: /nope cannot be read. Check the name and the rights."),
    ({"POLICY_FILE": str(Path(__file__))}, "POLICY_FILE: "),
    ({"SECRET_KEY": SECRET}, "ALLOWED_HOSTS must name the hosts that this portal answers to."),
    ({"DATABASE_URL": "nonsense"}, "DATABASE_URL must be an address such as postgres://"),
    ({"DATABASE_URL": "mysql://u@h/d"}, "DATABASE_URL must be an address such as postgres://"),
    ({"DATABASE_URL": "postgres://u@h:port/d"}, "DATABASE_URL must be an address such as postgres://"),
    ({"CELERY_BROKER_URL": "broker"}, "CELERY_BROKER_URL must be filesystem:// or such as redis://"),
    ({"CELERY_BROKER_URL": "http://broker"}, "CELERY_BROKER_URL must be filesystem:// or such as redis://"),
    ({"CACHE_URL": "nothing://"}, "CACHE_URL must be locmemcache:// or such as redis://"),
    ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ({"CSRF_TRUSTED_ORIGINS": "portal.example.org"}, "CSRF_TRUSTED_ORIGINS must list origins such as https://"),
    ({"STACKYARD_HOME": "/dev/null/home"}, "STACKYARD_HOME needs the folder /dev/null/home, which cannot be made"),
]


@pytest.mark.parametrize(
    ("given", "sentence"), WRONG, ids=[" ".join(f"{k}={v}" for k, v in w.items()) for w, _ in WRONG]
)
def test_a_wrong_value_stops_the_start(tmp_path: Path, given: dict[str, str], sentence: str) -> None:
    """The last thing said is the sentence."""
    done = run(tmp_path, given, "-c", "import django; django.setup()")
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("django.core.exceptions.ImproperlyConfigured: ")
    assert sentence in last


@pytest.mark.parametrize(
    "given",
    [
        {"DATABASE_URL": "postgres://stackyard:hunter2@h:port/d"},
        {"DATABASE_URL": "unknown://stackyard:hunter2@h/d"},
        {"CELERY_BROKER_URL": "unknown://:hunter2@broker/0"},
        {"CACHE_URL": "unknown://:hunter2@cache/0"},
    ],
)
def test_a_password_is_not_repeated(tmp_path: Path, given: dict[str, str]) -> None:
    done = run(tmp_path, given, "-c", "import django; django.setup()")
    assert done.returncode != 0
    assert "hunter2" not in done.stdout + done.stderr


def test_without_settings_it_is_a_local_one(tmp_path: Path) -> None:
    found = start(tmp_path, {}, "LOCAL", "DEBUG", "HTTPS", "PORT", "ALLOWED_HOSTS", "AWS_ENDPOINT_URL", "DATABASES")
    databases = found.pop("DATABASES")
    assert found == {
        "LOCAL": True,
        "DEBUG": False,
        "HTTPS": False,
        "PORT": 8000,
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]"],
        "AWS_ENDPOINT_URL": "",
    }
    assert str(tmp_path / "stackyard.sqlite3") in str(databases)


def test_an_empty_setting_is_not_set(tmp_path: Path) -> None:
    """An .env file with nothing after the sign is as good as no line."""
    names = ("PORT", "DEBUG", "HTTPS", "ALLOWED_HOSTS", "AWS_REGION", "BLUEPRINT_DIRS", "CELERY_BROKER_URL", "CACHES")
    empty = dict.fromkeys((*names[:-1], "SECRET_KEY", "DATABASE_URL", "CACHE_URL", "LOG_LEVEL", "OIDC_SERVER_URL"), "")
    assert start(tmp_path, empty, *names) == start(tmp_path, {}, *names)


@pytest.mark.parametrize(
    ("given", "a_second"),
    [
        ({}, (2.0, 1.0)),
        ({"AWS_ENDPOINT_URL": "https://vpce-1.cloudformation.us-east-1.vpce.amazonaws.com"}, (2.0, 1.0)),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, (0.0, 0.0)),
        ({"AWS_ENDPOINT_URL_CLOUDFORMATION": "http://127.0.0.1:4566"}, (0.0, 0.0)),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "CLOUDFORMATION_READS_PER_SECOND": "0.5"}, (0.5, 0.0)),
    ],
)
def test_calls_are_budgeted_unless_it_is_an_emulator(
    tmp_path: Path, given: dict[str, str], a_second: tuple[float, float]
) -> None:
    names = ("CLOUDFORMATION_READS_PER_SECOND", "CLOUDFORMATION_WRITES_PER_SECOND")
    assert start(tmp_path, given, *names) == dict(zip(names, a_second, strict=True))


def test_the_local_key_is_made_once_and_kept(tmp_path: Path) -> None:
    first = start(tmp_path, {}, "SECRET_KEY")["SECRET_KEY"]
    assert len(str(first)) >= 64
    assert start(tmp_path, {}, "SECRET_KEY")["SECRET_KEY"] == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert start(tmp_path / "other", {}, "SECRET_KEY")["SECRET_KEY"] != first


def test_a_deployment_is_closed(tmp_path: Path) -> None:
    found = start(
        tmp_path, DEPLOYED, "LOCAL", "SECRET_KEY", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"
    )
    assert found == {
        "LOCAL": False,
        "SECRET_KEY": SECRET,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
    }
    assert not list(tmp_path.iterdir()), "it needs no folder of its own"


@pytest.mark.parametrize(("text", "value"), [("true", True), ("YES", True), ("1", True), ("off", False), ("No", False)])
def test_switches(tmp_path: Path, text: str, *, value: bool) -> None:
    assert start(tmp_path, {"DEBUG": text}, "DEBUG") == {"DEBUG": value}


def test_several_blueprint_folders(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    found = start(tmp_path, {"BLUEPRINT_DIRS": f"{one}{os.pathsep}{two}"}, "BLUEPRINT_DIRS")
    assert found == {"BLUEPRINT_DIRS": [str(one), str(two)]}


def test_the_platforms_own_policies(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text('"*": {staging: {approvals: 1, approvers: [leads]}}')
    assert "leads" in str(start(tmp_path, {"POLICY_FILE": str(file)}, "POLICIES"))
    assert start(tmp_path, {"POLICY_FILE": ""}, "POLICIES") == {"POLICIES": []}


def test_djangos_own_check_of_a_deployment_finds_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, DEPLOYED, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stdout + done.stderr


def test_that_check_would_find_something(tmp_path: Path) -> None:
    done = run(tmp_path, DEPLOYED | {"HTTPS": "false"}, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode != 0
    assert "security.W" in done.stderr
