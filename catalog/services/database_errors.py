"""What an error of the database means: worth another try, or a full disk.

The codes are PostgreSQL's SQLSTATE, and the numbers of MariaDB and MySQL.
"""

import errno
from typing import Any, Final

from django.db import Error, InterfaceError, OperationalError

DEADLOCK: Final = frozenset({"40001", "40P01", 1213})  # with serialization failure
NO_LOCK: Final = frozenset({"55P03", 1205, 1020})
FULL: Final = frozenset({"53100", 1021, 1114})


def is_deadlock(error: BaseException) -> bool:
    """The database ended this one of two writers that waited for each other."""
    return _code(error) in DEADLOCK


def may_pass(error: Error) -> bool:
    """Whether the same statement may succeed a moment later."""
    if _code(error) in DEADLOCK | NO_LOCK or "locked" in str(error):
        return True
    return isinstance(error, (OperationalError, InterfaceError)) and not is_full(error)


def is_full(error: BaseException) -> bool:
    return (
        (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT))
        or _code(error) in FULL
        or "disk is full" in str(error)
    )


def _code(error: BaseException) -> Any:
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) or next(iter(getattr(cause, "args", ())), None)
