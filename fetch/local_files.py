"""Reads a file that an event names, without ever leaving the folders that the settings allow."""

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_TEMPORARY: Final = frozenset({errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT})
"""Errors of the operating system that a readable file may cause today and not tomorrow."""


class FileForbidden(Exception):
    """The file is outside the allowed folders, missing, too large or no regular file."""


def read_file_inside(roots: Sequence[Path], path: Path, *, max_bytes: int) -> bytes:
    """The file's bytes; blocks. Raises FileForbidden, or OSError where a retry may help.

    Symbolic links are followed only as far as they stay inside the root, and every folder is opened from the one
    before it, so that nothing swapped in meanwhile can lead outside.
    """
    if not roots:
        raise FileForbidden("file addresses are not allowed: no folder is configured")
    try:
        real = path.resolve(strict=True)
        root = next((found for found in (each.resolve() for each in roots) if real.is_relative_to(found)), None)
        if root is None:
            raise FileForbidden("outside the allowed folders")
        return _open_and_read(root, real.relative_to(root), max_bytes)
    except OSError as exc:
        if exc.errno in _TEMPORARY:
            raise
        raise FileForbidden(f"no such picture: {exc.strerror}") from exc
    except (ValueError, RuntimeError) as exc:  # a null byte inside; a loop of links
        raise FileForbidden(f"not a path: {exc}") from exc


def _open_and_read(root: Path, relative: Path, max_bytes: int) -> bytes:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in relative.parts[:-1]:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        # O_NONBLOCK: opening a named pipe must not wait for its writer.
        handle = os.open(relative.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise FileForbidden("no regular file")
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise FileForbidden(f"{status.st_size} bytes; the limit is {max_bytes}")
    return content
