"""How far the log has been read by those who must miss nothing."""

from __future__ import annotations

from django.db import models


class EventMark(models.Model):
    """Up to which event a reader of the log is done for certain; there is one row for each, moved by `sweep_log`.

    Keys are given out before they are committed, so the newest that was seen says nothing of those below it. It does
    once every transaction that ran at that time has ended, which Postgres' own numbers of transactions tell.
    """

    reader = models.CharField(max_length=40, unique=True)
    done_id = models.BigIntegerField(help_text="With all events up to this one the reader is done.")
    seen_id = models.BigIntegerField(help_text="The newest event of an earlier look.")
    seen_xid = models.BigIntegerField(help_text="Events up to `seen_id` are of transactions before this one.")

    def __str__(self) -> str:
        return f"{self.reader} up to {self.done_id}"
