"""Forms that are filled again for whoever was signed out while typing: see accounts.resuming."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.generic import View
from django.views.generic.edit import FormMixin

from accounts import resuming


class ResumedFormMixin(FormMixin, View):
    """Signing in leads back to the filled form, which somebody has to send again themselves.

    Stands before the generic view among the bases.
    """

    keeps_what_was_typed = True
    resumed: resuming.Typed | None = None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.resumed = resuming.take(request)
        response: HttpResponse = super().get(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        return kwargs | {"data": self.resumed.as_post()} if self.resumed else kwargs

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(resumed=self.resumed, **kwargs)
