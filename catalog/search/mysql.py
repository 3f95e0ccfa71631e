"""The index in MariaDB and MySQL: an InnoDB full-text index in boolean mode.

- Every word is written with two underscores before it: the index leaves out words of less than
  three letters and a list of English stop words, but none of these begins so.
- Letters outside ASCII are written as numbers, so that no collation, character class or length
  in bytes has a say in what a word is.
- The index shows a transaction's own documents only after its commit.
"""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from catalog.search.base import SPELLING, TABLES, Backend, Group, Row

LONGEST = 80  # innodb_ft_max_token_size is 84
SURE = 4  # letters; shorter beginnings are those of very many words


def encode(word: str) -> str:
    return f"__{word}" if word.isascii() else f"__x_{word.encode().hex()}"[:LONGEST]


def _term(word: str) -> str:
    return f"{encode(word[:-1])}*" if word.endswith("*") else encode(word)


class MySQLBackend(Backend):
    @staticmethod
    def creation(table: str) -> list[str]:
        return [
            f"CREATE TABLE {table} (id bigint PRIMARY KEY,"
            " words text CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
            " kept text CHARACTER SET utf8mb4 NOT NULL,"
            f" FULLTEXT INDEX {table}_words (words)) ENGINE=InnoDB"
        ]

    def add(self, table: str, rows: Sequence[Row]) -> None:
        self._insert(table, rows)

    def _insert(self, table: str, rows: Sequence[Row], otherwise: str = "") -> None:
        if not rows:
            return
        with self.connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {table} (id, words, kept) VALUES (%s, %s, %s){otherwise}",
                [
                    (pk, " ".join(encode(word) for word in words.split(" ")), kept)
                    for pk, words, kept in rows
                ],
            )

    def replace(self, table: str, old: Collection[int], rows: Sequence[Row]) -> None:
        # In place: who waits for a document gets the new one, not that the old one is gone.
        self.remove(table, sorted(set(old).difference(pk for pk, _words, _kept in rows)))
        self._insert(
            table, rows, " ON DUPLICATE KEY UPDATE words = VALUES(words), kept = VALUES(kept)"
        )

    def remove(self, table: str, ids: Sequence[int]) -> None:
        if ids:
            self.run(f"DELETE FROM {table} WHERE id IN %s", [tuple(ids)])

    def kept(self, table: str, ids: Sequence[int], *, lock: bool = False) -> dict[int, str]:
        if not ids:
            return {}
        sql = f"SELECT id, kept FROM {table} WHERE id IN %s"
        return dict(self.rows(f"{sql} ORDER BY id FOR UPDATE" if lock else sql, [tuple(ids)]))

    def words(self, table: str, ids: Sequence[int]) -> dict[int, set[str]]:
        if not ids:
            return {}
        rows = self.rows(f"SELECT id, words FROM {table} WHERE id IN %s", [tuple(ids)])
        return {pk: set(words.split(" ")) for pk, words in rows}

    def encoded(self, words: str) -> set[str]:
        return {encode(word) for word in words.split(" ")}

    def match(self, table: str, words: Sequence[str], prefix: str = "", *, limit: int) -> list[int]:
        sql, params = self._search(table, words, prefix)
        return self.ids(f"{sql} LIMIT %s", [*params, limit])

    def among(
        self, rows: QuerySet[Any], table: str, words: Sequence[str], prefix: str = ""
    ) -> QuerySet[Any]:
        sql, params = self._search(table, words, prefix)
        return rows.filter(pk__in=RawSQL(sql, params))  # noqa: S611 - names of our own tables

    def _search(self, table: str, words: Sequence[str], prefix: str = "") -> tuple[str, list[Any]]:
        terms = [f"+{encode(word)}" for word in words]
        if prefix:
            terms.append(f"+{encode(prefix)}*")
        sql = f"SELECT id FROM {table} WHERE MATCH (words) AGAINST (%s IN BOOLEAN MODE)"
        return sql, [" ".join(terms)]

    def some_books(self, words: Sequence[str], prefix: str, *, limit: int) -> list[int]:
        if len(prefix) >= SURE:
            return super().some_books(words, prefix, limit=limit)
        # Every book with a word that begins so would be gathered before the first one is given.
        return self.ids("SELECT id FROM catalog_book ORDER BY id DESC LIMIT %s", [3 * limit])

    def having_all(self, table: str, groups: Sequence[Group]) -> tuple[str, str]:
        terms = [" ".join(map(_term, group)) for group in groups]
        return "MATCH (words) AGAINST (%s IN BOOLEAN MODE)", " ".join(
            f"+({term})" for term in terms
        )

    @staticmethod
    def spelling_creation() -> str:
        return (
            f"CREATE TABLE {SPELLING} (part varchar(20) NOT NULL, word varchar(30) NOT NULL,"
            " PRIMARY KEY (part, word))"
            " ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )

    def add_spellings(self, rows: Sequence[tuple[str, str]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(f"INSERT IGNORE INTO {SPELLING} (part, word) VALUES (%s, %s)", rows)

    def spelled(self, parts: Sequence[str]) -> list[str]:
        if not parts:
            return []
        found = self.rows(f"SELECT DISTINCT word FROM {SPELLING} WHERE part IN %s", [tuple(parts)])
        return [word for (word,) in found]

    def tidy(self) -> None:
        if self.connection.in_atomic_block:
            return  # ANALYZE would commit it
        self.rows(f"ANALYZE TABLE {', '.join(TABLES)}, catalog_book, catalog_contribution")

    def add_to_tallies(self, deltas: Sequence[tuple[str, str, int]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO catalog_tally(facet, value, count) VALUES (%s, %s, %s)"
                " ON DUPLICATE KEY UPDATE count = count + VALUES(count)",
                deltas,
            )
