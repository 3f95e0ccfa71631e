"""Keeps oversized requests off the disk and out of memory, before Django reads them."""

import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import cached_property

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]

FORM = 1024 * 1024  # what a form may hold beside the file
IN_MEMORY = 256 * 1024
PATIENCE = 20  # times the limit: whoever sends more is not a browser with a large file


class BodyLimit:
    """Throws away a body larger than an import may be.

    The upload page is then called with an empty body and `scope["body_too_large"]`, so that it
    can say what is wrong; every other address answers 413. The rest of the body is read (and
    forgotten) first: a browser shows an answer only once it has sent everything.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = _content_length(scope)
        if length is not None and length <= self.limit:
            await self.app(scope, receive, send)  # the server sees to it that no more comes
        elif length is not None:
            await self._refuse(scope, receive, send, 0)
        elif _is_chunked(scope):
            await self._measure(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    @property
    def limit(self) -> int:
        return settings.MAX_IMPORT_MB * 1024 * 1024 + FORM

    @cached_property
    def upload_path(self) -> str:
        return reverse("catalog:import_create")

    async def _measure(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A body without a declared length: kept aside until it has ended within the limit."""
        size, more = 0, True
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as kept:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body = message.get("body", b"")
                more = message.get("more_body", False)
                size += len(body)
                if size > self.limit:
                    kept.truncate(0)
                    await self._refuse(scope, receive, send, size, more)
                    return
                kept.write(body)
            kept.seek(0)
            # Django takes a form without a length for an empty one.
            measured = {**scope, "headers": _with_length(scope, size)} if size else scope
            await self.app(measured, _Replay(kept, receive), send)

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, size: int, more: bool = True
    ) -> None:
        while more and size < PATIENCE * self.limit:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        if more or scope["path"] != self.upload_path:
            await _answer_413(send)
            return
        headers = [pair for pair in _with_length(scope, 0) if pair[0] != b"content-type"]
        emptied = {**scope, "headers": headers}
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as nothing:
            await self.app({**emptied, "body_too_large": True}, _Replay(nothing, receive), send)


class _Replay:
    """Gives a kept body to the application, then what the client does after it."""

    def __init__(self, kept: IO[bytes], receive: Receive) -> None:
        self.kept = kept
        self.receive = receive
        self.ended = False

    async def __call__(self) -> Message:
        if self.ended:
            return await self.receive()
        body = self.kept.read(64 * 1024)
        self.ended = len(body) < 64 * 1024
        return {"type": "http.request", "body": body, "more_body": not self.ended}


def _content_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None


def _with_length(scope: Scope, size: int) -> list[tuple[bytes, bytes]]:
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in (b"content-length", b"transfer-encoding")
    ]
    return [*headers, (b"content-length", b"%d" % size)]


def _is_chunked(scope: Scope) -> bool:
    """HTTP/1.1 says so; HTTP/2 needs no header for a body of unknown length."""
    if scope["method"] in ("GET", "HEAD", "OPTIONS", "TRACE") and scope["http_version"] != "2":
        return any(name == b"transfer-encoding" for name, _value in scope["headers"])
    return True


async def _answer_413(send: Send) -> None:
    text = b"This request is too large."
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(text)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": text})
