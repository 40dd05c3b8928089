"""A team's own blueprints: a broken one disturbs nobody and is explained, a good one needs no more than its folder."""

from pathlib import Path

from bench.asking import ask_create, follow
from bench.visitor import Visitor
from tools.installing import CHECKOUT

SHIPPED = CHECKOUT / "provisioning" / "blueprints" / "library" / "hello-erlang"


def test_a_broken_folder_is_explained_and_disturbs_nobody(alice: Visitor, ada: Visitor, blueprint_folder: Path) -> None:
    assert alice.get("/catalogue/").status == 200
    assert "Crooked" not in alice.get("/catalogue/").words

    problems = ada.get("/blueprints/")

    assert problems.status == 200
    assert str(blueprint_folder / "crooked" / "blueprint.yaml") in problems.words
    assert "stacks must be a mapping." in problems.words
    assert "line 5" in problems.words.lower()
    assert alice.get("/blueprints/").status == 403
    assert alice.get("/request/crooked/").status == 404


def test_a_new_folder_is_a_new_application(alice: Visitor, blueprint_folder: Path) -> None:
    assert alice.get("/request/ledger/").status == 404
    folder = blueprint_folder / "ledger"
    folder.mkdir()
    for file in ("compute.yaml", "data.yaml", "blueprint.yaml"):
        text = (SHIPPED / file).read_text().replace("hello-erlang", "ledger").replace("Hello Erlang", "Ledger")
        (folder / file).write_text(text)

    assert "Ledger" in alice.get("/catalogue/").words
    follow(alice, ask_create(alice, "ledger", "dev"))

    assert "MESSAGES_TABLE=dev-ledger-messages" in alice.get("/environments/ledger/dev/connect/dotenv/").html
