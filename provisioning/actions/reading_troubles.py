"""Why items could not be read, as a written sentence: what happened, whose turn it is, what to do next."""

from provisioning.actions.refusals import Refusal
from provisioning.aws.errors import AwsError, Busy, Missing, OtherKeys, Refused


def in_words(trouble: AwsError, table: str, index: str = "") -> Refusal:
    """The refusal for what AWS said to a read of this table or index."""
    if isinstance(trouble, Missing):
        return Refusal(
            f"{table} is not there any more: it was deleted outside Stackyard, or is being made anew."
            " Look at its environment, and ask its owner.",
            "table-gone",
        )
    if isinstance(trouble, Busy):
        return Refusal(_busy(trouble, table), f"busy-{trouble.reason}")
    if isinstance(trouble, OtherKeys):
        return Refusal(f"{table} has other keys than when Stackyard last looked. Look again.", "other-keys")
    if isinstance(trouble, Refused) and index:
        told = trouble.message.lower()
        if "backfilling" in told:
            return Refusal(
                f"{index} is still being built from the items of {table}, and cannot be asked before that is done."
                " There is nothing to do but to wait; ask the table itself meanwhile.",
                "index-being-built",
                fields={"index": "Still being built."},
            )
        if "specified index" in told:
            return Refusal(
                f"{table} has no index {index} any more: it was taken away since the table was last looked at."
                " Choose another index, or the table itself.",
                "index-gone",
                fields={"index": "Not there any more."},
            )
    return Refusal(trouble.sentence, "aws-refused" if isinstance(trouble, Refused) else "aws-failed")


def _busy(trouble: Busy, table: str) -> str:
    if trouble.reason == "throttled":
        return (
            f"DynamoDB asked to slow down: the capacity of {table} is used up for the moment. Nothing was changed."
            " Wait a few seconds, then try again; if it stays so, its owner may raise the capacity."
        )
    if trouble.reason == "unreachable":
        return "DynamoDB could not be reached in time. Nothing was changed. Try again in a moment."
    return "DynamoDB reported a fault of its own. Nothing was changed. Try again in a moment."
