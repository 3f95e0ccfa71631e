"""kill -9 in the middle of a bulk change: it finishes by itself, every book is changed once."""

import pytest

from tests.services.conftest import Installation, kill, wait_for

pytestmark = pytest.mark.services
BOOKS = 6_000  # twelve chunks
QUEUE = """
from accounts.models import User
from catalog.models import Book, BulkEdit
from catalog.services import bulk_edit
user = User.objects.create(username="cataloguer")
job = bulk_edit.draft(user, "change", filtered="", list_="")
BulkEdit.objects.filter(pk=job.pk).update(changes={"language": "lat"})
job.refresh_from_db()
ids = list(Book.objects.values_list("pk", flat=True))
print(bulk_edit.start(job, ids=ids, expected=len(ids)).pk)
"""


def progress(here: Installation, job: int) -> tuple[str, int]:
    state, done = here.ask(f"SELECT state, done FROM catalog_bulkedit WHERE id = {job}")  # noqa: S608
    return state, done


def queue(here: Installation) -> int:
    here.manage("make_books", str(BOOKS))
    return int(here.script(QUEUE))


def assert_changed_once(here: Installation, job: int) -> None:
    assert progress(here, job) == ("done", BOOKS)
    (changed,) = here.ask(f"SELECT changed FROM catalog_bulkedit WHERE id = {job}")  # noqa: S608
    (latin,) = here.ask("SELECT COUNT(*) FROM catalog_book WHERE language = 'lat'")
    noted = here.ask(
        "SELECT COUNT(*), COUNT(DISTINCT id), MIN(version), MAX(version)"  # noqa: S608
        f" FROM catalog_historicalbook WHERE bulk_edit_id = {job}"
    )
    counted = here.ask("SELECT count FROM catalog_tally WHERE facet = 'language' AND value = 'lat'")
    assert latin == BOOKS == counted[0]
    assert noted == (changed, changed, 2, 2)


def test_one_process_killed_in_the_middle_goes_on_at_the_next_start(install):
    here = install()
    job = queue(here)
    server, _port = here.serve()
    wait_for(lambda: progress(here, job)[1] >= 1_000, "some chunks")
    kill(server)
    state, done = progress(here, job)
    assert (state, done < BOOKS) == ("running", True)
    here.serve()
    wait_for(lambda: progress(here, job)[0] == "done", "the end")
    assert_changed_once(here, job)


def test_a_worker_killed_in_the_middle_is_replaced_by_the_next(install, postgres, redis):
    here = install(DATABASE_URL=postgres, REDIS_URL=redis, CELERY_BROKER_URL=redis)
    worker = here.work()
    job = queue(here)
    wait_for(lambda: progress(here, job)[1] >= 1_000, "some chunks")
    kill(worker)
    state, done = progress(here, job)
    assert (state, done < BOOKS) == ("running", True)
    here.work()
    wait_for(lambda: progress(here, job)[0] == "done", "the end")
    assert_changed_once(here, job)
