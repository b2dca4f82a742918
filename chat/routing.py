"""The two sockets: guests and people who work here (docs/protocol.md)."""

from django.urls import path

from chat.consumers import AgentConsumer, GuestConsumer

websocket_urlpatterns = [
    path("ws/widget/", GuestConsumer.as_asgi()),
    path("ws/inbox/", AgentConsumer.as_asgi()),
]
