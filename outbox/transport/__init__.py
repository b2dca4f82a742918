"""How mails leave; import from here."""

from outbox.transport.provider import Provider
from outbox.transport.smtp import Session
from outbox.transport.verdicts import BeforeData, Carrier, LeaseLostError, NoServerError, Result, Verdict
from outbox.transport.ways import Ways, as_options, seal_server, server_of, usual

__all__ = [
    "BeforeData",
    "Carrier",
    "LeaseLostError",
    "NoServerError",
    "Provider",
    "Result",
    "Session",
    "Verdict",
    "Ways",
    "as_options",
    "seal_server",
    "server_of",
    "usual",
]
