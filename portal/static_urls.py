"""Where static files are: addresses made once a process, for a page has dozens and no file is renamed while it runs."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]  # it has none

_MOST = 4096  # addresses that are remembered; there are some hundred files


class AsNamed(StaticFilesStorage):
    """Files under their own names, on a developer's machine."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._made: Callable[..., str] = lru_cache(_MOST)(super().url)

    def url(self, name: str | None) -> str:
        """The address of a file."""
        return self._made(name)


class ByContent(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # of an untyped one
    """Files under names that change with what is in them, so that browsers may keep them for ever."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._made: Callable[..., str] = lru_cache(_MOST)(super().url)

    def url(self, name: str | None, force: bool = False) -> str:  # noqa: FBT001, FBT002  as Django declares it
        """The address of a file."""
        return self._made(name, force)
