"""The addresses of WebSockets."""

from channels.routing import URLRouter
from django.urls import path, re_path

from catalog.live.consumers import BulkEditConsumer, ImportConsumer, NowhereConsumer

router = URLRouter(
    [
        path("ws/imports/<int:pk>/", ImportConsumer.as_asgi()),
        path("ws/bulk/<int:pk>/", BulkEditConsumer.as_asgi()),
        re_path("", NowhereConsumer.as_asgi()),
    ]
)
