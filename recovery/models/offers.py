"""What is offered to a customer, who allowed it, and the ledger of what it cost."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team, User, currency_code
from customers.models import Customer
from recovery.models._fields import money
from recovery.models.cases import Case
from recovery.models.policy import Arm
from recovery.models.remedies import Remedy, RemedyKind
from tickets.models import Ticket

BEYOND = 10**12  # NaN is a number to Postgres, greater than all others; this keeps it out


class OfferQuerySet(models.QuerySet["Offer"]):
    def visible_to(self, viewer: User | Customer | None) -> OfferQuerySet:
        """Offers on tickets that one of us may see. A customer opens theirs by its link alone."""
        if not isinstance(viewer, User) or not viewer.has_perm("recovery.view"):
            return self.none()
        return self.filter(case__ticket__in=Ticket.objects.visible_to(viewer))

    def live(self) -> OfferQuerySet:
        """Those that may still be taken, or come to be: at most one for each case."""
        return self.filter(state__in=LIVE)


class Offer(models.Model):
    """One version of what is offered in a case: two or three options, of which one can be taken, once.

    What is changed after it was sent is a new version, and the old one dies with its link.
    """

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("offer", "Draft")
        AWAITING = "awaiting", pgettext_lazy("offer", "Awaiting approval")
        SENT = "sent", pgettext_lazy("offer", "Sent")
        ACCEPTED = "accepted", pgettext_lazy("offer", "Accepted")
        DECLINED = "declined", pgettext_lazy("offer", "Declined")
        EXPIRED = "expired", pgettext_lazy("offer", "Expired")
        WITHDRAWN = "withdrawn", pgettext_lazy("offer", "Withdrawn")

    class Answer(models.TextChoices):
        """What a customer can say beside taking an option."""

        JUST_FIX = "just_fix", pgettext_lazy("answer", "Just fix it")
        CALL_ME = "call_me", pgettext_lazy("answer", "Call me")
        NO = "no", pgettext_lazy("answer", "No, thank you")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="offers")
    version = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    words = models.TextField(max_length=5000, help_text="What failed, and that we are sorry, in the agent's own words.")
    is_commercial = models.BooleanField(
        default=False, help_text="It carries promotion: whoever unsubscribed gets none."
    )
    currency = models.CharField(max_length=3, validators=[currency_code])
    gap = money(help_text="Loss and hassle, when it was made: beyond is value over gap.")
    nonce = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="Its link is signed over this.")
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="recovery_offers")
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Whose budget it is: the ticket's team when it was sent, wherever the ticket goes later.",
    )
    arm = models.CharField(max_length=8, choices=Arm.choices, default=Arm.FREE)

    made_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    chosen = models.ForeignKey("Option", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=8, choices=Answer.choices, blank=True)
    answer_note = models.CharField(max_length=500, blank=True, help_text="A number to call, or what they said.")
    end_reason = models.CharField(max_length=200, blank=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("case", "version", name="offer_version_once"),
            models.UniqueConstraint(
                "case", name="offer_one_is_live", condition=Q(state__in=["draft", "awaiting", "sent"])
            ),
            models.CheckConstraint(
                condition=Q(state="accepted", chosen__isnull=False) | (~Q(state="accepted") & Q(chosen=None)),
                name="offer_accepted_has_choice",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False, expires_at__isnull=False),
                name="offer_sent_has_times",
            ),
            models.CheckConstraint(condition=Q(gap__gte=0, gap__lt=BEYOND), name="offer_gap_sane"),
        ]
        indexes = [
            models.Index("expires_at", name="offer_expiring", condition=Q(state="sent")),
            models.Index("by", "made_at", name="offer_by_lately"),
        ]

    def __str__(self) -> str:
        return f"offer {self.version} of {self.case_id}: {self.state}"


LIVE = [Offer.State.DRAFT, Offer.State.AWAITING, Offer.State.SENT]


class Option(models.Model):
    """One of the things that a customer can choose."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="options")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=12, choices=RemedyKind.choices)
    remedy = models.ForeignKey(Remedy, null=True, blank=True, on_delete=models.SET_NULL, related_name="options")
    words = models.CharField(max_length=500)
    value = money(help_text="In the offer's currency; what it is worth to the customer.")
    done_at = models.DateTimeField(null=True, blank=True, help_text="When what was promised was done.")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint("offer", "position", name="option_position_once"),
            models.CheckConstraint(condition=Q(value__gte=0, value__lt=BEYOND), name="option_value_sane"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value} in {self.offer_id}"

    @property
    def title(self) -> str:
        """The first line of its words; what follows explains it."""
        return self.words.partition("\n")[0].strip()

    @property
    def details(self) -> str:
        return self.words.partition("\n")[2].strip()


class Approval(models.Model):
    """That somebody else has to say yes: four eyes, never one's own, by a time, after which the deputy is asked."""

    class State(models.TextChoices):
        ASKED = "asked", pgettext_lazy("approval", "Asked")
        GRANTED = "granted", pgettext_lazy("approval", "Approved")
        REFUSED = "refused", pgettext_lazy("approval", "Refused")
        MOOT = "moot", pgettext_lazy("approval", "Not needed any more")

    offer = models.OneToOneField(Offer, on_delete=models.CASCADE, related_name="approval")
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    reasons = models.JSONField(default=list, help_text='Which limits it is beyond: [["single", "25.00", "60.00"], …].')
    amount = money(help_text="In the company's currency; the dearest option.")
    due_at = models.DateTimeField(help_text="Then the deputy is told, too.")
    deputy_told_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(asked_by=None) | ~Q(decided_by=models.F("asked_by")),
                name="approval_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["granted", "refused"]) | Q(decided_at__isnull=False),
                name="approval_decided_has_time",
            ),
        ]
        indexes = [models.Index("due_at", name="approval_waiting", condition=Q(state="asked"))]

    def __str__(self) -> str:
        return f"{self.offer_id}: {self.state}"


class LedgerEntry(models.Model):
    """One step of an offer's money. Never changed, never deleted: the database refuses both.

    reserve (the dearest option) → issue (the chosen one) → redeem; expire or void end it at any step. An offer is one
    version, so a step happens once for each (offer, version). The database also refuses what cannot be: a step without
    the one before it, a second end, more issued than was reserved, another currency.
    """

    class Step(models.TextChoices):
        RESERVE = "reserve", pgettext_lazy("ledger", "Reserved")
        ISSUE = "issue", pgettext_lazy("ledger", "Issued")
        REDEEM = "redeem", pgettext_lazy("ledger", "Redeemed")
        EXPIRE = "expire", pgettext_lazy("ledger", "Expired")
        VOID = "void", pgettext_lazy("ledger", "Voided")

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="ledger")
    step = models.CharField(max_length=8, choices=Step.choices)
    amount = money()
    currency = models.CharField(max_length=3)
    # In the company's currency, at the rate of that time; None where there was no rate.
    own_amount = money(null=True, blank=True)
    own_currency = models.CharField(max_length=3)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint("offer", "step", name="ledger_step_once"),
            models.UniqueConstraint("offer", name="ledger_one_end", condition=Q(step__in=["redeem", "expire", "void"])),
            models.CheckConstraint(condition=Q(amount__gte=0, amount__lt=BEYOND), name="ledger_amount_sane"),
            models.CheckConstraint(
                condition=Q(step__in=["reserve", "issue", "redeem", "expire", "void"]), name="ledger_step_known"
            ),
            models.CheckConstraint(
                condition=Q(own_amount=None) | Q(own_amount__gte=0, own_amount__lt=BEYOND), name="ledger_own_sane"
            ),
        ]
        indexes = [models.Index("at", name="ledger_lately")]

    def __str__(self) -> str:
        return f"{self.step} {self.amount} {self.currency} for {self.offer_id}"


class LedgerAlarm(models.Model):
    """That the nightly proof found the ledger and the offers to disagree. It is settled by a person."""

    offer = models.ForeignKey(Offer, null=True, blank=True, on_delete=models.PROTECT, related_name="alarms")
    what = models.CharField(max_length=300)
    found_at = models.DateTimeField(default=timezone.now)
    settled_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True, help_text=_("How it was settled."))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "offer", "what", name="alarm_once", condition=Q(settled_at=None), nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return self.what
