"""From bytes to a mail that can be read: pure, and in a process of its own where the bytes are a stranger's."""

from mailroom.parsing.parsed import File, Parsed, Person

__all__ = ["File", "Parsed", "Person"]
