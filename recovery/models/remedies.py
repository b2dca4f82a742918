"""What can be given: the company's own list, the codes it has in stock, and the shop that pays credits out."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User, currency_code
from recovery.models._fields import money
from recovery.models.failing import Kind as FailureKind


class RemedyKind(models.TextChoices):
    """What a remedy is. Whatever it is, it has a value in money, so that it can be held against the gap."""

    APOLOGY = "apology", pgettext_lazy("remedy", "Apology by a named person")
    EXPLANATION = "explanation", pgettext_lazy("remedy", "Explanation")
    REDO = "redo", pgettext_lazy("remedy", "Do it again")
    REPLACEMENT = "replacement", pgettext_lazy("remedy", "Replacement")
    LOAN = "loan", pgettext_lazy("remedy", "Loan or stop-gap until it is right")
    CREDIT = "credit", pgettext_lazy("remedy", "Credit")
    REFUND = "refund", pgettext_lazy("remedy", "Refund")
    VOUCHER = "voucher", pgettext_lazy("remedy", "Voucher")
    UPGRADE = "upgrade", pgettext_lazy("remedy", "Upgrade")
    GIFT = "gift", pgettext_lazy("remedy", "Gift")
    CALL = "call", pgettext_lazy("remedy", "Call from a senior person")
    OTHER = "other", pgettext_lazy("remedy", "Something else")


class Pool(models.Model):
    """Codes of one value, imported from the shop, of which each is given out once."""

    name = models.CharField(max_length=80, unique=True)
    currency = models.CharField(max_length=3, validators=[currency_code])
    value = money()
    codes_expire_at = models.DateTimeField(null=True, blank=True)
    warn_below = models.PositiveIntegerField(default=10, help_text=_("Say so when fewer codes are left."))
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=Q(value__gt=0), name="pool_value_positive")]

    def __str__(self) -> str:
        return self.name


class Remedy(models.Model):
    """Something that the company gives, with its words, its value, and the failures that it is fit for."""

    kind = models.CharField(max_length=12, choices=RemedyKind.choices)
    name = models.CharField(max_length=80, help_text=_("As our people find it."))
    words = models.CharField(max_length=500, help_text=_("As the customer reads it."))
    currency = models.CharField(max_length=3, blank=True, help_text="Empty: the company's.")
    value = money(null=True, blank=True, help_text=_("Empty: what fills the gap, within the limits."))
    pool = models.ForeignKey(Pool, null=True, blank=True, on_delete=models.PROTECT, related_name="remedies")
    # The matrix: for which failures it is fit, and where in the order it stands.
    failures = ArrayField(models.CharField(max_length=12, choices=FailureKind.choices), default=list, blank=True)
    severity_from = models.PositiveSmallIntegerField(default=1)
    severity_to = models.PositiveSmallIntegerField(default=5)
    position = models.PositiveSmallIntegerField(default=0)
    is_owed = models.BooleanField(default=False, help_text=_("Law or contract grants it anyway: never held out."))
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["position", "pk"]
        verbose_name_plural = "remedies"
        constraints = [
            models.CheckConstraint(condition=Q(value=None) | Q(value__gte=0), name="remedy_value_sane"),
            models.CheckConstraint(
                condition=Q(severity_from__gte=1, severity_to__lte=5, severity_from__lte=models.F("severity_to")),
                name="remedy_severity_sane",
            ),
            models.CheckConstraint(
                condition=~Q(kind="voucher") | Q(pool__isnull=False), name="remedy_voucher_has_pool"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def failure_names(self) -> list[str]:
        """The failures that it is fit for, in words; none means all."""
        return [str(FailureKind(kind).label) for kind in self.failures]


class Voucher(models.Model):
    """A code in stock. It is held for an offer, issued when the offer is accepted, and never given out twice."""

    class State(models.TextChoices):
        FREE = "free", pgettext_lazy("voucher", "In stock")
        HELD = "held", pgettext_lazy("voucher", "Held for an offer")
        ISSUED = "issued", pgettext_lazy("voucher", "Issued")
        REDEEMED = "redeemed", pgettext_lazy("voucher", "Redeemed")
        VOID = "void", pgettext_lazy("voucher", "Withdrawn")

    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="vouchers")
    code = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=State.choices, default=State.FREE)
    option = models.OneToOneField(
        "recovery.Option", null=True, blank=True, on_delete=models.PROTECT, related_name="voucher"
    )
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("pool", "code", name="voucher_code_once"),
            models.CheckConstraint(
                condition=Q(state="free", option=None) | Q(state="void") | (~Q(state="free") & Q(option__isnull=False)),
                name="voucher_given_has_option",
            ),
        ]
        indexes = [models.Index("pool", "id", name="voucher_in_stock", condition=Q(state="free"))]

    def __str__(self) -> str:
        return f"{self.pool_id}: …{self.code[-4:]}"  # a code is money: it is not logged


class Hook(models.Model):
    """The shop's address that pays credits and refunds out, and the secret that our requests are signed with."""

    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=64, editable=False)
    kinds = ArrayField(models.CharField(max_length=12, choices=RemedyKind.choices), default=list)
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.url


class Payout(models.Model):
    """An order to the shop to pay something out: sent until it is taken, under one key, so that it pays once."""

    class State(models.TextChoices):
        PENDING = "pending", pgettext_lazy("payout", "Waiting")
        SENDING = "sending", pgettext_lazy("payout", "Being sent")
        DONE = "done", pgettext_lazy("payout", "Taken by the shop")
        FAILED = "failed", pgettext_lazy("payout", "Failed")
        BY_HAND = "by_hand", pgettext_lazy("payout", "Done by hand")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    option = models.OneToOneField("recovery.Option", on_delete=models.PROTECT, related_name="payout")
    hook = models.ForeignKey(Hook, null=True, blank=True, on_delete=models.SET_NULL, related_name="payouts")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=200, blank=True, help_text="What the shop said last.")
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index("next_at", name="payout_due", condition=Q(state__in=["pending", "sending"]))]

    def __str__(self) -> str:
        return f"{self.id}: {self.state}"
