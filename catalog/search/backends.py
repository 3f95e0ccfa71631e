"""Which backend serves which database."""

from django.db import connection

from catalog.search.base import Backend
from catalog.search.mysql import MySQLBackend
from catalog.search.postgresql import PostgreSQLBackend
from catalog.search.sqlite import SQLiteBackend

BACKENDS: dict[str, type[Backend]] = {
    "sqlite": SQLiteBackend,
    "postgresql": PostgreSQLBackend,
    "mysql": MySQLBackend,
}


def backend() -> Backend:
    """The index of the database in use."""
    return BACKENDS[connection.vendor](connection)
