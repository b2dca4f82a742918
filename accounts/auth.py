"""How people sign in: by invitation only, through django-allauth."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest
from django.urls import reverse
from django.utils import translation

from accounts.bells import recheck_person
from accounts.emails import absolute
from accounts.models import Desk
from accounts.net import client_ip


class InvitedOnly(DefaultAccountAdapter):
    """Nobody opens an agent's account from outside; people are invited under Settings."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """From the settings: a forged Host header must not get into a mail."""
        uid, _, token = key.partition("-")
        return absolute(reverse("account_reset_password_from_key", args=[uid, token]))

    def logout(self, request: HttpRequest) -> None:
        """Signed out here: the sockets of this browser end now, not at their next heartbeat."""
        user = request.user
        super().logout(request)
        if user.pk is not None:
            recheck_person(user.pk)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """A new password ends every other session, and their sockets with them."""
        super().set_password(user, password)
        recheck_person(user.pk)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language of whoever gets it, who need not be whoever asked for it."""
        with translation.override(context["user"].reads):
            super().send_mail(template_prefix, email, context)

    def format_email_subject(self, subject: str) -> str:
        return f"{Desk.current().name}: {subject}"
