"""Where customers write to, and how their mails are fetched from there."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team

STALLED_AFTER = timedelta(minutes=5)  # without a good look, somebody is told


class Access(models.TextChoices):
    """How mails get here."""

    IMAP = "imap", _("We fetch them (IMAP)")
    HANDED = "handed", _("They are handed to us (a mail server’s pipe, SMTP or LMTP)")
    HOOK = "hook", _("A mail provider calls us (webhook)")


class Security(models.TextChoices):
    TLS = "tls", _("TLS from the beginning")
    STARTTLS = "starttls", _("STARTTLS")
    PLAIN = "plain", _("None: only on this machine")


class SignIn(models.TextChoices):
    PASSWORD = "password", _("Password")
    GOOGLE = "google", _("Google (OAuth 2)")
    MICROSOFT = "microsoft", _("Microsoft 365 (OAuth 2)")


class Taking(models.TextChoices):
    """What becomes of mails that were there before the first look."""

    NEW = "new", _("Only what comes from now on")
    IMPORT = "import", _("All that is there, without answering any of it")


class Afterwards(models.TextChoices):
    """What becomes of a mail in its folder once it is kept here."""

    SEEN = "seen", _("Mark it as read")
    NOTHING = "nothing", _("Leave it as it is")
    MOVE = "move", _("Move it to another folder")
    DELETE = "delete", _("Delete it")


def new_hook_key() -> str:
    return secrets.token_urlsafe(24)


class Mailbox(models.Model):
    """An address that customers write to. Its secrets are kept encrypted (`mailroom.secrets`)."""

    name = models.CharField(max_length=80)
    email = models.EmailField(max_length=254)
    aliases = models.JSONField(default=list, blank=True, help_text="Further addresses that lead here, in lower case.")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="mailboxes")
    access = models.CharField(max_length=8, choices=Access.choices, default=Access.IMAP)
    is_active = models.BooleanField(default=True)
    sends_receipts = models.BooleanField(
        default=True, help_text=_("Whoever begins a conversation is told at once that we have it.")
    )

    # IMAP
    host = models.CharField(max_length=253, blank=True)
    port = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    security = models.CharField(max_length=8, choices=Security.choices, default=Security.TLS)
    login = models.CharField(max_length=254, blank=True)
    sign_in = models.CharField(max_length=9, choices=SignIn.choices, default=SignIn.PASSWORD)
    secret = models.TextField(blank=True, help_text="Encrypted: the password, or the OAuth tokens as JSON.")
    folder = models.CharField(max_length=200, default="INBOX")
    taking = models.CharField(max_length=6, choices=Taking.choices, default=Taking.NEW)
    afterwards = models.CharField(max_length=7, choices=Afterwards.choices, default=Afterwards.SEEN)
    move_to = models.CharField(max_length=200, blank=True)

    # Handed over, or by webhook
    hook_key = models.CharField(max_length=40, unique=True, default=new_hook_key, editable=False)
    provider = models.CharField(max_length=40, blank=True, help_text="Of a webhook: its name in django-anymail.")
    provider_secret = models.TextField(blank=True, help_text="Encrypted: what proves that the provider calls.")

    # Whose `Authentication-Results` are to be believed; empty: we check DKIM and SPF ourselves.
    authserv_id = models.CharField(max_length=253, blank=True)

    # How far it is fetched.
    uid_validity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    imported_until = models.BigIntegerField(
        default=0, help_text="Up to this UID nothing is answered: it was there before the first look."
    )
    next_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True, help_text="The last good look.")
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=500, blank=True, help_text="What went wrong last, in plain words.")
    told_at = models.DateTimeField(null=True, help_text="When administrators were told of this trouble.")
    reconciled_at = models.DateTimeField(null=True)
    missing = models.PositiveIntegerField(
        default=0, help_text="Mails in the folder that are not here, as last counted."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = pgettext_lazy("where mails come in", "mailbox")
        verbose_name_plural = "mailboxes"
        constraints = [
            models.UniqueConstraint(Lower("email"), name="mailbox_email_once"),
            models.CheckConstraint(condition=~Q(access="imap") | ~Q(host=""), name="mailbox_imap_has_host"),
        ]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def addresses(self) -> set[str]:
        """All addresses that lead here, in lower case."""
        return {self.email.lower(), *self.aliases}

    @property
    def is_failing(self) -> bool:
        return self.failing_since is not None
