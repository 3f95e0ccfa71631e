"""The Celery application; `site_config/__init__.py` makes it the default."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")  # before Celery(): its
# Django fixup, which closes database connections between tasks, looks at it there

from celery import Celery
from celery.signals import worker_init, worker_ready, worker_shutting_down

app = Celery("site_config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# The signals below are those of a worker process of its own; the embedded worker sends none.


@worker_init.connect
def leave_the_pool(**kwargs: Any) -> None:
    """A worker needs one connection, and its forked children must not share a parent's pool."""
    from django.db import connections

    for database in connections.settings.values():
        database["OPTIONS"].pop("pool", None)


@worker_ready.connect
def watch_over_jobs(**kwargs: Any) -> None:
    from catalog.tasks import Watch

    Watch().start()


@worker_shutting_down.connect
def stop_jobs(**kwargs: Any) -> None:
    """Running jobs see it at their next chunk and go back to waiting."""
    from catalog.services.jobs import STOP

    STOP.set()
