"""What chat is measured against: Channels with nothing of ours, an ORM insert and an echo over the layer.

One row is inserted and committed per message, then the words go through the channel layer to the room, and
each socket in the room sends them on. Nothing is checked, ordered, repeated or healed.
"""

from __future__ import annotations

import json
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

import django

django.setup(set_prefix=False)

from channels.db import database_sync_to_async  # noqa: E402  (Django must be set up first)
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.db import connection, models  # noqa: E402


class Line(models.Model):
    """One message of the echo; its table lives in the bench's database only."""

    room = models.CharField(max_length=40, db_index=True)
    body = models.TextField()

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "bench_line"

    def __str__(self) -> str:
        return self.body


def create_table() -> None:
    with connection.cursor() as cursor:
        columns = "id bigserial PRIMARY KEY, room varchar(40) NOT NULL, body text NOT NULL"
        cursor.execute(f"CREATE TABLE IF NOT EXISTS bench_line ({columns})")
        cursor.execute("CREATE INDEX IF NOT EXISTS bench_line_room ON bench_line (room)")


class Echo(AsyncWebsocketConsumer):
    """Insert, then echo to the room; the echo is the acknowledgement."""

    async def connect(self) -> None:
        self.room = self.scope["path"].strip("/")
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        frame = json.loads(text_data or "{}")
        await database_sync_to_async(Line.objects.create)(room=self.room, body=frame["body"])
        await self.channel_layer.group_send(self.room, {"type": "line", **frame})

    async def line(self, event: dict[str, Any]) -> None:
        await self.send(json.dumps({"client_id": event["client_id"], "body": event["body"]}))


application = ProtocolTypeRouter({"websocket": Echo.as_asgi()})
