"""The two sockets: guests and people who work here (docs/protocol.md)."""

websocket_urlpatterns: list = []
