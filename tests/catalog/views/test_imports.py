"""The import pages: for each person, in each state, with good files and bad ones."""

import csv
import io
import json
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import StopUpload
from django.http import StreamingHttpResponse
from django.template.loader import render_to_string
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from catalog.exporters.rejected import harmless
from catalog.importers.cells import FILENAME_LENGTH, cell_text, column_letter, display_name
from catalog.importers.values import line
from catalog.models import Book, ImportJob, ImportRow
from catalog.services import importing, progress, rows
from catalog.views.import_rows import TABS
from catalog.views.imports import SizeLimit
from tests import files

State = ImportJob.State
HEADER = "Title,Author,ISBN,Year\n"
GOOD = HEADER + (
    "Emma,Jane Austen,0141439580,1815\n"
    "Jane Eyre,Charlotte Brontë,0142437204,1847\n"
    "Moby-Dick,Herman Melville,0142437247,1851\n"
)
MIXED = GOOD + (
    ",Franz Kafka,,1926\n"  # row 5: no title
    "Wuthering Heights,Emily Brontë,0141439565,1847\n"  # row 6: two digits changed places
    "=HYPERLINK(1),Anonymous,123,-750\n"  # row 7: a formula, and no ISBN
)


@pytest.fixture(autouse=True)
def media(settings, tmp_path: Path) -> Path:
    """Where uploads are kept; empty at first."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media"


def stored(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def url(name: str, *args: object) -> str:
    return reverse(f"catalog:{name}", args=args)


def upload(client: Client, content: str | bytes, name: str = "books.csv"):
    data = content.encode() if isinstance(content, str) else content
    return client.post(url("import_create"), {"file": SimpleUploadedFile(name, data)})


def mapping_data(job: ImportJob, **changes: str) -> dict[str, str]:
    """What the mapping page's form sends when nobody changes it."""
    fields = {f"column-{column['index']}": column["field"] for column in job.options["columns"]}
    return {**fields, "on_duplicate": "skip", **changes}


@pytest.fixture
def new_job(cataloguer):
    """`new_job(GOOD)`: uploaded by the cataloguer, its columns not yet told."""

    def make(content: str = GOOD) -> ImportJob:
        file = SimpleUploadedFile("books.csv", content.encode())
        return importing.create_job(file=file, filename="books.csv", user=cataloguer)

    return make


@pytest.fixture
def done_job(new_job, client_of, cataloguer, django_capture_on_commit_callbacks):
    """`done_job(MIXED)`: uploaded, mapped as guessed, imported."""

    def make(content: str = MIXED) -> ImportJob:
        job: ImportJob = new_job(content)
        with django_capture_on_commit_callbacks(execute=True):
            client_of(cataloguer).post(url("import_update", job.pk), mapping_data(job))
        job.refresh_from_db()
        assert job.state == State.DONE
        return job

    return make


def rejected(job: ImportJob, number: int) -> ImportRow:
    return job.import_rows.get(number=number)


# --- Who may ---------------------------------------------------------------------------------


PAGES = [
    ("import_list", False),
    ("import_create", False),
    ("import_update", True),
    ("import_detail", True),
    ("import_rows", True),
    ("import_rejected", True),
]


@pytest.mark.parametrize(("name", "of_job"), PAGES)
def test_a_page_works_for_cataloguer_and_manager_and_for_nobody_less(
    client, client_of, reader, cataloguer, manager, new_job, name, of_job
):
    address = url(name, new_job().pk) if of_job else url(name)
    assertRedirects(
        client.get(address),
        f"{reverse('accounts:login')}?next={address}",
        fetch_redirect_response=False,
    )
    assert client_of(reader).get(address).status_code == 403
    assert client_of(cataloguer).get(address).status_code == 200
    assert client_of(manager).get(address).status_code == 200


ACTIONS = [
    ("import_create", ()),
    ("import_sample", ()),
    ("import_update", ("pk",)),
    ("import_cancel", ("pk",)),
    ("import_row_update", ("pk", 5)),
]


@pytest.mark.parametrize(("name", "more"), ACTIONS)
def test_an_action_is_refused_to_readers_and_to_the_anonymous(
    client, client_of, reader, new_job, name, more
):
    job = new_job()
    address = url(name, *(job.pk if part == "pk" else part for part in more))
    assert client.post(address).status_code == 302
    assert client_of(reader).post(address).status_code == 403
    assert ImportJob.objects.get().state == State.MAPPING


@pytest.mark.parametrize("name", ["import_cancel", "import_sample"])
def test_an_action_answers_405_to_get(client_of, cataloguer, new_job, name):
    address = url(name, new_job().pk) if name == "import_cancel" else url(name)
    assert client_of(cataloguer).get(address).status_code == 405


def test_another_cataloguer_may_watch_but_not_decide(
    client_of, cataloguer, django_user_model, new_job
):
    job = new_job()
    other = django_user_model.objects.create_user("other")
    other.groups.set(cataloguer.groups.all())
    client = client_of(other)
    assert client.get(url("import_detail", job.pk)).status_code == 200
    for name in ("import_update", "import_cancel"):
        assert client.post(url(name, job.pk), mapping_data(job)).status_code == 403
    job.refresh_from_db()
    assert job.state == State.MAPPING
    assertNotContains(client.get(url("import_detail", job.pk)), "Say what is in the columns")


def test_a_manager_may_decide_about_anyones_import(client_of, manager, new_job):
    job = new_job()
    assertRedirects(
        client_of(manager).post(url("import_cancel", job.pk)), url("import_detail", job.pk)
    )
    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_an_import_that_is_not_there_is_404(client_of, manager):
    client = client_of(manager)
    for name in ("import_update", "import_detail", "import_rows", "import_rejected"):
        assert client.get(url(name, 404)).status_code == 404


def test_the_whole_way_without_javascript(
    client_of, cataloguer, django_capture_on_commit_callbacks
):
    client = client_of(cataloguer)
    columns = client.get(upload(client, MIXED).url)
    form = {
        f"column-{column['index']}": column["field"]
        for column in columns.context["options"]["columns"]
    }
    with django_capture_on_commit_callbacks(execute=True):
        job_page = client.post(columns.request["PATH_INFO"], {**form, "on_duplicate": "add"}).url
    assertContains(client.get(job_page), "6 rows done")
    listed = client.get(f"{job_page}rows/")
    address = listed.context["shown_rows"][0].row
    client.post(f"{job_page}rows/{address.number}/", {f"row-{address.number}-0": "Das Schloss"})
    assertContains(client.get(job_page), "Put 2 rejected rows right")
    assertContains(client.get(reverse("catalog:book_list")), "Das Schloss")


# --- Uploading -------------------------------------------------------------------------------


def test_an_upload_leads_to_its_columns(client_of, cataloguer, media):
    response = upload(client_of(cataloguer), GOOD)
    job = ImportJob.objects.get()
    assertRedirects(response, url("import_update", job.pk))
    assert job.created_by == cataloguer
    assert job.state == State.MAPPING
    assert job.rows == 3
    [file] = stored(media)
    assert file.read_text() == GOOD


def test_htmx_is_sent_on_by_a_header(client_of, cataloguer):
    client = client_of(cataloguer, **{"hx-request": "true"})
    response = upload(client, GOOD)
    assert response.status_code == 200
    assert response["HX-Redirect"] == url("import_update", ImportJob.objects.get().pk)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.csv", "..\\..\\boot.csv", "/etc/x.csv", "a\u202egpj.csv", "\x07bell\n.csv"],
)
def test_a_files_name_is_shown_cleaned_and_never_a_path(client_of, cataloguer, media, name):
    upload(client_of(cataloguer), GOOD, name=name)
    job = ImportJob.objects.get()
    assert job.filename == display_name(name)
    assert not set(job.filename) & set("/\\\u202e\x07\n")
    [file] = stored(media)
    assert file.parent == media / "imports"
    assert job.filename not in str(file)


def test_a_very_long_name_is_cut_but_keeps_its_ending():
    name = display_name("x" * 400 + ".xlsx")
    assert len(name) == FILENAME_LENGTH
    assert name.endswith(".xlsx")
    assert len(display_name("y" * 400)) == FILENAME_LENGTH
    assert display_name("\u200f") == ""


def nothing(path: Path) -> Path:
    path.touch()
    return path


BAD_FILES = {
    "empty": nothing,
    "png": files.png,
    "pdf": files.pdf,
    "docx": files.docx,
    "plain_zip": files.plain_zip,
    "zip_bomb": files.zip_bomb,
    "encrypted": files.encrypted_xlsx,
    "encrypted_xls": files.encrypted_xls,
    "wide": files.wide,
    "far_cells": files.far_cells,
    "damaged": files.damaged_xlsx,
    "dtd": files.with_dtd,
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_gets_its_sentence_and_leaves_nothing_behind(
    client_of, cataloguer, media, tmp_path, kind
):
    path = BAD_FILES[kind](tmp_path / "books.xlsx")
    response = upload(client_of(cataloguer), path.read_bytes(), name="books.xlsx")
    assert response.status_code == 422
    [error] = response.context["form"].errors["file"]
    assert error[0].isupper()
    assert error.endswith(".")
    assert "not as expected" not in error
    assertContains(response, error, status_code=422, html=True)
    assert not ImportJob.objects.exists()
    assert stored(media) == []


def test_a_text_with_a_nul_byte_is_refused(client_of, cataloguer, media):
    response = upload(client_of(cataloguer), GOOD.encode() + b"Du\x00ne,,,\n")
    assertContains(response, "NUL character", status_code=422)
    assert stored(media) == []


def test_a_form_without_a_file_says_what_to_do(client_of, cataloguer):
    response = client_of(cataloguer).post(url("import_create"), {})
    assertContains(response, "No file came with the form", status_code=422)


def test_htmx_gets_the_form_alone_with_the_error(client_of, cataloguer):
    client = client_of(cataloguer, **{"hx-request": "true"})
    response = client.post(url("import_create"), {})
    assertContains(response, 'role="alert"', status_code=422)
    assertNotContains(response, "<html", status_code=422)


def test_a_file_above_the_limit_is_not_taken_in(client_of, cataloguer, media, settings):
    settings.MAX_IMPORT_MB = 1
    response = upload(client_of(cataloguer), b"Title\n" + b"Emma\n" * 300_000)
    assertContains(response, "larger than 1 MB", status_code=422)
    assert not ImportJob.objects.exists()
    assert stored(media) == []


def test_an_upload_ends_at_the_limit_without_breaking_the_connection(rf, settings):
    settings.MAX_IMPORT_MB = 1
    handler = SizeLimit(rf.post("/"))
    assert handler.receive_data_chunk(b"x" * 1024 * 1024, 0)
    with pytest.raises(StopUpload) as stop:
        handler.receive_data_chunk(b"x", 1024 * 1024)
    assert stop.value.connection_reset is False


class CutOffClient(AsyncClient):
    """As behind the ASGI guard, which throws away a body that is too large."""

    def _base_scope(self, **request):
        scope = super()._base_scope(**request)  # type: ignore[misc]  # the stubs leave it out
        return {**scope, "body_too_large": True}


def test_a_body_that_the_server_cut_off_is_explained(cataloguer):
    """No token is left in it either: the sentence is still shown."""
    client = CutOffClient(enforce_csrf_checks=True)
    client.force_login(cataloguer)
    response = async_to_sync(client.post)(url("import_create"))
    assertContains(response, "larger than 50 MB", status_code=422)


def test_an_upload_without_the_token_is_refused(cataloguer, media):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cataloguer)
    assert upload(client, GOOD).status_code == 403
    assert not ImportJob.objects.exists()
    assert stored(media) == []


def test_the_sample_begins_an_import(client_of, cataloguer):
    response = client_of(cataloguer).post(url("import_sample"))
    job = ImportJob.objects.get()
    assertRedirects(response, url("import_update", job.pk))
    assert job.filename == "colophon-sample.xlsx"


# --- The columns -----------------------------------------------------------------------------


def test_the_columns_are_shown_with_what_was_found(client_of, cataloguer, new_job):
    job = new_job()
    response = client_of(cataloguer).get(url("import_update", job.pk))
    assertContains(response, "What is in the columns?")
    assertContains(response, "Jane Austen")
    assertContains(response, "Import 3 rows")
    assertContains(response, '<option value="title" selected>Title</option>', html=True)
    assertContains(response, '<option value="isbn" selected>ISBN</option>', html=True)
    assertNotContains(response, "style=")


def test_two_columns_with_one_meaning_are_refused_beside_the_second(client_of, cataloguer, new_job):
    job = new_job()
    data = mapping_data(job, **{"column-3": "title", "on_duplicate": "update"})
    response = client_of(cataloguer).post(url("import_update", job.pk), data)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["column-3"]
    assertContains(response, "Column A is “Title” already", status_code=422)
    assertContains(
        response, '<option value="update" selected>Fill in what is empty</option>',
        status_code=422, html=True,
    )  # fmt: skip
    job.refresh_from_db()
    assert job.state == State.MAPPING


def test_without_a_title_column_nothing_begins(client_of, cataloguer, new_job):
    job = new_job()
    data = mapping_data(job, **{"column-0": "ignore"})
    response = client_of(cataloguer).post(url("import_update", job.pk), data)
    assertContains(response, "No column is the title yet", status_code=422)
    job.refresh_from_db()
    assert job.state == State.MAPPING


def test_starting_twice_starts_once(
    client_of, cataloguer, new_job, django_capture_on_commit_callbacks
):
    job = new_job()
    client = client_of(cataloguer)
    with django_capture_on_commit_callbacks() as callbacks:
        first = client.post(url("import_update", job.pk), mapping_data(job))
        second = client.post(url("import_update", job.pk), mapping_data(job))
    assertRedirects(first, url("import_detail", job.pk))
    assertRedirects(second, url("import_detail", job.pk))
    for callback in callbacks:
        callback()
    job.refresh_from_db()
    assert (job.state, job.created) == (State.DONE, 3)
    assert Book.objects.count() == 3


def test_a_begun_import_has_no_columns_to_tell(client_of, cataloguer, done_job):
    job = done_job(GOOD)
    response = client_of(cataloguer).get(url("import_update", job.pk))
    assertRedirects(response, url("import_detail", job.pk))


def test_the_file_can_be_read_in_another_way(client_of, cataloguer, new_job):
    job = new_job("Emma;Jane Austen\nJane Eyre;Charlotte Brontë\nKim;Rudyard Kipling\n")
    client = client_of(cataloguer)
    data = {"reread": "1", "header_row": "0", "encoding": "utf-8", "delimiter": ";"}
    response = client.post(url("import_update", job.pk), data)
    assertRedirects(response, url("import_update", job.pk))
    job.refresh_from_db()
    assert (job.options["header_row"], job.rows) == (0, 3)
    assertContains(client.get(url("import_update", job.pk)), "no header")


@pytest.mark.parametrize(
    "wrong", [{"header_row": "many"}, {"encoding": "klingon"}, {"encoding": "utf-16"}]
)
def test_a_way_to_read_that_does_not_work_changes_nothing(client_of, cataloguer, new_job, wrong):
    job = new_job()
    before = job.options
    data = {"reread": "1", "header_row": "1", "encoding": "", "delimiter": "", **wrong}
    response = client_of(cataloguer).post(url("import_update", job.pk), data)
    assertContains(response, "imp-wrong" if "encoding" not in wrong else "", status_code=422)
    assert response.context["reading"].errors
    job.refresh_from_db()
    assert job.options == before


# --- The job ---------------------------------------------------------------------------------


@pytest.fixture
def job_in(cataloguer):
    """`job_in("running", rows_done=5)`: a job without a file, only to be shown."""

    def make(state: str, **fields: object) -> ImportJob:
        return ImportJob.objects.create(
            **{"filename": "books.xlsx", "created_by": cataloguer, "rows": 1000, **fields},
            state=state,
            options={"columns": [], "mapping": {}},
        )

    return make


RUNNING = {
    "rows_done": 640, "created": 500, "updated": 20, "skipped": 30, "rejected": 90,
    "repaired": 42, "warned": 31, "authors_created": 77, "publishers_created": 7, "seconds": 2.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "fields", "said"),
    [
        (State.MAPPING, {}, "Its columns are still to be told"),
        (State.RUNNING, RUNNING, "640 of 1,000 rows"),
        (State.DONE, {**RUNNING, "rows": 640}, "640 rows done"),
        (State.CANCELLED, RUNNING, "Stopped after 640 of 1,000 rows"),
        (State.FAILED, {**RUNNING, "error": "The disk is full."}, "The disk is full."),
    ],
)
def test_the_job_page_says_how_far_it_has_come(client_of, cataloguer, job_in, state, fields, said):
    job = job_in(state, **fields)
    response = client_of(cataloguer).get(url("import_detail", job.pk))
    assertContains(response, said)
    running = state == State.RUNNING
    assert ("ws-connect" in response.content.decode()) is running
    assert ('http-equiv="refresh"' in response.content.decode()) is running
    assert ("Stop after this chunk" in response.content.decode()) is running
    if running:
        assertContains(response, "320 a second")
        assertContains(
            response, "about 1 second left".replace("about 1 second left", "nearly done")
        )
        assertContains(response, 'aria-valuenow="64"')
    if state == State.DONE:
        assertContains(response, "Put 90 rejected rows right")


def test_a_waiting_job_says_how_many_are_before_it(client_of, cataloguer, job_in):
    job_in(State.RUNNING)
    job = job_in(State.QUEUED, heartbeat_at=timezone.now())
    response = client_of(cataloguer).get(url("import_detail", job.pk))
    assertContains(response, "1 job is before it.")


def test_what_is_pushed_shows_the_same_as_the_page(client_of, cataloguer, job_in):
    job = job_in(State.RUNNING, **RUNNING)
    pushed = render_to_string(
        "catalog/import_detail.html#progress", {"job": job, "progress": progress.of(job)}
    )
    page = client_of(cataloguer).get(url("import_detail", job.pk)).content.decode()
    assert pushed.strip() in page
    assert "<html" not in pushed


def test_progress_is_announced_once_every_ten_percent():
    said = {
        progress.of(ImportJob(state=State.RUNNING, rows=1000, rows_done=done)).announcement
        for done in range(200, 300)
    }
    assert said == {"20 percent done."}


@pytest.mark.parametrize(
    ("left", "seconds", "said"),
    [
        (10, 1, "nearly done"),
        (50, 1, "about 5 seconds left"),
        (3_000, 1, "about 5 minutes left"),
        (100_000, 1, "about 3 hours left"),
    ],
)
def test_the_time_left_follows_from_the_speed(left, seconds, said):
    job = ImportJob(state=State.RUNNING, rows=10 + left, rows_done=10, seconds=seconds)
    assert progress.of(job).left == said


def test_the_bar_never_exceeds_its_width():
    job = ImportJob(state=State.RUNNING, rows=10_000, rows_done=10_000, created=9_999, rejected=1)
    segments = progress.of(job).segments
    assert [segment.kind for segment in segments] == ["good", "rejected"]
    assert all(segment.start + segment.width <= progress.UNITS for segment in segments)
    assert segments[-1].width >= 3


def test_stopping_asks_the_running_job(client_of, cataloguer, job_in):
    job = job_in(State.RUNNING, **RUNNING)
    client = client_of(cataloguer)
    assertRedirects(client.post(url("import_cancel", job.pk)), url("import_detail", job.pk))
    job.refresh_from_db()
    assert job.cancel_requested
    assertContains(client.get(url("import_detail", job.pk)), "Stopping after this chunk")


def test_a_file_that_is_not_to_be_imported_after_all_is_put_aside(client_of, cataloguer, new_job):
    job = new_job()
    response = client_of(cataloguer).post(url("import_cancel", job.pk), follow=True)
    assertContains(response, "Not imported")
    assert not Book.objects.exists()


def test_a_finished_import_is_not_stopped_any_more(client_of, cataloguer, job_in):
    job = job_in(State.DONE, **RUNNING)
    client_of(cataloguer).post(url("import_cancel", job.pk))
    job.refresh_from_db()
    assert (job.state, job.cancel_requested) == (State.DONE, False)


# --- The list --------------------------------------------------------------------------------


def test_the_empty_list_says_what_to_do(client_of, cataloguer, db):
    response = client_of(cataloguer).get(url("import_list"))
    assertContains(response, "Nothing has been imported yet")
    assertContains(response, f'action="{url("import_sample")}"')


@pytest.mark.parametrize("size", [2, 20])
def test_the_cost_of_the_list_does_not_grow(
    client_of, cataloguer, job_in, size, django_assert_num_queries
):
    for _number in range(size):
        job_in(State.DONE, **RUNNING)
    client = client_of(cataloguer)
    # 1. the session  2. the person  3. their rights, by group  4. their own  5. the count
    # 6. the jobs with their people
    with django_assert_num_queries(6):
        response = client.get(url("import_list"))
    assertContains(response, "books.xlsx", count=size)


def test_a_long_list_has_pages(client_of, cataloguer, job_in):
    for _number in range(60):
        job_in(State.DONE, **RUNNING)
    response = client_of(cataloguer).get(url("import_list"), {"page": "99"})
    assert response.context["page_obj"].number == 3
    assertContains(response, 'href="?page=2"')


def test_list_and_page_answer_programs(client_of, cataloguer, job_in):
    job = job_in(State.RUNNING, **RUNNING)
    client = client_of(cataloguer, accept="application/json")
    [listed] = client.get(url("import_list")).json()["results"]
    shown = client.get(url("import_detail", job.pk)).json()
    assert listed["rejected"] == shown["rejected"] == 90
    assert (shown["percent"], shown["rows_per_second"]) == (64, 320)


# --- The rows --------------------------------------------------------------------------------


def test_the_rejected_rows_come_first_with_their_reasons(client_of, cataloguer, done_job):
    job = done_job()
    assert (job.created, job.rejected) == (3, 3)
    response = client_of(cataloguer).get(url("import_rows", job.pk))
    assert [row.row.number for row in response.context["shown_rows"]] == [5, 6, 7]
    assert response.context["shown"] == "rejected"
    assertContains(response, "Franz Kafka")
    assertNotContains(response, "not as expected")


def test_rows_of_one_reason_can_be_shown_alone(client_of, cataloguer, done_job):
    job = done_job()
    client = client_of(cataloguer)
    reason = next(each for each in rows.reasons(job) if each.field == "title")
    response = client.get(url("import_rows", job.pk), {"outcome": "rejected", "reason": reason.key})
    assert [row.row.number for row in response.context["shown_rows"]] == [5]


@pytest.mark.parametrize(
    ("outcome", "numbers"), [("created", [2, 3, 4]), ("skipped", []), ("all", [2, 3, 4, 5, 6, 7])]
)
def test_each_tab_shows_its_rows(client_of, cataloguer, done_job, outcome, numbers):
    response = client_of(cataloguer).get(url("import_rows", done_job().pk), {"outcome": outcome})
    assert [row.row.number for row in response.context["shown_rows"]] == numbers


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("import_list", "Imports · Colophon"),
        ("import_create", "Import a spreadsheet · Colophon"),
        ("import_detail", "books.csv · Colophon"),
        ("import_rows", "Rows · books.csv · Colophon"),
    ],
)
def test_the_title_names_the_page_and_then_the_site(client_of, cataloguer, done_job, page, title):
    job = done_job()
    args = () if page in ("import_list", "import_create") else (job.pk,)
    response = client_of(cataloguer).get(url(page, *args))
    assertContains(response, f"<title>{title}</title>")


@pytest.mark.parametrize("rule", ["skip", "update"])
def test_a_skipped_row_says_that_its_book_is_here_already(client_of, cataloguer, done_job, rule):
    done_job(GOOD)
    job = done_job(GOOD)
    ImportJob.objects.filter(pk=job.pk).update(on_duplicate=rule)
    response = client_of(cataloguer).get(url("import_rows", job.pk), {"outcome": "skipped"})
    assertContains(response, "The catalogue has a book with this ISBN already", count=3)


def test_a_row_that_repeats_another_is_not_explained_twice(client_of, cataloguer, done_job):
    job = done_job(GOOD + "Emma,Jane Austen,0141439580,1815\n")
    response = client_of(cataloguer).get(url("import_rows", job.pk), {"outcome": "skipped"})
    assertContains(response, "stands in row 2 of the file already")
    assertNotContains(response, "The catalogue has a book with this ISBN")


def test_a_repeated_header_is_shown_as_skipped_and_why(client_of, cataloguer, done_job):
    job = done_job(GOOD + HEADER)
    response = client_of(cataloguer).get(url("import_rows", job.pk), {"outcome": "skipped"})
    assertContains(response, "repeats the header of the table")
    assertNotContains(response, "has been deleted since")


def test_htmx_gets_the_rows_alone_also_when_it_follows_a_link(client_of, cataloguer, done_job):
    job = done_job()
    for headers in ({}, {"hx-boosted": "true", "hx-target": "results"}):
        client = client_of(cataloguer, **{"hx-request": "true", **headers})
        response = client.get(url("import_rows", job.pk), {"outcome": "created"})
        assertContains(response, "<article", count=3)
        assertNotContains(response, "<html")


def test_every_counter_counts_the_rows_that_its_tab_shows(client_of, cataloguer, done_job):
    job = done_job(MIXED + "Emma,Jane Austen,0141439580,1815\nKim,Rudyard Kipling,,c. 1901\n")
    for tab in TABS:
        assert job.import_rows.filter(**tab.filters).count() == tab.count(job), tab.name


@pytest.mark.parametrize("page", ["2", "999", "-1", "x", ""])
def test_a_page_that_is_not_there_shows_the_nearest(client_of, cataloguer, done_job, page):
    response = client_of(cataloguer).get(url("import_rows", done_job().pk), {"page": page})
    assert response.status_code == 200
    assert response.context["page_obj"].number == 1


@pytest.mark.parametrize("size", [3, 25])
def test_the_cost_of_the_rows_does_not_grow(
    client_of, cataloguer, done_job, size, django_assert_num_queries
):
    lines = "".join(f",Author {number},,19{number:02}\n" for number in range(size))
    job = done_job(GOOD + lines)
    client = client_of(cataloguer)
    # 1. the session  2. the person  3. their rights, by group  4. their own  5. the job
    # 6. the reasons  7. the rows with their books
    with django_assert_num_queries(7):
        client.get(url("import_rows", job.pk))


# --- Putting a row right -----------------------------------------------------------------------


def test_a_rejected_row_is_put_right_without_javascript(client_of, cataloguer, done_job):
    job = done_job()
    client = client_of(cataloguer)
    address = url("import_row_update", job.pk, 5)
    assertContains(client.get(address), 'name="row-5-0"')
    response = client.post(
        address,
        {"row-5-0": "Das Schloss", "row-5-1": "Franz Kafka", "row-5-2": "", "row-5-3": "1926"},
    )
    assertRedirects(response, f"{url('import_rows', job.pk)}?outcome=rejected")
    book = Book.objects.get(title="Das Schloss")
    assert (book.year, book.created_by) == (1926, cataloguer)
    job.refresh_from_db()
    assert (job.created, job.rejected, job.rows_done) == (4, 2, 6)
    row = job.import_rows.get(number=5)
    assert (row.outcome, row.book) == ("created", book)
    assert json.loads(row.raw)[1] == "Franz Kafka"
    assert json.loads(row.raw)[0] in (None, "")  # as it came
    assert [note["code"] for note in row.notes] == ["filled_in"]


def test_htmx_gets_the_row_alone_and_the_counts_follow(client_of, cataloguer, done_job):
    job = done_job()
    client = client_of(cataloguer, **{"hx-request": "true"})
    data = {"row-6-0": "Wuthering Heights", "row-6-1": "Emily Brontë", "row-6-2": "0141439556"}
    response = client.post(url("import_row_update", job.pk, 6), {**data, "row-6-3": "1847"})
    assertNotContains(response, "<html")
    assertContains(response, "Row 6 is in the catalogue now.")
    assertContains(
        response,
        '<span class="imp-count" id="count-rejected" hx-swap-oob="true">2</span>',
        html=True,
    )
    assert [reason.count for reason in response.context["reasons"]] == [1, 1]
    assertContains(response, '<div id="reasons" hx-swap-oob="true">')
    assert Book.objects.get(title="Wuthering Heights").isbn == "9780141439556"


def test_a_row_that_is_still_wrong_keeps_what_was_typed(client_of, cataloguer, done_job):
    job = done_job()
    data = {"row-5-0": "Das Schloss", "row-5-1": "F. K.", "row-5-2": "12345", "row-5-3": "1926"}
    response = client_of(cataloguer).post(url("import_row_update", job.pk, 5), data)
    assert response.status_code == 422
    assertContains(response, 'value="Das Schloss"', status_code=422)
    assertContains(response, 'aria-invalid="true"', count=1, status_code=422)
    job.refresh_from_db()
    assert (job.created, job.rejected) == (3, 3)
    assert not Book.objects.filter(title="Das Schloss").exists()


def test_a_row_is_put_right_only_once(client_of, cataloguer, done_job):
    job = done_job()
    row = rejected(job, 5)
    rows.retry_row(row, {0: "Das Schloss"})
    with pytest.raises(rows.NotNow):
        rows.retry_row(row, {0: "Das Schloss"})
    job.refresh_from_db()
    assert (job.created, job.rejected) == (4, 2)
    assert Book.objects.filter(title="Das Schloss").count() == 1
    response = client_of(cataloguer).get(url("import_row_update", job.pk, 5))
    assertRedirects(response, url("import_rows", job.pk))


def test_the_rule_for_duplicates_holds_for_a_correction_too(client_of, cataloguer, done_job):
    job = done_job()
    row = rows.retry_row(rejected(job, 6), {2: "0142437204"})  # Jane Eyre's
    assert row.outcome == "skipped"
    job.refresh_from_db()
    assert (job.skipped, job.rejected) == (1, 2)
    assert Book.objects.count() == 3


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_no_row_is_put_right_while_the_import_runs(client_of, cataloguer, done_job, state):
    job = done_job()
    ImportJob.objects.filter(pk=job.pk).update(state=state)
    client = client_of(cataloguer)
    response = client.post(url("import_row_update", job.pk, 5), {"row-5-0": "Das Schloss"})
    assertContains(response, "still running", status_code=422)
    assertNotContains(client.get(url("import_rows", job.pk)), '<form class="imp-correct"')
    assert Book.objects.count() == 3


# --- The rejected rows as a file -----------------------------------------------------------------


def parsed(response) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_rejected_rows_can_be_taken_home_with_their_reasons(client_of, cataloguer, done_job):
    response = client_of(cataloguer).get(url("import_rejected", done_job().pk))
    assert response["Content-Type"].startswith("text/csv")
    header, *lines = parsed(response)
    assert header == ["Row", "Title", "Author", "ISBN", "Year", "Why it was rejected"]
    assert [line[0] for line in lines] == ["5", "6", "7"]
    assert lines[1][1:5] == ["Wuthering Heights", "Emily Brontë", "0141439565", "1847"]
    assert all(line[-1] for line in lines)


def test_no_cell_of_the_file_runs_as_a_formula(client_of, cataloguer, done_job):
    lines = parsed(client_of(cataloguer).get(url("import_rejected", done_job().pk)))
    assert lines[3][1] == "'=HYPERLINK(1)"
    assert lines[3][4] == "-750"  # a number is no formula


@pytest.mark.parametrize("text", ["=1+1", "@SUM(1)", "-2+3", "\t=1", "\uff1d1+1", "\uff20SUM(1)"])
def test_formulas_become_text_and_come_back_as_they_were(text):
    assert harmless(text) == f"'{text}"
    assert line(harmless(text)).value == text.strip()


@pytest.mark.parametrize("text", ["-750", "+1,5", "-", "", "Emma", "'-ing' forms", "'Tis"])
def test_text_that_is_no_formula_stays_as_it_is(text):
    assert harmless(text) == text
    assert line(text).value == text


def test_under_asgi_the_file_is_streamed(cataloguer, done_job):
    job = done_job()
    client = AsyncClient()
    client.force_login(cataloguer)

    async def read() -> bytes:
        response = await client.get(url("import_rejected", job.pk))
        assert isinstance(response, StreamingHttpResponse)
        return b"".join([piece async for piece in response])

    assert b"Franz Kafka" in async_to_sync(read)()


# --- Small things --------------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (199, "GR")])
def test_columns_are_named_as_spreadsheets_name_them(index, letter):
    assert column_letter(index) == letter


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (True, "TRUE"),
        (1813.0, "1813"),
        (4.34, "4.34"),
        ({"date": "1999-05-01"}, "1999-05-01"),
        ({"error": "#N/A"}, "#N/A"),
        ("Emma", "Emma"),
    ],
)
def test_a_cell_is_shown_as_it_would_be_typed(cell, text):
    assert cell_text(cell) == text
