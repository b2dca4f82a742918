"""How tickets belong together, and what is to be ticked off on one."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Greatest, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets.models.conversation import Message
from tickets.models.ticket import Ticket

CHILD, SPLIT_INTO = "child", "split_into"  # how `parent` and `split` look from the other side
# What stands before the other ticket, from either side.
SIDES = {
    "parent": _("Part of"),
    "child": _("Has part"),
    "duplicate": _("Same as"),
    "related": _("Related to"),
    "split": _("Split off from"),
    "split_into": _("Split into"),
}


class TicketLink(models.Model):
    """`ticket` has something to do with `other`, which says nothing about who may see which. Two have one link."""

    class Kind(models.TextChoices):
        RELATED = "related", _("Related to")
        PARENT = "parent", _("Part of")  # `other` is the larger thing
        DUPLICATE = "duplicate", _("Same as")
        SPLIT = "split", _("Split off from")  # at `message`, which stays where it is

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links")
    other = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links_back")
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.RELATED)
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="splits")
    by_user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(Least("ticket", "other"), Greatest("ticket", "other"), name="ticket_link_once"),
            models.CheckConstraint(condition=~models.Q(ticket=models.F("other")), name="ticket_link_to_another"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["related", "parent", "duplicate", "split"]), name="ticket_link_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="split", message__isnull=False)
                | (~models.Q(kind="split") & models.Q(message=None)),
                name="ticket_split_at_a_message",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind} {self.other_id}"

    def side_of(self, number: int) -> str:
        """What it is to one of the two: a key of SIDES."""
        if number == self.ticket_id:
            return self.kind
        return {self.Kind.PARENT.value: CHILD, self.Kind.SPLIT.value: SPLIT_INTO}.get(self.kind, self.kind)


class ChecklistItem(models.Model):
    """Something that is to be done on a ticket, ticked off by whoever did it."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="checklist")
    text = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.text

    @property
    def is_done(self) -> bool:
        return self.done_at is not None
