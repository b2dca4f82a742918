"""What ends our mails."""

from django import template

from accounts.models import User
from tickets.macros import signature_of

register = template.Library()


@register.filter
def signature(agent: User) -> str:
    """`{{ answer.by_user|signature }}`: their signature, or the company's, or their name."""
    return signature_of(agent)
