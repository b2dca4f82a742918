"""What the search box looks in: the words of each ticket, and which tickets' words are not up to date."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from tickets.models.ticket import Ticket


class TicketWords(models.Model):
    """All words of a ticket, folded (search_words.py). Weights: A what it is called and who it is with,
    B names of files (also with FILE_MARK before each word), C what was said, D notes. What was said on a ticket is
    in the words of the one that it was merged into, too. Written by `index_due` only."""

    ticket = models.OneToOneField(Ticket, primary_key=True, on_delete=models.CASCADE, related_name="words")
    vector = SearchVectorField()

    class Meta:
        indexes = [GinIndex("vector", name="ticket_words")]

    def __str__(self) -> str:
        return f"words of {self.ticket_id}"


class WordsDue(models.Model):
    """A ticket whose words have changed. Triggers add rows in the transaction of the change (migration 0006), so
    that no way of changing anything can forget it. Only ever added and taken away: nobody waits for anybody."""

    number = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "words due"

    def __str__(self) -> str:
        return f"words of {self.number} are due"
