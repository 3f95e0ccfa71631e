"""The index in PostgreSQL: word vectors without positions under a GIN index.

The vectors are written as literals: no parser, dictionary or extension has a say in what a word
is, so every installation finds the same.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from catalog.search.base import SPELLING, TABLES, Backend, Group, Row

PARTS = 16  # of the table, from each of which documents are tried
SAMPLE = 2_000  # documents that tell how frequent something is
FREQUENT = 0.02  # of the documents: from here on trying them is quicker than the index


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def _term(word: str) -> str:
    return f"{_quoted(word[:-1])}:*" if word.endswith("*") else _quoted(word)


def _tsquery(words: Sequence[str], prefix: str = "") -> str:
    terms = [_quoted(word) for word in words]
    return " & ".join([*terms, f"{_quoted(prefix)}:*"] if prefix else terms)


class PostgreSQLBackend(Backend):
    @staticmethod
    def creation(table: str) -> list[str]:
        return [
            f"CREATE TABLE {table} (id bigint PRIMARY KEY, words tsvector NOT NULL,"
            " kept text NOT NULL)",
            f"CREATE INDEX {table}_words ON {table} USING gin (words)",
        ]

    def add(self, table: str, rows: Sequence[Row]) -> None:
        # Words hold letters, digits and underscores only: nothing to quote between the quotes.
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} (id, words, kept) FROM STDIN") as copy,
        ):
            for pk, words, kept in rows:
                copy.write_row((pk, words, kept))

    def remove(self, table: str, ids: Sequence[int]) -> None:
        self.run(f"DELETE FROM {table} WHERE id = ANY(%s)", [list(ids)])

    def replace(self, table: str, old: Collection[int], rows: Sequence[Row]) -> None:
        # In place: who waits for a document gets the new one, not that the old one is gone.
        if gone := set(old).difference(pk for pk, _words, _kept in rows):
            self.remove(table, sorted(gone))
        if rows:
            ids, words, kept = zip(*rows, strict=True)
            self.run(
                f"INSERT INTO {table} (id, words, kept)"
                " SELECT id, words::tsvector, kept"
                " FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS new(id, words, kept)"
                " ON CONFLICT (id) DO UPDATE SET words = excluded.words, kept = excluded.kept",
                [list(ids), list(words), list(kept)],
            )

    def kept(self, table: str, ids: Sequence[int], *, lock: bool = False) -> dict[int, str]:
        sql = f"SELECT id, kept FROM {table} WHERE id = ANY(%s)"
        return dict(self.rows(f"{sql} ORDER BY id FOR UPDATE" if lock else sql, [list(ids)]))

    def settle_references(self) -> None:
        self.run("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")

    def words(self, table: str, ids: Sequence[int]) -> dict[int, set[str]]:
        sql = f"SELECT id, tsvector_to_array(words) FROM {table} WHERE id = ANY(%s)"
        return {pk: set(words) for pk, words in self.rows(sql, [list(ids)])}

    def match(self, table: str, words: Sequence[str], prefix: str = "", *, limit: int) -> list[int]:
        # A GIN index gathers every record that has the words before it gives the first: 25 ms
        # for a word in every second of a million books, more for beginnings of words. What is
        # frequent is found sooner by trying documents from all parts of the table, a quarter of
        # a microsecond each. How frequent it is a small sample says, not the planner, whose
        # choice would depend on statistics.
        query = _tsquery(words, prefix)
        frequent = len(self._try(table, query, SAMPLE, SAMPLE))
        if frequent >= SAMPLE * FREQUENT:
            found = self._try(table, query, int(1.4 * limit * SAMPLE / frequent), limit)
            if len(found) >= limit:
                return found
        if prefix:
            # The word itself is looked up as far as needed, all that begin so are gathered first.
            found = self._look_up(table, _tsquery([*words, prefix]), limit)
            if len(found) >= limit:
                return found
        return self._look_up(table, query, limit)

    def share(self, table: str, words: Sequence[str]) -> float | None:
        number = 10 * SAMPLE
        return len(self._try(table, _tsquery(words), number, number)) / number

    def _look_up(self, table: str, query: str, limit: int) -> list[int]:
        return self.ids(
            f"WITH hits AS MATERIALIZED (SELECT id FROM {table} WHERE words @@ %s::tsquery)"
            " SELECT id FROM hits LIMIT %s",
            [query, limit],
        )

    def _try(self, table: str, query: str, number: int, limit: int) -> list[int]:
        """Hits among so many documents, the same number from each part of the table."""
        return self.ids(
            "SELECT id FROM (SELECT top * part / %(parts)s AS low,"
            "  least(top * part / %(parts)s + %(each)s, top * (part + 1) / %(parts)s) AS high"
            f"  FROM (SELECT max(id) AS top FROM {table}) AS last,"
            "  generate_series(%(parts)s - 1, 0, -1) AS part) AS parts,"
            f" LATERAL (SELECT id, words FROM {table}"
            "  WHERE id > low AND id <= high OFFSET 0) AS tried"
            " WHERE words @@ %(query)s::tsquery LIMIT %(limit)s",
            {"parts": PARTS, "each": number // PARTS + 1, "query": query, "limit": limit},
        )

    def among(
        self, rows: QuerySet[Any], table: str, words: Sequence[str], prefix: str = ""
    ) -> QuerySet[Any]:
        hits = RawSQL(  # noqa: S611 - names of our own tables
            f"SELECT id FROM {table} WHERE words @@ %s::tsquery", [_tsquery(words, prefix)]
        )
        return rows.filter(pk__in=hits)

    def having_all(self, table: str, groups: Sequence[Group]) -> tuple[str, str]:
        terms = [" | ".join(map(_term, group)) for group in groups]
        return "words @@ %s::tsquery", " & ".join(f"({term})" for term in terms)

    @staticmethod
    def spelling_creation() -> str:
        return (
            f'CREATE TABLE {SPELLING} (part varchar(20) COLLATE "C" NOT NULL,'
            ' word varchar(30) COLLATE "C" NOT NULL, PRIMARY KEY (part, word))'
        )

    def add_spellings(self, rows: Sequence[tuple[str, str]]) -> None:
        parts, words = zip(*rows, strict=True)
        self.run(
            f"INSERT INTO {SPELLING} (part, word)"
            " SELECT * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING",
            [list(parts), list(words)],
        )

    def spelled(self, parts: Sequence[str]) -> list[str]:
        found = self.rows(
            f"SELECT DISTINCT word FROM {SPELLING} WHERE part = ANY(%s)", [list(parts)]
        )
        return [word for (word,) in found]

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        with super().rebuilding():
            tables = "catalog_book, catalog_contribution, catalog_author, catalog_publisher"
            # Writers wait, readers do not.
            self.run(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")
            yield

    def tidy(self) -> None:
        if self.connection.in_atomic_block:
            return  # VACUUM cannot; the server does it by itself, later
        # A clean visibility map is what lets an ordered page be read from the index alone.
        tables = ", ".join((*TABLES, "catalog_book", "catalog_author", "catalog_contribution"))
        self.run(f"VACUUM (ANALYZE) {tables}, catalog_publisher, catalog_tally")

    def add_to_tallies(self, deltas: Sequence[tuple[str, str, int]]) -> None:
        facets, values, counts = zip(*deltas, strict=True)
        self.run(
            "INSERT INTO catalog_tally(facet, value, count)"
            " SELECT * FROM unnest(%s::text[], %s::text[], %s::int[])"
            " ON CONFLICT (facet, value) DO UPDATE"
            " SET count = catalog_tally.count + excluded.count",
            [list(facets), list(values), list(counts)],
        )
