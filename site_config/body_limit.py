"""Keeps oversized requests off the disk and out of memory, before Django reads them.

Only the addresses that take files take much, and each no more than its files may be large.
"""

import re
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from typing import IO, Any

from django.conf import settings
from django.urls import reverse

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[..., Awaitable[None]]

FORM = 1024 * 1024  # what a form may hold beside the file
IN_MEMORY = 256 * 1024
# What the pages that take files are, which setting says how large (in MB), and how many such
# files may come at once. They say themselves what is wrong, but for the forms of records: those
# have what was typed in them, and a browser that goes back from the page of 413 still has it.
PLACES = (
    (re.compile(r"/imports/new/"), "MAX_IMPORT_MB", 1, True),
    (re.compile(r"/uploads/"), "MAX_PICTURE_MB", 1, True),
    (re.compile(r"/attachments/new/[a-z]+/\d+/"), "MAX_FILE_MB", 4, True),
    (re.compile(r"/(books|authors)/(new|\d+/edit)/"), "MAX_PICTURE_MB", 4, False),
)
PATIENCE = 20  # times the limit: whoever sends more is not a browser with a large file


class BodyLimit:
    """Throws away a body larger than its address takes.

    A page that takes files is then called with an empty body and `scope["body_too_large"]`, so
    that it can say what is wrong; the others answer with the page of 413. The rest of the body is
    read (and forgotten) first: a browser shows an answer only once it has sent everything.
    """

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = _content_length(scope)
        if length is not None and length <= limit_of(scope["path"])[0]:
            await self.app(scope, receive, send)  # the server sees to it that no more comes
        elif length is not None:
            await self._refuse(scope, receive, send, 0)
        elif _is_chunked(scope):
            await self._measure(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _measure(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A body without a declared length: kept aside until it has ended within the limit."""
        size, more, limit = 0, True, limit_of(scope["path"])[0]
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as kept:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return
                body = message.get("body", b"")
                more = message.get("more_body", False)
                size += len(body)
                if size > limit:
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
        limit, answers_itself = limit_of(scope["path"])
        while more and size < PATIENCE * limit:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        if more:
            await _answer_413(send)
            return
        headers = [pair for pair in _with_length(scope, 0) if pair[0] != b"content-type"]
        emptied = {**scope, "headers": headers}
        if not answers_itself:
            path = reverse("too_large")
            emptied |= {"method": "GET", "path": path, "raw_path": path.encode()}
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as nothing:
            await self.app({**emptied, "body_too_large": True}, _Replay(nothing, receive), send)


def limit_of(path: str) -> tuple[int, bool]:
    """How many bytes an address takes, and whether it says itself that these are too many."""
    for pattern, setting, files, answers_itself in PLACES:
        if pattern.fullmatch(path):
            return getattr(settings, setting) * files * 1024 * 1024 + FORM, answers_itself
    return (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) + FORM, False


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
