"""Signing in and out, and the first visit."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView
from django_htmx.http import HttpResponseClientRedirect

from accounts import setup
from accounts.forms import FirstManagerForm, SignInForm


def go(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Redirect the whole page, also when htmx asked: a form must not swallow another page."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(response["Location"])
    return response


class LoginView(views.LoginView):
    """Django's, which also refuses a `next` that leads to another site."""

    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        return go(self.request, super().form_valid(form))

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(setup_needed=setup.needed(), **kwargs)


@method_decorator([login_not_required, never_cache, sensitive_post_parameters()], name="dispatch")
class FirstManagerView(FormView):
    """Open while nobody has an account; afterwards it leads to signing in."""

    template_name = "accounts/first_manager.html"
    form_class = FirstManagerForm
    success_url = reverse_lazy("catalog:home")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not setup.needed():
            return self.too_late()
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "token": self.request.GET.get("token", "")}

    def form_valid(self, form: FirstManagerForm) -> HttpResponse:
        try:
            user = setup.create_first_manager(form.save(commit=False))
        except setup.AlreadySetUp:
            return self.too_late()
        login(self.request, user)
        messages.success(self.request, _("Welcome! You are the first manager of this catalogue."))
        return go(self.request, super().form_valid(form))

    def form_invalid(self, form: FirstManagerForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def too_late(self) -> HttpResponse:
        messages.info(self.request, _("This catalogue has its first manager already: sign in."))
        return go(self.request, redirect("accounts:login"))


@login_not_required
def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin's own sign-in page, replaced by ours: one door, one set of rules."""
    if request.user.is_authenticated:
        raise PermissionDenied(_("Only cataloguers and managers may open this page."))
    return views.redirect_to_login(request.GET.get("next") or reverse("admin:index"))
