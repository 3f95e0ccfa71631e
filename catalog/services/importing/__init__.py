"""Imports: from an uploaded spreadsheet to books.

`jobs` takes files in and queues them, `engine` does the work, `chunk` is one transaction of it.
"""

from catalog.services.importing.engine import run, stop
from catalog.services.importing.jobs import (
    MappingError,
    cancel,
    checked,
    create_job,
    discard,
    enqueue,
    remap,
    requeue_abandoned,
    start,
    start_here,
    take_up_again,
)
from catalog.services.importing.stopping import STOP

__all__ = [
    "STOP",
    "MappingError",
    "cancel",
    "checked",
    "create_job",
    "discard",
    "enqueue",
    "remap",
    "requeue_abandoned",
    "run",
    "start",
    "start_here",
    "stop",
    "take_up_again",
]
