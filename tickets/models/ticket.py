"""A conversation is a ticket, whichever channel it came through."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Site, Team, User
from customers.models import Customer
from tickets.models.shaping import NamedStatus
from tickets.tokens import REFERENCE_LENGTH

# Crockford's base 32: no letter that is mistaken for another when read out on the phone.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
SNOOZE_FIELDS = ["snoozed_at", "snoozed_until"]


def new_reference() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(REFERENCE_LENGTH))


class Status(models.TextChoices):
    OPEN = "open", pgettext_lazy("status", "Open")
    PENDING = "pending", pgettext_lazy("status", "Pending")
    ON_HOLD = "on_hold", pgettext_lazy("status", "On hold")
    SOLVED = "solved", pgettext_lazy("status", "Solved")


UNSOLVED = [Status.OPEN, Status.PENDING, Status.ON_HOLD]


class Priority(models.IntegerChoices):
    LOW = 1, pgettext_lazy("priority", "Low")
    NORMAL = 2, pgettext_lazy("priority", "Normal")
    HIGH = 3, pgettext_lazy("priority", "High")
    URGENT = 4, pgettext_lazy("priority", "Urgent")


class Channel(models.TextChoices):
    CHAT = "chat", _("Chat")
    EMAIL = "email", _("Email")
    FORM = "form", _("Form")
    PHONE = "phone", _("Phone")
    API = "api", _("API")


class Tag(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="tag_once")]

    def __str__(self) -> str:
        return self.name


class RootCauseQuerySet(models.QuerySet["RootCause"]):
    def offered(self) -> RootCauseQuerySet:
        """Those that can be named when a ticket is solved."""
        return self.filter(archived_at=None)

    def going_on(self) -> RootCauseQuerySet:
        """All but those that were merged into another one."""
        return self.filter(merged_into=None)

    def known_as(self, slug: str) -> RootCause | None:
        """The one with this slug, or the one that it was merged into."""
        cause = self.filter(slug=slug).select_related("merged_into").first()
        return cause.merged_into or cause if cause else None


class RootCause(models.Model):
    """Why something went wrong: what is fixed once, so that nobody has to write about it again."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("status", "Open")
        FIXING = "fixing", _("Being fixed")
        FIXED = "fixed", _("Fixed")

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120, unique=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="root_causes")
    change = models.CharField(
        max_length=300, blank=True, help_text=_("What we changed, in a sentence that customers read.")
    )
    fixed_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
        help_text="The one that goes on. This row stays, for what still knows its slug; its tickets move over.",
    )

    objects = RootCauseQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="fixed", fixed_at__isnull=False)
                | (~models.Q(state="fixed") & models.Q(fixed_at__isnull=True)),
                name="root_cause_fixed_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None)
                | (models.Q(archived_at__isnull=False) & ~models.Q(merged_into=models.F("id"))),
                name="root_cause_merged_is_archived",
            ),
            models.CheckConstraint(
                condition=models.Q(parent=None) | ~models.Q(parent=models.F("id")), name="root_cause_not_below_itself"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, viewer: User | Customer | None) -> TicketQuerySet:
        """The tickets this viewer may see: the one rule behind page, API, socket and live delivery.

        A customer sees their own. People here see their teams' tickets, those of no team, those
        assigned to them and those they were asked into; whoever holds `tickets.view_all` sees all.
        What is in the trash is there for `trash_of` only, and for its customer, whose words bring it back.
        """
        if isinstance(viewer, Customer):
            return self.visible_to_customers([viewer])
        return self.filter(trashed_at=None)._of(viewer)

    def trash_of(self, viewer: User) -> TicketQuerySet:
        """What this viewer would see if it were not in the trash."""
        return self.filter(trashed_at__isnull=False)._of(viewer)

    def _of(self, viewer: User | None) -> TicketQuerySet:
        if not isinstance(viewer, User) or not viewer.has_perm("tickets.view"):
            return self.none()
        if viewer.has_perm("tickets.view_all"):
            return self.all()
        teams = [team.pk for team in viewer.teams.all()]  # free where a page has fetched them already
        asked_into = models.Q(pk__in=viewer.collaborations.values("ticket"))
        return self.filter(models.Q(team=None) | models.Q(team__in=teams) | models.Q(assignee=viewer) | asked_into)

    def visible_to_customers(self, customers: list[Customer]) -> TicketQuerySet:
        """What `visible_to` lets any of these see, for reading in one go; each one's are their own.

        Where nothing was said to them yet (a ticket that we have split off) there is nothing to see.
        """
        return self.filter(customer__in=customers, public_last_seq__gt=0)

    def of_person(self, customer: Customer) -> TicketQuerySet:
        """Those of a customer and of the guests of whom one of us has said that they are the same, for our people."""
        root = customer.merged_into_id or customer.pk
        records = Customer.objects.filter(models.Q(pk=root) | models.Q(merged_into=root))
        return self.filter(customer__in=records.values("pk"))

    def unsolved(self) -> TicketQuerySet:
        return self.filter(status__in=UNSOLVED)

    def solved(self) -> TicketQuerySet:
        return self.filter(status=Status.SOLVED)

    def waiting(self) -> TicketQuerySet:
        """Those whose customer waits for us."""
        return self.filter(waiting_since__isnull=False)

    def merged_into(self, ticket: Ticket) -> list[int]:
        """The numbers of those that go on as this one, however many steps away."""
        found: list[int] = []
        latest = [ticket.pk]
        while latest := list(self.filter(merged_into__in=latest).values_list("pk", flat=True)):
            found += latest
        return found

    def with_people(self) -> TicketQuerySet:
        return self.select_related("customer__merged_into", "assignee", "team")


class Ticket(models.Model):
    """One conversation with one customer. `number` is for us, `reference` for everyone else."""

    number = models.BigAutoField(primary_key=True)
    reference = models.CharField(max_length=REFERENCE_LENGTH, unique=True, default=new_reference, editable=False)
    subject = models.CharField(max_length=200)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    named_status = models.ForeignKey(
        NamedStatus,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        help_text="The company's own word for it, if any.",
    )
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="tickets")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets")
    assignee = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets", db_index=False
    )
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets")
    tags = models.ManyToManyField(Tag, blank=True, related_name="tickets")
    root_cause = models.ForeignKey(RootCause, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets")
    continues = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="continued_by")

    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged")

    fields = models.JSONField(default=dict, blank=True, help_text="What the company's own fields hold, by their slug.")
    preview = models.CharField(max_length=160, blank=True, help_text="The beginning of the last public message.")
    # The two counters of the event log; both move only under this row's lock.
    last_seq = models.BigIntegerField(default=0)
    public_last_seq = models.BigIntegerField(default=0)
    mailed_seq = models.BigIntegerField(default=0, help_text="The answers up to here have left by mail.")

    waiting_since = models.DateTimeField(null=True, blank=True, help_text="Since when the customer waits for us.")
    answer_due_at = models.DateTimeField(null=True, blank=True)
    first_answered_at = models.DateTimeField(null=True, blank=True)
    solved_at = models.DateTimeField(null=True, blank=True)
    # Out of the lists until then, or until the customer writes (snoozed without a time).
    snoozed_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    trashed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="ticket_status_known"),
            models.CheckConstraint(condition=models.Q(priority__in=Priority.values), name="ticket_priority_known"),
            models.CheckConstraint(condition=models.Q(channel__in=Channel.values), name="ticket_channel_known"),
            models.CheckConstraint(
                condition=models.Q(public_last_seq__lte=models.F("last_seq")), name="ticket_public_seq_behind"
            ),
            models.CheckConstraint(
                condition=models.Q(status="solved", solved_at__isnull=False)
                | (~models.Q(status="solved") & models.Q(solved_at=None)),
                name="ticket_solved_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="solved") | models.Q(waiting_since=None), name="ticket_solved_waits_not"
            ),
            models.CheckConstraint(
                condition=models.Q(snoozed_until=None) | models.Q(snoozed_at__isnull=False),
                name="ticket_wakes_only_if_snoozed",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="solved") | models.Q(snoozed_at=None), name="ticket_solved_sleeps_not"
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None) | models.Q(status="solved"), name="ticket_merged_is_solved"
            ),
            models.CheckConstraint(
                condition=models.Q(merged_into=None) | ~models.Q(merged_into=models.F("number")),
                name="ticket_merged_into_another",
            ),
            models.CheckConstraint(
                condition=models.Q(waiting_since=None, answer_due_at=None)
                | models.Q(waiting_since__isnull=False, answer_due_at__isnull=False),
                name="ticket_waiting_has_due",
            ),
        ]
        indexes = [
            # The two halves of the inbox (queries.inbox_page): small, because they hold no solved ticket.
            models.Index(
                "answer_due_at", "number", name="ticket_waiting", condition=models.Q(waiting_since__isnull=False)
            ),
            models.Index(
                models.F("updated_at").desc(),
                models.F("number").desc(),
                name="ticket_quiet",
                condition=models.Q(waiting_since=None) & ~models.Q(status="solved"),
            ),
            models.Index(
                models.F("solved_at").desc(),
                models.F("number").desc(),
                name="ticket_solved",
                condition=models.Q(status="solved"),
            ),
            models.Index(
                models.F("snoozed_at").desc(),
                models.F("number").desc(),
                name="ticket_snoozed",
                condition=models.Q(snoozed_at__isnull=False),
            ),
            models.Index("snoozed_until", name="ticket_wakes", condition=models.Q(snoozed_until__isnull=False)),
            models.Index(
                models.F("trashed_at").desc(), name="ticket_trash", condition=models.Q(trashed_at__isnull=False)
            ),
            GinIndex(OpClass("fields", name="jsonb_path_ops"), name="ticket_fields", condition=~models.Q(fields={})),
            models.Index(fields=["assignee", "team"], include=["number"], name="ticket_of_assignee"),
            # What reports ask of a ticket by its number.
            models.Index(fields=["number"], include=["root_cause", "customer"], name="ticket_of_fact"),
            models.Index("assignee", name="ticket_open_assignee", condition=~models.Q(status="solved")),
            models.Index("team", name="ticket_open_team", condition=~models.Q(status="solved")),
            models.Index(models.F("updated_at").desc(), models.F("number").desc(), name="ticket_updated"),
            models.Index("customer", models.F("number").desc(), name="ticket_customer_newest"),
            models.Index("created_at", name="ticket_created"),
            models.Index(models.F("number") / 1000, "created_at", name="ticket_thousands"),  # for `before:`
            models.Index("first_answered_at", name="ticket_answered"),
            # Causes are counted from it alone (queries/causes.py), whoever looks.
            models.Index(
                fields=["root_cause", "created_at"],
                include=["number", "team", "assignee"],
                name="ticket_cause",
                condition=models.Q(root_cause__isnull=False, trashed_at=None),
            ),
            GinIndex(OpClass(Upper("subject"), name="gin_trgm_ops"), name="ticket_subject_words"),
        ]

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        return f"/tickets/{self.number}/"

    @property
    def is_solved(self) -> bool:
        return self.status == Status.SOLVED

    @property
    def status_words(self) -> str:
        """How it stands, as the company says it."""
        return self.named_status.name if self.named_status else self.get_status_display()

    @property
    def about(self) -> str:
        """How rows of lower apps refer to this ticket."""
        return f"ticket:{self.number}"

    def change_status(self, status: str, *, at: Any) -> list[str]:
        """Set the status and what hangs on it; returns the fields that were touched. Saves nothing."""
        self.status = status
        self.named_status = None  # a word of the company's own belongs to one status only
        self.solved_at = at if status == Status.SOLVED else None
        if status == Status.SOLVED:
            self.waiting_since = self.answer_due_at = None
            self.wake()
        return ["status", "named_status", "solved_at", "waiting_since", "answer_due_at", *SNOOZE_FIELDS]

    def wake(self) -> bool:
        """Back into the lists; whether it was out of them. Saves nothing."""
        was_snoozed = self.snoozed_at is not None
        self.snoozed_at = self.snoozed_until = None
        return was_snoozed
