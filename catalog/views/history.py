"""What was changed: of one record, of all; and putting one change back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db import IntegrityError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from accounts.models import User
from catalog import comparison
from catalog.comparison import Difference
from catalog.forms.history import ChangesForm, PutBackForm
from catalog.models import BulkEdit, ImportJob, ImportRow, Publisher
from catalog.models.history import Source
from catalog.services import changes, history, recording
from catalog.services.changes import Change, Mark, Recent, heading, state
from catalog.services.deadlocks import again
from catalog.services.recording import ADDED, CHANGED, DELETED, MODELS
from site_config.views import PartialTemplateMixin


def names_of_publishers(snapshots: Iterable[Any]) -> dict[int, str]:
    """Of those that these snapshots of books point to, also when they are gone: one query, or two
    more."""
    ids = {row.publisher_id for row in snapshots if getattr(row, "publisher_id", None)}
    if not ids:
        return {}
    names = dict(Publisher.objects.filter(pk__in=ids).order_by().values_list("pk", "name"))
    if lost := ids - set(names):
        names |= {pk: row.name for pk, row in recording.latest("publisher", lost).items()}
    return names


def differences_of(
    model: type[Model], before: Any, after: Any, names: Collection[str], publishers: dict[int, str]
) -> list[Difference]:
    people = before.details.get("names", {}) | after.details.get("names", {})
    return comparison.compare(
        model, state(before), state(after), names, people=people, publishers=publishers
    )


# --- One record ------------------------------------------------------------------------------


@dataclass
class Entry:
    """One line of a history: who did what, when, how, and what was different afterwards."""

    at: datetime
    what: str  # "created", "imported", "changed", "deleted", "back"
    who: User | None = None
    how: str = ""
    pk: int | None = None  # of the snapshot
    job: ImportJob | None = None
    bulk: BulkEdit | None = None
    number: int | None = None  # the row of the file
    reason: str = ""
    undoes: int | None = None
    cut: bool = False  # there was more, which is not kept any more
    differences: Sequence[Difference] = field(default_factory=list)
    may_be_put_back: bool = False


class RecordHistoryView(TemplateView):
    """Every change of one record, newest first; for whoever is signed in.

    The history of a deleted record is for those who may bring it back.
    """

    template_name = "catalog/record_history.html"
    kind = ""

    @property
    def model(self) -> type[Any]:
        return MODELS[self.kind]

    @cached_property
    def record(self) -> Any | None:
        return self.model.objects.visible_to(self.request.user).filter(pk=self.kwargs["pk"]).first()

    def may(self, action: str) -> bool:
        return self.request.user.has_perm(f"catalog.{action}_{self.kind}")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pk = self.kwargs["pk"]
        if self.record is None and not self.may("delete"):
            raise Http404(_("There is no such record."))
        found, following = changes.changes_of(self.kind, pk, upto=self.upto)
        if self.record is None and not found:
            raise Http404(_("There is no such record."))
        entries = self.entries(found, is_end=following is None)
        return super().get_context_data(
            kind=self.kind,
            record=self.record,
            name=str(self.record) if self.record else heading(found[0].snapshot),
            entries=entries,
            following=following,
            is_first_page=self.upto is None,
            list_url=reverse(f"catalog:{self.kind}_list"),
            list_name=_list_name(self.kind),
            undelete_url=reverse(f"catalog:{self.kind}_undelete", args=(pk,)),
            **kwargs,
        )

    @cached_property
    def upto(self) -> int | None:
        """Where the page begins; anything that is no number means at the newest."""
        text = self.request.GET.get("upto", "")
        return int(text) if text.isdecimal() and len(text) < 19 else None

    def entries(self, found: Sequence[Change], *, is_end: bool) -> list[Entry]:
        rows = changes.import_rows_of(self.kwargs["pk"]) if self.kind == "book" else []
        if not found and self.record is not None:  # never changed: nothing was noted of it
            return [self._beginning(rows)]
        publishers: dict[int, str] = {}
        if any("publisher_id" in change.names for change in found):
            snapshots = [row for change in found for row in (change.snapshot, change.before) if row]
            publishers = names_of_publishers(snapshots)
        entries = [self._entry(change, rows, publishers) for change in found]
        if is_end:
            entries[-1].cut = _is_cut(found[-1].snapshot)
        return entries

    def _beginning(self, rows: Sequence[ImportRow]) -> Entry:
        record = self.record
        assert record is not None  # noqa: S101 - asked before
        row = next((row for row in rows if row.outcome == ImportRow.Outcome.CREATED), None)
        return Entry(
            at=record.created_at,
            what="imported" if row else "created",
            who=getattr(record, "created_by", None),
            job=row.job if row else None,
            number=row.number if row else None,
            cut=record.version > 1,
        )

    def _entry(
        self, change: Change, rows: Sequence[ImportRow], publishers: dict[int, str]
    ) -> Entry:
        snapshot, before = change.snapshot, change.before
        row = next((row for row in rows if row.job_id == snapshot.import_job_id), None)
        entry = Entry(
            at=snapshot.history_date,
            what=_what(snapshot, before),
            who=snapshot.history_user,
            how=_how(snapshot),
            pk=snapshot.history_id,
            job=snapshot.import_job,
            bulk=snapshot.bulk_edit,
            number=row.number if row else None,
            undoes=history.undone_by_reason(snapshot.history_change_reason),
        )
        if entry.undoes is None:
            entry.reason = snapshot.history_change_reason or ""
        if snapshot.history_type == CHANGED and before is not None:
            entry.differences = differences_of(
                self.model, before, snapshot, change.names, publishers
            )
            entry.may_be_put_back = bool(
                self.record and self.may("change") and history.changed_by(before, snapshot)
            )
        return entry


def _what(snapshot: Any, before: Any | None) -> str:
    if snapshot.history_type == DELETED:
        return "deleted"
    if snapshot.history_type == ADDED:
        if before is not None:
            return "back"
        return "imported" if snapshot.import_job_id else "created"
    return "changed"


def _is_cut(first: Any) -> bool:
    """Does the history begin later than the record? See `clean_old_history`."""
    return bool(first.history_type != ADDED or first.version > 1)


def _how(snapshot: Any) -> str:
    """In a list, through the API…; not said where it is the usual or said otherwise."""
    if snapshot.bulk_edit_id:
        return _("together with others")
    return {
        Source.FORM: "",
        Source.IMPORT: "",
        Source.UNDO: "",
        Source.LIST: _("in the list"),
        Source.API: _("through the API"),
        Source.ADMIN: _("in the administration"),
        Source.COMMAND: _("by a command"),
    }.get(snapshot.source, "")


def _list_name(kind: str) -> str:
    return {"book": _("Books"), "author": _("Authors"), "publisher": _("Publishers")}[kind]


# --- Putting one change back -----------------------------------------------------------------


class ChangeRevertView(PermissionRequiredMixin, View):
    """Sets the fields of one change to what they were before it.

    A field that was changed again since is asked about first, with what it is now.
    """

    http_method_names = ["post"]
    raise_exception = True
    template_name = "catalog/history_put_back.html"

    @property
    def kind(self) -> str:
        if self.kwargs["kind"] not in MODELS:
            raise Http404(_("There is no such kind of record."))
        return str(self.kwargs["kind"])

    def get_permission_required(self) -> tuple[str]:
        return (f"catalog.change_{self.kind}",)

    @cached_property
    def change(self) -> Any:
        rows = recording.snapshots(self.kind).select_related("history_user")
        found = rows.filter(history_id=self.kwargs["pk"]).first()
        if found is None:
            raise Http404(_("This change is not kept any more."))
        return found

    @again
    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        assert isinstance(request.user, User)  # noqa: S101 - the permission says so
        form = PutBackForm(request.POST)
        only, seen = form.answer()
        if only is not None and not only:
            messages.info(request, _("No field was chosen: the record is as it was."))
            return HttpResponseRedirect(self.back)
        try:
            done = history.put_back(self.change, user=request.user, only=only, seen=seen)
        except history.ChangedSince as since:
            return self.ask(since)
        except history.CannotPutBack as problem:
            messages.error(request, str(problem))
        except IntegrityError:
            messages.error(request, _("Somebody saved in the same moment. Try again."))
        else:
            self.say(done)
        return HttpResponseRedirect(self.back)

    @property
    def back(self) -> str:
        return reverse(f"catalog:{self.kind}_history", args=(self.change.id,))

    def say(self, done: bool) -> None:
        if done:
            messages.success(self.request, _("The change is put back."))
        else:
            messages.info(self.request, _("Nothing was left to do: it is as it was before."))

    def ask(self, since: history.ChangedSince) -> HttpResponse:
        """Each field with what it would become and what it is now."""
        change = self.change
        before = changes.previous(self.kind, [change])[change.history_id]
        now = recording.now(self.kind, [change.id])[change.id]
        publishers = names_of_publishers([before, now])
        names = history.changed_by(before, change)
        fields = differences_of(MODELS[self.kind], now, before, names, publishers)
        context = {
            "kind": self.kind,
            "change": change,
            "name": heading(now),
            "back": self.back,
            "version": since.version,
            "fields": [(item, item.name in since.names) for item in fields],
        }
        return render(self.request, self.template_name, context, status=409)


# --- All records -----------------------------------------------------------------------------


@dataclass
class Line:
    """One of the recent changes."""

    at: datetime
    who: User | None
    what: str
    kind: str
    name: str
    url: str = ""
    history_url: str = ""
    how: str = ""
    number: int = 0


class ChangesView(PartialTemplateMixin, TemplateView):
    """The latest changes of all records; an import or a bulk change is one line."""

    template_name = "catalog/history_changes.html"
    partial_name = "changes"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = ChangesForm(self.request.GET)
        before = Mark.read(self.request.GET.get("before", ""))
        lines: list[Line] = []
        following = None
        if form.is_valid():
            found, following = changes.recent(user=form.person, before=before)
            lines = self.lines(found)
        return super().get_context_data(
            form=form,
            lines=lines,
            following=following,
            is_first_page=before is None,
            **kwargs,
        )

    def lines(self, found: Sequence[Recent]) -> list[Line]:
        """With links to the records that are still there: a query for each kind."""
        there = {
            kind: set(
                model._base_manager.filter(
                    pk__in=[line.row.id for line in found if line.stream == kind]
                ).values_list("pk", flat=True)
            )
            for kind, model in MODELS.items()
        }
        return [self._shown(line, there) for line in found]

    def _shown(self, line: Recent, there: dict[str, set[int]]) -> Line:
        if line.stream == "import":
            return self._import(line.row)
        return self._bulk(line.row) if line.stream == "bulk" else self._line(line, there)

    def _line(self, line: Recent, there: dict[str, set[int]]) -> Line:
        row, kind = line.row, line.stream
        is_there = row.id in there[kind]
        with_history = is_there or self.request.user.has_perm(f"catalog.delete_{kind}")
        return Line(
            at=row.history_date,
            who=row.history_user,
            what={ADDED: "created", CHANGED: "changed", DELETED: "deleted"}[row.history_type],
            kind=kind,
            name=heading(row),
            url=reverse(f"catalog:{kind}_detail", args=(row.id,)) if is_there else "",
            history_url=reverse(f"catalog:{kind}_history", args=(row.id,)) if with_history else "",
            how=_how(row),
        )

    def _import(self, job: ImportJob) -> Line:
        may_see = self.request.user.has_perm("catalog.view_importjob")
        return Line(
            at=job.created_at,
            who=job.created_by,
            what="imported",
            kind="import",
            name=job.filename,
            url=job.get_absolute_url() if may_see else "",
            number=job.created + job.updated,
        )

    def _bulk(self, edit: BulkEdit) -> Line:
        may_see = self.request.user.has_perm("catalog.view_bulkedit")
        return Line(
            at=edit.created_at,
            who=edit.created_by,
            what=f"bulk-{edit.action}",
            kind="bulk",
            name="",
            url=reverse("catalog:bulk_edit_detail", args=(edit.pk,)) if may_see else "",
            number=edit.changed,
        )
