"""What open pages are connected to."""

import asyncio
import contextlib
import io
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.template.loader import render_to_string
from django.utils import translation

from catalog.models import BulkEdit, ImportJob
from catalog.models.job import Job
from catalog.services import progress

FORBIDDEN, GONE = 4403, 4404
INTERVAL = 0.2  # seconds: five times a second is as often as anyone can follow
WATCH = 0.5  # seconds between looks at the row where nothing can be pushed


class JobConsumer(AsyncWebsocketConsumer):  # type: ignore[misc] # channels has no types
    """The progress of one job: now, and again whenever its worker says “look”.

    Only the word travels: what the page shows is read from the job's row and rendered from the
    page's own template, so it cannot differ from what a reload would show.
    """

    name: str  # of the group, as in catalog.services.jobs
    model: type[Job]
    unseen: tuple[str, ...]  # columns that are long and not shown
    counter: str  # how far it has come
    permission: str
    template: str
    pk: int
    language: str
    task: "asyncio.Task[None] | None" = None

    async def connect(self) -> None:
        self.pk = self.scope["url_route"]["kwargs"]["pk"]
        self.language = language_of(self.scope)
        self.wanted = asyncio.Event()
        if not await database_sync_to_async(self._may_see)():
            await self.close(FORBIDDEN)
            return
        if not await self.model.objects.filter(pk=self.pk).aexists():
            await self.close(GONE)
            return
        await self.channel_layer.group_add(f"{self.name}.{self.pk}", self.channel_name)
        await self.accept()
        self.wanted.set()  # the state as it is, for a page that comes late
        pushed = settings.EMBEDDED_WORKER or settings.REDIS_URL
        self.task = asyncio.create_task(self._show() if pushed else self._watch())

    async def look(self, event: dict[str, Any]) -> None:
        self.wanted.set()

    async def disconnect(self, code: int) -> None:
        if self.task:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task
            await self.channel_layer.group_discard(f"{self.name}.{self.pk}", self.channel_name)

    async def _show(self) -> None:
        """Looks that come while one is shown are answered together by the next."""
        while True:
            await self.wanted.wait()
            self.wanted.clear()
            if not await self._send_state():
                return
            await asyncio.sleep(INTERVAL)

    async def _watch(self) -> None:
        """The worker is another process and there is no channel layer between: watch the row."""
        last: tuple[Any, ...] | None = None
        while True:
            row = (
                await self.model.objects.filter(pk=self.pk)
                .values_list("state", self.counter, "cancel_requested", "heartbeat_at")
                .afirst()
            )
            if row != last and not await self._send_state():
                return
            last = row
            await asyncio.sleep(WATCH)

    async def _send_state(self) -> bool:
        """False when there is no such job any more."""
        html = await database_sync_to_async(self._render)()
        if html is None:
            await self.close(GONE)
            return False
        await self.send(text_data=html)
        return True

    def _may_see(self) -> bool:
        return bool(self.scope["user"].has_perm(self.permission))

    def _render(self) -> str | None:
        jobs = self.model.objects.select_related("created_by").defer(*self.unseen)
        job = jobs.filter(pk=self.pk).first()
        if job is None:
            return None
        with translation.override(self.language):
            context = {"job": job, "progress": self.figures(job), "live": True}
            return render_to_string(self.template, context)

    def figures(self, job: Any) -> Any:
        raise NotImplementedError


class ImportConsumer(JobConsumer):
    name, model, unseen = "import", ImportJob, ()
    counter, permission = "rows_done", "catalog.view_importjob"
    template = "catalog/import_detail.html#progress"

    def figures(self, job: Any) -> progress.Progress:
        return progress.of(job)


class BulkEditConsumer(JobConsumer):
    name, model, unseen = "bulk", BulkEdit, ("selection", "left_alone")
    counter, permission = "done", "catalog.view_bulkedit"
    template = "catalog/bulk_edit_detail.html#progress"

    def figures(self, job: Any) -> progress.BulkProgress:
        return progress.of_bulk(job)


class NowhereConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Turns away whoever knocks at an address that there is not."""

    async def connect(self) -> None:
        await self.close(GONE)


def language_of(scope: dict[str, Any]) -> str:
    """The language that the page itself was shown in: middleware does not see WebSockets."""
    request = ASGIRequest({**scope, "method": "GET"}, io.BytesIO())
    return translation.get_language_from_request(request)
