"""How generous the company is, and how careful: one row of settings, and limits."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team, User, currency_code
from accounts.roles import ROLE_CHOICES
from recovery.models._fields import money


class Part(models.TextChoices):
    """A part of the hassle: what the customer had to go through beside the loss itself."""

    REPEAT_CONTACT = "repeat_contact", _("Had to write again within 7 days")
    CHANNEL_CHANGE = "channel_change", _("Had to change the channel")
    TRANSFER = "transfer", _("Was passed on")
    ASKED_TWICE = "asked_twice", _("Was asked the same twice")
    REOPENED = "reopened", _("Came back, because it was not solved")
    WAITING = "waiting", _("Waited an hour longer than promised")
    TRIP = "trip", _("Made a trip for nothing")


# In the company's currency. Settings, not facts: what an hour or a trip is worth differs from trade to trade.
USUAL_PRICES: dict[str, str] = {
    Part.REPEAT_CONTACT: "3",
    Part.CHANNEL_CHANGE: "3",
    Part.TRANSFER: "2",
    Part.ASKED_TWICE: "3",
    Part.REOPENED: "5",
    Part.WAITING: "4",
    Part.TRIP: "15",
}


class Policy(models.Model):
    """The company's rules of making good. There is exactly one row.

    Effect sizes behind the defaults are the literature's (docs/recovery.md); all of them are settings.
    """

    is_stopped = models.BooleanField(default=False, help_text=_("Nothing leaves: no offer, no survey, no notice."))
    stopped_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    stopped_at = models.DateTimeField(null=True, blank=True)

    # Give `give` for each `gap` that was missing: the essay's four for three.
    target_give = models.PositiveSmallIntegerField(default=4, validators=[MinValueValidator(1)])
    target_gap = models.PositiveSmallIntegerField(default=3, validators=[MinValueValidator(1)])
    cap_percent = models.PositiveSmallIntegerField(
        default=150, help_text=_("No offer is worth more than this share of the price at stake.")
    )
    prices = models.JSONField(default=dict, blank=True, help_text=_("What each part of the hassle is worth."))
    hassle_threshold = money(default=Decimal(15), help_text=_("From this hassle on a case opens by itself."))

    first_touch_hours = models.PositiveSmallIntegerField(default=24)
    resolution_hours = models.PositiveSmallIntegerField(default=48)
    second_failure_days = models.PositiveSmallIntegerField(default=60)
    watch_days = models.PositiveSmallIntegerField(default=30)
    offer_days = models.PositiveSmallIntegerField(default=14, help_text=_("How long an offer stands."))
    survey_days = models.PositiveSmallIntegerField(default=3, help_text=_("Days until we ask whether it is right now."))
    approval_hours = models.PositiveSmallIntegerField(default=8, help_text=_("Then the deputy is asked."))

    # Brakes.
    daily_cap = models.PositiveIntegerField(default=200, help_text=_("Mails of this kind in a day, for the company."))
    customer_days = models.PositiveSmallIntegerField(
        default=30, help_text=_("A customer gets one unasked mail of this kind in so many days.")
    )
    apology_days = models.PositiveSmallIntegerField(
        default=90, help_text=_("At most one apology to a customer in so many days: a second one backfires.")
    )
    quiet_from = models.TimeField(default=time(20), help_text=_("In the customer’s zone."))
    quiet_until = models.TimeField(default=time(8))
    customer_cap = money(default=Decimal(300), help_text=_("For one customer in 90 days; beyond it, approval."))

    holdout_percent = models.PositiveSmallIntegerField(default=5, validators=[MaxValueValidator(50)])
    variants = models.JSONField(
        default=dict, blank=True, help_text=_("Shares of apology, money and choice, where they are compared.")
    )
    only_row = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(only_row=True), name="policy_is_single"),
            models.CheckConstraint(
                condition=models.Q(target_give__gte=1, target_gap__gte=1, holdout_percent__lte=50), name="policy_sane"
            ),
        ]

    def __str__(self) -> str:
        return "the rules of making good"

    @classmethod
    def current(cls) -> Policy:
        """The company's rules, or the usual ones where nobody has set them."""
        return cls.objects.first() or cls()

    @property
    def target(self) -> Decimal:
        """What is given for each unit of the gap."""
        return Decimal(self.target_give) / Decimal(self.target_gap)

    def price_of(self, part: str) -> Decimal:
        """What this part of the hassle is worth, in the company's currency."""
        return Decimal(str(self.prices.get(part, USUAL_PRICES[part])))


class Rate(models.Model):
    """What one unit of a foreign currency is worth in the company's own; an admin keeps it."""

    currency = models.CharField(max_length=3, unique=True, validators=[currency_code])
    rate = models.DecimalField(max_digits=18, decimal_places=8)
    changed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["currency"]
        constraints = [models.CheckConstraint(condition=models.Q(rate__gt=0), name="rate_positive")]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate}"


USUAL_ALLOWANCES = {"agent": (25, 100), "lead": (200, 800), "manager": (1000, 4000), "admin": (1000, 4000)}


class Allowance(models.Model):
    """What somebody of this role may give without asking: at once, and in a week. In the company's currency."""

    role = models.CharField(max_length=10, choices=ROLE_CHOICES, unique=True)
    single = money()
    weekly = money()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(single__gte=0, weekly__gte=0), name="allowance_sane")]

    def __str__(self) -> str:
        return f"{self.role}: {self.single} at once, {self.weekly} a week"

    @classmethod
    def of(cls, user: User) -> Allowance:
        """What this person may give without asking, as set or as usual."""
        single, weekly = USUAL_ALLOWANCES[user.role]
        kept = cls.objects.filter(role=user.role).first()
        return kept or cls(role=user.role, single=Decimal(single), weekly=Decimal(weekly))


class TeamBudget(models.Model):
    """What a team may give in a calendar month, in the company's currency; a team without one asks nobody."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="recovery_budget")
    monthly = money()
    deputy = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Approves when nobody else does."),
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(monthly__gte=0), name="team_budget_sane")]

    def __str__(self) -> str:
        return f"{self.team_id}: {self.monthly} a month"


class Arm(models.TextChoices):
    """What is tried with a customer, so that it can be seen whether making good does any good."""

    FREE = "free", pgettext_lazy("experiment", "As the agent sees fit")
    HOLDOUT = "holdout", pgettext_lazy("experiment", "Nothing by itself")
    APOLOGY = "apology", pgettext_lazy("experiment", "Apology only")
    MONEY = "money", pgettext_lazy("experiment", "Money")
    CHOICE = "choice", pgettext_lazy("experiment", "A choice")
