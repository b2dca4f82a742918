"""Group commit: messages that arrive while the database is busy are stored together in the next transaction."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError

from chat.actions.batching import Batcher
from tickets.actions import Post, post_messages
from tickets.models import Message


async def post_soon(post: Post) -> Message:
    """Store a message with whatever else is waiting; returns once it is committed. Errors as `post_message`."""
    return await _posts.ask(post)


def _store(posts: list[Post]) -> list[Message | Exception]:
    """All in one transaction; if one of them cannot be, each on its own, so that it fails alone."""
    try:
        return list(post_messages(posts))
    except (ValidationError, PermissionDenied, DatabaseError) as error:
        if len(posts) == 1:
            return [error]
    return [_store([post])[0] for post in posts]


_posts: Batcher[Post, Message] = Batcher(_store)
