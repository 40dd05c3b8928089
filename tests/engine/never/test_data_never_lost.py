"""No click loses data, and nothing runs that was not reviewed, whatever happens in whatever order."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .machine import Converging, Start

EXAMPLES = 15


def run(start: Start) -> None:
    """Random sequences from there. A failing one is not shrunk: that would take minutes."""
    run_state_machine_as_test(
        type("Run", (Converging,), {"start": start}),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            phases=[Phase.explicit, Phase.generate],
        ),
    )


def test_from_environments_that_are_up(start: Start) -> None:
    run(start)


def test_from_tables_that_were_kept(start_without_stacks: Start) -> None:
    run(start_without_stacks)
