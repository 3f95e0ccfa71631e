"""How fast an import is, against the floor: reading the file and inserting the same rows.

    python manage.py bench import [--books 100000] [--runs 3]

The floor reads the file with the import's own reader and inserts the publishers, authors, books
and contributions that came of it with `bulk_create`, in chunks of the same size, all decisions
already taken: what any program must do at least. Both run one after the other in processes of
their own, in this run, on empty tables of a database of their own beside that of DATABASE_URL.
"""

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
CHUNK = 2_000


def main(arguments: list[str]) -> None:
    """Print a table: speed of both, their ratio, peak memory of the worker and of the reader."""
    parser = ArgumentParser(prog="bench import")
    parser.add_argument("--books", type=int, default=100_000, help="in the largest file")
    parser.add_argument("--runs", type=int, default=3, help="the best of so many counts")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="colophon-bench-") as folder:
        files = [path for path in (SHARED / "goodbooks-10k.xlsx",) if path.exists()]
        files += [_generate(Path(folder), count) for count in sorted({10_000, options.books})]
        head = f"{'file':24} {'rows':>7} {'floor':>9} {'import':>9} {'ratio':>6}"
        _say(f"{head} {'peak RSS':>9} {'reader':>8}   (rows/s, best of {options.runs}; MB)")
        for path in files:
            floors, imports = [], []
            for _run in range(options.runs):
                with _database(Path(folder)) as env:
                    imports.append(_measure("import", path, env))
                    floors.append(_measure("floor", path, env))
            floor = max(floors, key=lambda run: run["rows"] / run["seconds"])
            done = max(imports, key=lambda run: run["rows"] / run["seconds"])
            speed = [run["rows"] / run["seconds"] for run in (floor, done)]
            _say(
                f"{path.name:24} {done['rows']:>7,} {speed[0]:>9,.0f} {speed[1]:>9,.0f} "
                f"{speed[1] / speed[0]:>6.2f} {done['rss']:>9} {done['reader_rss']:>8}"
            )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _generate(folder: Path, count: int) -> Path:
    """A clean file in which a third of the books has two authors and names come again."""
    path = folder / f"generated-{count}.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("Title,Author,Publisher,ISBN,Year,Language\n")
        for n in range(count):
            digits = f"978{n:09}"
            check = -sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10
            second = f"; Maria Writer{n % 9973:04}" if n % 3 == 0 else ""
            file.write(
                f'"The History of Subject {n}","Person Number{n * 7919 % (count // 3):05}{second}",'
                f'"House {n * 31 % 2903}",{digits}{check},{1900 + n % 120},eng\n'
            )
    return path


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of an installation with empty tables, on the server of DATABASE_URL."""
    place = folder / uuid4().hex
    place.mkdir()
    env = {**os.environ, "VAR_DIR": str(place), "MEDIA_ROOT": str(place / "media")}
    env["MAX_IMPORT_MB"] = "500"
    url = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not url.scheme.startswith("postgres"):
        env["DATABASE_URL"] = ""
        yield env
        return
    import psycopg

    name = f"colophon_bench_{uuid4().hex[:12]}"
    with psycopg.connect(url.geturl(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield {**env, "DATABASE_URL": url._replace(path=f"/{name}").geturl()}
    finally:
        with psycopg.connect(url.geturl(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _measure(what: str, path: Path, env: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_import", what, str(path)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


# --- In the processes of their own ----------------------------------------------------------


def run_import(path: Path) -> dict[str, Any]:
    from django.core.files.base import File
    from django.core.management import call_command

    from catalog.services import importing

    call_command("migrate", verbosity=0)
    with path.open("rb") as source:
        job = importing.create_job(file=File(source, name=path.name), filename=path.name)
    mapping = {column["index"]: column["field"] for column in job.options["columns"]}
    job = importing.start_here(job, mapping=mapping, on_duplicate="skip")
    began = time.perf_counter()
    importing.run(job)
    return {"rows": job.rows_done, "seconds": time.perf_counter() - began}


def run_floor(path: Path) -> dict[str, Any]:
    """Insert what the import has just made of the same file, into emptied tables."""
    from django.db import connection, transaction

    from catalog.importers import workbook
    from catalog.models import Author, Book, Contribution, ImportJob, Publisher
    from catalog.search import indexing
    from catalog.services.importing import files
    from catalog.text import chunks

    job = ImportJob.objects.get()
    publishers, authors = (
        list(Publisher.objects.order_by("pk")),
        list(Author.objects.order_by("pk")),
    )
    books = list(Book.objects.order_by("pk"))
    contributions = list(Contribution.objects.order_by("pk"))
    reading = files.options_of(job.options)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith("catalog_"):
                if connection.vendor == "postgresql":
                    cursor.execute(f'TRUNCATE "{table}" CASCADE')
                else:
                    cursor.execute("PRAGMA foreign_keys = OFF")
                    with contextlib.suppress(Exception):
                        cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA foreign_keys = ON")
        else:
            cursor.execute("VACUUM ANALYZE")
    began = time.perf_counter()
    rows = 0
    with workbook.rows(path, reading) as source:
        for _row in source:
            rows += 1
    with indexing.by_hand():
        for objects in (publishers, authors, books, contributions):
            for some in chunks(objects, CHUNK):
                with transaction.atomic():
                    type(some[0]).objects.bulk_create(some)
    return {"rows": rows, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")
    import django

    django.setup()
    result = {"import": run_import, "floor": run_floor}[sys.argv[1]](Path(sys.argv[2]))
    for name, who in (("rss", resource.RUSAGE_SELF), ("reader_rss", resource.RUSAGE_CHILDREN)):
        result[name] = resource.getrusage(who).ru_maxrss // 1024
    sys.stdout.write(json.dumps(result) + "\n")
