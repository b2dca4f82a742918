"""The live doors: guests' and agents' sockets."""

from chat.consumers.agent import AgentConsumer
from chat.consumers.guest import GuestConsumer

__all__ = ["AgentConsumer", "GuestConsumer"]
