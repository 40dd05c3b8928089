"""Five workers, killed with SIGKILL at any moment, again and again."""

import random

from bench.running import until
from bench.visitor import Visitor
from tools.terminal import say

from .deployment import WORKERS, Deployment
from .lives import SECONDS, Aws, Life, Traces, same_as

CHANGES = 3  # of every life
KILLS = 10


class Reaper:
    """Kills one worker after another, each after some calls to AWS by all of them, and starts it again.

    The seed is printed, so that it is told when a test fails; the moments that it leads to differ from run to run.
    """

    def __init__(self, yard: Deployment, kills: int) -> None:
        (seed,) = random.sample(range(1 << 32), 1)
        say(f"workers are killed by seed {seed}")
        self._chance = random.Random(seed)  # noqa: S311  nothing here is a secret
        self._yard, self._left = yard, kills
        self._next()

    @property
    def done(self) -> bool:
        """Whether it has killed as often as it should."""
        return not self._left

    def look(self) -> None:
        """Kill, when it is time."""
        if self._left and self._yard.calls() >= self._at:
            victim = self._chance.choice(WORKERS)
            self._yard.kill(victim)
            self._yard.start_plain_worker(victim)
            self._left -= 1
            self._next()

    def _next(self) -> None:
        self._at = self._yard.calls() + self._chance.randrange(4, 40)


def test_workers_killed_at_random_lose_and_double_nothing(
    alice: Visitor, aws: Aws, yard: Deployment, quiet: dict[int, Traces]
) -> None:
    lives = [Life(f"dev-killed-{number}").begin(alice) for number in range(8)]
    reaper = Reaper(yard, KILLS)

    def all_lived() -> bool:
        reaper.look()
        for life in lives:
            if len(life.paths) < CHANGES and life.rests:
                life.go_on(alice)
        return all(len(life.paths) == CHANGES and life.rests for life in lives)

    until(all_lived, "eight environments are created, updated and parked", seconds=SECONDS, pause=0.01)

    assert reaper.done
    same_as(quiet, aws, lives)
