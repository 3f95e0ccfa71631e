"""Two writers in the same moment: whoever comes second may simply try again.

Of two that wait for each other the database ends one. Everybody locks in one order
(`catalog.search.indexing.index_records`), so it is rare.
"""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, connection

from catalog.models.versioned import Conflict, RecordGone
from catalog.services.database_errors import is_deadlock

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 4
PAUSE = 0.05  # seconds at most before the second attempt; each further one waits longer


def again(function: Callable[P, R]) -> Callable[P, R]:
    """Call it once more when a deadlock ended it.

    For what begins and ends its transaction itself and reads all that it needs inside, such as
    a view's `post`. Within somebody else's transaction it is theirs to try again.
    """

    @wraps(function)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        for number in range(1, ATTEMPTS + 1):
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                last = number == ATTEMPTS or connection.in_atomic_block
                if last or not is_deadlock(error):
                    raise
                time.sleep(random.uniform(0, PAUSE * number))  # noqa: S311 - not in step
        raise AssertionError  # the last attempt has returned or raised

    return attempt


def read_anew(function: Callable[P, R]) -> Callable[P, R]:
    """Call it once more when somebody saved or deleted the same record between its reading and
    its saving: then it finds what there is now, and asks.
    """

    @wraps(function)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        for _number in range(ATTEMPTS - 1):
            try:
                return function(*args, **kwargs)
            except (Conflict, RecordGone, IntegrityError):
                continue
        return function(*args, **kwargs)

    return attempt
