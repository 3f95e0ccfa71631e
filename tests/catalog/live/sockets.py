"""A browser's end of a WebSocket. The one in channels.testing needs another server, daphne."""

from collections.abc import Iterable
from urllib.parse import unquote

from asgiref.testing import ApplicationCommunicator


class Socket(ApplicationCommunicator):
    def __init__(self, application, path: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        scope = {
            "type": "websocket",
            "path": unquote(path),
            "query_string": b"",
            "headers": list(headers),
            "subprotocols": [],
        }
        super().__init__(application, scope)

    async def connect(self) -> bool:
        await self.send_input({"type": "websocket.connect"})
        return bool((await self.receive_output(5))["type"] == "websocket.accept")

    async def receive_text(self) -> str:
        message = await self.receive_output(5)
        assert message["type"] == "websocket.send"
        return str(message["text"])

    async def disconnect(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(5)
