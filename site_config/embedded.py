"""The worker inside the web process, for an installation without a broker.

One process then does everything: it is started and stopped by the ASGI server's lifespan. Both
the broker and the live pages are in memory, so there must be exactly one such process.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections

from accounts import setup
from catalog.live.publish import use_loop
from catalog.services import jobs
from catalog.tasks import Watch
from site_config.celery import app
from site_config.checks import contradictions

logger = logging.getLogger(__name__)
READY_WITHIN = 10  # seconds
STOP_WITHIN = 10  # seconds; a chunk takes less than one

Message = dict[str, Any]


class EmbeddedWorker(threading.Thread):
    """Celery's worker in a thread. Concurrency 1: two jobs would make every page slow."""

    def __init__(self) -> None:
        super().__init__(name="embedded worker", daemon=True)
        self.ready = threading.Event()

    def run(self) -> None:
        # celery.apps.worker.Worker would install signal handlers, which only the main thread may
        from celery.worker import WorkController, state

        state.should_stop = None
        try:
            WorkController(
                app=app,
                hostname="embedded@colophon",
                pool="threads",
                concurrency=1,
                without_heartbeat=True,
                without_mingle=True,
                without_gossip=True,
                ready_callback=lambda consumer: self.ready.set(),
            ).start()
        except Exception:
            logger.exception("The embedded worker ended: jobs wait until the next start")

    def stop(self) -> None:
        """Ask the running job to stop after its chunk, and wait for that."""
        from celery.worker import state

        jobs.STOP.set()
        state.should_stop = 0  # type: ignore[assignment] # an exit code
        end = time.monotonic() + STOP_WITHIN
        while state.active_requests and time.monotonic() < end:
            time.sleep(0.02)


class Lifespan:
    """What happens when the ASGI server starts and stops."""

    def __init__(self) -> None:
        self.worker: EmbeddedWorker | None = None
        self.watch: Watch | None = None

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if wrong := contradictions():
                    await send({"type": "lifespan.startup.failed", "message": " ".join(wrong)})
                    return
                try:
                    await self.start()
                except Exception as error:
                    logger.exception("Colophon cannot start")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def start(self) -> None:
        use_loop(asyncio.get_running_loop())
        await sync_to_async(_announce)()
        if settings.EMBEDDED_WORKER:
            jobs.STOP.clear()
            self.worker, self.watch = EmbeddedWorker(), Watch()
            self.worker.start()
            if not await asyncio.to_thread(self.worker.ready.wait, READY_WITHIN):
                raise RuntimeError("The embedded worker did not become ready.")
            await sync_to_async(_take_up_again)()
            self.watch.start()

    async def stop(self) -> None:
        if self.watch:
            self.watch.stop()
        if self.worker:
            await asyncio.to_thread(self.worker.stop)
        use_loop(None)


def _announce() -> None:
    try:
        setup.announce()
    finally:
        close_old_connections()


def _take_up_again() -> None:
    try:
        jobs.take_up_again()
    finally:
        close_old_connections()
