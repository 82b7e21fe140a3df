"""One SQLite file that all runs of a user share, rebuilt where it is corrupt or of another version.

Losing it costs time, never truth: what it holds can be found again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .errors import UserError, system_words
from .userdirs import cache_folder

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

_BUSY = 10.0  # seconds to wait for another process


class CacheError(UserError):
    """The cache cannot be used: place, fault and remedy. Corruption is not reported but mended."""


class Database:
    """The file ``name`` in ``folder`` (the user's cache if None), with the tables of ``schema``.

    ``schema`` is statements parted by ``;``; a file of another ``version`` loses its tables.
    Several processes may use it at once; an object belongs to one thread.
    """

    def __init__(self, name: str, schema: str, version: int, folder: Path | None = None) -> None:
        self._path = (folder or cache_folder()) / f"{name}.sqlite3"
        self._schema = schema
        self._version = version
        self._connection: sqlite3.Connection | None = None

    def do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """What ``action`` returns, in one transaction; done again once on a rebuilt file.

        Raises ``CacheError`` where the file can be neither used nor rebuilt.
        """
        import sqlite3

        for is_last in (False, True):
            try:
                if self._connection is None:
                    self._connection = self._connect()
                with self._connection as connection:
                    return action(connection)
            except sqlite3.DatabaseError as error:
                if is_last or not _is_corrupt(error):
                    raise CacheError(
                        f"{self._path} cannot be used ({error}): give yourself the right to write "
                        "there, free some space, or name another folder in RUNNER_CACHE"
                    ) from error
                self._remove()
        raise AssertionError("unreachable")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fault = f"{self._path.parent} cannot be made ({system_words(error)})"
            raise CacheError(f"{fault}: name another folder in RUNNER_CACHE") from error
        connection = sqlite3.connect(self._path, timeout=_BUSY)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if _version(connection) != self._version:
                self._build(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _build(self, connection: sqlite3.Connection) -> None:
        """An empty database of this version, in place of one of another."""
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = OFF")  # tables may go in any order
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            # Another process may have built it while this one waited.
            if _version(connection) != self._version:
                for name in _tables(connection):
                    connection.execute(f'DROP TABLE "{name}"')
                for statement in filter(str.strip, self._schema.split(";")):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {self._version}")
        connection.execute("PRAGMA foreign_keys = ON")

    def _remove(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self._path.with_name(self._path.name + suffix).unlink()


def live_bytes(connection: sqlite3.Connection) -> int:
    """Bytes in use; pages that deleting left free will be filled again."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int((pages - free) * size)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _tables(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in connection.execute(query).fetchall()]


def _is_corrupt(error: sqlite3.DatabaseError) -> bool:
    import sqlite3

    # A plain SQLITE_ERROR is a table or column that is not there: another schema.
    codes = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in codes
