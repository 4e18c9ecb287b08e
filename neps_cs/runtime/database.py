"""SQLite as the store uses it: connections, transactions, and errors that name the file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neps_cs.errors import Problem, StoreError

PATIENCE = 600.0
"""Seconds that a transaction waits for those of others: a slow optimizer proposes inside one."""


def connect(path: Path) -> sqlite3.Connection:
    """A connection that writes: WAL, and each commit is synced to disk before it returns. Threads may take
    turns with it."""
    connection = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
    try:
        retried(connection, "PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_memory() -> sqlite3.Connection:
    """A database that lives as long as its connection."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def connect_reading(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing; where even SQLite's own side files can't be written, the
    file alone is read."""
    place = path.absolute().as_uri()
    connection = sqlite3.connect(f"{place}?mode=ro", uri=True, timeout=60, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(f"{place}?immutable=1", uri=True, isolation_level=None)
    return connection


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Errors of SQLite and of the file system become StoreErrors that name the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as e:
        rule = "the root directory must be writable, with space left, and its store undamaged"
        raise StoreError(Problem(rule, f"{type(e).__name__}: {e}", str(path))) from e


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, and one process at a time; when it ends, what was written is on disk."""
    if connection.in_transaction:  # an interrupt came between two lines of the last one
        connection.execute("ROLLBACK")
    retried(connection, "BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back after some errors
            connection.execute("ROLLBACK")
        raise


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """A part of a transaction that can be undone alone."""
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


def retried(connection: sqlite3.Connection, statement: str) -> None:
    """Execute a statement that waits for a lock; in steps of a second, so that a person may interrupt it."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as e:
            if "locked" not in str(e) or time.monotonic() > end:
                raise
        else:
            return
