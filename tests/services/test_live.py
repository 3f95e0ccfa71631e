"""An open page hears of its import, whatever carries the word."""

import asyncio
from collections.abc import Callable

import pytest
import websockets

from tests.services.conftest import PATIENCE, Installation

pytestmark = pytest.mark.services
ROWS = 12_000

SIGN_IN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import User
user = User.objects.create_superuser("manager", password="not-used")
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(session.session_key)
"""


def watch(port: int, session: str, job: int) -> list[str]:
    """Everything that is sent to the page, until the job is done."""

    async def page() -> list[str]:
        seen: list[str] = []
        async with websockets.connect(
            f"ws://127.0.0.1:{port}/ws/imports/{job}/",
            origin=websockets.Origin(f"http://127.0.0.1:{port}"),
            additional_headers={"Cookie": f"sessionid={session}"},
        ) as socket:
            while not seen or 'data-state="done"' not in seen[-1]:
                seen.append(str(await asyncio.wait_for(socket.recv(), PATIENCE)))
        return seen

    return asyncio.run(page())


@pytest.fixture(params=["in one process", "redis", "rabbitmq alone"])
def here(request, install: Callable[..., Installation]) -> Installation:
    if request.param == "in one process":
        return install()
    database = request.getfixturevalue("postgres")
    if request.param == "redis":
        url = request.getfixturevalue("redis")
        running = install(DATABASE_URL=database, REDIS_URL=url, CELERY_BROKER_URL=url)
    else:
        # No channel layer between the processes: the page's consumer watches the job's row.
        url = request.getfixturevalue("rabbitmq")
        running = install(DATABASE_URL=database, CELERY_BROKER_URL=url)
    running.work()
    return running


def test_an_open_page_sees_the_import_go_in(here):
    session = here.script(SIGN_IN).strip()
    _server, port = here.serve()
    job = here.queue(ROWS)
    seen = watch(port, session, job)
    assert len(seen) >= 3
    assert all('id="import-progress"' in html for html in seen)
    assert "12,000" in seen[-1]
