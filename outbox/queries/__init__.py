"""What is asked of the outbox; import it from here."""

from outbox.queries.faults import sending_faults
from outbox.queries.limits import refusal, room_for, who_waits
from outbox.queries.operations import Operations, operations, troubles_now
from outbox.queries.rates import BounceRate, bounce_rate, sending_now
from outbox.queries.senders import sender_for
from outbox.queries.wordings import own_words, wording_kinds, words_for

__all__ = [
    "BounceRate",
    "Operations",
    "bounce_rate",
    "operations",
    "own_words",
    "refusal",
    "room_for",
    "sender_for",
    "sending_faults",
    "sending_now",
    "troubles_now",
    "who_waits",
    "wording_kinds",
    "words_for",
]
