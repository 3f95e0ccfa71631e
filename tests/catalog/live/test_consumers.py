"""The WebSocket of an import's page."""

import asyncio
import time
from http.cookies import SimpleCookie

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.test import Client

from catalog.live import consumers, publish
from catalog.models import ImportJob
from site_config.asgi import application
from tests.catalog.live.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)
HOST = "localhost"  # the list of hosts is read when the application is made


@pytest.fixture
def job(cataloguer):
    return ImportJob.objects.create(
        filename="shelf.csv", state="running", rows=1000, rows_done=250, created=250,
        created_by=cataloguer,
    )  # fmt: skip


def socket(client: Client, path: str, origin: str = f"http://{HOST}") -> Socket:
    cookies: SimpleCookie = client.cookies
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
    headers = [(b"cookie", cookie.encode()), (b"origin", origin.encode())]
    return Socket(application, path, headers=headers)


def refused(client: Client, path: str, **kwargs: str) -> bool:
    async def knock() -> bool:
        page = socket(client, path, **kwargs)
        accepted = await page.connect()
        if accepted:
            await page.disconnect()
        return not accepted

    return async_to_sync(knock)()


def test_the_present_state_comes_first(client_of, cataloguer, job):
    client = client_of(cataloguer)

    async def visit():
        page = socket(client, f"/ws/imports/{job.pk}/")
        assert await page.connect()
        html = await page.receive_text()
        await page.disconnect()
        return html

    html = async_to_sync(visit)()
    assert 'id="import-progress"' in html
    assert "250" in html
    assert "<html" not in html


def test_each_look_shows_what_the_row_says_now(client_of, cataloguer, job):
    client = client_of(cataloguer)

    async def visit():
        publish.use_loop(asyncio.get_running_loop())
        page = socket(client, f"/ws/imports/{job.pk}/")
        await page.connect()
        await page.receive_text()
        await ImportJob.objects.filter(pk=job.pk).aupdate(rows_done=777, created=777)
        await asyncio.to_thread(publish.publish, f"import.{job.pk}", {"type": "look"})
        html = await page.receive_text()
        await page.disconnect()
        return html

    try:
        assert "777" in async_to_sync(visit)()
    finally:
        publish.use_loop(None)


def test_many_looks_are_answered_together_and_the_last_is_not_lost(
    client_of, cataloguer, job, monkeypatch
):
    monkeypatch.setattr(consumers, "INTERVAL", 0.05)

    client = client_of(cataloguer)

    async def visit():
        publish.use_loop(asyncio.get_running_loop())
        page = socket(client, f"/ws/imports/{job.pk}/")
        began = time.monotonic()
        await page.connect()
        shown = [await page.receive_text()]
        for rows in range(300, 401):
            await ImportJob.objects.filter(pk=job.pk).aupdate(rows_done=rows, created=rows)
            publish.publish(f"import.{job.pk}", {"type": "look"})
        while "400" not in shown[-1]:
            shown.append(await page.receive_text())
        took = time.monotonic() - began
        await page.disconnect()
        return shown, took

    try:
        shown, took = async_to_sync(visit)()
    finally:
        publish.use_loop(None)
    assert len(shown) <= took / consumers.INTERVAL + 2  # however slow the machine is


def test_without_a_channel_layer_between_the_row_itself_is_watched(
    client_of, cataloguer, job, monkeypatch
):
    monkeypatch.setattr(settings, "EMBEDDED_WORKER", False)
    monkeypatch.setattr(settings, "REDIS_URL", "")
    monkeypatch.setattr(consumers, "WATCH", 0.02)

    client = client_of(cataloguer)

    async def visit():
        page = socket(client, f"/ws/imports/{job.pk}/")
        await page.connect()
        await page.receive_text()
        assert await page.receive_nothing(0.1)
        await ImportJob.objects.filter(pk=job.pk).aupdate(rows_done=777, created=777)
        html = await page.receive_text()
        await page.disconnect()
        return html

    assert "777" in async_to_sync(visit)()


def test_the_anonymous_are_refused(job):
    assert refused(Client(), f"/ws/imports/{job.pk}/")


def test_readers_without_the_right_are_refused(client_of, reader, job):
    assert refused(client_of(reader), f"/ws/imports/{job.pk}/")


def test_a_page_of_a_strange_origin_is_refused(client_of, cataloguer, job):
    client = client_of(cataloguer)
    assert refused(client, f"/ws/imports/{job.pk}/", origin="http://evil.example")
    assert not refused(client, f"/ws/imports/{job.pk}/")


@pytest.mark.parametrize("path", ["/ws/imports/987654/", "/ws/elsewhere/", "/"])
def test_there_is_nothing_at_other_addresses(client_of, cataloguer, path):
    assert refused(client_of(cataloguer), path)


def test_a_job_that_is_deleted_closes_its_pages(client_of, cataloguer, job):
    client = client_of(cataloguer)

    async def visit():
        publish.use_loop(asyncio.get_running_loop())
        page = socket(client, f"/ws/imports/{job.pk}/")
        await page.connect()
        await page.receive_text()
        await ImportJob.objects.filter(pk=job.pk).adelete()
        publish.publish(f"import.{job.pk}", {"type": "look"})
        message = await page.receive_output()
        await page.disconnect()
        return message

    try:
        assert async_to_sync(visit)()["type"] == "websocket.close"
    finally:
        publish.use_loop(None)
