"""What every request must keep to, and what is added to every answer: the charset of forms, the
Content-Security-Policy, and good manners towards htmx.

All run without a change of thread under ASGI and under WSGI.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from site_config.views import current_page

CHARSETS = {"utf-8", "utf8"}
GetResponse = Callable[[HttpRequest], Any]


def _after(
    get_response: GetResponse,
    finish: Callable[[HttpRequest, HttpResponseBase], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]:
    """A middleware that only looks at the answer."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            return finish(request, await get_response(request))

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        return finish(request, get_response(request))

    return synchronous


@sync_and_async_middleware
def forms_in_utf8(get_response: GetResponse) -> Any:
    """Refuses a body in another charset with 400, before anything decodes it.

    Browsers send the charset of the page, which is UTF-8. Python knows codecs that take quadratic
    time (punycode), are no text at all (hex), or give what no database takes (utf-7).
    """

    def check(request: HttpRequest) -> None:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() not in CHARSETS:
            raise BadRequest("charset")

    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            check(request)
            response: HttpResponseBase = await get_response(request)
            return response

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        check(request)
        response: HttpResponseBase = get_response(request)
        return response

    return synchronous


def policy(directives: dict[str, list[str]]) -> str:
    """The header's text: `{"default-src": ["'self'"]}` → `default-src 'self'`."""
    return "; ".join(" ".join([name, *sources]) for name, sources in directives.items())


@sync_and_async_middleware
def content_security_policy(get_response: GetResponse) -> Any:
    """Django 6 brings its own middleware for the setting of the same name; until then."""
    header = policy(settings.SECURE_CSP)

    def finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not (settings.DEBUG and response.status_code in (404, 500)):  # Django's debug pages
            response.headers.setdefault("Content-Security-Policy", header)
        return response

    return _after(get_response, finish)


@sync_and_async_middleware
def htmx_manners(get_response: GetResponse) -> Any:
    """Caches keep pages and fragments apart; an expired login leaves the page, never a table."""

    def finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        patch_vary_headers(response, ["HX-Request"])
        if request.headers.get("HX-Request") == "true" and response.status_code == 302:
            target = urlsplit(response.headers.get("Location", ""))
            if target.path == resolve_url(settings.LOGIN_URL):
                return _leave(response, _login_url(request))
            if target.path == resolve_url("accounts:first_manager"):
                return _leave(response, target.path)
        return response

    return _after(get_response, finish)


def _login_url(request: HttpRequest) -> str:
    """Sign in, then come back to the page one was on: not to the fragment it had asked for."""
    here = current_page(request)
    if here.netloc != request.get_host():
        here = urlsplit(request.get_full_path())
    back = here._replace(scheme="", netloc="", fragment="").geturl() or "/"
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': back})}"


def _leave(response: HttpResponseBase, url: str) -> HttpResponse:
    """htmx follows a redirect by itself and would put the login form into the target."""
    answer = HttpResponseClientRedirect(url)
    answer.cookies = response.cookies
    if vary := response.headers.get("Vary"):
        answer.headers["Vary"] = vary
    return answer
