"""ASGI: pages, WebSockets, and what starts and stops with the server."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_config.settings")


def make_application() -> ProtocolTypeRouter:
    pages = get_asgi_application()  # loads the apps: what is imported below needs them

    from channels.auth import AuthMiddlewareStack
    from channels.security.websocket import AllowedHostsOriginValidator

    from catalog.live.routing import router
    from site_config.body_limit import BodyLimit
    from site_config.embedded import Lifespan

    return ProtocolTypeRouter(
        {
            "http": BodyLimit(pages),
            "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(router)),
            "lifespan": Lifespan(),
        }
    )


application = make_application()
