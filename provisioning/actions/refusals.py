"""Why a verb would not: a sentence for the person, a stable code for programs, and the fields it is about."""

from collections.abc import Mapping


class Refusal(Exception):
    """What was asked is not done, and nothing was changed. `change_id` names the change that is in the way."""

    def __init__(
        self,
        sentence: str,
        code: str,
        *,
        fields: Mapping[str, str] | None = None,
        forbidden: bool = False,
        change_id: str = "",
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.fields = dict(fields or {})
        self.forbidden = forbidden
        self.change_id = change_id
