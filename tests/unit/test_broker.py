"""The embedded broker: messages come through whole, and a torn one does no harm."""

from pathlib import Path
from queue import Empty
from threading import Thread

import pytest
from kombu import Connection
from kombu.transport.filesystem import Channel as ShippedChannel

from portal.broker import Channel, use_safe_files


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    use_safe_files()
    options = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path / "c"),
        "polling_interval": 0.001,
    }
    return Connection("filesystem://", transport_options=options)


def channel_of(connection: Connection) -> Channel:
    channel = connection.channel()
    assert isinstance(channel, Channel)
    return channel


def test_filesystem_means_our_channel(connection: Connection) -> None:
    channel = channel_of(connection)
    assert isinstance(channel, ShippedChannel)


def test_messages_come_through_while_written_and_read_at_once(connection: Connection) -> None:
    sent = 300
    got: list[int] = []

    def send() -> None:
        with connection.clone() as other:
            for number in range(sent):
                other.Producer().publish({"number": number}, routing_key="q")

    writer = Thread(target=send)
    with connection.clone() as reading:
        queue = reading.SimpleQueue("q")
        writer.start()
        while len(got) < sent:
            message = queue.get(timeout=10)
            message.ack()
            got.append(message.payload["number"])
    writer.join()
    assert sorted(got) == list(range(sent))


def test_a_torn_message_is_passed_over(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "1_x.q.msg").write_text("")
    channel = channel_of(connection)
    with pytest.raises(Empty):
        channel._get("q")
    assert not list(tmp_path.glob("*.msg"))
