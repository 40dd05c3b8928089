"""Pages of items, forth and back, and what is said of them."""

import re
from html import unescape
from typing import Any

from fakes.as_aws import AsAws

from portal.accounts.models import User
from provisioning.models import Environment

from .scene import INDEX, Explorer, make_table, message, put


def test_pitfall_01_an_empty_page_is_not_the_end(explorer: Explorer, aws: AsAws, dev: Environment) -> None:
    """Nothing fits in the first megabytes, and the one that does is far behind."""
    items = [
        {"id": {"S": f"{number:03}"}, "pad": {"S": "x" * 300_000}, "n": {"N": str(number)}} for number in range(40)
    ]
    big = Explorer(explorer.client, make_table(aws, dev, "dev-alice-big", items))
    pairs = [("path", "n"), ("op", ">="), ("type", "N"), ("value", "0"), ("to", "")]
    last = [("path", "n"), ("op", "="), ("type", "N"), ("value", "1000"), ("to", "")]
    assert big.ask(*pairs).rows
    big.ask(*last)
    assert "0 matches in" in big.words
    assert "more to read" in big.words
    assert "No item matches" not in big.words
    for _ in range(20):
        if "Carry on" not in big.words:
            break
        big.follow("Carry on")
    assert "the end" in big.words


def test_pitfall_03_an_exact_multiple_ends_cleanly(explorer: Explorer) -> None:
    explorer.ask(size="10")
    for _ in range(5):
        explorer.follow("Next")
    assert "Rows 51–60 · page 6 · the end" in explorer.words
    assert ">Next</a>" not in explorer.text


def test_pitfall_04_and_05_page_two_of_an_index_goes_on_in_it(explorer: Explorer, aws: AsAws) -> None:
    put(aws, explorer.table.name, [message(7, id={"S": f"same{number}"}) for number in range(5)])
    explorer.ask(
        ("path", "text"),
        ("op", "begins-with"),
        ("type", "S"),
        ("value", "Hello"),
        ("to", ""),
        index=INDEX,
        pk="alice",
        order="desc",
        size="25",
    )
    found = explorer.column("id")
    while ">Next</a>" in explorer.text:
        explorer.follow("Next")
        assert [name for name, _ in aws.requests][-1] == "Query"
        assert aws.requests[-1][1]["IndexName"] == INDEX
        assert 'value="Hello"' in explorer.text
        found += explorer.column("id")
    assert len(found) == len(set(found)) == 65


def test_pitfall_06_back_is_the_same_rows(explorer: Explorer) -> None:
    pages = [explorer.ask(size="10").rows]
    pages += [explorer.follow("Next").rows for _ in range(3)]
    back = [explorer.follow("Previous").rows for _ in range(3)]
    assert [pages[2], pages[1], pages[0]] == back
    assert ">Previous</a>" not in explorer.text


def test_pitfall_07_the_row_label_counts_the_real_page(explorer: Explorer, aws: AsAws) -> None:
    put(aws, explorer.table.name, (message(number) for number in range(60, 130)))
    assert "Rows 1–100 · page 1" in explorer.ask(size="100").words
    assert "Rows 101–130 · page 2 · the end" in explorer.follow("Next").words
    assert "Rows 11–20 · page 2" in explorer.ask(size="10").follow("Next").words


def test_pitfall_08_and_10_a_page_is_full_of_matches_and_says_what_it_took(explorer: Explorer) -> None:
    every_third = [("path", "text"), ("op", "contains"), ("type", "S"), ("value", "7"), ("to", "")]
    explorer.ask(*every_third, size="10")
    assert "6 returned, 60 read 10 % matched" in explorer.words
    assert "0.5 unit" in explorer.words
    assert "call" in explorer.words


def test_pitfall_11_a_page_of_results_cannot_be_shared_the_question_can(
    explorer: Explorer, client_of: Any, bob: User
) -> None:
    explorer.ask(index=INDEX, pk="alice").follow("Next")
    here = re.search(r'href="([^"]*)"[^>]*data-again', explorer.text)
    shared = re.search(r'data-copy="http://testserver([^"]*)"', explorer.text)
    assert here
    assert shared
    assert "cursor" in here[1]
    assert "cursor" not in shared[1]
    theirs = Explorer(client_of(bob), explorer.table)
    theirs.open(explorer.path + unescape(here[1]))
    assert "somebody else" in theirs.words
    assert not theirs.rows
    assert theirs.follow("Begin at the first page").rows
    assert theirs.open(unescape(shared[1])).rows
    damaged = theirs.open(explorer.path + unescape(here[1]).replace("cursor=", "cursor=x"))
    assert "damaged" in damaged.words
