"""What guests and agents do over the live doors; tickets change through `tickets.actions` only."""

from chat.actions.posting import post_soon
from chat.actions.reading import read_soon
from chat.actions.visiting import Start, allow_guest, begin_conversation, leave_address, start_visit

__all__ = ["Start", "allow_guest", "begin_conversation", "leave_address", "post_soon", "read_soon", "start_visit"]
