"""Starting and stopping with the server. The worker itself is tested with real processes."""

import asyncio

import pytest
from asgiref.sync import async_to_sync

from catalog.live import publish
from site_config import embedded

pytestmark = pytest.mark.django_db(transaction=True)


class FakeWorker:
    """In place of Celery's: says at once that it is ready, or never."""

    usable = True
    stopped = False

    def __init__(self):
        import threading

        self.ready = threading.Event()

    def start(self):
        if self.usable:
            self.ready.set()

    def stop(self):
        type(self).stopped = True


@pytest.fixture
def happened(monkeypatch):
    """What the lifespan does, in its order."""
    events: list[str] = []
    monkeypatch.setattr(embedded, "EmbeddedWorker", FakeWorker)
    monkeypatch.setattr(embedded, "READY_WITHIN", 0.05)
    monkeypatch.setattr("accounts.setup.announce", lambda: events.append("announced"))
    monkeypatch.setattr(
        "catalog.services.jobs.take_up_again", lambda: events.append("jobs taken up again")
    )
    FakeWorker.usable, FakeWorker.stopped = True, False
    yield events
    publish.use_loop(None)


def live(*messages: str) -> list[str]:
    async def server():
        incoming = [{"type": f"lifespan.{message}"} for message in messages]
        answers: list[str] = []

        async def receive():
            return incoming.pop(0)

        async def send(message):
            answers.append(message["type"].removeprefix("lifespan."))
            if message["type"] == "lifespan.startup.complete":
                assert publish._loop is asyncio.get_running_loop()

        await embedded.Lifespan()({"type": "lifespan"}, receive, send)
        return answers

    said: list[str] = async_to_sync(server)()
    return said


def test_the_only_process_starts_the_worker_and_takes_up_what_was_left(happened, settings):
    settings.EMBEDDED_WORKER = True
    assert live("startup", "shutdown") == ["startup.complete", "shutdown.complete"]
    assert happened == ["announced", "jobs taken up again"]
    assert FakeWorker.stopped
    assert publish._loop is None


def test_beside_a_worker_process_the_server_leaves_the_jobs_alone(happened, settings):
    settings.EMBEDDED_WORKER = False
    assert live("startup", "shutdown") == ["startup.complete", "shutdown.complete"]
    assert happened == ["announced"]
    assert not FakeWorker.stopped


def test_a_worker_that_does_not_start_stops_the_start(happened, settings, caplog):
    settings.EMBEDDED_WORKER = True
    FakeWorker.usable = False
    assert live("startup") == ["startup.failed"]
    assert "did not become ready" in caplog.text
