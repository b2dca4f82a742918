"""What a message that came by mail has besides its words."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from tickets.models.conversation import Message


class Authenticity(models.TextChoices):
    """Whether a mail comes from whom its header names, as far as the domain of that address can tell."""

    PASS = "pass", pgettext_lazy("authenticity of a mail", "Proved")
    NONE = "none", pgettext_lazy("authenticity of a mail", "Not proved")
    FAIL = "fail", pgettext_lazy("authenticity of a mail", "Refuted")


class Letter(models.Model):
    """The mail that a message was. `html` is clean (`mailroom.parsing`) and safe to show as it is; `quoted` is the text
    of what it answers, shown folded. `raw` is the id of the mail as it came, where somebody may look at it."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True, related_name="letter")
    from_name = models.CharField(max_length=200, blank=True)
    from_email = models.CharField(max_length=254)
    to = models.JSONField(default=list, blank=True, help_text="[[name, address], …], without our own.")
    cc = models.JSONField(default=list, blank=True, help_text="As `to`.")
    subject = models.CharField(max_length=300, blank=True)
    known_as = models.CharField(max_length=320, blank=True, help_text="Its Message-ID: an answer names it.")
    html = models.TextField(blank=True)
    quoted = models.TextField(blank=True)
    is_cut = models.BooleanField(default=False, help_text="Its words were too many; all of them are in the raw mail.")
    authenticity = models.CharField(max_length=4, choices=Authenticity.choices, default=Authenticity.NONE)
    is_by_stranger = models.BooleanField(
        default=False, help_text="It came with the ticket's reply address, from somebody who is not its customer."
    )
    notes = models.JSONField(default=list, blank=True, help_text="What was left out or could not be read, in English.")
    raw = models.CharField(max_length=36, blank=True)

    def __str__(self) -> str:
        return f"{self.from_email}: {self.subject}"
