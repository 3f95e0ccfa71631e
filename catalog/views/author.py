"""Authors: the list, and one author with the books of each role."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.generic import DetailView

from catalog.covers import cloth
from catalog.forms.author import AuthorForm
from catalog.forms.filters import AuthorFilterForm
from catalog.models import Author, Contribution
from catalog.presentation import (
    Row,
    author_json,
    author_url,
    book_url,
    picture,
    role_name,
    year_text,
)
from catalog.tasks import record_author_access
from catalog.views.deleting import DeletedRecordMixin
from catalog.views.editing import RecordCreateView, RecordFormMixin, RecordUpdateView
from catalog.views.listing import RecordListView
from catalog.views.record import RecordPageMixin
from site_config.views import JsonMixin

logger = logging.getLogger(__name__)

SHOWN = 100  # books of a role on the author's page; the filtered list has the rest
ACCESS_EVERY = timedelta(minutes=10)


class AuthorListView(RecordListView):
    model = Author
    filter_class = AuthorFilterForm
    paginate_by = 50
    usual_sort = "name"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = [
            {
                "url": author_url(author.pk),
                "name": author.name,
                "qualifier": author.qualifier,
                "kind": author.get_kind_display(),
                "books": author.book_count,
            }
            for author in context["page_obj"].object_list
        ]
        return context | {"rows": rows}

    @property
    def kinds(self) -> list[Row]:
        chosen = self.filters.values.get("kind", "")
        choices = [("", _("All")), *Author.Kind.choices]
        return [
            {
                "value": value or "all",
                "label": capfirst(str(label)),
                "selected": value == chosen,
                "querystring": self.filters.with_("kind", value),
            }
            for value, label in choices
        ]

    @property
    def columns(self) -> list[Row]:
        return [
            self.column("name", _("Name"), "name"),
            self.column("kind", _("Kind")),
            self.column("books", _("Books"), numeric=True),
        ]

    def row_json(self, record: Author) -> Row:
        return author_json(record) | {"books": record.book_count}


class AuthorDetailView(DeletedRecordMixin, JsonMixin, RecordPageMixin, DetailView):
    """One author: at most a hundred books of each role, and the way to all of them.

    Three queries: the author, how many books a role has, the first of each.
    """

    catalogue_page = True
    model = Author

    def get_queryset(self) -> QuerySet[Author]:
        return Author.objects.visible_to(self.request.user).select_related("created_by")

    def get_record(self) -> Author:
        record: Author = self.object
        return record

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        roles = self.roles()
        return super().get_context_data(
            roles=roles,
            book_count=sum(role["count"] for role in roles),
            headshot=picture(self.object.headshot.name or ""),
            **kwargs,
        )

    def roles(self) -> list[Row]:
        credits = Contribution.objects.filter(author=self.object).order_by()
        counts = dict(credits.values_list("role").annotate(Count("pk")))
        numbered = credits.annotate(
            place=Window(
                RowNumber(),
                partition_by="role",
                order_by=(F("book__sort_year").desc(), F("book__sort_title"), F("book__pk")),
            )
        )
        first: Iterable[Any] = numbered.filter(place__lte=SHOWN).select_related("book__publisher")
        rows = sorted(first, key=lambda item: (-counts[item.role], item.role, item.place))
        return [
            {
                "role": role,
                "label": role_name(role),
                "count": counts[role],
                "count_label": number_format(counts[role]),
                "books": [self.row(item) for item in items],
            }
            for role, items in groupby(rows, key=lambda item: item.role)
        ]

    def row(self, item: Contribution) -> Row:
        book = item.book
        own_name = item.credited_as if item.credited_as != self.object.name else ""
        return {
            "id": book.pk,
            "url": book_url(book.pk),
            "title": book.title,
            "cloth": cloth(book.title),
            "cover": picture(book.cover.name or ""),
            "publisher": book.publisher.name if book.publisher else "",
            "year": year_text(book.year),
            "credited_as": own_name,
        }

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        response = super().render_to_response(context, **kwargs)
        # Closed once it is sent: nobody waits for the broker.
        response._resource_closers.append(self.note_access)  # type: ignore[attr-defined]
        return response

    def note_access(self) -> None:
        """Ask for "last accessed" to be written, at most once in ten minutes; never fail."""
        author, now = self.object, timezone.now()
        if author.last_accessed and now - author.last_accessed < ACCESS_EVERY:
            return
        try:
            if cache.add(f"author-access-{author.pk}", True, ACCESS_EVERY.total_seconds()):
                record_author_access.apply_async((author.pk,), retry=False)
        except Exception:  # a broker or cache that is down is no reason for anything here
            logger.warning("Could not note that author %s was looked at", author.pk, exc_info=True)

    def as_json(self, context: dict[str, Any]) -> Row:
        author = self.object
        roles = [
            {key: role[key] for key in ("role", "count", "books")} for role in context["roles"]
        ]
        return author_json(author) | {
            "salutation": author.salutation,
            "qualifier": author.qualifier,
            "roles": roles,
        }


class AuthorEditingMixin(RecordFormMixin):
    model = Author
    form_class = AuthorForm
    filter_class = AuthorFilterForm


class AuthorCreateView(AuthorEditingMixin, RecordCreateView):
    """An author added by hand."""


class AuthorUpdateView(AuthorEditingMixin, RecordUpdateView):
    """An author corrected by hand."""
