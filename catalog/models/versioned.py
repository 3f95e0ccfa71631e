"""Two people, one record: what each of them changed survives, whoever writes and however.

A record remembers what it was loaded with. On save() the row is locked and compared: what only
the other changed is taken over, what both changed is a `Conflict` and nothing is written.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, ClassVar, Self

from django.core.exceptions import ObjectDoesNotExist
from django.db import models

from catalog.models.fields import with_what_follows
from catalog.models.indexed import about_to_write, deferred, locked, made_here

BOOKKEEPING = frozenset({"id", "version", "created_at", "updated_at"})


def record_kind(record: models.Model) -> str:
    """ "book", "author" or "publisher", as in `catalog.models.indexed`."""
    return str(record._meta.model_name)


class Conflict(Exception):
    """Somebody saved in between and changed the same fields: `{attname: (mine, theirs)}`.

    `version` is the record's version now; a save that is based on it would succeed.
    """

    def __init__(self, fields: dict[str, tuple[Any, Any]], version: int) -> None:
        super().__init__(", ".join(fields))
        self.fields = fields
        self.version = version


class RecordGone(ObjectDoesNotExist):
    """The record was deleted after it was loaded; saving it would bring back half of it."""


def three_way(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, tuple[Any, Any]]]:
    """What to save, and what both changed: `(merged, {name: (mine, theirs)})`.

    The rule for every writer: untouched fields take the newer value by themselves. A name that
    is not in `base` or `theirs` is mine.
    """
    merged: dict[str, Any] = {}
    conflicts: dict[str, tuple[Any, Any]] = {}
    for name, value in mine.items():
        if name not in base or name not in theirs or hasattr(value, "resolve_expression"):
            merged[name] = value
        elif value == base[name]:
            merged[name] = theirs[name]
        else:
            merged[name] = value
            if theirs[name] not in (base[name], value):
                conflicts[name] = (value, theirs[name])
    return merged, conflicts


class VersionedModel(models.Model):
    """A record with a version that every change raises; see the module."""

    version = models.PositiveIntegerField(default=1, editable=False)

    sources: ClassVar[Collection[str]]  # fields that derive() reads
    derived: ClassVar[Collection[str]]  # fields that derive() writes
    _loaded: dict[str, Any] | None = None
    _disputed = False  # a field that was not saved yet has another value of somebody else

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """One transaction with the search index and the history.

        Raises Conflict, and RecordGone for a record that somebody deleted.
        """
        fields = kwargs.get("update_fields")
        if fields and type(self).objects.all().unseen.issuperset(fields):  # type: ignore[attr-defined]
            super().save(*args, **kwargs)  # nobody's change: “last accessed”
            return
        with deferred():
            if not self._state.adding:
                self._merge(fields)
                about_to_write(record_kind(self), [self.pk], locked=True)
                if not made_here(record_kind(self), self.pk):  # that is one change with making it
                    self.version += 1
            self.derive()
            if fields:
                kwargs["update_fields"] = {*fields, "version", "updated_at"}
            kwargs = with_what_follows(kwargs, self.sources, self.derived)
            super().save(*args, **kwargs)
        self._remember(kwargs.get("update_fields"))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with deferred():  # what hangs on the record goes one by one
            return super().delete(*args, **kwargs)

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any
    ) -> Self:
        record = super().from_db(db, field_names, values, **options)
        record._loaded = dict(zip(field_names, values, strict=True))
        return record

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: Any = None,
    ) -> None:
        fields = None if fields is None else list(fields)
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        self._remember(fields)

    def derive(self) -> None:
        """Set what follows from the other fields; bulk writers call it themselves."""
        raise NotImplementedError

    def _merge(self, only: Sequence[str] | None) -> None:
        """Lock the row; take over what others changed since this record was loaded."""
        loaded = self._loaded or {}
        follows = set(self.derived) - set(self.sources)
        names = [name for name in loaded if name not in BOOKKEEPING and name not in follows]
        rows = locked(type(self)._base_manager.filter(pk=self.pk))
        theirs = rows.values("version", *names).first()
        if theirs is None:
            raise RecordGone(f"{self._meta.verbose_name} {self.pk}")
        version = theirs.pop("version")
        in_hand = self._disputed or made_here(record_kind(self), self.pk)
        if version == self.version and not in_hand:
            return
        mine = {name: plain(self.__dict__.get(name)) for name in names if name in self.__dict__}
        merged, conflicts = three_way(loaded, mine, theirs)
        refused = {
            name: values
            for name, values in conflicts.items()
            if only is None or name in only or name.removesuffix("_id") in only
        }
        if refused:
            raise Conflict(refused, version)
        for name, value in merged.items():
            if value != mine[name]:
                setattr(self, name, value)
        self.version = version
        self._disputed = bool(conflicts)
        self._loaded = {**theirs, **{name: loaded[name] for name in conflicts}}

    def _remember(self, names: Iterable[str] | None) -> None:
        values = {
            field.attname: plain(self.__dict__[field.attname])
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__
            and (names is None or field.name in names or field.attname in names)
        }
        self._loaded = {**(self._loaded or {}), **values}


def plain(value: Any) -> Any:
    """Files by their names, as the database has them."""
    return (value.name or "") if isinstance(value, models.fields.files.FieldFile) else value
