"""What can become of a mail, in words that an administrator reads; whoever shows them translates."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop

from mailroom.models import State
from tickets.models import Message, Ticket


@dataclass(frozen=True)
class End:
    """How it ended, and why. `entry` is the message that it became; then its ticket is that one's."""

    state: State
    reason: str
    detail: str = ""
    ticket: Ticket | None = None
    entry: Message | None = None


BLOCKED_SENDER = gettext_noop("Its sender is blocked.")
BLOCKED_CUSTOMER = gettext_noop("The customer who wrote it is blocked.")
HERE_ALREADY = gettext_noop("The same mail came in before.")
MARKED_AS_SPAM = gettext_noop("One of us says that it is spam.")

NEW_TICKET = gettext_noop("Nothing in it belongs to a conversation that we have, so it began one.")
PERHAPS_RELATED = gettext_noop("It began a conversation; perhaps it belongs to another one, which is linked.")
FORWARDED = gettext_noop("One of us forwarded it: a conversation with whoever wrote it first.")
BY_AGENT = gettext_noop("One of us answered from their own mail program.")
NOTE_BY_AGENT = gettext_noop("One of us wrote a note from their own mail program.")
UNPROVED_AGENT = gettext_noop(
    "It names one of us as its sender, and nothing proves that. It is a note for the team; nobody else gets it."
)
BY_STRANGER = gettext_noop("Somebody else than the customer answered. It is a note for the team.")
AUTOMATIC_NOTE = gettext_noop("It is automatic: a note on its ticket, which stays as it was.")
TOO_MANY_AUTOMATIC = gettext_noop("It is automatic, and its ticket has enough of them for today.")
TOO_QUICK = gettext_noop("It answered a mail of ours within seconds: a program wrote it.")
ECHO = gettext_noop("It says what we said: a program sent it back.")
SAME_AGAIN = gettext_noop("It answers an automatic mail with the same words as before: a program wrote it.")

BOUNCE_UNKNOWN = gettext_noop("It says that a mail could not be delivered, but of none that we sent.")
BOUNCE_LATE = gettext_noop("A mail of ours is delayed; its server goes on trying.")
BOUNCE_NOTED = gettext_noop("A mail of ours did not arrive. Its ticket says so.")
BOUNCE_DEAD = gettext_noop("A mail of ours did not arrive: the address is dead, and gets no more.")
BOUNCE_ARRIVED = gettext_noop("It says that a mail of ours arrived.")
