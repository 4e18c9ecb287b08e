"""Files that are replaced in one step."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_atomically(path: Path, text: str, *, sync: bool = False) -> None:
    """Replace a file in one step: readers see the old text or the new one, never half of it. Where it
    can't be written, nothing is left behind. With `sync` the text is on the disk before the old one goes.
    Raises OSError."""
    path = Path(os.path.realpath(path))  # a link stays one
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        # a name from the file system may hold bytes that are no text
        with temporary.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
