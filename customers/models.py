"""Who writes in: customers, their companies and their addresses."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import check_time_zone, initials_of


class Company(models.Model):
    """An organisation that customers belong to."""

    name = models.CharField(max_length=160)
    domain = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class CustomerQuerySet(models.QuerySet["Customer"]):
    def with_addresses(self) -> CustomerQuerySet:
        return self.prefetch_related("addresses")


class Customer(models.Model):
    """A person who wrote, or on whose behalf we wrote. May have no name and no address: a guest of the widget."""

    name = models.CharField(max_length=160, blank=True)
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.SET_NULL, related_name="customers")
    locale = models.CharField(max_length=20, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, validators=[check_time_zone])
    note = models.TextField(blank=True)
    attributes = models.JSONField(default=dict, blank=True, help_text="What a signed identity said of them.")
    is_blocked = models.BooleanField(default=False)
    merged_into = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="merged",
        help_text="Who they turned out to be.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        indexes = [GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="customer_name_words")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def address(self) -> Address | None:
        """The best address: a proved one before a stated one before a claimed one; the newest of equals."""
        return max(self.addresses.all(), key=lambda a: (a.rank, a.pk), default=None)

    @property
    def email(self) -> str | None:
        best = self.address
        return best.email if best else None

    @property
    def display_name(self) -> str:
        """As our people read it: a guest of whom one of us has said who they are goes by that name."""
        if self.merged_into is not None:
            return self.merged_into.display_name
        return self.name or self.email or gettext("Visitor")

    @property
    def initials(self) -> str:
        if self.merged_into is not None:
            return self.merged_into.initials
        return initials_of(self.name or self.email or "")


class AddressQuerySet(models.QuerySet["Address"]):
    def identifying(self) -> AddressQuerySet:
        """Those that say who someone is. What a guest merely typed identifies nobody."""
        return self.exclude(proof=Address.Proof.CLAIMED)


class Address(models.Model):
    """An email address of a customer, and how we know that it is theirs."""

    class Proof(models.TextChoices):
        CLAIMED = "claimed", _("not verified")
        STATED = "stated", _("entered by our people")
        PROVED = "proved", _("verified")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    email = models.EmailField(max_length=254)
    proof = models.CharField(max_length=8, choices=Proof.choices, default=Proof.CLAIMED)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = AddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "addresses"
        indexes = [
            GinIndex(OpClass(Upper("email"), name="gin_trgm_ops"), name="address_words"),
            models.Index(Upper("email"), name="address_exactly"),  # the one above reads all that end alike
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"), condition=~models.Q(proof="claimed"), name="address_identifies_one_customer"
            ),
            models.UniqueConstraint("customer", Lower("email"), name="address_once_per_customer"),
            models.CheckConstraint(
                condition=models.Q(proof__in=["claimed", "stated", "proved"]), name="address_proof_known"
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def rank(self) -> int:
        return [self.Proof.CLAIMED, self.Proof.STATED, self.Proof.PROVED].index(self.Proof(self.proof))

    @property
    def is_known(self) -> bool:
        """Whether it says who someone is, rather than what a guest typed."""
        return self.proof != self.Proof.CLAIMED

    @property
    def is_verified(self) -> bool:
        return self.proof == self.Proof.PROVED
