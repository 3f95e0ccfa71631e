"""A cell of the table of books, changed where it stands."""

from typing import Any, Final
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import UpdateView

from catalog.forms.cells import CELLS, BookCellForm
from catalog.forms.filters import BookFilterForm
from catalog.models import Book
from catalog.models.history import Source, origin
from catalog.presentation import work_row
from catalog.search import tallies
from catalog.services.deadlocks import again, read_anew
from catalog.views.deleting import list_url
from catalog.views.listing import list_param
from catalog.views.resuming import ResumedFormMixin
from site_config.views import PartialTemplateMixin, current_page, wants_partial

HEADINGS: Final = {
    "title": gettext_lazy("Change the title"),
    "publisher": gettext_lazy("Change the publisher"),
    "year": gettext_lazy("Change the year"),
    "language": gettext_lazy("Change the language"),
    "price": gettext_lazy("Change the price"),
}


class BookCellView(PermissionRequiredMixin, PartialTemplateMixin, ResumedFormMixin, UpdateView):
    """The small form of one cell: in the table with htmx, as a page without.

    A saved cell answers with its whole row, since labels and covers follow from titles, and with
    the choices beside the list, whose counts have changed.
    """

    permission_required = "catalog.change_book"
    raise_exception = True
    model = Book
    form_class = BookCellForm
    template_name = "catalog/book_cell.html"
    partial_name = "cell"
    context_object_name = "book"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if kwargs["field"] not in CELLS:
            raise Http404(_("There is no such field."))
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Book]:
        return Book.objects.visible_to(self.request.user).for_detail()

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        return kwargs | {"user": self.request.user, "cell": self.kwargs["field"]}

    @cached_property
    def list_query(self) -> str:
        """The list that the cell is shown in: htmx says where it is, a plain link where it was."""
        sent = self.resumed.as_post() if self.resumed else self.request.POST
        if "list" in sent:
            return str(sent["list"])
        url = current_page(self.request)
        if not url.path:
            url = urlsplit(self.request.headers.get("Referer", ""))
        lists = (reverse("catalog:book_list"), reverse("catalog:home"))
        return url.query if url.path in lists else ""

    @property
    def list_url(self) -> str:
        """The list, at the row."""
        return f"{list_url('book', self.list_query)}#book-{self.object.pk}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            list_url=self.list_url,
            list_query=self.list_query,
            heading=HEADINGS[self.kwargs["field"]],
            **kwargs,
        )

    # --- A request ------------------------------------------------------------------------------
    @again
    @read_anew
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        form: Any = self.get_form()
        if not form.is_valid():
            return self.form_invalid(form)
        with origin(Source.LIST):
            self.object = form.save()
        return self.form_valid(form)

    def form_invalid(self, form: Any) -> HttpResponse:
        form.mark_errors()
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def form_valid(self, form: Any) -> HttpResponse:
        if not wants_partial(self.request, self.partial_name):
            said = _("“%(name)s” is saved.") if form.touched else _("“%(name)s” is as it was.")
            messages.success(self.request, said % {"name": self.object})
            return HttpResponseRedirect(self.list_url)
        return self.saved_row(form)

    def saved_row(self, form: Any) -> HttpResponse:
        book = Book.objects.for_list().get(pk=self.object.pk)
        context = self.get_context_data(
            row=work_row(book),
            list_param=list_param(self.list_query),
            touched=bool(form.touched),
            cell=self.kwargs["field"],
        )
        if form.touched:
            filters = BookFilterForm(QueryDict(self.list_query.lstrip("?")))
            context |= {
                "facets": tallies.facets(filters),
                "narrowed": any(name != "sort" for name in filters.values),
                "clear_url": "?",
            }
        response = self.response_class(
            request=self.request,
            template="catalog/book_cell.html#saved",
            context=context,
            using=self.template_engine,
        )
        response.headers["HX-Retarget"] = f"#book-{book.pk}"
        response.headers["HX-Reswap"] = "outerHTML"
        return response
