"""Why a verb would not: a sentence for the person, a stable code for programs, and the fields it is about."""

from collections.abc import Mapping


class Refusal(Exception):
    """What was asked is not done, and nothing was changed. `change_id` names the change that is in the way;
    `retry_after` is the seconds after which it may be asked again, 0 where nobody can say."""

    def __init__(
        self,
        sentence: str,
        code: str,
        *,
        fields: Mapping[str, str] | None = None,
        forbidden: bool = False,
        change_id: str = "",
        retry_after: int = 0,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.fields = dict(fields or {})
        self.forbidden = forbidden
        self.change_id = change_id
        self.retry_after = retry_after
