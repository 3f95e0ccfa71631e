"""When things are done: Celery's tasks, and the watch over jobs that lost their worker."""

import logging
import threading
import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from catalog.models import Author, BulkEdit, ImportJob
from catalog.services import bulk_edit, importing, jobs, tidying

logger = logging.getLogger(__name__)
LOOK_EVERY = 30  # seconds
TIDY_AFTER, TIDY_EVERY = 600, 24 * 3600  # seconds; a start has better things to do


@shared_task
def run_import(job_id: int) -> None:
    """Do an import that waits. Safe to deliver twice: only one worker gets to start it."""
    if jobs.STOP.is_set():
        return  # the row still says that it waits; whoever starts next takes it
    job = ImportJob.objects.claim(job_id)
    if job is not None:
        importing.run(job)


@shared_task
def run_bulk_edit(job_id: int) -> None:
    """Do a bulk change that waits; safe to deliver twice as well."""
    if jobs.STOP.is_set():
        return
    job = BulkEdit.objects.claim(job_id)
    if job is not None:
        bulk_edit.run(job)


@shared_task
def record_author_access(author_id: int) -> None:
    """Somebody opened the author's page. Not worth a second try, nor a change of the record."""
    Author.objects.filter(pk=author_id).update(last_accessed=timezone.now())


def tidy_up() -> None:
    """Clear away files that nobody needs, in one process a day of those that share a cache."""
    try:
        if cache.add("tidied", True, TIDY_EVERY - TIDY_AFTER):
            tidying.tidy()
    except Exception:  # whatever it is, tomorrow is another day
        logger.exception("Could not tidy up")
    finally:
        close_old_connections()


class Watch(threading.Thread):
    """Beside every worker: puts back the jobs that another worker left when it was killed."""

    def __init__(self) -> None:
        super().__init__(name="job watch", daemon=True)
        self.ending = threading.Event()
        self.tidy_at = time.monotonic() + TIDY_AFTER

    def run(self) -> None:
        age = timedelta(seconds=settings.JOB_ABANDONED_SECONDS)
        while not self.ending.wait(min(LOOK_EVERY, settings.JOB_ABANDONED_SECONDS / 4)):
            try:
                jobs.requeue_abandoned(age)
            except DatabaseError:
                logger.exception("Could not look for abandoned jobs; trying again")
            finally:
                close_old_connections()
            if time.monotonic() >= self.tidy_at:
                self.tidy_at = time.monotonic() + TIDY_EVERY
                # Beside the watch: a bucket with many pictures takes its time.
                threading.Thread(target=tidy_up, name="tidying", daemon=True).start()

    def stop(self) -> None:
        self.ending.set()
