"""How `make test` reads results and what it makes of them, and how it knows what is installed."""

import sys
from pathlib import Path

import pytest

from tools.check import chosen, neutral_environment
from tools.healthy import allowed_name
from tools.installing import Lock, is_current, stamped
from tools.lanes import Job
from tools.results import Result, closing_line, read_junit, table
from tools.terminal import CommandError
from tools.tiers import TIERS, Tier, stray_tests, tier_job


def junit(folder: Path, **counts: int) -> Path:
    path = folder / "results.xml"
    text = " ".join(f'{name}="{count}"' for name, count in counts.items())
    path.write_text(f'<testsuites><testsuite name="pytest" {text}></testsuite></testsuites>')
    return path


def test_results_are_counted(tmp_path: Path) -> None:
    path = junit(tmp_path, tests=10, failures=2, errors=1, skipped=3)

    result = read_junit(path, "unit", exit_code=1, seconds=1.5)

    assert (result.passed, result.failed, result.skipped) == (4, 3, 3)


@pytest.mark.parametrize("code", [2, 3, 5, -9])
def test_a_run_that_broke_is_a_failure_even_without_a_failed_test(tmp_path: Path, code: int) -> None:
    assert read_junit(junit(tmp_path, tests=4), "unit", code, 1.0).failed == 1
    assert read_junit(tmp_path / "missing.xml", "unit", code, 1.0).failed == 1


def test_what_did_not_run_is_named_and_refused_only_where_others_rely_on_it() -> None:
    browser = Result("browser", not_run="there is no Chromium")

    assert browser.succeeded(strict=False)
    assert not browser.succeeded(strict=True)
    assert "did not run: browser, because there is no Chromium" in table([Result("unit", 3), browser])


def test_a_skipped_test_is_named_and_refused_only_where_others_rely_on_it() -> None:
    result = Result("unit", passed=3, skipped=1)

    assert result.succeeded(strict=False)
    assert not result.succeeded(strict=True)
    assert "skipped: 1 in unit" in table([result])


def test_the_closing_line_sums_up() -> None:
    assert closing_line([Result("lint", failed=1), Result("unit", 10, 2), Result("engine", 5)]) == "15 passed, 3 failed"


def test_a_tier_whose_folder_is_missing_fails(tmp_path: Path) -> None:
    result = tier_job(Tier("nowhere"), Path(sys.executable), {}, tmp_path)

    assert isinstance(result, Result)
    assert (result.failed, result.note) == (1, "tests/nowhere does not exist")


def test_a_tier_that_misses_what_it_needs_does_not_run(tmp_path: Path) -> None:
    needy = Tier("services", needs=("TEST_DATABASE_URL", "TEST_REDIS_URL"))

    result = tier_job(needy, Path(sys.executable), {"TEST_REDIS_URL": "redis://"}, tmp_path)

    assert isinstance(result, Result)
    assert result.not_run == "TEST_DATABASE_URL names no PostgreSQL"


def test_a_tier_becomes_one_run_of_pytest(tmp_path: Path) -> None:
    job = tier_job(Tier("unit", processes=2), Path("/venv/bin/python"), {"PATH": "/bin"}, tmp_path)

    assert isinstance(job, Job)
    assert job.command.argv[:7] == ("/venv/bin/python", "-m", "pytest", "tests/unit", "-q", "-n", "2")
    assert job.command.environment == {"PATH": "/bin", "STACKYARD_TEST_TIER": "unit"}
    assert job.read(4, 1.0).failed == 1  # it broke before it could write any results


def test_a_test_outside_every_tier_is_found(tmp_path: Path) -> None:
    for path in ("unit/test_a.py", "engine/deep/test_b.py", "test_stray.py", "extra/test_c.py", "extra/helper.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()

    assert stray_tests(tmp_path) == ["extra/test_c.py", "test_stray.py"]


def test_names_choose_what_runs() -> None:
    assert chosen([]) == (True, list(TIERS))
    assert chosen(["lint"]) == (True, [])
    assert chosen(["engine", "unit"]) == (False, [TIERS[0], TIERS[2]])
    with pytest.raises(CommandError, match="There is no tier “units”"):
        chosen(["units"])


def test_a_persons_own_settings_reach_no_test(tmp_path: Path) -> None:
    person = {
        "AWS_PROFILE": "work",
        "AWS_ENDPOINT_URL": "http://10.0.0.5",
        "DATABASE_URL": "postgres://prod",
        "SECRET_KEY": "x",
        "TEST_DATABASE_URL": "postgres://test",
        "PATH": "/bin",
    }

    given = neutral_environment(person, tmp_path)

    assert given.keys().isdisjoint({"AWS_PROFILE", "AWS_ENDPOINT_URL", "DATABASE_URL", "SECRET_KEY"})
    assert (given["TEST_DATABASE_URL"], given["PATH"]) == ("postgres://test", "/bin")
    assert given["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


@pytest.mark.parametrize("machine", [{}, {"PYTHONDONTWRITEBYTECODE": "1"}])
def test_what_python_compiles_is_kept_for_the_next_program(tmp_path: Path, machine: dict[str, str]) -> None:
    given = neutral_environment(machine, tmp_path)

    assert "PYTHONDONTWRITEBYTECODE" not in given
    assert Path(given["PYTHONPYCACHEPREFIX"]).parent.name == ".tools"
    assert neutral_environment({"PYTHONPYCACHEPREFIX": "/var/kept"}, tmp_path)["PYTHONPYCACHEPREFIX"] == "/var/kept"


def test_an_environment_is_current_until_its_lock_changes(tmp_path: Path) -> None:
    lock = Lock("app", tmp_path / "app.lock", "the app")
    lock.path.write_text("django==5.2.1\n")
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "stackyard-lock").write_text(f"app {lock.digest}")

    assert not is_current(venv, lock)  # the stamp is there, its Python is not
    (venv / "bin" / "python").touch()
    assert is_current(venv, lock)
    assert stamped(venv) == "app"
    lock.path.write_text("django==5.2.2\n")
    assert not is_current(venv, lock)


@pytest.mark.parametrize(
    ("allowed", "name"),
    [("a.example.org,b.example.org", "a.example.org"), (".example.org", "health.example.org"), ("*", "localhost")],
)
def test_the_health_check_asks_under_an_allowed_name(allowed: str, name: str) -> None:
    assert allowed_name(allowed) == name
