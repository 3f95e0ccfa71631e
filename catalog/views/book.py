"""Books: the list, one book, a new one."""

from typing import Any

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import DetailView

from accounts import setup
from catalog.forms.book import BookForm
from catalog.forms.filters import BookFilterForm
from catalog.models import Author, Book, Contribution
from catalog.presentation import Row, book_detail, book_detail_json, book_json, book_row, work_row
from catalog.search import tallies
from catalog.search.plans import unindexed
from catalog.services.books import Picked
from catalog.views.deleting import DeletedRecordMixin
from catalog.views.editing import RecordCreateView, RecordFormMixin, RecordUpdateView, is_id
from catalog.views.listing import ViewChoiceMixin
from catalog.views.record import RecordPageMixin
from catalog.views.remembered import Remembered
from site_config.views import JsonMixin

SIDEBARS: Remembered[str] = Remembered()
OTHERS = 6  # other books by the same author


class BookListView(ViewChoiceMixin):
    """The catalogue, filtered, as a table or as covers."""

    model = Book
    filter_class = BookFilterForm
    usual_sort = "title"

    def records(self) -> QuerySet[Book]:
        return Book.objects.visible_to(self.request.user).for_list()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        books = context["page_obj"].object_list
        total = self.form.summary.books
        return context | {
            "grid": self.grid,
            "total": total,
            "rows": [
                work_row(book) if self.works else book_row(book, in_grid=self.grid)
                for book in books
            ],
            "setup_needed": not total and self.request.user.is_anonymous and setup.needed(),
        }

    @property
    def form(self) -> BookFilterForm:
        assert isinstance(self.filters, BookFilterForm)  # noqa: S101 - tells the type checker
        return self.filters

    @property
    def sidebar(self) -> str:
        """The filters with their counts: the same for everyone until the catalogue changes."""
        values = self.filters.values
        key = (self.state, get_language(), *values.items())
        return SIDEBARS.get(key, self.make_sidebar)

    def make_sidebar(self) -> str:
        context = {"facets": tallies.facets(self.form), "narrowed": self.narrowed}
        return render_to_string("catalog/partials/_facets.html", context)

    @property
    def columns(self) -> list[Row]:
        columns = [
            self.column("title", _("Title"), "title"),
            self.column("publisher", _("Publisher")),
            self.column("year", _("Year"), "-year", numeric=True),
            self.column("language", _("Language")),
            self.column("isbn", _("ISBN")),
        ]
        return [*columns, self.column("price", _("Price"), numeric=True)] if self.works else columns

    @cached_property
    def works(self) -> bool:
        """Whether this is the table of somebody who may change it."""
        return not self.grid and self.request.user.has_perm("catalog.change_book")

    def row_json(self, record: Book) -> Row:
        return book_json(record)


class BookDetailView(DeletedRecordMixin, JsonMixin, RecordPageMixin, DetailView):
    """Everything about one book, in a fixed number of queries."""

    catalogue_page = True
    model = Book

    def get_queryset(self) -> QuerySet[Book]:
        return Book.objects.visible_to(self.request.user).for_detail()

    def get_record(self) -> Book:
        record: Book = self.object
        return record

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        contributions = list(self.object.contributions.all())
        others = self.others([item.author_id for item in contributions[:1]])
        return context | {
            "detail": book_detail(self.object),
            "contributions": contributions,
            "others": [book_row(book, in_grid=True) for book in others],
        }

    def others(self, author_ids: list[int]) -> list[Book]:
        """A few more by whoever stands first; one query for the books, one for their credits."""
        if not author_ids:
            return []
        books = Book.objects.visible_to(self.request.user).for_list()
        # The author's own index finds their books; only those are put in order. With an index
        # for the order, PostgreSQL would read all books by year until it has met enough of them.
        same = books.filter(contributions__author__in=author_ids).exclude(pk=self.object.pk)
        return list(same.order_by(unindexed("sort_year").desc(), "pk").distinct()[:OTHERS])

    def as_json(self, context: dict[str, Any]) -> Row:
        return book_detail_json(self.object)


class BookEditingMixin(RecordFormMixin):
    model = Book
    form_class = BookForm
    filter_class = BookFilterForm
    keeps = ("publisher", "language", "year")


class BookCreateView(BookEditingMixin, RecordCreateView):
    """A book added by hand; `?author=3` credits whoever's page one comes from."""

    def get_initial(self) -> dict[str, Any]:
        initial = super().get_initial()
        given = self.request.GET.get("author", "")
        author = Author.objects.filter(pk=given).first() if is_id(given) else None
        if author is not None:
            credit = {
                "author": Picked(author.pk, author.name),
                "role": Contribution.Role.AUTHOR,
                "credited_as": "",
            }
            initial["credits"] = [credit]
        return initial


class BookUpdateView(BookEditingMixin, RecordUpdateView):
    """A book corrected by hand."""

    def get_queryset(self) -> QuerySet[Book]:
        return Book.objects.visible_to(self.request.user).for_detail()
