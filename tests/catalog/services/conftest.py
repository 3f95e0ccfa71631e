"""Files and jobs for the tests of the import."""

from collections.abc import Callable, Iterable

import pytest
from django.core.files.base import ContentFile

from catalog.models import ImportJob
from catalog.services import importing
from tests.catalog.services.shelf import HEADERS, Book, as_csv


@pytest.fixture(autouse=True)
def _uploads(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path / "media")


@pytest.fixture
def make_job(db) -> Callable[..., ImportJob]:
    """`make_job(books(3), on_duplicate="skip")` is claimed; with `queue` it waits instead."""

    def make(rows: Iterable[Book], *, on_duplicate: str = "skip", queue: bool = False) -> ImportJob:
        rows = list(rows)
        job = importing.create_job(
            file=ContentFile(as_csv(rows), "books.csv"), filename="books.csv"
        )
        fields = [field for field in HEADERS if any(field in row for row in rows)]
        mapping = dict(enumerate(fields))
        job.options["column_options"] = {}
        if not queue:
            return importing.start_here(job, mapping=mapping, on_duplicate=on_duplicate)
        ImportJob.objects.filter(pk=job.pk).update(options=job.options)
        importing.start(job, mapping=mapping, on_duplicate=on_duplicate)
        return job

    return make
