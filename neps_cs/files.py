"""Files that are replaced in one step."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path


def write_atomically(path: Path, text: str, *, sync: bool = False) -> None:
    """Replace a file in one step: readers see the old text or the new one, never half of it. Where it
    can't be written, nothing is left behind. With `sync` the text is on the disk before the old one goes.
    A link stays one. Raises OSError."""
    replace_file(os.path.realpath(path), text, sync=sync)


def replace_file(path: str, text: str, *, sync: bool = False) -> None:
    """As `write_atomically`, but that a link is replaced."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.tmp")
    try:
        # a name from the file system may hold bytes that are no text
        with open(temporary, "x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
