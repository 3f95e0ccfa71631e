"""Oversized requests never reach the disk, and the upload page can say so."""

import pytest
from asgiref.sync import async_to_sync
from django.urls import reverse

from site_config.body_limit import BodyLimit

LIMIT = 2 * 1024 * 1024  # MAX_IMPORT_MB = 1, and one for the form
PIECE = b"x" * 64 * 1024


@pytest.fixture(autouse=True)
def _limit(settings):
    settings.MAX_IMPORT_MB = 1
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    settings.MAX_PICTURE_MB, settings.MAX_FILE_MB = 2, 3


class Application:
    """Reads its whole body and remembers what it saw."""

    called = False
    body = b""
    scope: dict = {}

    async def __call__(self, scope, receive, send):
        self.called, self.scope, more = True, scope, True
        while more:
            message = await receive()
            self.body += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Client:
    """Sends a body in pieces, for ever if `pieces` is None."""

    def __init__(self, path, pieces, *, declared=None, method="POST"):
        headers = [(b"content-type", b"multipart/form-data; boundary=x")]
        if declared is not None:
            headers.append((b"content-length", str(declared).encode()))
        elif pieces != 0:
            headers.append((b"transfer-encoding", b"chunked"))
        self.scope = {
            "type": "http", "method": method, "path": path, "http_version": "1.1",
            "headers": headers,
        }  # fmt: skip
        self.left = pieces
        self.sent = 0
        self.status = 0
        self.headers: dict = {}

    async def receive(self):
        if self.left == 0:
            return {"type": "http.request", "body": b"", "more_body": False}
        if self.left is not None:
            self.left -= 1
        self.sent += len(PIECE)
        return {"type": "http.request", "body": PIECE, "more_body": self.left != 0}

    async def send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = dict(message["headers"])


class Leaving(Client):
    async def receive(self):
        return {"type": "http.disconnect"}


def visit(client: Client) -> Application:
    application = Application()
    async_to_sync(BodyLimit(application))(client.scope, client.receive, client.send)
    return application


UPLOAD = reverse("catalog:import_create")
FITS, TOO_MUCH = LIMIT // len(PIECE), LIMIT // len(PIECE) + 1


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_within_the_limit_arrives_whole(declared):
    size = FITS * len(PIECE)
    client = Client(UPLOAD, FITS, declared=size if declared else None)
    application = visit(client)
    assert application.body == PIECE * FITS
    assert (b"content-length", b"%d" % size) in application.scope["headers"]
    assert "body_too_large" not in application.scope
    assert client.status == 200


@pytest.mark.parametrize("declared", [True, False])
def test_the_upload_page_is_told_of_a_body_over_the_limit_and_gets_none_of_it(declared):
    client = Client(UPLOAD, TOO_MUCH, declared=TOO_MUCH * len(PIECE) if declared else None)
    application = visit(client)
    assert application.body == b""
    assert application.scope["body_too_large"] is True
    assert (b"content-length", b"0") in application.scope["headers"]
    assert client.left == 0  # read to the end: only then does a browser show the answer


@pytest.mark.parametrize("declared", [True, False])
def test_every_other_address_shows_the_page_of_413_in_its_place(declared):
    client = Client("/accounts/login/", TOO_MUCH, declared=LIMIT + 1 if declared else None)
    application = visit(client)
    assert application.body == b""
    assert (application.scope["method"], application.scope["path"]) == ("GET", "/too-large/")


@pytest.mark.parametrize(
    ("path", "most_mb"),
    [
        ("/uploads/", 2),
        ("/attachments/new/book/12/", 4 * 3),
        ("/books/new/", 4 * 2),
        ("/authors/12/edit/", 4 * 2),
        ("/books/12/delete/", 1),
        ("/uploads/x/", 1),
    ],
)
def test_an_address_takes_as_much_as_its_files_may_be_large(path, most_mb):
    most = (most_mb + 1) * 1024 * 1024  # and one for the form
    fits, too_much = Client(path, 1, declared=most), Client(path, 1, declared=most + 1)
    assert visit(fits).body == PIECE
    assert visit(too_much).scope["body_too_large"] is True


def test_a_page_that_takes_files_says_itself_what_is_wrong_a_form_of_a_record_does_not():
    paths = ["/uploads/", "/attachments/new/book/1/", "/books/new/"]
    clients = [Client(path, 1, declared=100 * 1024 * 1024) for path in paths]
    seen = [visit(client).scope["path"] for client in clients]
    assert seen == ["/uploads/", "/attachments/new/book/1/", "/too-large/"]


def test_the_page_of_413_says_what_to_do(client):
    response = client.get("/too-large/")
    assert response.status_code == 413
    assert b"what you typed is still in the form when you go back" in response.content


@pytest.mark.parametrize("path", [UPLOAD, "/"])
def test_who_never_ends_is_cut_off(path):
    client = Client(path, None)
    application = visit(client)
    assert not application.called
    assert client.status == 413
    assert client.headers[b"connection"] == b"close"
    assert client.sent < 21 * LIMIT


def test_who_leaves_in_the_middle_is_not_answered():
    client = Leaving(UPLOAD, TOO_MUCH)
    application = visit(client)
    assert (application.called, client.status) == (False, 0)


def test_a_request_without_a_body_is_left_alone():
    client = Client("/", 0, method="GET")
    assert visit(client).scope is client.scope


def test_the_application_hears_when_the_client_leaves_after_its_body():
    client = Client(UPLOAD, 1)
    heard: list[dict] = []

    async def application(scope, receive, send):
        while not heard or heard[-1]["type"] != "http.disconnect":
            heard.append(await receive())

    messages = [
        {"type": "http.request", "body": b"abc", "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return messages.pop(0)

    async_to_sync(BodyLimit(application))(client.scope, receive, client.send)
    assert [message.get("body") for message in heard] == [b"abc", None]
