"""What the programs of a Stackyard hold in memory."""

from pathlib import Path

from bench.figures import Figure
from bench.running import Running
from tools.children import Child

MEBIBYTES = 500.0


def resident(yard: Running) -> Figure:
    """The memory that everything that runs takes, with all that it started. A page that processes share counts once."""
    groups = {child.process.pid: name for name, child in yard.children.items()}
    by_name = dict.fromkeys(groups.values(), 0.0)
    apart = 0.0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or (group := _group(folder)) not in groups:
            continue
        by_name[groups[group]] += _mebibytes(folder / "smaps_rollup", "Pss:")
        apart += _mebibytes(folder / "status", "VmRSS:")
    parts = ", ".join(f"{name} {size:.0f}" for name, size in by_name.items())
    note = f"{parts}; {apart:.0f} with shared pages counted in each process"
    return Figure("resident memory of what make up starts", sum(by_name.values()), "MiB", MEBIBYTES, note)


def resident_of(child: Child) -> float:
    """The memory in MiB that one program and all that it started take."""
    mine = (one for one in Path("/proc").iterdir() if one.name.isdigit() and _group(one) == child.process.pid)
    return sum(_mebibytes(one / "smaps_rollup", "Pss:") for one in mine)


def _group(process: Path) -> int:
    """The process group; 0 when the process has just ended."""
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[2])
    except OSError:
        return 0


def _mebibytes(file: Path, field: str) -> float:
    """A field that the system writes in KiB; 0 when the process has just ended."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
