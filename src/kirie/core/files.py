"""Writing that is whole or not at all, hashing, and paths that stay inside their folder.

A file is written beside its final name, flushed to the disk and renamed; a reader sees the old file or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO

from kirie.errors import DeviceError, KirieError, SourceError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_CLOSED = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
}
_BROKEN = {errno.EIO, errno.ESTALE, errno.ENXIO}


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns a full, read-only or failing disk into a sentence that names the place.

    Raises:
        DeviceError: There is no space, no permission to write, a file in the place of a folder, or the disk failed.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DeviceError(
                f"The disk that holds {path} is full ({error.strerror}); nothing half-written was kept. "
                "Free space or choose another place, then repeat the command."
            ) from error
        if error.errno in _CLOSED:
            raise DeviceError(
                f"{path} cannot be written ({error.strerror}); choose a place you may write to."
            ) from error
        if error.errno in _BROKEN:
            raise DeviceError(
                f"The disk or file server of {path} failed ({error.strerror}); repeat the command when it is well."
            ) from error
        raise


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Opens a file beside `path` that takes its name when the block ends well, and vanishes when it does not.

    Raises:
        DeviceError: There is no space, or no permission to write.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with beside.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(path)
            _sync_folder(path.parent)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def _sync_folder(folder: Path) -> None:
    """Makes a rename last through a power cut, where the system can sync folders: what it replaced may go then."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a whole file by rename."""
    with replacing(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Writes a whole UTF-8 file by rename."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: object) -> None:
    """Writes JSON that a person can read: indented, keys as given, non-ASCII as it is, no NaN."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # A path that is no UTF-8 (an archive from an older Windows) has halves of letters, which JSON escapes like this
    write_bytes(path, text.encode(errors="backslashreplace"))


def read_json(path: Path, wrong: type[KirieError], what: str) -> Any:
    """Reads a JSON file that kirie wrote; what is no file (a device, a pipe) is not read, it might never end.

    Args:
        path: The file.
        wrong: The error to raise.
        what: What the file is, for the message ("the run record").

    Raises:
        wrong: The file is missing or is not JSON.
    """
    try:
        if path.exists() and not path.is_file():
            raise wrong(f"{what} {path} cannot be read (it is no file).")
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise wrong(f"{what} {path} is not there.") from None
    except OSError as error:
        raise wrong(f"{what} {path} cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:
        # Not only JSONDecodeError: bytes that are not UTF-8, and numbers of more digits than Python reads
        raise wrong(f"{what} {path} is damaged: it is not JSON ({error}).") from None


def read_text(path: Path, wrong: type[KirieError], what: str, most: int) -> str:
    """Reads a text file that a person wrote, in UTF-8 with or without a byte order mark.

    Args:
        path: The file; a device or a pipe, which might never end, is not read.
        wrong: The error to raise.
        what: What the file is, for the message ("The label file").
        most: Bytes that it may have.

    Raises:
        wrong: The file is missing, none, too large, not UTF-8, or cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise wrong(f"{what} {path} cannot be read (it is no file).")
        if path.stat().st_size > most:
            raise wrong(f"{what} {path} has more than {most:,} bytes; it is none.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise wrong(f"{what} {path} is not there.") from None
    except UnicodeDecodeError:
        raise wrong(f"{what} {path} is not UTF-8 text; save it as UTF-8.") from None
    except (OSError, ValueError) as error:
        raise wrong(f"{what} {path} cannot be read ({error}).") from None


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def inside(folder: Path, relative: str) -> Path:
    """Joins a relative path that came from outside, `/` or `\\` alike, and refuses one that leaves the folder.

    Raises:
        SourceError: The path is absolute or leads out of the folder.
    """
    text = relative.replace("\\", "/")
    parts = PurePosixPath(text)
    if not text or parts.is_absolute() or PureWindowsPath(relative).drive or "\0" in text:
        raise SourceError(f"The path '{relative}' is not relative to {folder}; write it relative to that folder.")
    found = folder / parts
    if ".." not in parts.parts and not _has_link(folder, parts):
        # Nearly all; to resolve paths takes twenty times as long
        return found
    if _circles(found) or not found.resolve().is_relative_to(folder.resolve()):
        raise SourceError(f"The path '{relative}' leads out of {folder}; only files inside it are read.")
    return found


def _has_link(folder: Path, parts: PurePosixPath) -> bool:
    """Whether a part of a path is a link, or cannot be looked at."""
    try:
        for part in parts.parts:
            folder = folder / part
            if folder.is_symlink():
                return True
    except OSError:
        return True
    return False


def _circles(path: Path) -> bool:
    """Whether links on the way lead in a circle; `resolve` says so until Python 3.12 only."""
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False
