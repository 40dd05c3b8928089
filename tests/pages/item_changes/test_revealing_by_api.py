"""What is hidden of items in a plan, shown to a program, or in a terminal, for a reason."""

from collections.abc import Callable

from portal.accounts.models import Scope, User
from provisioning.lifecycle import ChangeStatus
from provisioning.models import AuditEntry, Change

from .. import rows
from ..api.program import program_of
from ..cli.conftest import served, terminal_of
from ..cli.served import Terminal
from .scene import Scene, edit

__all__ = ["served", "terminal_of"]  # fixtures


def at(change: Change) -> str:
    """The operation's address."""
    return f"/changes/{change.pk}/reveal"


def test_it_is_shown_once_with_nothing_hidden(scene: Scene, ada: User) -> None:
    change = scene.asked(edit())
    program = program_of(ada)
    assert "geheim" not in program.ask("GET", f"/changes/{change.pk}").content.decode()
    answer = program.ask("POST", at(change), {"reason": "To decide about it"})
    assert answer["Cache-Control"] == "no-store"
    found = program.post(at(change), {"reason": "To decide about it"})
    assert (found["change"], found["digest"]) == (str(change.pk), change.plan_digest)
    ((content,),) = [write["content"] for write in found["writes"]]
    assert '{"S":"geheim"}' in content["before"]
    assert '{"S":"auch geheim"}' in content["after"]
    entry = AuditEntry.objects.filter(verb="reveal_plan").latest("pk")
    assert (entry.by, entry.change, entry.reason) == (ada, change, "To decide about it")
    assert "geheim" not in program.ask("GET", f"/changes/{change.pk}").content.decode()


def test_for_a_reason_by_those_who_may_and_where_there_are_items(
    scene: Scene, alice: User, ada: User, audrey: User
) -> None:
    change = scene.asked(edit())
    assert program_of(ada).post(at(change), {"reason": "no"}, 422)["code"] == "no-reason"
    program_of(ada).post(at(change), {}, 422)
    program_of(audrey).post(at(change), {"reason": "I want to know"}, 403)
    program_of(ada, Scope.READ).post(at(change), {"reason": "I want to know"}, 403)
    other = rows.change(rows.environment(alice, "dev"), alice, ChangeStatus(change.status))
    assert program_of(ada).post(at(other), {"reason": "I want to know"}, 409)["code"] == "no-items"
    assert not AuditEntry.objects.filter(verb="reveal_plan").exists()


def test_in_a_terminal(scene: Scene, ada: User, terminal_of: Callable[..., Terminal]) -> None:
    change, ada_types = scene.asked(edit()), terminal_of(ada)
    words = ("changes", "reveal", str(change.pk))
    assert "geheim" not in ada_types.told("changes", "show", str(change.pk))
    ada_types.refused(*words, code=2)
    ada_types.refused(*words, "--reason", "no", code=2)
    told = ada_types.told(*words, "--reason", "To decide about it")
    assert "auch geheim" in told
    assert ada_types.json(*words, "--reason", "To decide about it")["digest"] == change.plan_digest
