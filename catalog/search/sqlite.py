"""The index in SQLite: an FTS5 table.

- Tokens are made by `documents`, so the tokenizer only splits at spaces: `ascii` takes every
  other character as part of a word, whatever Unicode version SQLite was built with.
- `detail=none`: all words of a search must occur, wherever; positions would double the size.
- `prefix`: the first letters typed match half of the catalogue and must not be put together
  from thousands of words.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from catalog.search.base import TABLES, Backend, Row


class SQLiteBackend(Backend):
    @staticmethod
    def create(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
        schema_editor.execute(
            f"CREATE VIRTUAL TABLE {table} USING fts5(words, kept UNINDEXED, detail=none, "
            "columnsize=0, prefix='1 2 3', tokenize=\"ascii tokenchars '_'\")"
        )

    def add(self, table: str, rows: Sequence[Row]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table}(rowid, words, kept) VALUES (%s, %s, %s)", rows)

    def remove(self, table: str, ids: Sequence[int]) -> None:
        self.run(
            f"DELETE FROM {table} WHERE rowid IN (SELECT value FROM json_each(%s))",
            [json.dumps(ids)],
        )

    def clear(self, table: str) -> None:
        self.run(f"DELETE FROM {table}")

    def kept(self, table: str, ids: Sequence[int]) -> dict[int, str]:
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

    def match(
        self,
        table: str,
        words: Sequence[str],
        prefix: str = "",
        *,
        limit: int,
        within: Sequence[int] | None = None,
    ) -> list[int]:
        sql, params = self.subquery(table, words, prefix)
        if within is not None:
            sql += " AND rowid IN (SELECT value FROM json_each(%s))"
            params.append(json.dumps(within))
        return self.ids(f"{sql} ORDER BY rowid DESC LIMIT %s", [*params, limit])

    def subquery(self, table: str, words: Sequence[str], prefix: str = "") -> tuple[str, list[Any]]:
        terms = [f'"{word}"' for word in words]
        if prefix:
            terms.append(f'"{prefix}" *')
        return f"SELECT rowid FROM {table} WHERE {table} MATCH %s", [" ".join(terms)]

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
