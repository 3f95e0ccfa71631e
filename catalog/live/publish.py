"""Sending to open pages, from whatever thread or process has something to say."""

import asyncio
import logging
import os
import threading
from concurrent.futures import Future
from typing import Any

from channels.layers import get_channel_layer

logger = logging.getLogger(__name__)
_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_process = 0  # whose loop it is: a forked worker inherits the variable, but not the running loop


def use_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Send on this loop from now on: the web server's own, where the open pages live.

    The queues of the in-memory layer belong to that loop and are not thread-safe.
    """
    global _loop, _process
    with _lock:
        _loop, _process = loop, os.getpid()


def publish(group: str, message: dict[str, Any]) -> None:
    """Send a message to a group; returns at once. A lost message costs a late page, no data."""
    layer = get_channel_layer()
    if layer is None:
        return
    future = asyncio.run_coroutine_threadsafe(layer.group_send(group, message), _running_loop())
    future.add_done_callback(_log_failure)


def _running_loop() -> asyncio.AbstractEventLoop:
    """The loop to send on: without a web server in this process, one thread of its own."""
    global _loop, _process
    with _lock:
        if _loop is None or _loop.is_closed() or _process != os.getpid():
            _loop, _process = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_loop.run_forever, name="live", daemon=True).start()
        return _loop


def _log_failure(future: "Future[None]") -> None:
    if not future.cancelled() and (error := future.exception()):
        logger.warning("Open pages were not told: %s", error)
