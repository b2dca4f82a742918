"""Asks the company's own system for what a panel shows: one GET, at an address that an administrator has set.

Other than what users type, such an address may well lie inside the company's network. What it may not be is the
machine's own neighbourhood, where clouds answer with credentials: link-local addresses, whatever name leads there. The
name is resolved once and the connection goes to just that address. Redirects are not followed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import SHUT_RDWR, SOCK_STREAM, getaddrinfo, socket
from typing import Any
from urllib.parse import urlsplit

import urllib3
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from urllib3.connection import HTTPConnection, HTTPSConnection

SECONDS = 3.0  # for all of it
MOST_BYTES = 64 * 1024
_AT_ONCE = threading.BoundedSemaphore(4)  # of a process's threads; the others serve pages
_NAT64 = IPv6Network("64:ff9b::/96")


class FetchError(Exception):
    """Why there is nothing to show, in words for whoever looks."""


def fetch_json(url: str, *, seconds: float = SECONDS) -> Any:
    """The JSON that an address answers. Errors: FetchError."""
    if not _AT_ONCE.acquire(blocking=False):
        raise FetchError(_("Too much is asked of it at this moment. Try again."))
    try:
        return _read_json(_fetch(url, seconds))
    finally:
        _AT_ONCE.release()


def is_allowed(address: str) -> bool:
    """Whether an IP address may be asked: not link-local, not multicast, not nowhere; also not wrapped up in IPv6."""
    found = ip_address(address.partition("%")[0])
    inside = _within(found) if isinstance(found, IPv6Address) else None
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    return found != ip_address("fd00:ec2::254") and (inside is None or is_allowed(str(inside)))


def _within(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _fetch(url: str, seconds: float) -> bytes:
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", _port(url), seconds)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Host": parts.netloc.rpartition("@")[2], "Accept": "application/json",
        "Accept-Encoding": "identity", "User-Agent": "Makegood",
    }  # fmt: skip
    begun = time.monotonic()
    try:
        connection.connect()
        with _until(connection.sock, begun + seconds - time.monotonic()) as late:
            try:
                connection.request("GET", path, headers=headers, preload_content=False)
                body = _body(connection.getresponse())
                if late.is_set():
                    raise FetchError(_LATE)
                return body
            # A connection that is cut while it is read fails in many ways, or seems to end; all of it means the same.
            except (FetchError, urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
                if late.is_set():
                    raise FetchError(_LATE) from error
                raise
    except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
        raise FetchError(_LATE if _is_late(error) else _("It cannot be reached.")) from error
    finally:
        connection.close()


_LATE = gettext_lazy("It took too long to answer.")


def _is_late(error: Exception) -> bool:
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # counts as a timeout for historical reasons
        return False
    return isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError)


@contextmanager
def _until(sock: socket | None, seconds: float) -> Iterator[threading.Event]:
    """Cut the connection when its time is over: a timeout alone begins anew with every byte."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        if sock is not None:
            with suppress(OSError):  # closed already
                sock.shutdown(SHUT_RDWR)

    timer = threading.Timer(max(seconds, 0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _connection(scheme: str, host: str, port: int, seconds: float) -> HTTPConnection:
    if scheme not in ("http", "https") or not host or not port:
        raise FetchError(_("Its address is none of the web."))
    address = _resolved(host, port)
    if scheme == "https":
        return HTTPSConnection(
            address, port, timeout=seconds, server_hostname=host, assert_hostname=host, cert_reqs="CERT_REQUIRED"
        )
    return HTTPConnection(address, port, timeout=seconds)


def _resolved(host: str, port: int) -> str:
    """An address of this host; none of those that it has may be forbidden."""
    try:
        found = getaddrinfo(host, port, type=SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(_("Its name leads nowhere.")) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_allowed(address) for address in addresses):
        raise FetchError(_("Its address may not be asked."))
    return addresses[0]


def _port(url: str) -> int:
    try:
        parts = urlsplit(url)
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return 0


def _body(answer: Any) -> bytes:
    """What it said, if it is JSON and not too much. Errors: FetchError."""
    if answer.status != 200:
        words = _("It answered with the status %(status)s.")
        if 300 <= answer.status < 400:
            words = _("It answered with the status %(status)s. It leads elsewhere; give the address where it leads.")
        raise FetchError(words % {"status": answer.status})
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise FetchError(_("It answered with something that it does not call JSON (application/json)."))
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError(_("It answered compressed, which was not asked for."))
    body = bytes(answer.read(MOST_BYTES + 1, decode_content=False))
    if len(body) > MOST_BYTES:
        raise FetchError(_("It answered with more than %(count)s KB.") % {"count": MOST_BYTES // 1024})
    return body


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FetchError(_("It answered with something that is no JSON.")) from error
