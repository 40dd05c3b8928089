"""Addresses of static files are remembered, and are those that Django makes."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import StaticFilesStorage

from portal.static_urls import AsNamed, ByContent


def test_as_named_is_what_django_says() -> None:
    made = AsNamed()
    for name in ("css/base.css", "css/base.css", "a b.js", "icons.svg#x"):
        assert made.url(name) == StaticFilesStorage().url(name)


def test_by_content_names_the_content_and_refuses_what_is_not_there(tmp_path: Path, settings: Any) -> None:
    settings.DEBUG = False
    (tmp_path / "base.css").write_text("body { color: red }")
    storage = ByContent(location=str(tmp_path), base_url="/static/")
    list(storage.post_process({"base.css": (storage, "base.css")}))
    address = storage.url("base.css")
    assert re.fullmatch(r"/static/base\.[0-9a-f]{12}\.css", address)
    assert storage.url("base.css") == storage.url("base.css", force=True) == address
    assert (tmp_path / address.removeprefix("/static/")).is_file()
    for _ in range(2):
        with pytest.raises(ValueError, match="nothing"):
            storage.url("nothing.css")
