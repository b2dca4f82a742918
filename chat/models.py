"""The browsers that chat with us, and what a site lets them do."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Site, User, check_time_zone
from accounts.tokens import digest, new_secret
from customers.models import Customer
from tickets.models import Ticket


class VisitorQuerySet(models.QuerySet["Visitor"]):
    def authenticate(self, raw: str, site: Site | None = None) -> Visitor | None:
        """The visitor who holds this token (on this site, if one is given), or None."""
        if not raw or len(raw) > 200:
            return None
        found = self.filter(token_digest=digest(raw)).select_related("customer", "site")
        return (found.filter(site=site) if site else found).first()

    def enroll(self, site: Site, *, locale: str = "") -> tuple[Visitor, str]:
        """A new visitor and the token that proves them; the token is not kept."""
        raw = new_secret()
        return self.create(site=site, token_digest=digest(raw), locale=locale[:20]), raw


class Visitor(models.Model):
    """A browser on one site. Becomes a Customer with the first message."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="visitors")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="visitors")
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    locale = models.CharField(max_length=20, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, validators=[check_time_zone])
    user_agent = models.CharField(max_length=300, blank=True)
    network_address = models.GenericIPAddressField(null=True, blank=True, unpack_ipv4=True)
    has_consented = models.BooleanField(null=True, editable=False, help_text=_("To what is kept of them, if asked."))
    # Where they are now; where they were is in PageView.
    page_url = models.CharField(max_length=500, blank=True)
    page_title = models.CharField(max_length=200, blank=True)
    page_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = VisitorQuerySet.as_manager()

    def __str__(self) -> str:
        return f"visitor {self.pk} of {self.site_id}"


class PageView(models.Model):
    """A page that a visitor opened, if the site keeps a trail; the newest few of each visitor are kept."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE, related_name="pages")
    url = models.CharField(max_length=500)
    title = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index("visitor", models.F("at").desc(), name="page_view_newest")]

    def __str__(self) -> str:
        return self.url


class WidgetSettings(models.Model):
    """What the chat of a site offers and keeps. A site without a row has the defaults."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="widget")
    secret = models.CharField(max_length=64, default=new_secret, editable=False, help_text=_("Signs identities."))
    takes_files = models.BooleanField(_("Customers can send files"), default=True)
    asks_rating = models.BooleanField(_("Asks for a rating when a chat ends"), default=True)
    offers_copy = models.BooleanField(_("Offers a copy of the conversation by mail"), default=True)
    shows_queue = models.BooleanField(_("Shows the place in the queue"), default=True)
    shows_wait = models.BooleanField(_("Shows how long an answer takes now"), default=True)
    previews_typing = models.BooleanField(_("Agents see what customers are typing"), default=True)
    keeps_trail = models.BooleanField(_("Keeps which pages a visitor opened"), default=True)
    needs_consent = models.BooleanField(_("Keeps nothing in the browser before the visitor agrees"), default=False)

    class Meta:
        verbose_name_plural = "widget settings"

    def __str__(self) -> str:
        return f"widget of {self.site_id}"

    @classmethod
    def of(cls, site: Site) -> WidgetSettings:
        """The settings of a site; unsaved defaults where nobody has changed any."""
        return cls.objects.filter(site=site).first() or cls(site=site)


class Identity(models.Model):
    """Who a site says that one of its customers is, by the site's own id for them (`sub` of a signed token)."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="identities")
    subject = models.CharField(max_length=200)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint("site", "subject", name="identity_once_per_site")]

    def __str__(self) -> str:
        return self.subject


class AddressCode(models.Model):
    """A code that was mailed to an address, so that whoever reads its mail can prove it. Only a digest is kept."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    email = models.EmailField(max_length=254)
    digest = models.CharField(max_length=64, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index("email", models.F("created_at").desc(), name="address_code_newest")]

    def __str__(self) -> str:
        return f"code {self.pk}"


class Block(models.Model):
    """A network address whose visitors are turned away."""

    address = models.GenericIPAddressField(unique=True, unpack_ipv4=True)
    reason = models.CharField(max_length=200, blank=True)
    by_user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.address


class Ring(models.Model):
    """That a chat which nobody has taken rings, or rang, for one of our people."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="rings")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    rung_at = models.DateTimeField(default=timezone.now)
    declined_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint("ticket", "user", name="ring_once_per_person")]

    def __str__(self) -> str:
        return f"{self.ticket_id} rings for {self.user_id}"


class ProactiveMessage(models.Model):
    """Words that the widget says first, on pages and to visitors of the company's choice."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="proactive_messages")
    name = models.CharField(max_length=80, help_text=_("For us; visitors do not see it."))
    text = models.CharField(max_length=300)
    page = models.CharField(
        max_length=200, blank=True, help_text=_("The path of the pages, such as /cart or /shop/*; empty: every page.")
    )
    seconds = models.PositiveSmallIntegerField(default=20, help_text=_("Seconds on the page before it is said."))
    conditions = models.JSONField(
        default=dict, blank=True, help_text=_("What the page must have said of the visitor, as name and value.")
    )
    hours_between = models.PositiveSmallIntegerField(
        default=24, help_text=_("Hours before the same browser hears it again; 0: once only.")
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.name
