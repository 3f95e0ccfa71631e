"""Publishers: the list, and one publisher with its books."""

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from catalog.forms.filters import BookFilterForm, PublisherFilterForm, querystring
from catalog.forms.publisher import PublisherForm
from catalog.models import Book, Publisher
from catalog.models.state import Generation
from catalog.presentation import Row, book_json, book_row, publisher_json, publisher_url
from catalog.views.deleting import DeletedRecordMixin
from catalog.views.editing import RecordCreateView, RecordFormMixin, RecordUpdateView
from catalog.views.listing import ListFilters, RecordListView, ViewChoiceMixin
from catalog.views.record import RecordPageMixin

RIGHTS = ("change_publisher", "delete_publisher", "add_note", "delete_note", "add_attachment")


class PublisherListView(RecordListView):
    model = Publisher
    filter_class = PublisherFilterForm
    paginate_by = 50
    usual_sort = "name"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = [
            {
                "url": publisher_url(publisher.pk),
                "name": publisher.name,
                "place": ", ".join(filter(None, (publisher.city, publisher.country))),
                "books": publisher.book_count,
            }
            for publisher in context["page_obj"].object_list
        ]
        return context | {"rows": rows}

    @property
    def columns(self) -> list[Row]:
        return [
            self.column("name", _("Name"), "name"),
            self.column("place", _("Place")),
            self.column("books", _("Books"), "-books", numeric=True),
        ]

    def row_json(self, record: Publisher) -> Row:
        return publisher_json(record) | {
            "city": record.city,
            "country": record.country,
            "books": record.book_count,
        }


class PublisherBooksForm(BookFilterForm):
    """The publisher stands in the path of the address, so its query leaves it out."""

    def with_(self, name: str, value: str) -> str:
        rest = {key: kept for key, kept in self.values.items() if key != "publisher"}
        return querystring(rest | {name: value})


class PublisherDetailView(DeletedRecordMixin, RecordPageMixin, ViewChoiceMixin):
    """One publisher; its books are a list like any other, page by page."""

    model = Book
    deleted_kind = "publisher"
    template_name = "catalog/publisher_detail.html"
    filter_class = BookFilterForm
    usual_sort = "title"

    def current_state(self) -> Generation:
        _there = self.publisher  # a page that does not exist is a 404 before it is "not modified"
        return super().current_state()

    @cached_property
    def publisher(self) -> Publisher:
        publishers = Publisher.objects.visible_to(self.request.user)
        found = publishers.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404(_("There is no such publisher."))
        return found

    def get_record(self) -> Publisher:
        return self.publisher

    def depends_on(self) -> tuple[Any, ...]:
        user = self.request.user
        rights = (user.has_perm(f"catalog.{right}") for right in RIGHTS)
        return (*super().depends_on(), *rights, *self.state_of_notes())

    @cached_property
    def filters(self) -> ListFilters:
        data = {"publisher": str(self.publisher.pk), "sort": self.request.GET.get("sort", "")}
        return self.read(PublisherBooksForm, data)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        books = context["page_obj"].object_list
        return context | {
            "publisher": self.publisher,
            "grid": self.grid,
            "rows": [book_row(book, in_grid=self.grid) for book in books],
        }

    def records(self) -> QuerySet[Book]:
        return Book.objects.visible_to(self.request.user).for_list()

    @property
    def columns(self) -> list[Row]:
        return [
            self.column("title", _("Title"), "title"),
            self.column("year", _("Year"), "-year", numeric=True),
            self.column("language", _("Language")),
            self.column("isbn", _("ISBN")),
        ]

    def row_json(self, record: Book) -> Row:
        return book_json(record)

    def as_json(self, context: dict[str, Any]) -> Row:
        publisher = self.publisher
        return publisher_json(publisher) | {
            "address": publisher.address,
            "city": publisher.city,
            "region": publisher.region,
            "country": publisher.country,
            "website": publisher.website,
            "books": super().as_json(context),
        }


class PublisherEditingMixin(RecordFormMixin):
    model = Publisher
    form_class = PublisherForm
    filter_class = PublisherFilterForm


class PublisherCreateView(PublisherEditingMixin, RecordCreateView):
    """A publisher added by hand."""


class PublisherUpdateView(PublisherEditingMixin, RecordUpdateView):
    """A publisher corrected by hand."""
