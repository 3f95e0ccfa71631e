"""What the fields for authors and publishers offer while somebody types."""

from typing import Any, ClassVar

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.views.generic import View

from catalog.forms.picking import NEW, AuthorPickField, PickField, PublisherPickField
from catalog.search import picking
from catalog.search.picking import Option
from catalog.text import match_key
from site_config.views import wants_json


class PickView(PermissionRequiredMixin, View):
    """The names that `?q=` may mean, as options of a list box or as JSON; and a new one."""

    http_method_names = ["get", "head", "options"]
    raise_exception = True
    field: ClassVar[type[PickField]]
    adding: ClassVar[str]  # the permission without which no new name is offered

    def has_permission(self) -> bool:
        """Whoever may write books picks names for them."""
        user = self.request.user
        return user.has_perm("catalog.add_book") or user.has_perm("catalog.change_book")

    def pick(self, text: str) -> list[Option]:
        raise NotImplementedError

    def get(self, request: HttpRequest) -> HttpResponse:
        text = picking.tidy(request.GET.get("q", ""))[: picking.LONGEST]
        options = self.pick(text) if text else []
        new = self.new(text, options)
        response: HttpResponse
        if wants_json(request):
            response = JsonResponse({"results": [_as_json(each) for each in options], "new": new})
        else:
            context = {"text": text, "options": options, "new": new}
            response = render(request, "catalog/partials/_pick_options.html", context)
        patch_vary_headers(response, ["Accept"])
        add_never_cache_headers(response)
        return response

    def new(self, text: str, options: list[Option]) -> dict[str, str] | None:
        """The offer to make a record of this name, unless there is one."""
        if not text or any(option.exact for option in options):
            return None
        if not self.request.user.has_perm(self.adding):
            return None
        return {
            "id": f"{NEW} {match_key(text)}",
            "name": text,
            "about": self.field.said_of_new(text),
        }


def _as_json(option: Option) -> dict[str, Any]:
    return {
        "id": option.pk,
        "name": option.name,
        "label": option.label,
        "qualifier": option.qualifier,
        "files_under": option.filed or option.name,
        "books": option.books,
        "about": option.about,
        "exact": option.exact,
    }


class AuthorPickView(PickView):
    field = AuthorPickField
    adding = "catalog.add_author"

    def pick(self, text: str) -> list[Option]:
        return picking.pick_authors(text)


class PublisherPickView(PickView):
    field = PublisherPickField
    adding = "catalog.add_publisher"

    def pick(self, text: str) -> list[Option]:
        return picking.pick_publishers(text)
