"""Imports: from an uploaded spreadsheet to books.

`jobs` takes files in and queues them, `engine` does the work, `chunk` is one transaction of it.
"""

from catalog.services.importing.engine import run, stop
from catalog.services.importing.jobs import (
    MappingError,
    checked,
    create_job,
    discard,
    remap,
    start,
    start_here,
)

__all__ = [
    "MappingError",
    "checked",
    "create_job",
    "discard",
    "remap",
    "run",
    "start",
    "start_here",
    "stop",
]
