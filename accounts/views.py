"""Signing in and out, and the first visit."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login, views
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import csrf
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView
from django_htmx.http import HttpResponseClientRedirect

from accounts import resuming, setup
from accounts.forms import FirstManagerForm, SignInForm
from site_config.views import current_page


def go(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Redirect the whole page, also when htmx asked: a form must not swallow another page."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponseClientRedirect(response["Location"])
    return response


@method_decorator(login_not_required, name="dispatch")
class LoginView(views.LoginView):
    """Django's, which also refuses a `next` that leads to another site.

    It carries what somebody had typed into a form when they turned out to be signed out.
    """

    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and self.typed:  # signed in elsewhere meanwhile
            return self.go_on(self.typed)
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def typed(self) -> resuming.Typed | None:
        return resuming.unpack(self.request.POST.get(resuming.KEY, ""))

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        return self.go_on(self.typed) if self.typed else go(self.request, response)

    def go_on(self, typed: resuming.Typed) -> HttpResponse:
        """Back on the form, filled with what was typed."""
        resuming.keep(self.request, typed)
        return go(self.request, HttpResponseRedirect(typed.path))

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("typed", self.typed)
        context = super().get_context_data(setup_needed=setup.needed(), **kwargs)
        if typed := context["typed"]:
            context["next"] = typed.path
            context["typed_packed"] = "" if typed.too_long else resuming.pack(typed)
        return context


def sends_a_form(request: HttpRequest) -> bool:
    """Is it a form that comes back filled, as a whole, and no question about one field of it?"""
    is_question = "field" in request.GET
    return request.method == "POST" and not is_question and resuming.is_such_a_page(request.path)


def is_within_a_form(request: HttpRequest) -> bool:
    """A request for a part of a page on which somebody is typing: it must not leave that page."""
    if sends_a_form(request):
        return False
    if "HX-Request" in request.headers:
        return resuming.is_such_a_page(current_page(request).path)
    if request.headers.get("X-Requested-With") in ("fetch", "XMLHttpRequest"):
        return resuming.is_such_a_page(request.headers.get("Referer", ""))
    return False


def signed_out(request: HttpRequest) -> HttpResponse:
    """Said without leaving the page. What asked about one field hears it beside that field."""
    sentence = _(
        "You have been signed out meanwhile. Go on typing: when you save, you are asked to sign "
        "in, and nothing is lost."
    )
    if "field" in request.GET:
        return render(request, "accounts/signed_out.html", {"sentence": sentence})
    return HttpResponse(sentence, status=401, content_type="text/plain; charset=utf-8")


def sign_in_and_go_on(request: HttpRequest) -> HttpResponse:
    """The answer to a form of somebody who is signed out: sign in, then the form as it was.

    htmx puts no page into a part of one: static/js/app.js sees the header and sends the form anew,
    without htmx.
    """
    view = LoginView()
    view.setup(request)
    context = view.get_context_data(form=SignInForm(request), typed=resuming.typed_in(request))
    response = view.render_to_response(context, status=403)
    response.headers["X-Sign-In"] = "form"
    add_never_cache_headers(response)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Whoever signed in again in another tab has a form with an old token in this one.

    Its form comes back filled, with a new token, for another click. Nothing is saved.
    """
    if resuming.comes_from_us(request) and request.method == "POST":
        if is_within_a_form(request):
            return signed_out(request)
        if resuming.is_such_a_page(request.path):
            if not request.user.is_authenticated:
                return sign_in_and_go_on(request)
            if not (typed := resuming.typed_in(request)).too_long:
                resuming.keep(request, typed)
                return redirect(request.get_full_path())
    return csrf.csrf_failure(request, reason)


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
