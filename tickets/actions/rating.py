"""What a customer thinks of how it went."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from customers.models import Customer
from tickets.actions._rules import Actor, clean_body, lock, require, too_long
from tickets.actions.trashing import restore_for
from tickets.events import record
from tickets.models import Rating, Ticket

COMMENT_CHARS = 2000


@transaction.atomic
def rate_ticket(ticket: Ticket, *, by: Actor, score: object, comment: str = "", at: datetime | None = None) -> Rating:
    """Note how the customer found it, from 1 (bad) to 5 (very good). Rating again replaces what was said before.

    Saying the same again is harmless. Errors: PermissionDenied to all but the ticket's own customer;
    ValidationError with code `invalid` or `too_long`.
    """
    ticket = lock(ticket)
    if not isinstance(by, Customer):  # nobody rates on their behalf
        raise PermissionDenied
    require(by, "tickets.reply", ticket)
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= 5:
        raise ValidationError(_("A rating is a whole number from 1 to 5."), code="invalid")
    comment = clean_body(comment, may_be_empty=True)
    if len(comment) > COMMENT_CHARS:
        raise too_long(COMMENT_CHARS)
    rating = Rating.objects.filter(ticket=ticket).first() or Rating(ticket=ticket)
    if rating.pk and (rating.score, rating.comment) == (score, comment):
        return rating
    data = {"score": score, "comment": comment}
    restore_for(ticket, by=by, at=at)
    event = record(ticket, "rating.given", by=by, at=at, is_public=True, data=data)
    rating.customer, rating.score, rating.comment, rating.at = by, score, comment, event.at
    rating.save()
    return rating
