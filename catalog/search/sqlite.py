"""The index in SQLite: an FTS5 table.

- Tokens are made by `documents`, so the tokenizer only splits at spaces: `ascii` takes every
  other character as part of a word, whatever Unicode version SQLite was built with.
- `detail=none`: all words of a search must occur, wherever; positions would double the size.
- `prefix`: the first letters typed match half of the catalogue and must not be put together
  from thousands of words.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.models import F, Func, QuerySet
from django.db.models.expressions import RawSQL

from catalog.search.base import SPELLING, TABLES, Backend, Group, Row

PREFIXES = 3  # letters; shorter beginnings have an index of their own
MOST_WORDS = 64  # tried one by one in place of their common beginning


def _terms(words: Sequence[str], prefix: str = "") -> list[str]:
    terms = [f'"{word}"' for word in words]
    return [*terms, f'"{prefix}" *'] if prefix else terms


def _term(word: str) -> str:
    return f'"{word[:-1]}" *' if word.endswith("*") else f'"{word}"'


class SQLiteBackend(Backend):
    id_column = "rowid"

    @staticmethod
    def creation(table: str) -> list[str]:
        return [
            f"CREATE VIRTUAL TABLE {table} USING fts5(words, kept UNINDEXED, detail=none, "
            "columnsize=0, prefix='1 2 3', tokenize=\"ascii tokenchars '_'\")",
            f"CREATE VIRTUAL TABLE {table}_words USING fts5vocab({table}, row)",
        ]

    @staticmethod
    def removal(table: str) -> list[str]:
        return [f"DROP TABLE {table}_words", f"DROP TABLE {table}"]

    def add(self, table: str, rows: Sequence[Row]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table}(rowid, words, kept) VALUES (%s, %s, %s)", rows)

    def remove(self, table: str, ids: Sequence[int]) -> None:
        self.run(
            f"DELETE FROM {table} WHERE rowid IN (SELECT value FROM json_each(%s))",
            [json.dumps(ids)],
        )

    def clear(self, table: str) -> None:
        # Deleting a million documents would keep each of them in memory until it is done.
        for sql in (*self.removal(table), *self.creation(table)):
            self.run(sql)

    def kept(self, table: str, ids: Sequence[int], *, lock: bool = False) -> dict[int, str]:
        # There is only ever one writer: nothing to lock.
        return dict(
            self.rows(
                f"SELECT rowid, kept FROM {table} WHERE rowid IN (SELECT value FROM json_each(%s))",
                [json.dumps(ids)],
            )
        )

    def words(self, table: str, ids: Sequence[int]) -> dict[int, set[str]]:
        rows = self.rows(
            f"SELECT rowid, words FROM {table} WHERE rowid IN (SELECT value FROM json_each(%s))",
            [json.dumps(ids)],
        )
        return {pk: set(words.split(" ")) for pk, words in rows}

    def match(self, table: str, words: Sequence[str], prefix: str = "", *, limit: int) -> list[int]:
        if len(prefix) <= PREFIXES:
            return self._match(table, _terms(words, prefix), limit)
        # FTS5 puts together all records of all words that begin so before it gives the first:
        # 20 ms for a prefix that an eighth of a million books has. So the word itself first; if
        # that is not enough, the few longer words, each of which is read only as far as needed.
        found = self._match(table, _terms([*words, prefix]), limit)
        if len(found) >= limit:
            return found
        longer = self._longer(table, prefix)
        if not longer:
            return found
        if len(longer) > MOST_WORDS:
            return self._match(table, _terms(words, prefix), limit)
        any_of = " OR ".join(_terms(longer))
        more = self._match(table, [*_terms(words), f"AND ({any_of})" if words else any_of], limit)
        return sorted({*found, *more}, reverse=True)[:limit]

    def _match(self, table: str, terms: list[str], limit: int) -> list[int]:
        return self.ids(
            f"SELECT rowid FROM {table} WHERE {table} MATCH %s ORDER BY rowid DESC LIMIT %s",
            [" ".join(terms), limit],
        )

    def _longer(self, table: str, prefix: str) -> list[str]:
        """Words of the index that begin with the prefix and go on, one more than are used."""
        found = self.rows(
            f"SELECT term FROM {table}_words WHERE term > %s AND term < %s LIMIT %s",
            [prefix, prefix + "\U0010ffff", MOST_WORDS + 1],
        )
        return [term for (term,) in found]

    def among(
        self, rows: QuerySet[Any], table: str, words: Sequence[str], prefix: str = ""
    ) -> QuerySet[Any]:
        # Walks the index of the order and looks every id up among the hits. The other way
        # round, rows would be fetched and sorted hit by hit.
        hits = RawSQL(  # noqa: S611 - names of our own tables
            f"SELECT rowid FROM {table} WHERE {table} MATCH %s", [" ".join(_terms(words, prefix))]
        )
        tried = Func(F("pk"), template="COALESCE(%(expressions)s, NULL)")
        found: QuerySet[Any] = rows.alias(_tried=tried).filter(_tried__in=hits)
        return found

    def having_all(self, table: str, groups: Sequence[Group]) -> tuple[str, str]:
        terms = [" OR ".join(map(_term, group)) for group in groups]
        return f"{table} MATCH %s", " AND ".join(f"({term})" for term in terms)

    @staticmethod
    def spelling_creation() -> str:
        return (
            f"CREATE TABLE {SPELLING} (part text NOT NULL, word text NOT NULL,"
            " PRIMARY KEY (part, word)) WITHOUT ROWID"
        )

    def add_spellings(self, rows: Sequence[tuple[str, str]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT OR IGNORE INTO {SPELLING} (part, word) VALUES (%s, %s)", rows
            )

    def spelled(self, parts: Sequence[str]) -> list[str]:
        found = self.rows(
            f"SELECT DISTINCT word FROM {SPELLING} WHERE part IN (SELECT value FROM json_each(%s))",
            [json.dumps(parts)],
        )
        return [word for (word,) in found]

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        if self.connection.in_atomic_block:  # too late for the setting
            with super().rebuilding():
                yield
            return
        # What a statement may have to undo goes to a file: dropping the old index is one.
        self.run("PRAGMA temp_store = FILE")
        try:
            with super().rebuilding():
                yield
        finally:
            self.run("PRAGMA temp_store = MEMORY")

    def tidy(self) -> None:
        for table in TABLES:
            self.run(f"INSERT INTO {table}({table}) VALUES ('optimize')")
        self.run("PRAGMA optimize")

    def add_to_tallies(self, deltas: Sequence[tuple[str, str, int]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO catalog_tally(facet, value, count) VALUES (%s, %s, %s)"
                " ON CONFLICT(facet, value) DO UPDATE SET count = count + excluded.count",
                deltas,
            )
