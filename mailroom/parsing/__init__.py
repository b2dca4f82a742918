"""From bytes to a mail that can be read: pure, and in a process of its own where the bytes are a stranger's."""

from mailroom.parsing.letters import read
from mailroom.parsing.limits import Limits, TooMuchError
from mailroom.parsing.parsed import File, Parsed, Person

__all__ = ["File", "Limits", "Parsed", "Person", "TooMuchError", "read"]
