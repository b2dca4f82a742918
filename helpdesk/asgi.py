"""One port, one kind of process: sockets on the event loop, pages in threads.

Pages run under WSGI in a thread pool because each thread then keeps its database
connection; Django's own ASGI handler opens one per request with psycopg2 (docs/architecture.md).
"""

import os
from typing import Any

from a2wsgi import WSGIMiddleware
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.wsgi import get_wsgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

pages = get_wsgi_application()

from chat.routing import websocket_urlpatterns  # noqa: E402  (models must be loaded first)


async def no_such_socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse the handshake at an address that there is not; URLRouter alone would raise."""
    await receive()
    await send({"type": "websocket.close"})


application = ProtocolTypeRouter(
    {
        "http": WSGIMiddleware(pages, workers=8),  # type: ignore[arg-type]
        "websocket": URLRouter([*websocket_urlpatterns, re_path("", no_such_socket)]),  # type: ignore[arg-type]
    }
)
