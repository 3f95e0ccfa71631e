"""`manage.py import_books FILE`: an import in the foreground, by the same code as on the page."""

import json
import resource
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from catalog.importers.cells import column_letter, display_name
from catalog.importers.fields import FIELDS
from catalog.importers.guard import UnreadableFile
from catalog.models import ImportJob
from catalog.services import importing
from catalog.text import match_key

BAR = 30  # characters


class Command(BaseCommand):
    help = "Import a spreadsheet (.xlsx, .xls, .ods, .csv, .tsv) into the catalogue."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--on-duplicate",
            choices=ImportJob.OnDuplicate.values,
            default=ImportJob.OnDuplicate.SKIP.value,
            help="What to do with a book whose ISBN is there already (default: skip the row).",
        )
        parser.add_argument("--sheet", default="", help="The sheet, if not the most likely one.")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="COLUMN=FIELD",
            help="What a column means, where the guess is wrong. The column by its header, letter "
            f"or number; the field is one of: {', '.join(FIELDS)}. May be given several times.",
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object, only.")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        job = self.take_in(options["file"], options["sheet"])
        try:
            mapping = self.mapping(job, options["map"])
            job = importing.start_here(job, mapping=mapping, on_duplicate=options["on_duplicate"])
        except (CommandError, importing.MappingError) as error:
            importing.discard(job)
            raise CommandError(str(error)) from error
        try:
            importing.run(job, on_chunk=self.show if sys.stderr.isatty() else None)
        except KeyboardInterrupt:
            importing.stop(job)
        if sys.stderr.isatty():
            self.stderr.write("")
        seconds = time.monotonic() - began
        if job.state == ImportJob.State.FAILED:
            raise CommandError(job.error)
        if options["json"]:
            self.stdout.write(json.dumps(figures(job, seconds)))
        else:
            self.stdout.write(summary(job, seconds))
        if job.state != ImportJob.State.DONE:
            raise CommandError(
                _("Stopped after %(count)d rows.") % {"count": job.rows_done}, returncode=130
            )

    def take_in(self, path: Path, sheet: str) -> ImportJob:
        try:
            with path.open("rb") as source:
                filename = display_name(path.name) or "import"
                job = importing.create_job(file=File(source, name=path.name), filename=filename)
        except OSError as error:
            raise CommandError(
                _("%(path)s cannot be read: %(reason)s.")
                % {"path": path, "reason": error.strerror or error}
            ) from error
        except UnreadableFile as error:
            raise CommandError(str(error.message())) from error
        if sheet:
            self.choose_sheet(job, sheet)
        return job

    def choose_sheet(self, job: ImportJob, sheet: str) -> None:
        names = [each["name"] for each in job.options["sheets"]]
        problem = ""
        if sheet not in names:
            problem = _("There is no sheet “%(sheet)s”. The file has: %(names)s.") % {
                "sheet": sheet,
                "names": ", ".join(names),
            }
        else:
            try:
                importing.remap(job, sheet=sheet, header_row=None, encoding="", delimiter="")
            except UnreadableFile as error:
                problem = str(error.message())
        if problem:
            importing.discard(job)
            raise CommandError(problem)

    def mapping(self, job: ImportJob, chosen: list[str]) -> dict[int, str]:
        """The guess, corrected by what the command line says."""
        columns = job.options["columns"]
        mapping = {column["index"]: column["field"] for column in columns}
        for text in chosen:
            name, _equals, field = text.rpartition("=")
            field = field.strip()
            if not name:
                raise CommandError(
                    _("--map takes COLUMN=FIELD, such as “Titel=title”, not “%(text)s”.")
                    % {"text": text}
                )
            if field not in FIELDS:
                raise CommandError(
                    _("There is no field “%(field)s”. The fields are: %(fields)s.")
                    % {"field": field, "fields": ", ".join(FIELDS)}
                )
            index = find_column(columns, name)
            if not FIELDS[field].multiple:  # what was said outweighs what was guessed
                mapping = {i: "ignore" if f == field else f for i, f in mapping.items()}
            mapping[index] = field
        return mapping

    def show(self, job: ImportJob) -> None:
        share = job.rows_done / max(job.rows, 1)
        done = "█" * round(share * BAR)
        self.stderr.write(f"\r{done:░<{BAR}} {share:4.0%}  {job.rows_done} / {job.rows}", ending="")
        self.stderr.flush()


def find_column(columns: list[dict[str, Any]], name: str) -> int:
    """The index of a column given by its header, its letter or its number, tried in this order."""
    wanted = name.strip()
    for column in columns:
        if match_key(str(column["header"])) == match_key(wanted) and wanted:
            return int(column["index"])
    for column in columns:
        index = int(column["index"])
        if wanted.upper() == column_letter(index) or wanted == str(index + 1):
            return index
    headers = ", ".join(str(column["header"]) for column in columns)
    raise CommandError(
        _("There is no column “%(column)s”. The columns are: %(columns)s.")
        % {"column": wanted, "columns": headers}
    )


def figures(job: ImportJob, seconds: float) -> dict[str, Any]:
    return {
        "rows": job.rows_done,
        "created": job.created,
        "updated": job.updated,
        "skipped": job.skipped,
        "rejected": job.rejected,
        "repaired": job.repaired,
        "warnings": job.warned,
        "authors_created": job.authors_created,
        "publishers_created": job.publishers_created,
        "seconds": round(seconds, 3),
        "peak_rss_mb": _peak(resource.RUSAGE_SELF),
        "reader_peak_rss_mb": _peak(resource.RUSAGE_CHILDREN),
        "job": job.pk,
        "state": job.state,
    }


def summary(job: ImportJob, seconds: float) -> str:
    return _(
        "%(rows)d rows in %(seconds).1f s: %(created)d created, %(updated)d updated, "
        "%(skipped)d skipped, %(rejected)d rejected, %(repaired)d repaired, "
        "%(warned)d with a warning."
    ) % {
        "rows": job.rows_done,
        "seconds": seconds,
        "created": job.created,
        "updated": job.updated,
        "skipped": job.skipped,
        "rejected": job.rejected,
        "repaired": job.repaired,
        "warned": job.warned,
    }


def _peak(who: int) -> int:
    """Megabytes; the kernel counts in kilobytes, macOS in bytes."""
    return resource.getrusage(who).ru_maxrss // (1 if sys.platform != "darwin" else 1024) // 1024
