"""Reading one bulk price file member by member: that of EC2 has hundreds of megabytes, so none is ever held whole.

A file is one JSON object: `products` by SKU, and `terms.OnDemand` by SKU, each with a few facts beside it.
"""

import json
from collections.abc import Iterator, Mapping
from json.decoder import JSONDecoder
from typing import IO, Any

CHUNK = 1 << 16
# A single product or term is some kilobytes; what is larger than this is no price file.
LARGEST_MEMBER = 1 << 22
_SPACE = " \t\r\n"
_ENDS = f":,}}]{_SPACE}"


class PriceFileError(ValueError):
    """A file is not what a bulk price file is; the message says why."""


class _Text:
    """The text of a file, from where it has been read to."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.text, self.at = file, "", 0
        self.decoder = JSONDecoder()

    def more(self) -> bool:
        """Read on; False at the end of the file."""
        chunk = self.file.read(CHUNK)
        self.text, self.at = self.text[self.at :] + chunk, 0
        if len(self.text) > LARGEST_MEMBER:
            raise PriceFileError("One entry is too large for a price file.")
        return bool(chunk)

    def peek(self) -> str:
        """The next character that is not space."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                raise PriceFileError("The file ends too early.")

    def take(self, wanted: str) -> None:
        """Step over one character, which must be this one."""
        if self.peek() != wanted:
            raise PriceFileError(f"Expected {wanted!r} and found {self.peek()!r}.")
        self.at += 1

    def value(self) -> Any:
        """The next value, whole."""
        self.peek()
        while True:
            try:
                found, end = self.decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError:
                found, end = None, len(self.text)
            # A number that ends the text may go on: after every value something follows that ends it.
            if end < len(self.text) and self.text[end] in _ENDS:
                self.at = end
                return found
            if not self.more():
                raise PriceFileError("The file is not JSON.")

    def members(self) -> Iterator[str]:
        """The names of the members of the object that begins here; whoever iterates reads each value."""
        self.take("{")
        if self.peek() == "}":
            self.at += 1
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise PriceFileError("A name in the file is no text.")
            self.take(":")
            yield name
            if self.peek() == "}":
                self.at += 1
                return
            self.take(",")

    def skip(self) -> None:
        """Step over the next value; an object member by member."""
        if self.peek() != "{":
            self.value()
            return
        for _ in self.members():
            self.skip()


def facts(file: IO[str]) -> Mapping[str, str]:
    """What stands beside the products: publicationDate, version, offerCode. Raises PriceFileError."""
    text, found = _Text(file), {}
    for name in text.members():
        if text.peek() == '"':
            found[name] = str(text.value())
        else:
            text.skip()
    return found


def products(file: IO[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every product by SKU, one at a time. Raises PriceFileError."""
    text = _Text(file)
    for name in text.members():
        if name == "products":
            yield from _each(text)
        else:
            text.skip()


def on_demand(file: IO[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The on-demand terms of every product by SKU, one at a time. Raises PriceFileError."""
    text = _Text(file)
    for name in text.members():
        if name != "terms":
            text.skip()
            continue
        for kind in text.members():
            if kind == "OnDemand":
                yield from _each(text)
            else:
                text.skip()


def _each(text: _Text) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for sku in text.members():
        found = text.value()
        if isinstance(found, dict):
            yield sku, found
