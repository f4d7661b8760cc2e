"""A folder of photos on this machine, as an import reads it.

A folder below the root is one person, named as the folder is; folders inside a person's folder are that person's, too.
Photos that lie loose in the root belong to nobody yet. What begins with a dot, and what systems leave
behind, is passed over.
"""

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from faces.exceptions import NotFoundError

LEFT_BY_SYSTEMS = frozenset({"Thumbs.db", "ehthumbs.db", "desktop.ini", "__MACOSX", "@eaDir"})

FolderId: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class FoundFile:
    """A file that may be a photo.

    Attributes:
        path: where it is.
        name: its path below the root, for people; bytes that are no UTF-8 are replaced.
        person: whose photo it is; None for nobody's.
        size_bytes: its size when it was found.
    """

    path: Path
    name: str
    person: str | None
    size_bytes: int


@dataclass(frozen=True)
class RefusedFile:
    """A file or folder that is not taken, with a code for programs and a sentence for people."""

    name: str
    code: str
    detail: str


@dataclass
class ScannedFolder:
    """All files of a folder in the order of their names; `passed_over` counts hidden entries."""

    root: Path
    files: list[FoundFile] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    passed_over: int = 0


def scan_folder(root: Path) -> ScannedFolder:
    """Find every file below a folder. Links are followed, but not in circles.

    Raises:
        NotFoundError: `root` is not there, is no folder or cannot be read.
    """
    if not root.is_dir():
        kind = "is a file, not a folder" if root.exists() else "is not there"
        raise NotFoundError(f"{root} {kind}. Name a folder that holds one folder a person.")
    if not os.access(root, os.R_OK | os.X_OK):
        raise NotFoundError(f"The folder {root} cannot be read: permission denied.")
    scanned = ScannedFolder(root)
    _scan(scanned, root, None, frozenset({_folder_id(root.stat())}))
    return scanned


def _scan(scanned: ScannedFolder, folder: Path, person: str | None, above: frozenset[FolderId]) -> None:
    for path, status in _entries(scanned, folder):
        name = readable(path.relative_to(scanned.root))
        if stat.S_ISREG(status.st_mode):
            scanned.files.append(FoundFile(path, name, person, status.st_size))
        elif not stat.S_ISDIR(status.st_mode):
            _refuse(scanned, name, "not_a_file", "This is a device, a pipe or a socket, not a file.")
        elif _folder_id(status) in above:
            _refuse(scanned, name, "link_in_a_circle", "The link leads back to a folder that it lies in.")
        elif (of := person or person_name(path.name)) is None:
            _refuse(scanned, name, "invalid_folder_name", "The folder's name is empty or not UTF-8. Rename it.")
        else:
            _scan(scanned, path, of, above | {_folder_id(status)})


def _entries(scanned: ScannedFolder, folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield what lies in a folder, links resolved, by name."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        where = readable(folder.relative_to(scanned.root))
        _refuse(scanned, where, "unreadable", f"The folder cannot be read: {reason(error)}.")
        return
    for path in paths:
        if path.name.startswith(".") or path.name in LEFT_BY_SYSTEMS:
            scanned.passed_over += 1
            continue
        try:
            yield path, path.stat()
        except FileNotFoundError:
            _refuse(scanned, readable(path.relative_to(scanned.root)), "unreadable", "The link leads nowhere.")
        except OSError as error:
            detail = f"It cannot be read: {reason(error)}."
            _refuse(scanned, readable(path.relative_to(scanned.root)), "unreadable", detail)


def _refuse(scanned: ScannedFolder, name: str, code: str, detail: str) -> None:
    scanned.refused.append(RefusedFile(name, code, detail))


def _folder_id(status: os.stat_result) -> FolderId:
    return status.st_dev, status.st_ino


def person_name(folder_name: str) -> str | None:
    """Return the name of a folder's person, composed (NFC) and trimmed; None if the folder's name is no name."""
    try:
        folder_name.encode()
    except UnicodeEncodeError:
        return None
    return unicodedata.normalize("NFC", folder_name).strip() or None


def readable(path: Path) -> str:
    """Return a path as valid text on one line; what cannot be shown is replaced."""
    text = os.fsencode(path).decode("utf-8", errors="replace")
    return "".join("\ufffd" if unicodedata.category(sign) == "Cc" else sign for sign in text)


def reason(error: OSError) -> str:
    """Return what the system says is wrong, in lower case and without the path."""
    return (error.strerror or type(error).__name__).lower()
