"""View mixins that both apps use, the theme switch, and the answers to failed requests."""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    HttpResponseServerError,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template import loader
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.decorators import method_decorator
from django.utils.http import http_date, quote_etag, url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.generic import View
from django.views.generic.base import TemplateResponseMixin

THEMES = ("light", "dark")
YEAR = 365 * 24 * 3600
# Buttons and links of the lists.
RIGHTS_SHOWN = (
    *(
        f"{verb}_{kind}"
        for kind in ("book", "author", "publisher")
        for verb in ("add", "change", "delete")
    ),
    *("view_importjob", "add_importjob", "view_bulkedit", "add_bulkedit"),
)
FRAGMENT_HEADERS = ("HX-Request", "HX-Boosted", "HX-Target", "HX-History-Restore-Request")


# --- Fragments ------------------------------------------------------------------------------


def wants_partial(request: HttpRequest, target: str = "") -> bool:
    """Is htmx asking for a fragment?

    Not when it restores a page of the history, which needs the whole page, and not when it
    boosts a link into the whole body: a boosted link must name the fragment as its target.
    """
    headers = request.headers
    if headers.get("HX-Request") != "true" or headers.get("HX-History-Restore-Request") == "true":
        return False
    return headers.get("HX-Boosted") != "true" or bool(
        target and headers.get("HX-Target") == target
    )


def current_page(request: HttpRequest) -> SplitResult:
    """The address that htmx says the reader is on; an empty one if it says none, or nonsense."""
    try:
        return urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return urlsplit("")


def page_before(request: HttpRequest) -> str:
    """The page that a form was sent from, never one of another site."""
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, allowed_hosts={request.get_host()}):
        return "/"
    path = urlsplit(referer)._replace(scheme="", netloc="", fragment="").geturl()
    # Without its host, our own //example.org/ would be another site.
    return path if url_has_allowed_host_and_scheme(path, allowed_hosts=None) else "/"


class PartialTemplateMixin(TemplateResponseMixin):
    """Answers htmx with one partial of the page's own template: `book_list.html#results`."""

    request: HttpRequest
    partial_name = "results"

    def get_template_names(self) -> list[str]:
        names = super().get_template_names()
        if wants_partial(self.request, self.partial_name):
            return [f"{name}#{self.partial_name}" for name in names]
        return names

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        context["is_partial"] = wants_partial(self.request, self.partial_name)
        response = super().render_to_response(context, **kwargs)
        patch_vary_headers(response, FRAGMENT_HEADERS)
        return response


# --- JSON -----------------------------------------------------------------------------------


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


class JsonMixin(TemplateResponseMixin):
    """The same address as JSON, for `Accept: application/json`."""

    request: HttpRequest

    def as_json(self, context: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if wants_json(self.request):
            response: HttpResponse = JsonResponse(self.as_json(context))
        else:
            response = super().render_to_response(context, **kwargs)
        patch_vary_headers(response, ["Accept"])
        return response


# --- Conditional answers --------------------------------------------------------------------


@cache
def _release() -> str:
    """Changes with every release, so that no page outlives the code that made it.

    Sizes as well as times: some ways to deploy give every file the same time.
    """
    digest = hashlib.blake2b(digest_size=16)
    for folder in ("accounts", "catalog", "site_config", "static", "templates"):
        for path in sorted((Path(settings.BASE_DIR) / folder).rglob("*.*")):
            about = path.stat()
            digest.update(f"{path} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def release() -> str:
    if settings.DEBUG:
        _release.cache_clear()  # templates change while the server runs
    return _release()


class ConditionalGetMixin(View):
    """`ETag` and `Last-Modified` from what the page depends on, before the page is built.

    A page that is still current costs a 304, and HEAD costs no page at all. While messages
    wait to be shown the page is always built.
    """

    vary_on = ("Cookie", "Accept", *FRAGMENT_HEADERS)

    def current_state(self) -> tuple[int, datetime]:
        """A number that every change raises, and when it last did."""
        raise NotImplementedError

    def depends_on(self) -> tuple[Any, ...]:
        """What else the page shows: people's names and rights, for instance."""
        user = self.request.user
        if not user.is_authenticated:
            return ()
        return (
            user.pk,
            user.get_username(),
            user.get_full_name(),
            user.is_staff,
            *(user.has_perm(f"catalog.{right}") for right in RIGHTS_SHOWN),
        )

    def etag(self, generation: int) -> str:
        request = self.request
        parts = (
            generation,
            release(),
            request.get_full_path(),
            get_language(),
            wants_json(request),
            *(request.headers.get(name, "") for name in FRAGMENT_HEADERS),
            *(request.COOKIES.get(name, "") for name in ("theme", "view", "csrftoken")),
            *self.depends_on(),
        )
        digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16)
        return quote_etag(digest.hexdigest())

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD") or len(messages.get_messages(request)):
            return super().dispatch(request, *args, **kwargs)
        generation, changed_at = self.current_state()
        etag = self.etag(generation)
        modified = int(changed_at.timestamp())
        response: HttpResponseBase | None = get_conditional_response(
            request, etag=etag, last_modified=modified
        )
        if response is None and request.method == "HEAD":
            kind = "application/json" if wants_json(request) else "text/html; charset=utf-8"
            response = HttpResponse(content_type=kind)
        if response is None:
            response = super().dispatch(request, *args, **kwargs)
        if response.status_code in (200, 304):
            response.headers["ETag"] = etag
            response.headers["Last-Modified"] = http_date(modified)
            response.headers["Cache-Control"] = "private, no-cache"
            patch_vary_headers(response, self.vary_on)
        return response


# --- Light and dark -------------------------------------------------------------------------


def theme_of(request: HttpRequest) -> str:
    """ "light", "dark", or "" for whatever the system says."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else ""


@method_decorator(login_not_required, name="dispatch")
class ThemeView(View):
    """Keeps the choice in a cookie, so that the server renders it and nothing flashes."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        chosen = request.POST.get("theme", "")
        response: HttpResponse
        if request.headers.get("X-Requested-With") == "fetch":
            response = HttpResponse(status=204)  # app.js has switched already
        else:
            response = HttpResponseRedirect(page_before(request))
        if chosen in THEMES:
            response.set_cookie(
                "theme", chosen, max_age=YEAR, samesite="Lax", secure=request.is_secure()
            )
        else:
            response.delete_cookie("theme", samesite="Lax")
        return response


# --- Messages that can be undone --------------------------------------------------------------


def undoable(request: HttpRequest, text: str, url: str) -> None:
    """Say that something was done, with a button that undoes it by a POST to `url`.

    The message stays until it is dismissed: nobody has to be quick.
    """
    # The address travels in `extra_tags`; partials/_messages.html makes a form of it.
    messages.success(request, text, extra_tags=url)


# --- Failures -------------------------------------------------------------------------------


@login_not_required
def too_large(request: HttpRequest) -> HttpResponse:
    """What the ASGI guard shows in place of a page that was sent too much."""
    return render(request, "413.html", status=413)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400; or 413 for a request with more in it than the settings allow."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return render(request, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 without database, context or anything else that may be what is broken."""
    try:
        return HttpResponseServerError(loader.get_template("500.html").render())
    except Exception:  # the templates or static files may be it
        return HttpResponseServerError(
            "Something went wrong on the server. It has been noted. Please try again later.",
            content_type="text/plain; charset=utf-8",
        )
