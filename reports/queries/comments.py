"""What customers wrote with their ratings."""

from __future__ import annotations

from django.db.models import QuerySet

from reports.queries.backlog import of_question
from reports.queries.question import Question
from tickets.models import Rating, Ticket

MOST = 20


def comments(question: Question) -> QuerySet[Rating]:
    """Of the period, the newest first; each with its ticket and customer."""
    found = Rating.objects.exclude(comment="").filter(at__gte=question.period.start, at__lt=question.period.end)
    seen = of_question(Ticket.objects.visible_to(question.viewer), question)
    found = found.filter(ticket__in=seen.filter(merged_into=None).values("pk"))
    return found.select_related("ticket__customer__merged_into", "ticket__team").order_by("-at", "-pk")
