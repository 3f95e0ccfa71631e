"""The index in PostgreSQL: word vectors without positions under a GIN index.

The vectors are written as literals: no parser, dictionary or extension has a say in what a word
is, so every installation finds the same.
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from catalog.search.base import TABLES, Backend, Row


def _quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


class PostgreSQLBackend(Backend):
    @staticmethod
    def create(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
        schema_editor.execute(
            f"CREATE TABLE {table} (id bigint PRIMARY KEY, words tsvector NOT NULL,"
            " kept text NOT NULL)"
        )
        schema_editor.execute(f"CREATE INDEX {table}_words ON {table} USING gin (words)")

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

    def clear(self, table: str) -> None:
        self.run(f"DELETE FROM {table}")

    def kept(self, table: str, ids: Sequence[int]) -> dict[int, str]:
        return dict(self.rows(f"SELECT id, kept FROM {table} WHERE id = ANY(%s)", [list(ids)]))

    def words(self, table: str, ids: Sequence[int]) -> dict[int, set[str]]:
        sql = f"SELECT id, tsvector_to_array(words) FROM {table} WHERE id = ANY(%s)"
        return {pk: set(words) for pk, words in self.rows(sql, [list(ids)])}

    def match(self, table: str, words: Sequence[str], prefix: str = "", *, limit: int) -> list[int]:
        sql, params = self._search(table, words, prefix)
        return self.ids(
            f"WITH hits AS MATERIALIZED ({sql}) SELECT id FROM hits LIMIT %s", [*params, limit]
        )

    def among(
        self, rows: QuerySet[Any], table: str, words: Sequence[str], prefix: str = ""
    ) -> QuerySet[Any]:
        sql, params = self._search(table, words, prefix)
        return rows.filter(pk__in=RawSQL(sql, params))  # noqa: S611 - names of our own tables

    def _search(self, table: str, words: Sequence[str], prefix: str = "") -> tuple[str, list[Any]]:
        terms = [_quoted(word) for word in words]
        if prefix:
            terms.append(f"{_quoted(prefix)}:*")
        return f"SELECT id FROM {table} WHERE words @@ %s::tsquery", [" & ".join(terms)]

    def tidy(self) -> None:
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
