"""Refuses the anonymous by default: a forgotten check closes a door instead of opening one."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from accounts import resuming, setup
from accounts.views import is_within_a_form, sign_in_and_go_on, signed_out
from site_config.views import page_before

ViewT = TypeVar("ViewT", bound=Callable[..., Any])


def catalogue_page(view: ViewT) -> ViewT:
    """Mark a view function or class as readable by anyone while CATALOG_PUBLIC is true."""
    view.catalogue_page = True  # type: ignore[attr-defined]
    return view


def is_catalogue_page(view: Callable[..., Any]) -> bool:
    """Whether the view carries the mark itself, or its class does (also by inheritance)."""
    marked = getattr(view, "catalogue_page", False)
    return bool(marked or getattr(getattr(view, "view_class", None), "catalogue_page", False))


class CatalogueLoginMiddleware(LoginRequiredMiddleware):
    """Anonymous people see what is marked: catalogue pages, and Django's `login_not_required`."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if settings.CATALOG_PUBLIC and is_catalogue_page(view_func):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(  # type: ignore[override] # a page, or a redirect
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        if setup.needed():
            return HttpResponseRedirect(reverse("accounts:first_manager"))
        if is_within_a_form(request):
            return signed_out(request)
        if request.method == "POST" and resuming.keeps_what_was_typed(view_func):
            return sign_in_and_go_on(request)
        if request.method == "POST":  # its address may know no GET: back to where the button was
            return redirect_to_login(page_before(request))
        redirect: HttpResponseBase = super().handle_no_permission(request, view_func)
        return redirect
