"""Our application as it is served, but fifty guests may say as much as they can."""

from helpdesk.asgi import application

from chat.consumers import GuestConsumer  # isort: skip  (Django must be set up first)

GuestConsumer.limits = {}

__all__ = ["application"]
