"""Where a request really comes from."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """The address that a request comes from."""
    return client_address(request.headers.get("X-Forwarded-For", ""), request.META.get("REMOTE_ADDR", ""))


def client_address(forwarded_for: str, peer: str) -> str:
    """The client's address. X-Forwarded-For counts only as far as our own proxies wrote it (TRUSTED_PROXIES)."""
    forwarded = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    if settings.TRUSTED_PROXIES and len(forwarded) >= settings.TRUSTED_PROXIES:
        return forwarded[-settings.TRUSTED_PROXIES][:45]
    return peer


def clean_address(text: str) -> str | None:
    """The address in the one form that we write, or None if it is none."""
    address = _parsed(text)
    return str(address) if address else None


def network_of(text: str) -> str | None:
    """What a provider gives to one customer: an IPv4 address, or the network (/64) of an IPv6 address by its first.

    Limits and blocks go by it, since whoever has a /64 has 2^64 addresses. None if the text is no address.
    """
    address = _parsed(text)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), 64), strict=False).network_address)
    return str(address) if address else None


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip().partition("%")[0])  # without the name of an interface
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
