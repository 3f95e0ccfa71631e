"""The import on each database, and two imports at once."""

import json
import subprocess
import sys

import pytest

from tests.catalog.services.shelf import as_csv, books
from tests.services.conftest import ROOT

pytestmark = pytest.mark.services


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def here(request, install):
    if request.param == "sqlite":
        return install()
    return install(DATABASE_URL=request.getfixturevalue(request.param))


def test_every_rule_for_duplicates_works(here):
    path = here.folder / "books.csv"
    path.write_bytes(as_csv(books(3_000)))
    results = [
        json.loads(here.manage("import_books", str(path), "--json", "--on-duplicate", rule))
        for rule in ("skip", "skip", "update", "add")
    ]
    figures = [(r["created"], r["updated"], r["skipped"], r["rejected"]) for r in results]
    assert figures == [(3000, 0, 0, 0), (0, 0, 3000, 0), (0, 0, 3000, 0), (3000, 0, 0, 0)]
    assert [r["authors_created"] for r in results] == [7, 0, 0, 0]

    fuller = [{**book, "pages": 99, "subtitle": "né"} for book in books(3_000)]
    path.write_bytes(as_csv(fuller))
    update = here.manage("import_books", str(path), "--json", "--on-duplicate", "update")
    assert json.loads(update)["updated"] == 3_000
    assert here.ask("SELECT COUNT(*) FROM catalog_book WHERE pages = 99 AND version = 2") == (3000,)


def test_two_imports_at_once_neither_fail_nor_make_anybody_twice(here):
    """The same 9,000 people and 500 publishers in opposite order, in two processes."""
    people = {
        "authors": lambda n: f"Person Number{n:05}",
        "publisher": lambda n: f"House {n % 500}",
    }
    files = []
    for offset, step in ((0, 1), (20_000, -1)):
        rows = books(9_000, **people)[::step]
        for row in rows:
            row["isbn"] = ""
            row["title"] += f" of {offset}"
        files.append(here.folder / f"{offset}.csv")
        files[-1].write_bytes(as_csv(rows))
    running = [
        subprocess.Popen(
            [sys.executable, "manage.py", "import_books", str(path), "--json"],
            cwd=ROOT,
            env=here.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for path in files
    ]
    results = []
    for process in running:
        out, err = process.communicate(timeout=180)
        assert process.returncode == 0, err.decode()[-3000:]
        results.append(json.loads(out))
    assert [(r["created"], r["rejected"]) for r in results] == [(9_000, 0), (9_000, 0)]
    assert here.ask("SELECT COUNT(*) FROM catalog_author") == (9_000,)
    assert here.ask("SELECT COUNT(*) FROM catalog_publisher") == (500,)
    assert sum(r["authors_created"] for r in results) == 9_000
    assert sum(r["publishers_created"] for r in results) == 500
    assert here.ask("SELECT count FROM catalog_tally WHERE facet = 'total'") == (18_000,)
