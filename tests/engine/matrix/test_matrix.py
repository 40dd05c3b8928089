"""The crash matrix: for every step of every playbook, the worker is killed before each call, after it and before the
record, and after the record; the answer is lost; the write fails. Then work goes on. It always ends the same.

The points are those that a scenario really has: a step that is added, or makes a call more, brings its own cells. A
step that no scenario comes to fails `test_every_step_is_reached`.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.yard import Yard
from provisioning.engine.playbooks import CLEANUP, PLAYBOOKS, REREAD
from provisioning.lifecycle import ChangeKind

from . import flags  # noqa: F401  its scenarios count in by being there
from .picture import Picture, differences, picture
from .scenarios import SCENARIOS, Scenario
from .stage import Cell, Play, Stage, apart
from .worker import CLEANING, READING, STEPS, Fault


@pytest.fixture
def field(yard: Yard, tmp_path: Path, settings: Any) -> Yard:
    """The yard, with a folder of blueprints, and an AWS that takes few beats for what it does."""
    settings.BLUEPRINT_DIRS = [tmp_path]
    yard.fake.pace.resources = 20
    return yard


@dataclass(frozen=True)
class Played:
    """A scenario that has been played with all that may happen in it: what came of each cell, what is there in the end
    when nothing happens, and what is there when only the sweep works."""

    points: int
    told: list[tuple[Cell, Picture]]
    end: Picture
    swept: Picture


@pytest.fixture(scope="session")
def _all_played() -> dict[str, Played]:
    return {}


@pytest.fixture
def played(field: Yard, name: str, _all_played: dict[str, Played]) -> Played:
    """A scenario, prepared and played once for all tests of it: the way there costs as much as many a cell."""
    if name not in _all_played:
        play = SCENARIOS[name].prepare(field)
        swept = apart(partial(swept_end, field, play))
        stage = Stage(field, frozenset(Fault), SCENARIOS[name].about)
        end = stage.play(play)
        _all_played[name] = Played(len(stage.points), stage.told, end, swept)
    return _all_played[name]


of_scenarios = pytest.mark.parametrize("name", list(SCENARIOS))


@pytest.mark.parametrize("fault", list(Fault))
@of_scenarios
def test_every_cell_ends_as_though_nothing_had_happened(played: Played, name: str, fault: Fault) -> None:
    assert played.points
    told = [(cell, end) for cell, end in played.told if cell.fault is fault]
    wrong = [f"{cell}\n  " + "\n  ".join(lines) for cell, end in told if (lines := differences(played.end, end))]
    assert not wrong, f"{len(wrong)} of {len(told)} cells:\n" + "\n".join(wrong)


@of_scenarios
def test_the_sweep_alone_ends_the_same(played: Played, name: str) -> None:
    """Every message is lost: what is due is found by looking every two seconds (L12)."""
    assert differences(played.end, played.swept) == []


def swept_end(yard: Yard, play: Play) -> Picture:
    """What is there after a scenario that only the sweep works on."""
    stage = Stage(yard)
    stage.by_sweep = True
    play(stage)
    return picture(yard)


def test_every_step_is_reached(field: Yard) -> None:
    """By a scenario that is about all of its steps, or about this one."""
    reached = {
        (str(kind), str(phase), str(step))
        for scenario in SCENARIOS.values()
        for kind, phase, step in apart(partial(steps_of, field, scenario))
    }
    assert set(PLAYBOOKS) == set(ChangeKind)
    for kind, playbook in PLAYBOOKS.items():
        missed = [
            step.name for step in (*playbook.planning, *playbook.running) if (kind, STEPS, step.name) not in reached
        ]
        assert not missed, f"No scenario of {kind} comes to {', '.join(missed)}"
    tidied = {step for _, phase, step in reached if phase == CLEANING}
    assert tidied >= {step.name for step in CLEANUP}
    assert {step for _, phase, step in reached if phase == READING} == {REREAD.name}


def steps_of(yard: Yard, scenario: Scenario) -> list[tuple[str, str, str]]:
    """The steps that a scenario comes to, among those that it is about."""
    stage = Stage(yard)
    scenario.prepare(yard)(stage)
    met = {(one.kind, one.phase, one.where) for one in stage.points if one.phase}
    return sorted(one for one in met if not scenario.about or one[2] in scenario.about)
