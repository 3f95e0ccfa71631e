"""Sending to open pages from any thread."""

import asyncio

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from catalog.live import publish


@pytest.fixture(autouse=True)
def _loop():
    yield
    publish.use_loop(None)


def test_a_message_from_a_thread_arrives_on_the_loop_of_the_server():
    async def server():
        publish.use_loop(asyncio.get_running_loop())
        layer = get_channel_layer()
        assert layer is not None
        page = await layer.new_channel()
        await layer.group_add("import.1", page)
        await asyncio.to_thread(publish.publish, "import.1", {"type": "look"})
        return await asyncio.wait_for(layer.receive(page), 5)

    assert async_to_sync(server)() == {"type": "look"}


def test_without_a_server_a_thread_of_its_own_sends():
    publish.use_loop(None)
    publish.publish("import.1", {"type": "look"})
    loop = publish._running_loop()
    assert loop.is_running()
    publish.publish("import.1", {"type": "look"})
    assert publish._running_loop() is loop


def test_a_forked_process_does_not_send_on_its_parent_s_loop(monkeypatch):
    publish.use_loop(None)
    inherited = publish._running_loop()
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert publish._running_loop() is not inherited


def test_a_layer_that_fails_is_logged_and_disturbs_nobody(monkeypatch, caplog):
    class Broken:
        async def group_send(self, group, message):
            raise OSError("connection refused")

    monkeypatch.setattr(publish, "get_channel_layer", Broken)
    publish.publish("import.1", {"type": "look"})
    for _ in range(100):
        if caplog.text:
            break
        async_to_sync(asyncio.sleep)(0.01)
    assert "connection refused" in caplog.text
