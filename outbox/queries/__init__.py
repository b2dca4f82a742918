"""What is asked of the outbox; import it from here."""

from outbox.queries.limits import refusal, room_for, who_waits
from outbox.queries.rates import BounceRate, bounce_rate, sending_now
from outbox.queries.senders import sender_for

__all__ = [
    "BounceRate",
    "bounce_rate",
    "refusal",
    "room_for",
    "sender_for",
    "sending_now",
    "who_waits",
]
