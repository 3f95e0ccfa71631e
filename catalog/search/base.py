"""What every database must be able to do for the index."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

BOOKS = "catalog_booksearch"
AUTHORS = "catalog_authorsearch"
PUBLISHERS = "catalog_publishersearch"
TABLES = (BOOKS, AUTHORS, PUBLISHERS)

Row = tuple[int, str, str]  # id, words, kept


class Backend(ABC):
    """The index of one database. Table names are our own constants, never input."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def ids(self, sql: str, params: Sequence[Any] = ()) -> list[int]:
        return [row[0] for row in self.rows(sql, params)]

    def run(self, sql: str, params: Sequence[Any] = ()) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)

    @staticmethod
    @abstractmethod
    def create(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
        """Make an empty index."""

    @abstractmethod
    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Write documents of records that have none yet."""

    @abstractmethod
    def remove(self, table: str, ids: Sequence[int]) -> None:
        """Forget documents; ids without one do not matter."""

    @abstractmethod
    def clear(self, table: str) -> None:
        """Forget every document."""

    @abstractmethod
    def kept(self, table: str, ids: Sequence[int]) -> dict[int, str]:
        """What was kept of these records, for those that have a document."""

    @abstractmethod
    def words(self, table: str, ids: Sequence[int]) -> dict[int, set[str]]:
        """The words under which these records are found, as they are stored."""

    def encoded(self, words: str) -> set[str]:
        """The words of a document as they are stored."""
        return set(words.split(" "))

    def size(self, table: str) -> int:
        """How many documents there are; reads them all."""
        return int(self.ids(f"SELECT count(*) FROM {table}")[0])

    @abstractmethod
    def match(
        self,
        table: str,
        words: Sequence[str],
        prefix: str = "",
        *,
        limit: int,
        within: Sequence[int] | None = None,
    ) -> list[int]:
        """Records that have all the words, and one word that begins with `prefix`.

        At most `limit`, in an order that stays the same while nothing changes; `within` looks
        only among these records.
        """

    @abstractmethod
    def subquery(self, table: str, words: Sequence[str], prefix: str = "") -> tuple[str, list[Any]]:
        """The same records as `match` finds, all of them, as SQL to select their ids."""

    @abstractmethod
    def tidy(self) -> None:
        """After many writes: put the index in order and tell the planner what there is now.

        Not inside a transaction.
        """

    @abstractmethod
    def add_to_tallies(self, deltas: Sequence[tuple[str, str, int]]) -> None:
        """Add to kept counts (facet, value, change), making rows for new values.

        In the given order, which is the same for every writer: two that add to the same counts
        wait for each other instead of locking each other out.
        """
