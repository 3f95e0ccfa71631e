"""What is kept about the catalogue as a whole, so that no page has to scan it."""

from django.db import models

from catalog.models.fields import KeyField


class Tally(models.Model):
    """How many books have a value: kept in step by whoever writes the search index.

    `facet` is one of catalog.search.facets.FACETS; `value` is its folded text form. The facet
    "title" counts by the first three letters of the filing title, "year" by year, "block" by
    id // 4096: their running sums say which rows stand at a given position of a long list.
    """

    facet = models.CharField(max_length=12)
    value = KeyField(max_length=40)
    count = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("facet", "value"), name="tally_once")]
        indexes = [models.Index(fields=("facet", "-count"), name="tally_most")]

    def __str__(self) -> str:
        return f"{self.facet}={self.value}: {self.count}"


class CatalogueState(models.Model):
    """One row: raised after every change, so that lists can answer 304 when nothing changed."""

    generation = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"generation {self.generation}"
