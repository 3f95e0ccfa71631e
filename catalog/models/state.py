"""What is kept about the catalogue as a whole, so that no page has to scan it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import NamedTuple

from django.db import models, transaction
from django.utils import timezone

from catalog.models.fields import KeyField


class Tally(models.Model):
    """How many books have a value: kept in step by whoever writes the search index.

    `catalog.search.documents` says which facets and values there are. The facet "title" counts
    by the first three letters of the filing title, "letter" by the first, "year" by year, "block"
    by id // 4096: their running sums say which rows stand at a given position of a long list.
    """

    facet = models.CharField(max_length=12)
    value = KeyField(max_length=40)
    count = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("facet", "value"), name="tally_once")]
        indexes = [models.Index(fields=("facet", "-count"), name="tally_most")]

    def __str__(self) -> str:
        return f"{self.facet}={self.value}: {self.count}"


class Generation(NamedTuple):
    number: int
    changed_at: datetime


class CatalogueState(models.Model):
    """One row: raised after every change, so that lists can answer 304 when nothing changed."""

    generation = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"generation {self.generation}"

    @classmethod
    def current(cls) -> Generation:
        """The catalogue's generation and when it began: one query by primary key."""
        row = cls.objects.filter(pk=1).values_list("generation", "changed_at").first()
        return Generation(*row) if row else Generation(0, timezone.now())


_ending: ContextVar[list[bool] | None] = ContextVar("ending", default=None)


@contextmanager
def ends_transaction() -> Iterator[None]:
    """The generation is raised at the end of this block, which ends its transaction.

    So a save waits for the disk once. The row is the last thing that anybody locks: two writers
    wait for each other only while one commits.
    """
    noted: list[bool] = []
    token = _ending.set(noted)
    try:
        yield
        if noted:
            _raise()
    finally:
        _ending.reset(token)


def changed() -> None:
    """Raise the generation when the transaction commits; many calls in it count as one."""
    noted = _ending.get()
    if noted is not None:
        noted.append(True)
        return
    connection = transaction.get_connection()
    if not any(function is _raise for _sids, function, _robust in connection.run_on_commit):
        transaction.on_commit(_raise)


def _raise() -> None:
    now = timezone.now()
    # A plain UPDATE of one row by its key: two writers wait for each other only this long.
    if not CatalogueState.objects.filter(pk=1).update(
        generation=models.F("generation") + 1, changed_at=now
    ):
        CatalogueState.objects.get_or_create(pk=1, defaults={"generation": 1, "changed_at": now})
