"""The one way out: a request to an address that somebody gave us, which may point anywhere, also inside our network.

The name is resolved once, every address that it has must be public, and the connection goes to just that address, so
that a name which changes its mind in between (DNS rebinding) leads nowhere. Redirects are not followed.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import Timeout

TIMEOUT = Timeout(connect=5, read=10)  # seconds
MOST_BYTES = 64 * 1024  # of an answer that is read
_NAT64 = IPv6Network("64:ff9b::/96")


class UnreachableError(Exception):
    """Nobody answered, or not in time; later somebody may."""


class ForbiddenAddressError(Exception):
    """It is no address outside; asking again changes nothing."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case


def post_outward(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Post to a public https address; what is answered beyond status and headers is not read.

    Errors: UnreachableError; ForbiddenAddressError.
    """
    return _post(url, body, headers, most=0)[0]


def exchange(url: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Post a form to a public https address; the status, and the JSON object that is answered (empty if it is none).

    Errors: UnreachableError; ForbiddenAddressError.
    """
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    answer, body = _post(url, urlencode(form).encode(), headers, most=MOST_BYTES)
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    return answer.status, said if isinstance(said, dict) else {}


def _post(url: str, body: bytes, headers: dict[str, str], *, most: int) -> tuple[Answer, bytes]:
    """Post, and read so many bytes of the answer at most."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", _port(url)
    if not is_allowed(parts.scheme, port) or not host or "@" in parts.netloc:
        raise ForbiddenAddressError(f"{parts.scheme} to {host}:{port}")
    address = _resolved(host, port)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with _pool(parts.scheme, address, port, host) as pool:
            answer = pool.urlopen(
                "POST", path, body=body, headers={**headers, "Host": parts.netloc},
                retries=False, redirect=False, preload_content=False,
            )  # fmt: skip
            said = bytes(answer.read(most, decode_content=False)) if most else b""
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise UnreachableError(f"{type(error).__name__}: {error}"[:200]) from error
    return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}), said


def is_allowed(scheme: str, port: int) -> bool:
    """Whether this may be spoken to at all: https at its own port, and nothing else."""
    return scheme == "https" and port == 443


def is_public(address: str) -> bool:
    """Whether an IP address is somebody's out there, and neither ours nor this machine's nor anything special."""
    found = ip_address(address.partition("%")[0])
    inside = _within(found) if isinstance(found, IPv6Address) else None
    return found.is_global and not found.is_multicast and (inside is None or is_public(str(inside)))


def _within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address only wraps up, if it is one of those."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _port(url: str) -> int:
    try:
        parts = urlsplit(url)
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return 0


def _resolved(host: str, port: int) -> str:
    """An address of this host; all that it has must be public, or it is up to something."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"no address: {error}"[:200]) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise ForbiddenAddressError(host)
    return addresses[0]


def _pool(scheme: str, address: str, port: int, host: str) -> HTTPConnectionPool:
    """Connections to this address that take it for `host`: its certificate must be that of the name."""
    if scheme == "https":
        return HTTPSConnectionPool(address, port, timeout=TIMEOUT, server_hostname=host, assert_hostname=host)
    return HTTPConnectionPool(address, port, timeout=TIMEOUT)
