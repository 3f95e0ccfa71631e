"""What keeping a history costs: an import, filling in a tenth of it, and one save.

    python manage.py bench history [--books 100000]

Run it on an empty database. To compare with a commit from before the history, copy this file
into a worktree of that commit. Processor seconds are those of this process alone: they hold on a
busy machine, where the clock says little.
"""

import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks.bench_import import _generate

SAVES = 150


def main(arguments: list[str]) -> None:
    parser = ArgumentParser(prog="bench history")
    parser.add_argument("--books", type=int, default=100_000)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="colophon-bench-") as folder:
        path = _generate(Path(folder), options.books)
        _say("import", _import(path, "skip"))
        _say("fill in", _import(_with_pages(path, options.books // 10), "update"))
    from catalog.models import Book

    ids = list(Book.objects.order_by("-pk").values_list("pk", flat=True)[:SAVES])
    for what in ("first change", "later change"):
        times = sorted(_saves(ids, what))
        _say(what, f"{times[0]:.1f} ms at best, {times[len(times) // 2]:.1f} in the middle")


def _say(what: str, text: str) -> None:
    sys.stdout.write(f"{what:14} {text}\n")
    sys.stdout.flush()


def _with_pages(path: Path, count: int) -> Path:
    """The first rows again, with a column that their books lack."""
    head, *lines = path.read_text(encoding="utf-8").splitlines()[: count + 1]
    rows = [f"{line},{100 + number % 900}" for number, line in enumerate(lines)]
    fill = path.with_name("fill.csv")
    fill.write_text("\n".join([f"{head},Pages", *rows]), encoding="utf-8")
    return fill


def _import(path: Path, rule: str) -> str:
    from django.core.files.base import File

    from catalog.services import importing

    with path.open("rb") as source:
        job = importing.create_job(file=File(source, name=path.name), filename=path.name)
    mapping = {column["index"]: column["field"] for column in job.options["columns"]}
    job = importing.start_here(job, mapping=mapping, on_duplicate=rule)
    clock, processor = time.perf_counter(), time.process_time()
    importing.run(job)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    return f"{job.rows_done:,} rows: {processor:.1f} s of the processor, {clock:.1f} s by the clock"


def _saves(ids: Iterable[int], subtitle: str) -> Iterable[float]:
    from catalog.models import Book

    for pk in ids:
        book = Book.objects.get(pk=pk)
        book.subtitle = f"{subtitle} {pk}"
        began = time.perf_counter()
        book.save()
        yield (time.perf_counter() - began) * 1_000
