"""Redis forgets, goes away and comes back, while changes run."""

import uuid

from bench.asking import status_of
from bench.running import until
from bench.visitor import Visitor
from portal.celery import app
from provisioning.models import Change

from .deployment import WORKERS, Deployment
from .lives import Aws, Life, Traces, all_rest, same_as

FLUSHES = 60
MESSAGES = 40


def test_redis_emptied_and_restarted_costs_only_seconds(
    alice: Visitor, aws: Aws, yard: Deployment, quiet: dict[int, Traces]
) -> None:
    lives = [Life(f"dev-flushed-{number}").begin(alice) for number in range(3)]
    for _ in range(FLUSHES):
        yard.redis.flush()
        status_of(alice.get(lives[0].paths[-1]))
    yard.redis.crash()
    lives.append(Life("dev-unrung").begin(alice))  # a click needs no broker: the row is what counts
    assert status_of(alice.get(lives[-1].paths[-1])) in {"Planning", "Queued", "Running"}
    yard.redis.start()

    all_rest(lives, "everything that was asked for is done after Redis is back")

    same_as(quiet, aws, lives)
    # A worker whose process lives but that takes no message any more would be a dead one that nobody sees (L7).
    before = {name: yard.tasks_taken(name) for name in WORKERS}
    until(lambda: _all_listen(yard, before), "every worker takes messages again", pause=0.5)
    assert not any(yard.children[name].ended for name in WORKERS)


def _all_listen(yard: Deployment, before: dict[str, int]) -> bool:
    """Ring about nothing more often than four threads each can hear, and say whether every worker has heard."""
    with app.connection_for_write(yard.redis.url) as connection:
        for _ in range(MESSAGES):
            app.send_task("provisioning.tasks.reconcile_change", (str(uuid.uuid4()),), connection=connection)
    return all(yard.tasks_taken(name) > before[name] for name in WORKERS)


def test_a_click_while_redis_hangs_is_answered_and_not_lost_when_all_workers_die_too(
    alice: Visitor, aws: Aws, yard: Deployment, quiet: dict[int, Traces]
) -> None:
    for name in WORKERS:
        yard.kill(name)
    with yard.redis.hanging():
        life = Life("dev-nobody").begin(alice)
    yard.redis.crash()
    yard.redis.start()
    assert Change.objects.get(pk=life.paths[0].split("/")[2]).steps.count() == 0
    yard.mend()

    all_rest([life], "the sweep finds what nobody was told of")

    same_as(quiet, aws, [life])
