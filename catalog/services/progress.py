"""How far a job has come, in the figures and words that its page shows.

One function for the page, its JSON and what is pushed to open pages, so that a reload shows what
the live page showed.
"""

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import BulkEdit, ImportJob

State = ImportJob.State
UNITS = 1000  # the width of the bar


@dataclass(frozen=True)
class Segment:
    """A stretch of the bar."""

    kind: str
    start: int
    width: int


@dataclass(frozen=True)
class Figure:
    """A counter as the page shows it; `shown` names the rows that it counts, if they are kept."""

    kind: str
    label: str
    count: int
    shown: str = ""


@dataclass(frozen=True)
class Progress:
    percent: int
    segments: tuple[Segment, ...]
    figures: tuple[Figure, ...]
    rate: int | None  # rows a second
    took: str  # "in 5 seconds" of work, at the end
    left: str  # "about 2 minutes left", or nothing while nobody can tell
    announcement: str  # for screen readers: changes every 10 % and at the end
    ahead: int | None  # jobs before this one; None unless it waits
    running: bool  # it works or waits for its turn: the page changes by itself

    @property
    def units(self) -> int:
        return UNITS


def of(job: ImportJob) -> Progress:
    """The figures of a job; two queries while it waits, none otherwise."""
    percent = _percent(job)
    rate = _rate(job)
    return Progress(
        percent=percent,
        segments=_segments(job),
        figures=_figures(job),
        took=_took(job),
        rate=round(rate) if rate else None,
        left=_left(job, rate),
        announcement=_announcement(job, percent),
        ahead=job.waiting_before() if job.state == State.QUEUED else None,
        running=job.state in (State.QUEUED, State.RUNNING),
    )


@dataclass(frozen=True)
class BulkProgress:
    """How far a bulk change has come."""

    percent: int
    left: str
    announcement: str
    ahead: int | None
    running: bool


def of_bulk(job: BulkEdit) -> BulkProgress:
    percent = job.done * 100 // job.total if job.total else 0
    return BulkProgress(
        percent=100 if job.state == State.DONE else percent,
        left=_bulk_left(job),
        announcement=_bulk_announcement(job, percent),
        ahead=job.waiting_before() if job.state == State.QUEUED else None,
        running=job.is_running,
    )


def _bulk_left(job: BulkEdit) -> str:
    if not (job.state == State.RUNNING and job.done and job.started_at and job.heartbeat_at):
        return ""
    seconds = (job.heartbeat_at - job.started_at).total_seconds()
    return _time_left(seconds / job.done * max(job.total - job.done, 0)) if seconds > 0 else ""


def _bulk_announcement(job: BulkEdit, percent: int) -> str:
    counts = {"changed": number_format(job.changed), "done": number_format(job.done)}
    if job.state == State.RUNNING:
        return _("%(percent)d percent done.") % {"percent": percent // 10 * 10}
    if job.state == State.DONE:
        return _("Finished: %(changed)s changed.") % counts
    if job.state == State.CANCELLED:
        said = ngettext("Stopped after %(done)s book.", "Stopped after %(done)s books.", job.done)
        return said % counts
    if job.state == State.FAILED:
        return _("It failed. %(reason)s") % {"reason": job.error}
    return ""


def _percent(job: ImportJob) -> int:
    """Rounded down: 100 only when every row is done."""
    if job.state == State.DONE:
        return 100
    return min(job.rows_done * 100 // job.rows, 100) if job.rows else 0


def _segments(job: ImportJob) -> tuple[Segment, ...]:
    total = max(job.rows, job.rows_done)
    if not total:
        return ()
    taken = job.rows_done - job.rejected - job.skipped
    warned = max(min(job.warned, taken), 0)
    counts = (
        ("good", taken - warned),
        ("warned", warned),
        ("skipped", job.skipped),
        ("rejected", job.rejected),
    )
    segments, before = [], 0
    for kind, count in counts:
        start, end = before * UNITS // total, (before + count) * UNITS // total
        if count > 0:
            # A handful among ten thousand is still to be seen.
            segments.append(Segment(kind, min(start, UNITS - 3), max(end - start, 3)))
        before += count
    return tuple(segments)


def _figures(job: ImportJob) -> tuple[Figure, ...]:
    return (
        Figure("good", _("created"), job.created, "created"),
        Figure("good", _("updated"), job.updated, "updated"),
        Figure("plain", _("skipped"), job.skipped, "skipped"),
        Figure("plain", _("repaired"), job.repaired, "repaired"),
        Figure("warned", _("to look at"), job.warned, "warned"),
        Figure("rejected", _("rejected"), job.rejected, "rejected"),
        Figure("plain", _("new authors"), job.authors_created),
        Figure("plain", _("new publishers"), job.publishers_created),
    )


def _took(job: ImportJob) -> str:
    if job.state != State.DONE:
        return ""
    seconds = round(job.seconds)
    if seconds < 1:
        return _("in less than a second")
    if seconds < 120:
        return ngettext("in %(count)d second", "in %(count)d seconds", seconds) % {"count": seconds}
    minutes = round(seconds / 60)
    return ngettext("in %(count)d minute", "in %(count)d minutes", minutes) % {"count": minutes}


def _rate(job: ImportJob) -> float:
    return job.rows_done / job.seconds if job.rows_done and job.seconds > 0 else 0.0


def _left(job: ImportJob, rate: float) -> str:
    if job.state != State.RUNNING or not rate:
        return ""
    return _time_left(max(job.rows - job.rows_done, 0) / rate)


def _time_left(exactly: float) -> str:
    seconds = round(exactly)
    if seconds < 2:
        return _("nearly done")
    if seconds < 90:
        return ngettext("about %(count)d second left", "about %(count)d seconds left", seconds) % {
            "count": seconds
        }
    minutes = round(seconds / 60)
    if minutes < 90:
        return ngettext("about %(count)d minute left", "about %(count)d minutes left", minutes) % {
            "count": minutes
        }
    hours = round(minutes / 60)
    return ngettext("about %(count)d hour left", "about %(count)d hours left", hours) % {
        "count": hours
    }


def _announcement(job: ImportJob, percent: int) -> str:
    if job.state == State.RUNNING:
        return _("%(percent)d percent done.") % {"percent": percent // 10 * 10}
    if job.state == State.DONE:
        return _("Finished: %(created)s created, %(rejected)s rejected.") % {
            "created": number_format(job.created),
            "rejected": number_format(job.rejected),
        }
    if job.state == State.CANCELLED:
        said = ngettext(
            "Stopped after %(count)s row.", "Stopped after %(count)s rows.", job.rows_done
        )
        return said % {"count": number_format(job.rows_done)}
    if job.state == State.FAILED:
        return _("The import failed. %(reason)s") % {"reason": job.error}
    return ""
