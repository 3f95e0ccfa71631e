"""What every database must be able to do for the index."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

BOOKS = "catalog_booksearch"
AUTHORS = "catalog_authorsearch"
PUBLISHERS = "catalog_publishersearch"
TABLES = (BOOKS, AUTHORS, PUBLISHERS)
SPELLING = "catalog_spelling"

Params = Sequence[Any] | Mapping[str, Any]
Row = tuple[int, str, str]  # id, words, kept
Group = Sequence[str]  # words of which a record has one; "le*" is any word that begins so


class Backend(ABC):
    """The index of one database. Table names are our own constants, never input."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection

    def rows(self, sql: str, params: Params = ()) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def ids(self, sql: str, params: Params = ()) -> list[int]:
        return [row[0] for row in self.rows(sql, params)]

    def run(self, sql: str, params: Params = ()) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)

    @staticmethod
    @abstractmethod
    def creation(table: str) -> list[str]:
        """Statements that make an empty index."""

    @staticmethod
    def removal(table: str) -> list[str]:
        """Statements that remove it."""
        return [f"DROP TABLE {table}"]

    @abstractmethod
    def add(self, table: str, rows: Sequence[Row]) -> None:
        """Write documents of records that have none yet."""

    @abstractmethod
    def remove(self, table: str, ids: Sequence[int]) -> None:
        """Forget documents; ids without one do not matter."""

    def clear(self, table: str) -> None:
        """Forget every document. Others see them until the transaction commits."""
        self.run(f"DELETE FROM {table}")

    def replace(self, table: str, old: Collection[int], rows: Sequence[Row]) -> None:
        """Write documents in place of the old ones; those of `old` without a new one go."""
        if old:
            self.remove(table, sorted(old))
        if rows:
            self.add(table, rows)

    @abstractmethod
    def kept(self, table: str, ids: Sequence[int], *, lock: bool = False) -> dict[int, str]:
        """What was kept of these records, for those that have a document.

        With `lock` no other writer changes these documents until the commit, and what is
        returned is the newest: whoever else was writing one has been waited for.
        """

    def settle_references(self) -> None:  # noqa: B027 - most databases have looked already
        """Look now, not at the commit, whether what was written refers to records that are there.

        That locks those records against deletion and renaming; see `indexing.index_records`.
        """

    @abstractmethod
    def words(self, table: str, ids: Sequence[int]) -> dict[int, set[str]]:
        """The words under which these records are found, as they are stored."""

    def encoded(self, words: str) -> set[str]:
        """The words of a document as they are stored."""
        return set(words.split(" "))

    def size(self, table: str) -> int:
        """How many documents there are; reads them all."""
        return int(self.ids(f"SELECT count(*) FROM {table}")[0])

    def having(
        self, table: str, ids: Sequence[int], words: Sequence[str], prefix: str = ""
    ) -> list[int]:
        """Those of a few records that have all the words and one that begins with `prefix`."""
        wanted = self.encoded(" ".join(words)) if words else set()
        begin = next(iter(self.encoded(prefix))) if prefix else ""
        stored = self.words(table, ids)
        return [
            pk
            for pk in ids
            if pk in stored
            and wanted <= stored[pk]
            and (not begin or any(word.startswith(begin) for word in stored[pk]))
        ]

    @abstractmethod
    def match(self, table: str, words: Sequence[str], prefix: str = "", *, limit: int) -> list[int]:
        """Records that have all the words, and one word that begins with `prefix`.

        At most `limit`, in an order that stays the same while nothing changes.
        """

    def share(self, table: str, words: Sequence[str]) -> float | None:
        """The share of the documents that have all the words, by a sample of some 20,000.

        None where finding the first thousand is quicker than that.
        """
        return None

    @abstractmethod
    def among(
        self, rows: QuerySet[Any], table: str, words: Sequence[str], prefix: str = ""
    ) -> QuerySet[Any]:
        """Of these rows the ones that `match` finds, all of them, for reading in an order."""

    def some_books(self, words: Sequence[str], prefix: str, *, limit: int) -> list[int]:
        """Some of the books that have these words; just some books where that takes long."""
        return self.match(BOOKS, words, prefix, limit=limit)

    id_column = "id"

    @abstractmethod
    def having_all(self, table: str, groups: Sequence[Group]) -> tuple[str, str]:
        """A condition, and its parameter: records that have a word of each group."""

    def match_each(
        self, table: str, searches: Sequence[Sequence[Group]], *, limit: int
    ) -> list[list[int]]:
        """What each of several searches finds, at most `limit` for each; one query for all."""
        found: list[list[int]] = [[] for _search in searches]
        selects, params = [], list[Any]()
        for number, groups in enumerate(searches):
            condition, param = self.having_all(table, groups)
            selects.append(
                f"SELECT * FROM (SELECT {number} AS search, {self.id_column} AS id FROM {table}"
                f" WHERE {condition} LIMIT %s) AS s{number}"
            )
            params += [param, limit]
        if selects:
            for number, pk in self.rows(" UNION ALL ".join(selects), params):
                found[number].append(pk)
        return found

    # --- The words of names (catalog.search.spelling) -----------------------------------------
    @staticmethod
    @abstractmethod
    def spelling_creation() -> str:
        """The statement that makes the table of (part, word), both compared by code point."""

    @abstractmethod
    def add_spellings(self, rows: Sequence[tuple[str, str]]) -> None:
        """Keep these (part, word), sorted by the caller; those that are there already stay."""

    @abstractmethod
    def spelled(self, parts: Sequence[str]) -> list[str]:
        """The words that have one of these parts, each once."""

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """One transaction in which everything is written anew while pages show the old."""
        with transaction.atomic():
            yield

    @abstractmethod
    def tidy(self) -> None:
        """After very many writes: put the index in order, tell the planner what there is now.

        The whole index is rewritten, a minute for a million books.
        """

    @abstractmethod
    def add_to_tallies(self, deltas: Sequence[tuple[str, str, int]]) -> None:
        """Add to kept counts (facet, value, change), making rows for new values.

        In the given order, which is the same for every writer: two that add to the same counts
        wait for each other instead of locking each other out.
        """
