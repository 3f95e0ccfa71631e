"""Telling open pages to look at a job again."""

from functools import partial

from django.db import transaction

from catalog.live.publish import publish
from catalog.models import ImportJob


def look(pk: int) -> None:
    """After the commit, so that whoever looks sees it."""
    transaction.on_commit(partial(publish, f"import.{pk}", {"type": "look"}))


def look_at_waiting() -> None:
    """Their place in the queue has changed."""
    for pk in ImportJob.objects.claimable().values_list("pk", flat=True)[:50]:
        look(pk)
