"""The scripted queue and ministack's give the same answers to the calls that listening makes.

What ministack does not do: put events of its stacks into a queue (it has no EventBridge rule on them), so that the
shape of a hint is held to the documentation (Q5) alone. It refuses to delete a message twice, which AWS takes as done.
"""

from provisioning.aws import queues

from .sides import Side


def test_messages_are_received_hidden_and_deleted(side: Side) -> None:
    sqs = side.aws.sqs
    url = sqs.create_queue(QueueName=f"hints-{side.name}")["QueueUrl"]
    assert queues.receive(side.aws, url) == ()
    bodies = {f'{{"number": {number}}}' for number in range(12)}
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)

    first = queues.receive(side.aws, url)
    assert len(first) == queues.MOST
    rest = queues.receive(side.aws, url)
    assert {one.body for one in (*first, *rest)} == bodies
    assert queues.receive(side.aws, url) == ()  # received, not deleted: hidden for a while
    assert queues.delete(side.aws, url, first) == 0
    assert queues.delete(side.aws, url, rest) == 0
    assert queues.receive(side.aws, url) == ()
