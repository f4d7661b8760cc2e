"""What can be known about another process of this machine without trusting its number alone."""

import os
import subprocess
from pathlib import Path

PROC = Path("/proc")


def is_alive(pid: int) -> bool:
    """Whether a process of this number exists and is not a zombie."""
    if PROC.joinpath("self").exists():
        return _proc_state(pid) not in (None, "Z", "X")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def executable_name(pid: int) -> str | None:
    """The name of the program a process runs, or None where there is no such process."""
    if PROC.joinpath("self").exists():
        try:
            return PROC.joinpath(str(pid), "comm").read_text().strip()
        except OSError:
            return None
    answer = subprocess.run(
        ["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return Path(answer.stdout.strip()).name or None


def working_folder(pid: int) -> Path | None:
    """The folder a process works in, or None where that cannot be known (no /proc, or not ours)."""
    try:
        return PROC.joinpath(str(pid), "cwd").readlink()
    except OSError:
        return None


def processes_of(program: str, folder: Path) -> list[int]:
    """The processes that run this program in this folder; none are found where there is no /proc."""
    if not PROC.is_dir():
        return []
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    place = folder.resolve()
    return [pid for pid in pids if executable_name(pid) == program and working_folder(pid) == place and is_alive(pid)]


def start_mark(pid: int) -> str | None:
    """A text that tells this process from a later one of the same number; None where there is no such process."""
    if PROC.joinpath("self").exists():
        fields = _stat_fields(pid)
        return None if fields is None else fields[19]
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return answer.stdout.strip() or None


def is_same_process(pid: int, mark: str | None) -> bool:
    """Whether the process that once had this mark is still running."""
    return mark is not None and is_alive(pid) and start_mark(pid) == mark


def _proc_state(pid: int) -> str | None:
    fields = _stat_fields(pid)
    return None if fields is None else fields[0]


def _stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (the state) on; the second may hold spaces and brackets."""
    try:
        line = PROC.joinpath(str(pid), "stat").read_text()
    except OSError:
        return None
    return line.rpartition(")")[2].split()
