"""The duplicate radar beside a form, and the stop before a probable duplicate is saved."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.mixins import UserPassesTestMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import View

from catalog.forms.duplicates import FORMS, DuplicateForm
from catalog.models import Author, Publisher
from catalog.presentation import Row, author_url, book_row, publisher_url
from catalog.search.names import AuthorListing, PublisherListing
from catalog.services.duplicates import Duplicate

TEMPLATE = "catalog/partials/_duplicates.html"
# What has to differ before a record that is corrected is looked at again.
TELLING = {
    "book": {"title", "isbn"},
    "author": {"name", "sort_name"},
    "publisher": {"name"},
}
# The inputs of a form after which the radar looks again.
HEARD = {
    "book": "#id_title, #id_subtitle, #id_isbn, #id_year, #id_published_on, #id_language, "
    "#credits input, #credits select",
    "author": "#id_name, #id_sort_name",
    "publisher": "#id_name",
}


class Panel:
    """What the radar has found, as the page shows it."""

    def __init__(self, kind: str, form: DuplicateForm | None, *, stopped: bool = False) -> None:
        self.kind = kind
        self.form = form
        self.stopped = stopped
        self.heard = HEARD[kind]

    @cached_property
    def found(self) -> list[Duplicate]:
        return self.form.find() if self.form else []

    @property
    def url(self) -> str:
        url = reverse(f"catalog:{self.kind}_duplicates")
        record = self.form.exclude if self.form else None
        return f"{url}?record={record}" if record else url

    @property
    def dismiss_url(self) -> str:
        return f"{self.url}{'&' if '?' in self.url else '?'}dismiss=1"

    @property
    def then(self) -> str:
        """Which of the buttons was pressed: “Save anyway” goes on as that one would have."""
        return self.form.sent.get("then", "") if self.form else ""

    @property
    def ids(self) -> str:
        return _joined(each.record.pk for each in self.found)

    @property
    def accepted(self) -> str:
        """All that was shown so far: saving is not stopped for these."""
        before = self.form.accepted if self.form else set()
        return _joined(sorted({*before, *(each.record.pk for each in self.found)}))

    @property
    def shown(self) -> str:
        return "|".join(f"{each.record.pk} {each.reason}" for each in self.found)

    @property
    def dismissed(self) -> bool:
        if not self.form or not self.found:
            return False
        return self.form.dismissed.issuperset(each.record.pk for each in self.found)

    @property
    def may_go_on(self) -> bool:
        return not (self.form and self.form.is_taken(self.found))

    @property
    def dismissed_ids(self) -> str:
        return _joined(sorted(self.form.dismissed)) if self.form else ""

    @property
    def heading(self) -> str:
        number = len(self.found)
        if self.dismissed:
            text = ngettext(
                "%(number)s possible duplicate, set aside",
                "%(number)s possible duplicates, set aside",
                number,
            )
        else:
            text = ngettext(
                "%(number)s possible duplicate", "%(number)s possible duplicates", number
            )
        return text % {"number": number_format(number)}

    @property
    def announcement(self) -> str:
        if not self.found:
            return _("No possible duplicates any more.")
        best = self.found[0]
        return _("%(heading)s. “%(name)s”: %(reason)s.") % {
            "heading": self.heading, "name": best.record, "reason": best.reason,
        }  # fmt: skip

    @cached_property
    def rows(self) -> list[Row]:
        rows = {"book": _books, "author": _authors, "publisher": _publishers}[self.kind](self.found)
        return [
            row
            | {"about": list(filter(None, row["about"]))}
            | {"reason": each.reason, "strong": each.strong}
            for row, each in zip(rows, self.found, strict=True)
        ]


def _joined(ids: Iterable[int]) -> str:
    return "-".join(map(str, ids))


def _books(found: list[Duplicate]) -> list[Row]:
    rows = [book_row(each.record) for each in found]
    return [
        row | {"about": [row["by"], row["publisher"], row["year"]], "is_book": True} for row in rows
    ]


def _authors(found: list[Duplicate]) -> list[Row]:
    counts = {
        author.pk: author.book_count
        for author in AuthorListing(Author.objects.all()).load([each.record.pk for each in found])
    }
    return [
        {
            "url": author_url(author.pk),
            "title": author.name,
            "about": [
                author.qualifier,
                author.sort_name if author.sort_name != author.name else "",
                _number_of_books(counts.get(author.pk, 0)),
            ],
        }
        for author in (each.record for each in found)
    ]


def _publishers(found: list[Duplicate]) -> list[Row]:
    ids = [each.record.pk for each in found]
    counts = {
        publisher.pk: publisher.book_count
        for publisher in PublisherListing(Publisher.objects.all()).load(ids)
    }
    return [
        {
            "url": publisher_url(house.pk),
            "title": house.name,
            "about": [
                ", ".join(filter(None, (house.city, house.country))),
                _number_of_books(counts.get(house.pk, 0)),
            ],
        }
        for house in (each.record for each in found)
    ]


def _number_of_books(number: int) -> str:
    text = ngettext("%(number)s book", "%(number)s books", number)
    return text % {"number": number_format(number)}


class DuplicatesView(UserPassesTestMixin, View):
    """Looks at a form that is being typed and answers with the panel beside it. Saves nothing."""

    http_method_names = ["post"]
    raise_exception = True
    kind = ""

    def test_func(self) -> bool:
        user = self.request.user
        return any(user.has_perm(f"catalog.{right}_{self.kind}") for right in ("add", "change"))

    def post(self, request: HttpRequest) -> HttpResponse:
        record = request.GET.get("record", "")
        known = record.isascii() and record.isdigit() and len(record) < 19
        typed = FORMS[self.kind](request.POST, exclude=int(record) if known else None)
        panel = Panel(self.kind, typed)
        dismissing = "dismiss" in request.GET
        unchanged = panel.shown == typed.shown_before and not dismissing
        context = {"radar": panel, "live": True, "dismissing": dismissing}
        if unchanged:
            # Nothing on the page moves, and nothing is said twice.
            response = render(request, f"{TEMPLATE}#looked", context)
            response.headers["HX-Reswap"] = "none"
            return response
        return render(request, f"{TEMPLATE}#panel", context)


class DuplicateCheckMixin(View):
    """Stops the first attempt to save a probable duplicate that nobody has been shown yet.

    Where the panel has not answered yet, as without scripts, that is every possible duplicate.

    Stands before the mixin whose `form_valid()` saves. Nothing that was typed is lost: the form
    comes back with the panel and “Save anyway”.
    """

    kind: str

    def form_valid(self, form: Any) -> HttpResponse:
        if not form.new and TELLING[self.kind].isdisjoint(form.touched):
            return super().form_valid(form)  # type: ignore[misc, no-any-return]
        typed = self.duplicate_form()
        if typed.looked_before:  # the panel has shown what there is for exactly these values
            return super().form_valid(form)  # type: ignore[misc, no-any-return]
        panel = Panel(self.kind, typed, stopped=True)
        weak_too = not typed.panel_answered
        to_see = {each.record.pk for each in panel.found if each.strong or weak_too}
        if to_see <= typed.accepted:
            return super().form_valid(form)  # type: ignore[misc, no-any-return]
        context = self.get_context_data(form=form, radar=panel)
        return self.render_to_response(context, status=422)  # type: ignore[attr-defined, no-any-return]

    def duplicate_form(self) -> DuplicateForm:
        record = getattr(self, "object", None)
        return FORMS[self.kind](self.request.POST, exclude=record.pk if record else None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """A form that comes back shows what there is; a fresh one only listens."""
        if "radar" not in kwargs:
            sent = self.request.method == "POST"
            kwargs["radar"] = Panel(self.kind, self.duplicate_form() if sent else None)
        return super().get_context_data(**kwargs)  # type: ignore[misc, no-any-return]
