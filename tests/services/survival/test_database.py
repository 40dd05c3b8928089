"""The database crashes and recovers in the middle of changes; nobody restarts the web server or a worker."""

from django.db import connections

from bench.running import until
from bench.visitor import Visitor
from tools.up import answers

from .deployment import WORKERS, Deployment
from .lives import Aws, Life, Traces, all_rest, same_as

CRASHES = 2
CALLS = 12  # to AWS, between two crashes: in the middle of planning or running, wherever that happens to be


def test_the_database_crashes_and_all_come_back_by_themselves(
    alice: Visitor, aws: Aws, yard: Deployment, quiet: dict[int, Traces]
) -> None:
    before = {name: yard.children[name].process.pid for name in (*WORKERS, "web", "scheduler")}
    lives = [Life(f"dev-crashed-{number}").begin(alice) for number in range(4)]
    for _ in range(CRASHES):
        enough = yard.calls() + CALLS
        until(lambda least=enough: yard.calls() >= least, f"{CALLS} calls to AWS", pause=0.001)  # type: ignore[misc]  # bound now
        yard.postgres.crash()
        assert not answers(yard.launch.port, "/readyz")
        yard.postgres.start()
        connections.close_all()
        yard.swept_again()

    all_rest(lives, "everything that was asked for is done after the database is back")

    same_as(quiet, aws, lives)
    assert answers(yard.launch.port, "/readyz")
    assert before == {name: yard.children[name].process.pid for name in before}
    assert not any(yard.children[name].ended for name in before)


def test_a_page_says_that_the_database_is_away(alice: Visitor, yard: Deployment) -> None:
    yard.postgres.crash()
    page = alice.get("/")
    yard.postgres.start()
    connections.close_all()

    assert page.status == 503
    assert "The database does not answer" in page.words
    assert "carry on by themselves when it is back" in page.words
    assert alice.get("/").status == 200
