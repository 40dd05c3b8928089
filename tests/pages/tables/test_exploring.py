"""Asking a table: the row of controls, its price, pages both ways, and what is said of a reading."""

from tests.fakes.as_aws import AsAws

from .scene import INDEX, Explorer, put


class TestAsking:
    """What a person asks, and what is sent."""

    def test_the_first_look_shows_the_first_items(self, explorer: Explorer, aws: AsAws) -> None:
        explorer.open()
        assert len(explorer.rows) == 25
        assert "25 returned, 26 read 100 % matched" in explorer.words
        assert aws.calls == {"Scan": 1}
