"""What the lists of books, authors and publishers have in common."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property
from django.views.generic import ListView

from catalog.forms.filters import Chip
from catalog.models.state import CatalogueState, Generation
from catalog.pagination import CataloguePage, CataloguePaginator
from site_config.views import (
    YEAR,
    ConditionalGetMixin,
    JsonMixin,
    PartialTemplateMixin,
    current_page,
)


class ListFilters(Protocol):
    """What `catalog.forms.filters` offers for each kind of record."""

    fields: Any
    generation: Generation | None

    @property
    def values(self) -> dict[str, str]: ...
    def listing(self, queryset: Any) -> Any: ...
    def chips(self) -> list[Chip]: ...
    def with_(self, name: str, value: str) -> str: ...


ALL = "?"  # the same list with nothing filtered


def list_param(query: str) -> str:
    """`list=…` for a link out of a list: how the list stands, page and all."""
    found = QueryDict(mutable=True)
    # Never empty, so that the record knows that it was come to from a list.
    found["list"] = f"?{query.lstrip('?')}"
    return found.urlencode()


class RecordListView(ConditionalGetMixin, JsonMixin, PartialTemplateMixin, ListView):
    """A list whose address says what is shown; htmx gets only the partial `results`."""

    catalogue_page = True  # anyone may read it while the catalogue is public
    paginator_class = CataloguePaginator
    paginate_by = 25
    filter_class: Callable[..., ListFilters]

    def current_state(self) -> Generation:
        return self.state

    @cached_property
    def state(self) -> Generation:
        return CatalogueState.current()

    @cached_property
    def filters(self) -> ListFilters:
        return self.read(self.filter_class, self.request.GET)

    def read(self, form_class: Callable[..., ListFilters], data: Mapping[str, str]) -> ListFilters:
        filters = form_class(data)
        filters.generation = self.state  # read already: the counts need not read it again
        return filters

    def get_queryset(self) -> Any:
        return self.filters.listing(self.records())

    def records(self) -> Any:
        """What may be shown, before any filter."""
        assert self.model is not None  # noqa: S101 - tells the type checker
        return self.model._default_manager.visible_to(self.request.user)

    def paginate_queryset(
        self, queryset: Any, page_size: int
    ) -> tuple[CataloguePaginator, Any, Any, bool]:
        """A page that does not exist becomes the nearest that does: links grow old."""
        paginator = self.paginator_class(queryset, page_size)
        page = paginator.get_page(self.request.GET.get("page", 1))
        return paginator, page, page.object_list, page.has_other_pages()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            query=self.filters.values.get("q", ""),
            narrowed=self.narrowed,
            clear_url=ALL,
            **kwargs,
        )

    @property
    def list_param(self) -> str:
        return list_param(self.request.GET.urlencode())

    @property
    def narrowed(self) -> bool:
        return any(name != "sort" for name in self.filters.values)

    @cached_property
    def chips(self) -> list[Chip]:
        return self.filters.chips()

    @property
    def sort(self) -> str:
        return self.filters.values.get("sort", "")

    usual_sort = ""  # the name of the order that a list has when none is asked for

    @property
    def named_sorts(self) -> dict[str, str]:
        return dict(self.filters.fields["sort"].choices)

    @property
    def shown_sort(self) -> str:
        """The order of the rows; "" for the best match of a search."""
        return self.sort or ("" if "q" in self.filters.values else self.usual_sort)

    @property
    def sorts(self) -> list[dict[str, Any]]:
        """The orders as links. Where the usual one has no value of its own, that is ""."""
        names = self.named_sorts
        usual_is_named = self.usual_sort in names
        chosen = self.shown_sort if usual_is_named else self.sort
        return [
            {
                "label": label,
                "selected": value == chosen,
                "querystring": self.filters.with_("sort", value),
            }
            for value, label in names.items()
            if value or "q" in self.filters.values or not usual_is_named
        ]

    def column(self, name: str, label: str, first: str = "", numeric: bool = False) -> dict:
        """A heading of the table. `first` is the order that a click on it asks for."""
        if not first:
            return {"name": name, "label": label, "numeric": numeric}
        other = first.removeprefix("-") if first.startswith("-") else f"-{first}"
        wanted = other if self.shown_sort == first and other in self.named_sorts else first
        direction = ""
        if self.shown_sort in (first, other):
            direction = "descending" if self.shown_sort.startswith("-") else "ascending"
        return {
            "name": name,
            "label": label,
            "numeric": numeric,
            "direction": direction,
            "querystring": self.filters.with_("sort", wanted if wanted in self.named_sorts else ""),
        }

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        response = super().render_to_response(context, **kwargs)
        if self.is_still_typing():
            # One entry of the history for a search, not one for each pause between letters.
            response.headers["HX-Replace-Url"] = self.request.get_full_path()
        return response

    def is_still_typing(self) -> bool:
        if self.request.headers.get("HX-Trigger") != "search":
            return False
        return "q" in parse_qs(current_page(self.request).query)

    def as_json(self, context: dict[str, Any]) -> dict[str, Any]:
        page: CataloguePage = context["page_obj"]
        paginator = page.paginator

        def address(number: int) -> str:
            query = self.request.GET.copy()
            query["page"] = str(number)
            return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")

        return {
            "count": paginator.count,
            "count_is_exact": paginator.count_is_exact,
            "page": page.number,
            "pages": paginator.num_pages,
            "next": address(page.next_page_number()) if page.has_next() else None,
            "previous": address(page.previous_page_number()) if page.has_previous() else None,
            "results": [self.row_json(record) for record in page.object_list],
        }

    def row_json(self, record: Any) -> dict[str, Any]:
        raise NotImplementedError


class ViewChoiceMixin(RecordListView):
    """Table or covers, as chosen with `?view=`, remembered in a signed cookie."""

    @cached_property
    def grid(self) -> bool:
        chosen = self.request.GET.get("view")
        if chosen not in ("table", "grid"):
            chosen = self.request.get_signed_cookie("view", "table", salt="view")
        return chosen == "grid"

    def dispatch(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(*args, **kwargs)
        chosen = self.request.GET.get("view", "")
        # On a 304 too: the page may come from the browser's cache, the choice does not.
        if chosen in ("table", "grid") and response.status_code in (200, 304):
            response.set_signed_cookie(
                "view",
                chosen,
                salt="view",
                max_age=YEAR,
                httponly=True,
                samesite="Lax",
                secure=self.request.is_secure(),
            )
        return response
