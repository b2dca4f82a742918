"""How people sign in: by invitation only, through django-allauth."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnly(DefaultAccountAdapter):
    """Nobody opens an agent's account from outside; people are invited under Settings."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
