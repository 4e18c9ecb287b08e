"""Files that are replaced in one step."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path


def write_atomically(path: Path, text: str, *, sync: bool = False) -> None:
    """Replace a file in one step: readers see the old text or the new one, never half of it. Where it
    can't be written, nothing is left behind. With `sync` the text is on the disk before the old one goes.
    Raises OSError."""
    target = os.path.realpath(path) if os.path.islink(path) else os.fspath(path)  # a link stays one
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.tmp")
    try:
        # a name from the file system may hold bytes that are no text
        with open(temporary, "x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
