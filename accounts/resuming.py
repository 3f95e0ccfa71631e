"""What somebody had typed when it turned out that they were signed out: it comes along.

The page to sign in on carries it as a signed hidden field, so nothing of strangers is kept here.
After signing in it waits in the session for the form that it came from. Nothing is saved by it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme

KEY: Final = "typed"  # in the form to sign in, and in the session
MOST: Final = 256 * 1024  # characters; a description has 20,000
HOURS: Final = 24
LEFT_OUT: Final = frozenset({"csrfmiddlewaretoken"})


@dataclass
class Typed:
    path: str
    data: list[list[str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)  # names: the files themselves cannot come along
    too_long: bool = False

    def as_post(self) -> QueryDict:
        query = QueryDict(mutable=True)
        for name, value in self.data:
            query.appendlist(name, value)
        return query


def keeps_what_was_typed(view: Callable[..., Any]) -> bool:
    """Is it a form that can be filled again with what was typed into it?"""
    return bool(getattr(getattr(view, "view_class", None), "keeps_what_was_typed", False))


def is_such_a_page(address: str) -> bool:
    try:
        return keeps_what_was_typed(resolve(urlsplit(address).path).func)
    except (Resolver404, ValueError):
        return False


def comes_from_us(request: HttpRequest) -> bool:
    """Was the form one of our own pages? Browsers say so; another site cannot claim it."""
    said = urlsplit(request.headers.get("Origin") or request.headers.get("Referer", ""))
    address = f"{said.scheme}://{said.netloc}"
    ours = f"{request.scheme}://{request.get_host()}"
    return address == ours or address in settings.CSRF_TRUSTED_ORIGINS


def typed_in(request: HttpRequest) -> Typed:
    data = [
        [name, value]
        for name, values in request.POST.lists()
        if name not in LEFT_OUT
        for value in values
    ]
    files = [file.name or "" for _name, files in request.FILES.lists() for file in files]
    if sum(len(name) + len(value) for name, value in data) > MOST:
        return Typed(request.get_full_path(), too_long=True)
    return Typed(request.get_full_path(), data, files)


def pack(typed: Typed) -> str:
    return signing.dumps(asdict(typed), salt=KEY, compress=True)


def unpack(text: str) -> Typed | None:
    """What a page of ours carried; None for anything else, and after a day."""
    try:
        typed = Typed(**signing.loads(text, salt=KEY, max_age=HOURS * 3600))
    except (signing.BadSignature, TypeError):
        return None
    return typed if url_has_allowed_host_and_scheme(typed.path, allowed_hosts=None) else None


def keep(request: HttpRequest, typed: Typed) -> None:
    request.session[KEY] = asdict(typed)


def take(request: HttpRequest) -> Typed | None:
    """What waits for this page: once. What was too long is nothing, not an empty form."""
    kept = request.session.get(KEY)
    if not kept or kept["path"] != request.get_full_path():
        return None
    del request.session[KEY]
    typed = Typed(**kept)
    return None if typed.too_long else typed
