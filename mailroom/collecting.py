"""A folder on an IMAP server: reached, signed in to, read and marked, each step with a time limit and plain words.

The host is one that an administrator names; it may lie in the company's network, but not where clouds answer with
credentials (link-local addresses). Its name is resolved once and the connection goes to just that address. Certificates
are always checked. Without encryption only a server on this machine or in its own network is spoken to.

imap-tools speaks the protocol. What it does more than was asked (each flag it sets also expunges what anybody has
marked as deleted) is done here by plain commands.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self

from django.utils.translation import gettext as _
from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxLoginError
from imap_tools.utils import encode_folder

from mailroom.models import Afterwards, Security, SignIn
from tickets.fetching import is_allowed

SECONDS = 10.0  # for each answer
STEP_SECONDS = 30.0  # for a whole step such as signing in: a server that drips would else begin the limit anew
MAIL_SECONDS = 180.0  # for one mail
MOST_BYTES = 25 * 1024 * 1024  # of a mail; of a larger one only so much is fetched, and it stays where it is
PORTS: dict[str, int] = {Security.TLS: 993, Security.STARTTLS: 143, Security.PLAIN: 143}
_UIDS_AT_ONCE = 500
_FETCHED_UID = re.compile(rb"UID (\d+)")
_FETCHED_DAY = re.compile(rb'INTERNALDATE "([^"]{20,30})"')
_FETCHED_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class CollectError(Exception):
    """Why there is nothing to fetch: at which step, in plain words, and how to mend it."""

    def __init__(self, step: str, words: str, mend: str = "") -> None:
        super().__init__(words)
        self.step, self.words, self.mend = step, words, mend


class ConnectionLostError(CollectError):
    """The server cut the connection, or said something that makes no sense; a new one may do better."""


class RefusedError(Exception):
    """The server said no to one command; the connection is as good as before."""


@dataclass(frozen=True)
class Account:
    """Where to and as whom. `secret` is the password, or the access token where `sign_in` is by OAuth 2."""

    host: str
    port: int
    security: str
    login: str
    secret: str
    sign_in: str = SignIn.PASSWORD
    folder: str = "INBOX"


@dataclass(frozen=True)
class Folder:
    """A folder as it was when it was opened."""

    uid_validity: int
    uid_next: int | None
    count: int


# --- Finding and reaching it --------------------------------------------------------------
def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host. Errors: CollectError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CollectError(
            "dns",
            _("The name %(host)s leads nowhere.") % {"host": host},
            _("Look for a slip in the server’s name; your provider’s help pages say what it is."),
        ) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses or not all(is_allowed(address) for address in addresses):
        raise CollectError(
            "dns",
            _("The name %(host)s leads to an address that may not be asked.") % {"host": host},
            _("Name the mail server itself; link-local addresses are refused."),
        )
    return addresses


def is_near(host: str) -> bool:
    """Whether all its addresses lie on this machine or in a private network."""
    try:
        return all(_is_private(address) for address in resolve(host, 0))
    except CollectError:
        return False


def _is_private(address: str) -> bool:
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_private


def reach(addresses: list[str], host: str, port: int) -> socket.socket:
    """A connection to the first address that answers. Errors: CollectError."""
    last: OSError | None = None
    for address in addresses[:3]:
        try:
            return socket.create_connection((address, port), SECONDS)
        except OSError as error:
            last = error
    told = {"host": host, "port": port}
    if isinstance(last, TimeoutError):
        raise CollectError(
            "port",
            _("%(host)s does not answer on port %(port)s.") % told,
            _("A firewall may be in the way, here or there; or the port is another one (993 with TLS, 143 else)."),
        ) from last
    if isinstance(last, ConnectionRefusedError):
        raise CollectError(
            "port",
            _("%(host)s refuses connections on port %(port)s.") % told,
            _("Check the port (993 with TLS, 143 else), and whether IMAP is switched on there."),
        ) from last
    raise CollectError(
        "port",
        _("%(host)s cannot be reached on port %(port)s: %(error)s.") % {**told, "error": _short(last)},
        _("Check this machine’s network."),
    ) from last


def tls_trouble(host: str, error: Exception) -> CollectError:
    """What a failed handshake means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return CollectError(
            "tls",
            _("The certificate of %(host)s is not to be trusted: %(error)s.")
            % {"host": host, "error": error.verify_message or _short(error)},
            _("Use the name that the certificate is for; a certificate of your own must be trusted by this machine."),
        )
    return CollectError(
        "tls",
        _("%(host)s does not speak TLS there: %(error)s.") % {"host": host, "error": _short(error)},
        _("Choose the encryption that belongs to the port: TLS for 993, STARTTLS for 143."),
    )


def _short(error: object) -> str:
    return " ".join(str(error).split()).rstrip(".")[:160] or type(error).__name__


# --- Speaking with it ---------------------------------------------------------------------
class _Client(imaplib.IMAP4):
    """imaplib's client on a connection that exists already, and with a limit to what one answer may hold."""

    def __init__(self, host: str, connection: socket.socket) -> None:
        self._given = connection
        super().__init__(host, timeout=SECONDS)

    def _create_socket(self, _timeout: float | None) -> socket.socket:
        return self._given

    def read(self, size: int) -> bytes:
        if size > MOST_BYTES + 65536:
            raise self.abort(f"an answer of {size} bytes")
        return super().read(size)


class _Box(BaseMailBox):
    """imap-tools' mailbox over that client."""

    def __init__(self, client: _Client) -> None:
        self._given = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._given


class Collector:
    """An open folder. All its methods raise CollectError, and RefusedError where the server says no to one command."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.folder: Folder | None = None
        self._box: _Box | None = None
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        try:
            self.connect()
            self.sign_in()
            self.open_folder()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(politely=error is None)

    # Step by step
    def connect(self, addresses: list[str] | None = None) -> None:
        """Reach the server and agree on encryption."""
        account = self.account
        addresses = addresses or resolve(account.host, account.port)
        if account.security == Security.PLAIN and not all(_is_private(address) for address in addresses):
            raise CollectError(
                "tls",
                _("%(host)s lies outside, and the password would go there unencrypted.") % {"host": account.host},
                _("Choose TLS or STARTTLS."),
            )
        self._socket = reach(addresses, account.host, account.port)
        context = ssl.create_default_context()
        with self._within(STEP_SECONDS, "port"):
            if account.security == Security.TLS:
                try:
                    self._socket = context.wrap_socket(self._socket, server_hostname=account.host)
                except (ssl.SSLError, OSError) as error:
                    raise tls_trouble(account.host, error) from error
            self._box = _Box(self._greeted(account.host, self._socket))
            if account.security == Security.STARTTLS:
                self._start_tls(context)

    def _greeted(self, host: str, connection: socket.socket) -> _Client:
        try:
            return _Client(host, connection)
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            raise CollectError(
                "port",
                _("What answers at %(host)s is no IMAP server, or it is overloaded: %(error)s.")
                % {"host": host, "error": _short(error)},
                _("Check the port and the encryption (993 with TLS, 143 with STARTTLS)."),
            ) from error

    def _start_tls(self, context: ssl.SSLContext) -> None:
        client = self._client
        if "STARTTLS" not in client.capabilities:
            raise CollectError(
                "tls",
                _("%(host)s does not offer STARTTLS on this port.") % {"host": self.account.host},
                _("Choose TLS with port 993."),
            )
        try:
            client.starttls(context)
        except imaplib.IMAP4.error as error:
            raise tls_trouble(self.account.host, error) from error
        except (ssl.SSLError, OSError) as error:
            raise tls_trouble(self.account.host, error) from error
        self._socket = client.sock

    def sign_in(self) -> None:
        account, box = self.account, self._opened
        with self._within(STEP_SECONDS, "sign_in"):
            try:
                if account.sign_in != SignIn.PASSWORD:
                    box.xoauth2(account.login, account.secret, None)
                elif (account.login + account.secret).isascii():
                    box.login(account.login, account.secret, None)
                else:
                    box.login_utf8(account.login, account.secret, None)
            except (MailboxLoginError, imaplib.IMAP4.error) as error:
                if isinstance(error, imaplib.IMAP4.abort):
                    raise
                raise self._refused_sign_in(error) from error
            self._ask_what_it_can()

    def _ask_what_it_can(self) -> None:
        """Many servers say the half of it only to whom they know, and imaplib asks before."""
        status, data = self._client.capability()
        if status == "OK" and data and isinstance(data[-1], bytes):
            self._client.capabilities = tuple(data[-1].decode("ascii", "replace").upper().split())

    def _refused_sign_in(self, error: Exception) -> CollectError:
        said = _short(_server_words(error))
        told = {"login": self.account.login, "said": said}
        if self.account.sign_in != SignIn.PASSWORD:
            return CollectError(
                "sign_in",
                _("%(login)s is not let in any more: %(said)s.") % told,
                _("Connect the account again; also see that IMAP is allowed for it."),
            )
        return CollectError(
            "sign_in",
            _("The server does not let %(login)s in: %(said)s.") % told,
            _("Check user name and password. Accounts with a second factor need an app password."),
        )

    def open_folder(self) -> Folder:
        """Open the folder for reading and marking."""
        client = self._client
        with self._within(STEP_SECONDS, "folder"):
            client.untagged_responses.clear()
            try:
                status, data = client.select(_encoded(self.account.folder))
            except imaplib.IMAP4.readonly as error:
                raise CollectError(
                    "folder",
                    _("%(login)s may only read the folder %(folder)s, not mark mails in it.")
                    % {"login": self.account.login, "folder": self.account.folder},
                    _("Give this account the right to change it on the mail server."),
                ) from error
            if status != "OK":
                raise CollectError(
                    "folder",
                    _("There is no folder %(folder)s: %(said)s.")
                    % {"folder": self.account.folder, "said": _short(_decoded(data))},
                    _("Spell it as the server does: %(folders)s.") % {"folders": ", ".join(self._folders()[:12])},
                )
            self.folder = Folder(
                uid_validity=self._number("UIDVALIDITY") or 0,
                uid_next=self._number("UIDNEXT"),
                count=int(data[0] or 0) if data and isinstance(data[0], bytes) and data[0].isdigit() else 0,
            )
            return self.folder

    def has_folder(self, name: str) -> bool:
        """Whether mails can be moved there."""
        with self._within(STEP_SECONDS, "folder"):
            status, _data = self._client.status(_encoded(name), "(UIDNEXT)")
            return status == "OK"

    def _folders(self) -> list[str]:
        with suppress(ImapToolsError, imaplib.IMAP4.error, OSError, ValueError):
            return [info.name for info in self._opened.folder.list()]
        return []

    def _number(self, name: str) -> int | None:
        _name, data = self._client.response(name)
        value = data[-1] if data else None
        return int(value) if isinstance(value, bytes) and value.isdigit() else None

    # Reading
    def uids_after(self, uid: int) -> list[int]:
        """The numbers of the mails beyond that one, smallest first."""
        found = self._search(f"UID {uid + 1}:*")
        return sorted(number for number in found if number > uid)  # "9:*" names the last one even if that is 3

    def all_uids(self) -> list[int]:
        return sorted(self._search("ALL"))

    def uids_since(self, day: str) -> list[int]:
        """Those that arrived on that day (as in 22-Nov-2026) or later."""
        return sorted(self._search(f"SINCE {day}"))

    def _search(self, criteria: str) -> set[int]:
        with self._within(STEP_SECONDS, "mail"):
            data = self._asked("SEARCH", criteria)
            return {int(word) for line in data if isinstance(line, bytes) for word in line.split() if word.isdigit()}

    def sizes(self, uids: list[int]) -> dict[int, int]:
        """Bytes of each; those that are gone are not in it."""
        found: dict[int, int] = {}
        for start in range(0, len(uids), _UIDS_AT_ONCE):
            chunk = ",".join(str(uid) for uid in uids[start : start + _UIDS_AT_ONCE])
            with self._within(STEP_SECONDS, "mail"):
                for line in self._asked("FETCH", chunk, "(UID RFC822.SIZE)"):
                    line = line[0] if isinstance(line, tuple) else line
                    uid, size = _FETCHED_UID.search(line or b""), _FETCHED_SIZE.search(line or b"")
                    if uid and size:
                        found[int(uid[1])] = int(size[1])
        return found

    def arrivals(self, uids: list[int]) -> dict[int, datetime]:
        """When each came in, by the server's clock; those that are gone are not in it."""
        found: dict[int, datetime] = {}
        for start in range(0, len(uids), _UIDS_AT_ONCE):
            chunk = ",".join(str(uid) for uid in uids[start : start + _UIDS_AT_ONCE])
            with self._within(STEP_SECONDS, "mail"):
                for line in self._asked("FETCH", chunk, "(UID INTERNALDATE)"):
                    line = line[0] if isinstance(line, tuple) else line
                    uid, said = _FETCHED_UID.search(line or b""), _FETCHED_DAY.search(line or b"")
                    if uid and said:
                        found[int(uid[1])] = datetime.strptime(said[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z")
        return found

    def fetch(self, uid: int, size: int) -> bytes | None:
        """A mail as it is there, without marking it as read; None if it is gone. Beyond MOST_BYTES it is cut."""
        part = "BODY.PEEK[]" if size <= MOST_BYTES else f"BODY.PEEK[]<0.{MOST_BYTES + 1}>"
        with self._within(MAIL_SECONDS, "mail"):
            for line in self._asked("FETCH", str(uid), f"(UID {part})"):
                if isinstance(line, tuple) and isinstance(line[1], bytes):
                    return line[1]
        return None

    # Marking
    def put_away(self, uid: int, *, afterwards: str, move_to: str = "") -> None:
        """Do with a mail what the mailbox says. Doing it twice is harmless."""
        with self._within(STEP_SECONDS, "mail"):
            if afterwards == Afterwards.SEEN:
                self._asked("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")
            elif afterwards == Afterwards.MOVE and "MOVE" in self._client.capabilities:
                self._asked("MOVE", str(uid), encode_folder(move_to))
            elif afterwards in (Afterwards.MOVE, Afterwards.DELETE):
                if afterwards == Afterwards.MOVE:
                    self._asked("COPY", str(uid), encode_folder(move_to))
                self._asked("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
                if "UIDPLUS" in self._client.capabilities:  # else an expunge would take what others marked, too
                    self._asked("EXPUNGE", str(uid))

    def add(self, raw: bytes) -> None:
        """Put a mail into the folder, as the self-test does."""
        with self._within(STEP_SECONDS, "mail"):
            status, data = self._client.append(_encoded(self.account.folder), "", "", raw)
            if status != "OK":
                raise RefusedError(_decoded(data))

    # Waiting
    @property
    def can_wait(self) -> bool:
        """Whether the server tells by itself what comes (IDLE)."""
        return "IDLE" in self._client.capabilities

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While inside, the server tells what comes; `heard` listens."""
        idle = self._opened.idle
        with self._within(STEP_SECONDS, "mail"):
            idle.start()
        yield
        with self._within(STEP_SECONDS, "mail"):
            idle.stop()

    def heard(self, seconds: float) -> bool:
        """Whether the server said within that time that something came. Errors: ConnectionLostError."""
        with self._errors("mail"):
            said = self._opened.idle.poll(seconds)
            if not said and seconds and self._is_cut():
                raise imaplib.IMAP4.abort("the connection has ended")
            if any(line.upper().startswith(b"* BYE") for line in said):
                raise imaplib.IMAP4.abort("the server ended the connection")
            return any(b"EXISTS" in line.upper() for line in said)

    def _is_cut(self) -> bool:
        """imap-tools takes the end of a connection for silence."""
        plain = socket.socket.recv
        connection = self._client.sock
        connection.settimeout(0)
        try:
            return plain(connection, 1, socket.MSG_PEEK) == b""
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        finally:
            connection.settimeout(SECONDS)

    def close(self, *, politely: bool = False) -> None:
        if self._box is not None and politely:
            with suppress(ImapToolsError, imaplib.IMAP4.error, OSError, ValueError), self._within(SECONDS, "mail"):
                self._box.client.logout()
        if self._box is not None:
            with suppress(OSError, ValueError):
                self._box.client.shutdown()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
        self._box = self._socket = None

    # Plumbing
    @property
    def _opened(self) -> _Box:
        if self._box is None:
            raise ConnectionLostError("port", _("There is no connection."))
        return self._box

    @property
    def _client(self) -> imaplib.IMAP4:
        return self._opened.client

    def _asked(self, command: str, *arguments: Any) -> list[Any]:
        """What a UID command answers. RefusedError if the server says no."""
        client = self._client
        client.untagged_responses.clear()  # of commands before; what is left there would be taken for this answer
        status, data = client.uid(command, *arguments)
        if status != "OK":
            raise RefusedError(_decoded(data))
        return data or []

    @contextmanager
    def _within(self, seconds: float, step: str) -> Iterator[None]:
        """Cut the connection when a step takes too long in all: a time-out alone begins anew with every byte."""
        late = threading.Event()

        def cut() -> None:
            late.set()
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            with self._errors(step, late):
                yield
        finally:
            timer.cancel()

    @contextmanager
    def _errors(self, step: str, late: threading.Event | None = None) -> Iterator[None]:
        """Say what went wrong in one way."""
        try:
            yield
        except (CollectError, RefusedError):
            raise
        except TimeoutError as error:
            raise self._lost(step, _("it took too long")) from error
        except (ImapToolsError, imaplib.IMAP4.error, OSError, ValueError, AttributeError) as error:
            # A connection that is cut while it is read fails in many ways; all of them mean the same.
            raise self._lost(step, _("it took too long") if late and late.is_set() else _short(error)) from error

    def _lost(self, step: str, why: str) -> ConnectionLostError:
        return ConnectionLostError(
            step,
            _("The connection to %(host)s broke: %(error)s.") % {"host": self.account.host, "error": why},
            _("It is tried again by itself; if it goes on, ask whoever runs the mail server."),
        )


def _encoded(folder: str) -> str:
    return encode_folder(folder).decode("ascii")


def _server_words(error: Exception) -> str:
    result = getattr(error, "command_result", None)
    return _decoded(result[1]) if result else str(error.args[0] if error.args else error)


def _decoded(data: Any) -> str:
    words = data if isinstance(data, list) else [data]
    return " ".join(word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in words)[:300]
