"""Deleting a record, undoing that, and what its old address says afterwards."""

from collections.abc import Iterator
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import DeleteView, View

from accounts.models import User
from catalog.forms.deleting import (
    DeleteForm,
    MoveAuthorBooksForm,
    MoveBooksForm,
    MovePublisherBooksForm,
)
from catalog.models import Attachment, Author, Book, BulkEdit, Contribution, Note, Publisher
from catalog.models.versioned import RecordGone
from catalog.presentation import book_row
from catalog.search import kept
from catalog.services import bulk_edit, deleting
from catalog.services.deadlocks import again
from catalog.services.deleting import name_of
from catalog.services.history import CannotPutBack
from catalog.views.resuming import ResumedFormMixin
from site_config.views import undoable, wants_json

SHOWN = 10  # books on the page that asks


def list_url(kind: str, query: str = "") -> str:
    """The list that somebody came from, in the state that it had."""
    url = reverse(f"catalog:{kind}_list")
    state = QueryDict(query.lstrip("?")).urlencode()
    return f"{url}?{state}" if state else url


# --- The address of what is deleted ----------------------------------------------------------


class DeletedRecordMixin(View):
    """The old address of a deleted record says so, and offers to bring it back.

    To whoever may change records; for everybody else there is no such page. Stands first among
    the bases of a view with `pk` in its address.
    """

    deleted_kind: ClassVar[str] = ""  # "" for the kind of the view's model

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404:
            page = self.deleted_page(request, kwargs["pk"])
            if page is None:
                raise
            return page

    def deleted_page(self, request: HttpRequest, pk: int) -> HttpResponse | None:
        kind = self.deleted_kind or str(self.model._meta.model_name)  # type: ignore[attr-defined]
        if wants_json(request) or not request.user.has_perm(f"catalog.change_{kind}"):
            return None
        last = deleting.last_words(kind, pk)
        if last is None:
            return None
        context = {
            "name": name_of(last),
            "snapshot": last,
            "kind": kind,
            "may_undelete": request.user.has_perm(f"catalog.delete_{kind}"),
            "undelete_url": reverse(f"catalog:{kind}_undelete", args=(pk,)),
            "list_url": list_url(kind),
            "typed": request.method == "POST",
        }
        return render(request, "catalog/record_deleted.html", context, status=404)


# --- Deleting --------------------------------------------------------------------------------


class RecordDeleteView(PermissionRequiredMixin, DeletedRecordMixin, ResumedFormMixin, DeleteView):
    """Asks by GET, deletes by POST, and leads back to the list with a way to undo it."""

    raise_exception = True
    object: Any

    @property
    def kind(self) -> str:
        assert self.model is not None  # noqa: S101 - tells the type checker
        return str(self.model._meta.model_name)

    def get_permission_required(self) -> tuple[str]:
        return (f"catalog.delete_{self.kind}",)

    def get_queryset(self) -> QuerySet[Any]:
        assert self.model is not None  # noqa: S101 - tells the type checker
        records: Any = self.model._default_manager
        found: QuerySet[Any] = records.visible_to(self.request.user)
        return found

    def get_form_class(self) -> Any:
        return DeleteForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"record": self.object}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        from_list = "list" in self.request.GET
        return super().get_context_data(
            kind=self.kind,
            list_url=list_url(self.kind),
            cancel_url=self.get_success_url() if from_list else self.object.get_absolute_url(),
            notes=Note.objects.of(self.object).count(),
            files=Attachment.objects.of(self.object).count(),
            **kwargs,
        )

    def get_success_url(self) -> str:
        return list_url(self.kind, self.request.GET.get("list", ""))

    @again
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def form_valid(self, form: Any) -> HttpResponse:
        pk, name = self.object.pk, str(self.object)
        try:
            done = deleting.delete_record(self.object, person(self.request), **form.options)
        except RecordGone:
            return self.gone(pk, name)
        except (deleting.StillHasBooks, deleting.ReplacementGone) as error:
            return self.not_deleted(form, error)
        return self.leave(pk, self.said(name, done))

    def said(self, name: str, done: deleting.Deletion) -> str:
        if not done.moved:
            return _("“%(name)s” was deleted.") % {"name": name}
        return ngettext(
            "“%(name)s” was deleted, and its %(number)s book was changed.",
            "“%(name)s” was deleted, and its %(number)s books were changed.",
            done.moved,
        ) % {"name": name, "number": number_format(done.moved)}

    def deleted_page(self, request: HttpRequest, pk: int) -> HttpResponse | None:
        """The second of two clicks and the slower of two managers get what they wanted."""
        last = deleting.last_words(self.kind, pk) if request.method == "POST" else None
        return super().deleted_page(request, pk) if last is None else self.gone(pk, name_of(last))

    def gone(self, pk: int, name: str) -> HttpResponse:
        return self.leave(pk, _("“%(name)s” is deleted already.") % {"name": name})

    def leave(self, pk: int, text: str) -> HttpResponse:
        undoable(self.request, text, reverse(f"catalog:{self.kind}_undelete", args=(pk,)))
        return HttpResponseRedirect(self.get_success_url())

    def not_deleted(self, form: Any, error: Exception) -> HttpResponse:
        raise error


class BookDeleteView(RecordDeleteView):
    model = Book

    def get_queryset(self) -> QuerySet[Book]:
        return super().get_queryset().for_detail()  # type: ignore[attr-defined, no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        credits = list(self.object.contributions.all())
        return super().get_context_data(credits=credits, row=book_row(self.object), **kwargs)


class HasBooksDeleteView(RecordDeleteView):
    """Whoever still has books: the page says which, and asks what is to become of them."""

    move_form: ClassVar[type[MoveBooksForm]]

    def get_form_class(self) -> Any:
        return self.move_form if self.number else DeleteForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"books": self.number}

    @cached_property
    def number(self) -> int:
        """How many books there are; of very many only that they are too many to move now."""
        return len(deleting.books_of(self.object, deleting.AT_ONCE + 1))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        too_many = self.number > deleting.AT_ONCE
        number = self.count() if too_many else self.number
        books = Book.objects.for_list().filter(pk__in=deleting.books_of(self.object, SHOWN))
        return super().get_context_data(
            number=number,
            number_label=number_format(number),
            too_many=too_many,
            most_label=number_format(deleting.AT_ONCE),
            rows=[book_row(book) for book in books.order_by("sort_title", "pk")] if number else [],
            more=number_format(number - SHOWN) if number > SHOWN else "",
            books_url=list_url("book", self.books_query),
            **kwargs,
        )

    def count(self) -> int:
        raise NotImplementedError

    @property
    def books_query(self) -> str:
        """Its books as a list."""
        return f"{self.kind}={self.object.pk}"

    def not_deleted(self, form: Any, error: Exception) -> HttpResponse:
        if isinstance(error, deleting.ReplacementGone):
            form.refuse_replacement()
            return self.form_invalid(form)
        if isinstance(error, deleting.TooManyBooks):
            return self.move_first(form)
        # Books came in between: the page shows them, and what was chosen stays chosen.
        del self.number
        form = self.move_form(**self.get_form_kwargs() | {"data": self.with_number()})
        form.is_valid()
        form.add_error(None, _("Meanwhile a book was added: nothing was deleted yet. Look again."))
        return self.form_invalid(form)

    def move_first(self, form: Any) -> HttpResponse:
        """A change of its own, with its preview; whoever is to be deleted then has no books."""
        job = bulk_edit.draft(
            cast(User, self.request.user),
            BulkEdit.Action.CHANGE,
            filtered=self.books_query,
            list_=self.books_query,
            change=form.change,
        )
        return redirect("catalog:bulk_edit_preview", pk=job.pk)

    def with_number(self) -> QueryDict:
        """What was sent, with the number of books that the page shows now."""
        data = self.request.POST.copy()
        data["books"] = str(self.number)
        return data


class PublisherDeleteView(HasBooksDeleteView):
    model = Publisher
    move_form = MovePublisherBooksForm

    def count(self) -> int:
        key = str(self.object.pk)
        return kept.of("publisher", [key]).get(key, 0)


class AuthorDeleteView(HasBooksDeleteView):
    model = Author
    move_form = MoveAuthorBooksForm

    def count(self) -> int:
        credits = Contribution.objects.filter(author=self.object)
        return int(credits.aggregate(number=Count("book", distinct=True))["number"])


# --- Undoing it ------------------------------------------------------------------------------


class RecordUndeleteView(PermissionRequiredMixin, View):
    """Brings a deleted record back: the button of the message, of its old page, of its history."""

    http_method_names = ["post"]
    raise_exception = True
    kind = ""

    def get_permission_required(self) -> tuple[str]:
        return (f"catalog.delete_{self.kind}",)

    @again
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            back = deleting.undelete(self.kind, pk, person(request))
        except deleting.AlreadyThere:
            messages.info(request, _("It is in the catalogue: somebody has brought it back."))
            return HttpResponseRedirect(reverse(f"catalog:{self.kind}_detail", args=(pk,)))
        except deleting.NeverThere:
            raise Http404(_("Nothing with this number was deleted.")) from None
        except CannotPutBack as error:
            messages.error(request, str(error))
            namesake = getattr(error, "record", None)
            return HttpResponseRedirect(
                namesake.get_absolute_url() if namesake else list_url(self.kind)
            )
        messages.success(request, " ".join(self.said(back)))
        return HttpResponseRedirect(back.record.get_absolute_url())

    def said(self, back: deleting.Return) -> Iterator[str]:
        yield _("“%(name)s” is back.") % {"name": back.record}
        if back.also:
            names = ", ".join(_("“%(name)s”") % {"name": name} for name in back.also)
            yield _("Deleted as well, and back with it: %(names)s.") % {"names": names}
        if back.moved:
            yield ngettext(
                "%(number)s book is its own again.",
                "%(number)s books are its own again.",
                back.moved,
            ) % {"number": number_format(back.moved)}
        if back.left:
            yield ngettext(
                "%(number)s book stays as it is: somebody has changed it since.",
                "%(number)s books stay as they are: somebody has changed them since.",
                back.left,
            ) % {"number": number_format(back.left)}


def person(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
