"""What reports keep: facts derived from the log, how far they are counted, and questions that are asked again."""

from reports.models.facts import Counting, Fact, FactQuerySet
from reports.models.saved import Mailing, MailingQuerySet, SavedReport

__all__ = ["Counting", "Fact", "FactQuerySet", "Mailing", "MailingQuerySet", "SavedReport"]
