"""Files of items taken apart as they stream in: lines, members of a list, rows; never a whole file in memory.

A file is an iterable of pieces of bytes, cut anywhere. Each part comes with the place behind it, so that reading can
stop there and go on later: whoever goes on hands in the pieces from that offset and the place itself.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

LONGEST = 4 * 1024 * 1024  # bytes of one part: an item of 400 KB is longer as JSON, but never by so much
_TOKEN = re.compile(rb'["\\\[\]{},\n]')
_SPACE = b" \t\r\n"
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")
_QUOTE, _BACKSLASH, _COMMA, _NEWLINE = b'"\\,\n'


@dataclass(frozen=True)
class Place:
    """How far a file is read: bytes from its start, and the number of the line that comes next."""

    offset: int = 0
    line: int = 1


@dataclass(frozen=True)
class Part:
    """One line or member: the line that it begins at, its text, and the place behind it. `too_long` ones have no
    text; `unfinished` says that the file ends within it, or before its list does."""

    line: int
    text: bytes
    after: Place
    too_long: bool = False
    unfinished: bool = False


def lines(pieces: Iterable[bytes], place: Place) -> Iterator[Part]:
    """Every line, without its newline; a last one that has none counts too."""
    kept, length, offset, number = bytearray(), 0, place.offset, place.line
    for piece in pieces:
        begin = 0
        while (end := piece.find(b"\n", begin)) >= 0:
            length += end - begin
            _keep(kept, piece[begin:end])
            offset, number = offset + length + 1, number + 1
            yield _line(number - 1, kept, length, Place(offset, number))
            kept, length, begin = bytearray(), 0, end + 1
        length += len(piece) - begin
        _keep(kept, piece[begin:])
    if length:
        yield _line(number, kept, length, Place(offset + length, number + 1))


def _keep(kept: bytearray, more: bytes) -> None:
    """What is too long anyway is not kept any further."""
    if len(kept) <= LONGEST:
        kept += more


def _line(number: int, kept: bytearray, length: int, after: Place) -> Part:
    too_long = length > LONGEST
    return Part(number, b"" if too_long else bytes(kept), after, too_long=too_long)


def members(pieces: Iterable[bytes], place: Place, *, listed: bool) -> Iterator[Part]:
    """Every member of a list whose opening bracket is behind `place`, or with `listed` off every object of a file of
    objects that follow each other over any number of lines. Members are cut by their brackets alone: one that is no
    JSON spoils no other."""
    cutter = _Cutter(place.offset, place.line, listed)
    for piece in pieces:
        yield from cutter.feed(piece)
        if cutter.closed:
            return
    yield from cutter.end()


@dataclass
class _Cutter:
    """Where the scan of members is: the depth of brackets, whether inside a text, what is kept of this member."""

    offset: int
    line: int
    listed: bool
    depth: int = 0
    in_text: bool = False
    literal_at: int = -1  # the offset of a byte behind a backslash, which means nothing
    closed: bool = False
    kept: bytearray = field(default_factory=bytearray)
    length: int = 0
    begun_at: int = 0

    def feed(self, piece: bytes) -> Iterator[Part]:
        """The members that end in this piece."""
        base, begin = self.offset, 0
        for token in _TOKEN.finditer(piece):
            at, byte = token.start(), piece[token.start()]
            if byte == _NEWLINE:
                self._take(piece[begin : at + 1])
                self.line, begin = self.line + 1, at + 1
            elif self._ends(byte, base + at):
                whole = byte in _CLOSING and not self.listed  # an object ends with its bracket, a member before it
                self._take(piece[begin : at + whole])
                begin = at + 1
                self.closed = self.listed and byte != _COMMA
                if self.length or not self.closed:
                    yield self._cut(base + at + (not self.closed))
                if self.closed:
                    return
        self._take(piece[begin:])
        self.offset = base + len(piece)

    def _ends(self, byte: int, offset: int) -> bool:
        """Follow one byte that means something; whether it ends a member."""
        if offset == self.literal_at:
            return False
        if self.in_text:
            self.literal_at = offset + 1 if byte == _BACKSLASH else self.literal_at
            self.in_text = byte != _QUOTE
        elif byte == _QUOTE:
            self.in_text = True
        elif byte in _OPENING:
            self.depth += 1
        elif byte in _CLOSING and self.depth:
            self.depth -= 1
            return not self.depth and not self.listed
        else:  # a comma between members, or the bracket behind the last
            return byte != _BACKSLASH and not self.depth
        return False

    def end(self) -> Iterator[Part]:
        """What is left when the file ends: nothing, or a member that was cut off, or a list that was."""
        if self.length or self.listed:
            part = self._cut(self.offset)
            yield Part(part.line, part.text, part.after, part.too_long, unfinished=True)

    def _take(self, text: bytes) -> None:
        if not self.length:
            text = text.lstrip(_SPACE)
            if text:
                self.begun_at = self.line
        self.length += len(text)
        _keep(self.kept, text)

    def _cut(self, offset: int) -> Part:
        too_long = self.length > LONGEST
        text = b"" if too_long else bytes(self.kept).rstrip(_SPACE)
        part = Part(self.begun_at if self.length else self.line, text, Place(offset, self.line), too_long)
        self.kept, self.length = bytearray(), 0
        return part


@dataclass
class TextLines:
    """The lines of a file as texts for csv.reader, which takes as many as a row has; `after` is the place behind the
    last one taken, `too_long` whether one had to be left out."""

    parts: Iterator[Part]
    after: Place
    too_long: bool = False

    def __iter__(self) -> Iterator[str]:
        for part in self.parts:
            self.after = part.after
            self.too_long = self.too_long or part.too_long
            # What is no UTF-8 is told of its row; an exception in here would end the reading.
            yield part.text.decode(errors="surrogateescape") + "\n"
