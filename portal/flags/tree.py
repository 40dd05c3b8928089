"""Parameters as a tree by their path: a folder for each level, levels with nothing else in them put together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portal.flags.rows import Line


@dataclass(frozen=True)
class Folder:
    """A level of the tree: `path` is that of the keys in it, with a slash at its end; empty for the top."""

    name: str
    path: str
    lines: tuple[Line, ...]
    folders: tuple["Folder", ...]

    @property
    def count(self) -> int:
        """How many parameters are in it and below."""
        return len(self.lines) + sum(folder.count for folder in self.folders)


def tree_of(lines: Iterable[Line]) -> Folder:
    """The tree of these lines, in order of their keys."""
    return _folder("", "", list(lines))


def _folder(name: str, path: str, lines: Sequence[Line]) -> Folder:
    here, below = [], dict[str, list[Line]]()
    for line in lines:
        level, slash, _ = line.key[len(path) :].partition("/")
        if slash:
            below.setdefault(level, []).append(line)
        else:
            here.append(line)
    folders = [_folder(level, f"{path}{level}/", inner) for level, inner in below.items()]
    if path and not here and len(folders) == 1:
        (only,) = folders
        return Folder(f"{name}/{only.name}", only.path, only.lines, only.folders)
    return Folder(name, path, tuple(here), tuple(folders))
