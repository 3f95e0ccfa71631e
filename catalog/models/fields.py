"""Model fields of our own."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog import isbn

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


def with_what_follows(
    options: dict[str, Any], sources: Iterable[str], derived: Iterable[str]
) -> dict[str, Any]:
    """The options of save(): `update_fields` with a source is extended by what is derived."""
    fields = options.get("update_fields")
    if fields is None or set(fields).isdisjoint(sources):
        return options
    return {**options, "update_fields": {*fields, *derived}}


class IsbnField(models.CharField):
    """Thirteen digits in the database; in forms and validation whatever `isbn.parse` accepts.

    The model's clean() turns what was typed into the digits. To the database, and so to
    migrations, it is a plain CharField.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What is typed may be longer than what is kept: hyphens, a label.
        self.validators = [MaxLengthValidator(isbn.ENTERED_LENGTH)]

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        super().validate(value, model_instance)
        try:
            isbn.parse(value)
        except isbn.IsbnError as error:
            raise ValidationError(error.message, code=error.code) from error

    def formfield(self, *args: Any, **kwargs: Any) -> forms.Field | None:
        return super().formfield(*args, **{"max_length": isbn.ENTERED_LENGTH, **kwargs})


class WebsiteField(models.URLField):
    """“example.org” is meant as https. To the database, and so to migrations, a plain URLField."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.URLField", args, kwargs

    def formfield(self, *args: Any, **kwargs: Any) -> forms.Field | None:
        return super().formfield(*args, **{"assume_scheme": "https", **kwargs})
