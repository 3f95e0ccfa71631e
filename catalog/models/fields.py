"""Model fields of our own."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

_BINARY = {"postgresql": "C", "mysql": "utf8mb4_bin"}  # SQLite compares bytes by itself


class KeyField(models.CharField):
    """Folded text that every database compares by code point, as Python does.

    So a key found by Python's `bisect` or `sorted` stands where the database's index has it, and
    MariaDB does not take "fondard" and "föndard" for one key.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters = super().db_parameters(connection)
        parameters["collation"] = _BINARY.get(connection.vendor)
        return parameters
