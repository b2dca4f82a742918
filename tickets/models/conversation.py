"""What was said and what happened on a ticket."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KT
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from customers.models import Customer
from tickets.models.ticket import Ticket

Viewer = User | Customer | None
SHOWN_WIDTH, SHOWN_HEIGHT = 320, 220  # of a picture in a conversation, at most


def _at_most_one_author(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=models.Q(by_user=None) | models.Q(by_customer=None), name=name)


class Authored(models.Model):
    """Something a person here or a customer did; both empty means that the system did it."""

    by_user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    by_customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    @property
    def by(self) -> User | Customer | None:
        return self.by_user or self.by_customer


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, viewer: Viewer) -> MessageQuerySet:
        """Messages on tickets the viewer may see; a customer never sees a note."""
        mine = self.filter(ticket__in=Ticket.objects.visible_to(viewer))
        return mine.filter(kind=Message.Kind.REPLY) if isinstance(viewer, Customer) else mine

    def with_event(self) -> MessageQuerySet:
        """With their tickets, files and events, as complete as `EventQuerySet.with_details` would read them."""
        people = ("event__by_user", "event__by_customer")
        return self.select_related("ticket", "event__ticket", *people).prefetch_related("attachments")

    def replies(self) -> MessageQuerySet:
        return self.filter(kind=Message.Kind.REPLY)


class Message(Authored):
    """Words on a ticket: a reply that everyone concerned sees, or a note that only the team sees."""

    class Kind(models.TextChoices):
        REPLY = "reply", pgettext_lazy("noun", "Reply")
        NOTE = "note", pgettext_lazy("noun", "Note")

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.REPLY)

    class Format(models.TextChoices):
        PLAIN = "plain", _("As it is typed")
        MARKDOWN = "markdown", _("Markdown")

    body = models.TextField(max_length=settings.MESSAGE_MAX_CHARS)
    format = models.CharField(max_length=8, choices=Format.choices, default=Format.PLAIN)
    edited_at = models.DateTimeField(null=True, blank=True)
    redacted_at = models.DateTimeField(null=True, blank=True, help_text="When a part of it was blacked out, for good.")
    client_id = models.CharField(
        max_length=64, blank=True, help_text="The sender's own id; makes sending twice harmless."
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            _at_most_one_author("message_one_author"),
            models.CheckConstraint(
                condition=models.Q(kind="reply") | models.Q(by_customer=None), name="message_customers_write_no_notes"
            ),
            models.UniqueConstraint(
                "by_user",
                "client_id",
                name="message_once_per_user",
                condition=models.Q(by_user__isnull=False) & ~models.Q(client_id=""),
            ),
            models.UniqueConstraint(
                "by_customer",
                "client_id",
                name="message_once_per_customer",
                condition=models.Q(by_customer__isnull=False) & ~models.Q(client_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.body[:60]

    @property
    def is_note(self) -> bool:
        return self.kind == self.Kind.NOTE

    @property
    def is_amended(self) -> bool:
        """Whether its words are not those that were sent any more."""
        return self.edited_at is not None or self.redacted_at is not None

    @property
    def version(self) -> str:
        """Which words these are: whoever changes them must have seen them. Empty: those that were sent."""
        return max((at.isoformat() for at in (self.edited_at, self.redacted_at) if at), default="")

    @property
    def is_markdown(self) -> bool:
        return self.format == self.Format.MARKDOWN

    def has_no_files(self) -> None:
        """Know for certain that nothing is attached, as a prefetch would: nobody need ask the database."""
        nothing = Attachment.objects.none()
        nothing._result_cache = []
        self._prefetched_objects_cache = {"attachments": nothing}


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, viewer: Viewer) -> EventQuerySet:
        """Events of tickets the viewer may see; a customer sees the public ones only."""
        if isinstance(viewer, Customer):
            return self.visible_to_customers([viewer])
        return self.filter(ticket__in=Ticket.objects.visible_to(viewer))

    def visible_to_customers(self, customers: list[Customer]) -> EventQuerySet:
        """What `visible_to` lets any of these see, for reading in one go; each one's are those of their tickets."""
        return self.filter(ticket__customer__in=customers, is_public=True)

    def after(self, seq: int) -> EventQuerySet:
        return self.filter(seq__gt=seq).order_by("seq")

    def with_words(self) -> EventQuerySet:
        """With what was said and by whom, but not the files."""
        return self.select_related("message", "by_user", "by_customer")

    def with_details(self) -> EventQuerySet:
        """With all that `event_json` says, in two queries."""
        return self.with_words().prefetch_related("message__attachments")


class Event(Authored):
    """Something that happened to a ticket: audit trail, timeline, raw material of reports, live announcement.

    `seq` runs 1, 2, 3 … per ticket without a gap; it is given out under the ticket's row lock, so that
    commit order is its order. `public_prev` is the seq of the public event before this one (0: none),
    which lets a customer, who never sees a note, still notice a gap.
    """

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="events")
    seq = models.BigIntegerField()
    public_prev = models.BigIntegerField()
    type = models.CharField(max_length=40)
    is_public = models.BooleanField()
    message = models.OneToOneField(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="event")
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("ticket", "seq", name="event_seq_once"),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="event_seq_from_one"),
            models.CheckConstraint(
                condition=models.Q(public_prev__lt=models.F("seq")), name="event_public_prev_before"
            ),
            _at_most_one_author("event_one_author"),
        ]
        indexes = [
            models.Index("ticket", "seq", name="event_public", condition=models.Q(is_public=True)),
            models.Index(KT("data__mail"), name="event_mail_failed", condition=models.Q(type="mail.failed")),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}/{self.seq} {self.type}"

    @property
    def prev(self) -> int:
        """The seq of the event before this one, for viewers who see every event."""
        return self.seq - 1

    @property
    def template(self) -> str:
        """The fragment that draws this event on a timeline."""
        return f"events/_{self.type}.html"


class ReadMark(models.Model):
    """How far someone has read a ticket. Moves forward only, unless they say that it is unread to them again."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="read_marks")
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.CASCADE, related_name="+")
    seq = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("ticket", "user", name="read_mark_once_per_user"),
            models.UniqueConstraint("ticket", "customer", name="read_mark_once_per_customer"),
            models.CheckConstraint(
                condition=models.Q(user=None, customer__isnull=False) | models.Q(user__isnull=False, customer=None),
                name="read_mark_one_reader",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} read up to {self.seq}"


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, viewer: Viewer) -> AttachmentQuerySet:
        """Files of messages the viewer may see, and the viewer's own that are not sent yet."""
        # Asked of each file by itself: beside an OR, a list of all messages would be made first, of millions.
        sent = models.Q(models.Exists(Message.objects.visible_to(viewer).filter(pk=models.OuterRef("message"))))
        if isinstance(viewer, Customer):
            return self.filter(sent | models.Q(message=None, by_customer=viewer))
        if isinstance(viewer, User):
            return self.filter(sent | models.Q(message=None, by_user=viewer))
        return self.none()

    def in_trash_of(self, viewer: User) -> AttachmentQuerySet:
        """Files of what the viewer may see in the trash: whoever looks there decides whether it is needed again."""
        return self.filter(message__ticket__in=Ticket.objects.trash_of(viewer))


def _storage_name(attachment: Attachment, filename: str) -> str:
    return f"{attachment.pk.hex[:2]}/{attachment.pk.hex}"  # never the uploader's name for it


class Attachment(Authored):
    """A file on a message. Its id is 122 random bits; its name is only ever shown, never used as a path."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="attachments")
    file = models.FileField(upload_to=_storage_name)
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    type = models.CharField(max_length=100)
    # Only of pictures that we made anew ourselves, which may therefore be shown where they stand.
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True, blank=True, help_text="When what it held was deleted, for good.")

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [_at_most_one_author("attachment_one_author")]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_size(self) -> tuple[int, int] | None:
        """Width and height at which a conversation shows this picture, in CSS pixels; None if it is not to be shown."""
        if not self.width or not self.height:
            return None
        scale = min(1, SHOWN_WIDTH / self.width, SHOWN_HEIGHT / self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


class Rating(models.Model):
    """How a customer found it, from 1 (bad) to 5 (very good); the newest word on a ticket counts."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="rating")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="ratings")
    score = models.PositiveSmallIntegerField()
    comment = models.CharField(max_length=2000, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(score__gte=1, score__lte=5), name="rating_one_to_five")
        ]
        indexes = [models.Index("at", name="rating_newest")]

    def __str__(self) -> str:
        return f"{self.score} of 5"


class Collaborator(models.Model):
    """Someone of ours who was asked into a ticket, and sees it from then on."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="collaborators")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="collaborations")
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    invited_at = models.DateTimeField(default=timezone.now)
    joined_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("ticket", "user", name="collaborator_once")]
        indexes = [models.Index("user", "ticket", name="collaborator_of")]

    def __str__(self) -> str:
        return f"{self.user_id} on {self.ticket_id}"
