"""The record forms for cataloguers, quick at a million rows: nothing here counts or scans.

Pages come from the same paginator and searches from the same index as the lists of the site.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from catalog.models import Author, Book, Contribution, ImportJob, ImportRow, Publisher, Subject
from catalog.models.indexed import deferred
from catalog.models.versioned import record_kind
from catalog.pagination import CataloguePaginator
from catalog.presentation import picture, year_text
from catalog.search.listings import EXACT, BookListing, Listing
from catalog.search.names import AuthorListing, PublisherListing
from catalog.search.query import parse


class RecordAdminForm(forms.ModelForm):
    """Refuses to overwrite what somebody saved since the form was opened; it asks about nothing."""

    opened_on = forms.IntegerField(required=False, widget=forms.HiddenInput)  # a version

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["opened_on"] = self.instance.version

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk and cleaned.get("opened_on") != self.instance.version:
            raise forms.ValidationError(
                _(
                    "Somebody has changed this record since you opened it, and nothing was saved. "
                    "Open it again to see it as it is now."
                ),
                code="changed_since",
            )
        return cleaned


class RecordAdmin(admin.ModelAdmin):
    form = RecordAdminForm
    picture_field = ""  # of the model; pictures come in by the pages of the catalogue only

    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()  # the usual order has an index, others have not
    search_help_text = _("Words, names or ISBNs, as on the pages of the catalogue.")

    def listing(self, queryset: QuerySet) -> Listing:
        """All records, with their kept count and a way to any page."""
        raise NotImplementedError

    def found(self, text: str) -> list[int]:
        """Ids that the search index finds, at most a thousand."""
        raise NotImplementedError

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet, per_page: int, *args: Any, **kwargs: Any
    ) -> Paginator:
        if queryset.query.where:  # a search: some ids, cheap to count
            return Paginator(queryset, per_page, *args, **kwargs)
        rows: Any = self.listing(queryset)
        return CataloguePaginator(rows, per_page, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=self.found(search_term)), False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A book and the credits below it are one change in its history."""
        if request.method != "POST":
            return super().changeform_view(request, *args, **kwargs)
        with deferred():
            return super().changeform_view(request, *args, **kwargs)

    @admin.display(description=_("picture"))
    def shown_picture(self, record: Any) -> str:
        """Every picture is checked and written anew; this form would keep it as it came."""
        found = picture(getattr(record, self.picture_field).name or "")
        if record.pk is None:
            return str(_("Save first; then it can be added on the page of the catalogue."))
        url = reverse(f"catalog:{record_kind(record)}_update", args=(record.pk,))
        change = format_html('<a href="{}">{}</a>', url, _("Change it in the catalogue"))
        if found is None:
            return change
        shown = '<img src="{}" alt="{}" width="80"> {}'
        return format_html(shown, found["small"], _("The present picture"), change)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change and hasattr(obj, "created_by"):
            obj.created_by = request.user
        super().save_model(request, obj, form, change)


class ContributionInline(admin.TabularInline):
    model = Contribution
    autocomplete_fields = ("author",)
    extra = 0


@admin.register(Book)
class BookAdmin(RecordAdmin):
    list_display = ("title", "publisher", "shown_year", "language", "isbn")
    list_select_related = ("publisher",)
    search_fields = ("title",)  # shows the box; get_search_results does the work
    autocomplete_fields = ("publisher", "subjects")
    picture_field = "cover"
    exclude = ("cover",)
    readonly_fields = (
        "shown_picture",
        "isbn_entered",
        "isbn_repaired",
        "created_by",
        "created_at",
        "updated_at",
    )
    inlines = (ContributionInline,)

    @admin.display(description=_("publication year"))
    def shown_year(self, book: Book) -> str:
        return year_text(book.year)

    def listing(self, queryset: QuerySet) -> Listing:
        return BookListing(queryset)

    def found(self, text: str) -> list[int]:
        return list(Book.objects.search(text).order_by().values_list("pk", flat=True))


@admin.register(Author)
class AuthorAdmin(RecordAdmin):
    list_display = ("name", "sort_name", "qualifier", "kind")
    search_fields = ("name",)
    picture_field = "headshot"
    exclude = ("headshot",)
    readonly_fields = (
        "shown_picture",
        "last_accessed",
        "created_by",
        "created_at",
        "updated_at",
    )

    def listing(self, queryset: QuerySet) -> Listing:
        return AuthorListing(queryset)

    def found(self, text: str) -> list[int]:
        return AuthorListing(Author.objects.all(), query=parse(text)).plan.ids(0, EXACT)


@admin.register(Publisher)
class PublisherAdmin(RecordAdmin):
    list_display = ("name", "city", "country")
    search_fields = ("name",)

    def listing(self, queryset: QuerySet) -> Listing:
        return PublisherListing(queryset)

    def found(self, text: str) -> list[int]:
        return PublisherListing(Publisher.objects.all(), query=parse(text)).plan.ids(0, EXACT)


@admin.register(Subject)
class SubjectAdmin(admin.ModelAdmin):
    show_full_result_count = False
    search_fields = ("name_key__startswith",)
    ordering = ("name_key", "pk")


class ReadOnlyAdmin(admin.ModelAdmin):
    """What a file brought and what became of it is a record of the past."""

    show_full_result_count = False
    list_max_show_all = 0

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    list_display = ("filename", "state", "created_by", "rows", "created", "rejected", "created_at")
    list_select_related = ("created_by",)


class NearPaginator(Paginator):
    """Rows of imports can be many millions: the latest thousand can be paged through."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return len(rows.order_by().values_list("pk", flat=True)[:EXACT])


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    paginator = NearPaginator
    list_display = ("number", "job", "outcome")
    list_select_related = ("job",)
    ordering = ("-pk",)
    raw_id_fields = ("job", "book")
