"""Whether a mail comes from whom it names, as far as that domain can tell: DKIM, SPF and what DMARC makes of them.

Our own mail server's word (`Authentication-Results` under the mailbox's authserv-id) is taken where there is one; a
header of anybody else's is a stranger's claim, and nothing. Otherwise we check ourselves. Every question to a name
server has a limit, and all for one mail together have one: what cannot be told in that time is not proved.

A domain vouches for an address if it is the address's own, or one of the two is a subdomain of the other (“relaxed”
alignment; there is no list of public suffixes here, so who signs as a whole suffix is believed for what is below it).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from functools import cache
from ipaddress import ip_address
from typing import Any

import dkim
import dns.exception
import dns.resolver
import spf
from dkim.util import InvalidTagValueList, parse_tag_value

from mailroom.addressing import bare
from mailroom.models import Mailbox
from mailroom.parsing.parsed import Parsed
from tickets.models import Authenticity

# Asks a name server: (name, type, seconds) -> TXT: bytes; A, AAAA, PTR: text; MX: (preference, name). No such name or
# no such record is an empty list. Errors: TimeoutError if it does not answer, or not in time.
Ask = Callable[[str, str, float], list[Any]]

SECONDS_EACH = 1.5
SECONDS_ALL = 3.0
MOST_HEADER = 256 * 1024  # bytes of a header that are looked at
MOST_SIGNATURES = 3  # of the sender's own domain; each of them reads the whole mail
MOST_SIGNATURE = 8_000  # bytes of one
MOST_KEY = 1_100  # bytes of a public key's record: RSA of 4096 bits has 800, and a monstrous one takes hours to check
MOST_WALK = 5  # domains, from the sender's own upwards, that are asked for a policy

log = logging.getLogger(__name__)
_quiet = logging.getLogger("mailroom.dkim")  # what is wrong with a stranger's signature is no news
_quiet.setLevel(logging.CRITICAL)


@dataclass
class Names:
    """A name server with the patience that one mail deserves."""

    ask: Ask
    seconds: float = SECONDS_ALL
    answers: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def look_up(self, name: str, kind: str) -> list[Any]:
        """Errors: TimeoutError."""
        name = name.rstrip(".").lower()
        labels = name.split(".")
        if len(name) > 253 or not name.isascii() or not all(0 < len(label) < 64 for label in labels):
            return []
        if (name, kind) not in self.answers:
            if self.seconds <= 0:
                raise TimeoutError("no time left for name servers")
            began = time.monotonic()
            try:
                self.answers[name, kind] = self.ask(name, kind, min(SECONDS_EACH, self.seconds))
            finally:
                self.seconds -= time.monotonic() - began
        return self.answers[name, kind]

    def text(self, name: str) -> list[bytes]:
        return [bytes(found) for found in self.look_up(name, "TXT")]


def ask_name_server(name: str, kind: str, seconds: float) -> list[Any]:
    """The answers of the name servers that this machine knows. Errors: TimeoutError."""
    try:
        found = _resolver().resolve(name, kind, lifetime=seconds, search=False, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:
        return []
    except dns.exception.DNSException as error:
        raise TimeoutError(str(error)) from error
    return [_plain(kind, record) for record in found.rrset or ()]


@cache
def _resolver() -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver()
    resolver.cache = dns.resolver.LRUCache(5_000)
    return resolver


def _plain(kind: str, record: Any) -> Any:
    if kind == "TXT":
        return b"".join(record.strings)
    if kind == "MX":
        return record.preference, record.exchange.to_text(omit_final_dot=True)
    return record.address if kind in {"A", "AAAA"} else record.target.to_text(omit_final_dot=True)


# --- The verdict ---------------------------------------------------------------------------


@dataclass
class Evidence:
    """What speaks for the sender's domain. `None` where nobody has looked."""

    dkim: str | None = None
    spf: str | None = None
    dmarc: str | None = None
    is_aligned: bool = False  # one of them passes for the sender's own domain
    by: str = "us"


def judge(
    raw: bytes,
    parsed: Parsed,
    mailbox: Mailbox | None,
    envelope_from: str | None = None,
    *,
    ip: str = "",
    ask: Ask = ask_name_server,
) -> dict[str, Any]:
    """What `RawMail.authentication` keeps of this mail: `{"spf", "dkim", "dmarc", "is_aligned", "verdict", "by"}`.

    `ip` is who handed it to us, where we took it ourselves; else the topmost `Received` says it, which can prove, but
    refutes nothing. `by` is the server whose word it is, or "us".
    """
    header = _header(raw)
    domain = _sender_domain(header, parsed)
    names = Names(ask)
    evidence = _said_by_own_server(header, domain, mailbox.authserv_id if mailbox else "")
    if evidence is None:
        evidence = _checked(raw, header, domain, envelope_from, ip, names)
    elif evidence.dkim is None and evidence.dmarc is None:  # it does not look at signatures
        evidence.dkim = _dkim(raw, header, domain, names) if domain else "none"
        evidence.is_aligned |= evidence.dkim == "pass"
    verdict = _verdict(evidence, domain, names)
    return {
        "spf": evidence.spf or "none",
        "dkim": evidence.dkim or "none",
        "dmarc": evidence.dmarc or "none",
        "is_aligned": evidence.is_aligned,
        "verdict": str(verdict.value),
        "by": evidence.by,
    }


def _verdict(evidence: Evidence, domain: str, names: Names) -> Authenticity:
    """Refuted only where the domain asks for that; a mailing list breaks signatures every day."""
    if not domain:
        return Authenticity.NONE  # no sender, or several: nobody can vouch for who it is
    if evidence.is_aligned or evidence.dmarc == "pass":
        evidence.dmarc = evidence.dmarc or "pass"
        return Authenticity.PASS
    if evidence.dmarc is not None:
        return Authenticity.FAIL if evidence.dmarc == "fail" else Authenticity.NONE
    has_failed = evidence.dkim == "fail" or evidence.spf is not None
    if has_failed and _policy(domain, names) in {"quarantine", "reject"}:
        evidence.dmarc = "fail"
        return Authenticity.FAIL
    return Authenticity.NONE


def is_aligned(one: str, other: str, *, is_strict: bool = False) -> bool:
    """Whether one domain vouches for the other: they are the same, or one is a subdomain of the other."""
    one, other = one.rstrip(".").lower(), other.rstrip(".").lower()
    if not one or not other or min(one.count("."), other.count(".")) < 1:
        return False
    return one == other or (not is_strict and (one.endswith(f".{other}") or other.endswith(f".{one}")))


def _sender_domain(header: Message, parsed: Parsed) -> str:
    """The domain of the one address in the one From; else nothing."""
    if len(parsed.senders) != 1 or len(header.get_all("from", [])) != 1:
        return ""
    return parsed.senders[0].email.rpartition("@")[2].lower()


def _header(raw: bytes) -> Message:
    return BytesHeaderParser(policy=compat32).parsebytes(raw[:MOST_HEADER])


def _policy(domain: str, names: Names) -> str:
    """What the domain, or the nearest one above that says anything, asks for: none, quarantine or reject; else ""."""
    labels = domain.split(".")
    for step in range(min(len(labels) - 1, MOST_WALK)):
        try:
            records = names.text("_dmarc." + ".".join(labels[step:]))
        except TimeoutError:
            return ""
        said = [record for record in records if re.match(rb"\s*v\s*=\s*DMARC1\b", record, re.IGNORECASE)]
        if len(said) == 1:
            tags = _tags(said[0])
            policy = tags.get("p", "none")
            return tags.get("sp", policy) if step else policy
    return ""


def _tags(record: bytes) -> dict[str, str]:
    parts = (part.partition("=") for part in record.decode("ascii", "replace").split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in parts}


# --- Our own server's word -----------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """One `method=result` of an `Authentication-Results`, with its properties and what its comments say."""

    method: str
    result: str
    properties: dict[str, str]
    comment: str = ""


def _said_by_own_server(header: Message, domain: str, authserv_id: str) -> Evidence | None:
    results = list(trusted_results(header, authserv_id))
    if not results:
        return None
    found, has_failed = Evidence(by=authserv_id), False
    for result in results:
        vouches = any(is_aligned(who, domain) for who in _vouching(result))
        found.is_aligned |= vouches and result.result == "pass" and result.method in {"dkim", "spf"}
        if result.method == "dkim" and found.dkim != "pass":
            found.dkim = result.result if vouches or not _vouching(result) else found.dkim
        elif result.method == "spf" and found.spf is None:
            found.spf = result.result
        elif result.method == "dmarc" and found.dmarc is None:
            found.dmarc = _dmarc_of(result, domain)
        if result.method == "dmarc" and result.result == "fail":
            has_failed = True  # our own server has looked at all of it
    found.is_aligned &= not has_failed
    return found


def _dmarc_of(result: Result, domain: str) -> str | None:
    """Their result, if it is about the address that we read in From; a failure that its domain minds not is none."""
    about = result.properties.get("header.from", domain)
    if (about.rpartition("@")[2] or about).lower() != domain:
        return None
    tells = f"{result.comment} " + " ".join(f"{name}={value}" for name, value in result.properties.items())
    if result.result == "fail" and re.search(r"\b(?:p|policy|action|dis)=none\b", tells, re.IGNORECASE):
        return "none"
    return result.result


def _vouching(result: Result) -> list[str]:
    """The domains that a result speaks of."""
    wanted = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom", "smtp.mail")}.get(result.method, ())
    values = [result.properties[name] for name in wanted if name in result.properties]
    return [value.rpartition("@")[2].rstrip(".").lower() for value in values]


def trusted_results(header: Message, authserv_id: str) -> Iterator[Result]:
    """What our own server wrote: the topmost header under its name. Further ones count only if they, too, stand above
    every `Received`: whatever is below one may have been in the mail when it came."""
    if not authserv_id.strip():
        return
    is_above, is_first = True, True
    for name, value in header.items():
        if name.lower() == "received":
            is_above = False
        if name.lower() != "authentication-results":
            continue
        said_by, results = read_results(str(value))
        if said_by != authserv_id.strip().lower():
            continue
        if is_first or is_above:
            yield from results
        is_first = False


def read_results(value: str) -> tuple[str, list[Result]]:
    """Who says it, and what, of an `Authentication-Results` (RFC 8601)."""
    parts = _parts(value[:16_000])
    said_by = parts[0][0].split()[0].lower() if parts and parts[0][0].split() else ""
    results = []
    for words, comment in parts[1:]:
        pairs = [(name.lower(), text) for name, text in _PAIR.findall(words)]
        if pairs:
            (method, result), *properties = pairs
            known = {name: text.strip('"') for name, text in reversed(properties)}
            results.append(Result(method.partition("/")[0], result.lower(), known, comment))
    return said_by, results


_PAIR = re.compile(r"([A-Za-z][\w./-]{0,60})\s{0,9}=\s{0,9}(\"[^\"]{0,500}\"|[^\s;]{1,500})")


def _parts(value: str) -> list[tuple[str, str]]:
    """The parts between semicolons, each without its comments, and these; a comment may hold whatever it likes."""
    parts: list[tuple[str, str]] = []
    words: list[str] = []
    comment: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for char in value:
        if is_escaped or (char == "\\" and (is_quoted or depth)):
            is_escaped = not is_escaped
            (comment if depth else words).append(char)
        elif char == '"' and not depth:
            is_quoted = not is_quoted
            words.append(char)
        elif not is_quoted and char in "()":
            depth = depth + 1 if char == "(" else max(0, depth - 1)
            words.append(" ")
            comment.append(" ")
        elif depth:
            comment.append(char)
        elif char == ";" and not is_quoted:
            parts.append(("".join(words), "".join(comment)))
            words, comment = [], []
        else:
            words.append(char)
    return [*parts, ("".join(words), "".join(comment))]


# --- Our own look --------------------------------------------------------------------------


def _checked(raw: bytes, header: Message, domain: str, envelope: str | None, ip: str, names: Names) -> Evidence:
    found = Evidence()
    if not domain:
        return found
    found.dkim = _dkim(raw, header, domain, names)
    found.is_aligned = found.dkim == "pass"
    if found.is_aligned:  # nothing can be added to that
        return found
    sender = _mail_from(header, envelope)
    peer = ip or _peer(header)
    if sender and peer:
        result = _spf(peer, sender, names)
        found.is_aligned = result == "pass" and is_aligned(sender.rpartition("@")[2], domain)
        is_certain = bool(ip) and result not in {"temperror", "permerror"}
        found.spf = result if is_certain or result == "pass" and found.is_aligned else None
    return found


def _dkim(raw: bytes, header: Message, domain: str, names: Names) -> str:
    """pass, fail, temperror, or none where the sender's own domain signed nothing that could be believed."""
    places = list(_own_signatures(header, domain))[:MOST_SIGNATURES]
    if not places or _is_slow_to_read(raw):
        return "none"
    results = {_verified(raw, place, names) for place in places}
    return next((result for result in ("pass", "fail", "temperror") if result in results), "none")


def _own_signatures(header: Message, domain: str) -> Iterator[int]:
    """Which of the signatures are the sender's own domain's, and sign what they are believed for.

    One that leaves From out signs nobody; one with a length (`l=`) lets anybody go on writing below; SHA-1 is broken.
    """
    for place, value in enumerate(header.get_all("dkim-signature", [])):
        text = str(value).encode("utf-8", "replace")
        if len(text) > MOST_SIGNATURE:
            continue
        try:
            tags = parse_tag_value(text)
        except InvalidTagValueList:
            continue
        signer = tags.get(b"d", b"").decode("ascii", "replace")
        signed = {name.strip().lower() for name in tags.get(b"h", b"").split(b":")}
        is_weak = b"from" not in signed or b"l" in tags or tags.get(b"a", b"").lower() == b"rsa-sha1"
        if not is_weak and is_aligned(signer, domain):
            yield place


def _verified(raw: bytes, place: int, names: Names) -> str:
    timed_out = False

    def key(name: bytes | str, timeout: float = 0) -> bytes | None:
        nonlocal timed_out
        try:
            found = names.text(name.decode("ascii", "replace") if isinstance(name, bytes) else name)
        except TimeoutError as error:
            timed_out = True
            raise dkim.DnsTimeoutError(str(error)) from error
        return next((record for record in found if len(record) <= MOST_KEY and b"p=" in record), None)

    try:
        good = dkim.DKIM(raw, logger=_quiet, minkey=1024).verify(place, dnsfunc=key)
    except (dkim.DKIMException, ValueError, LookupError, TypeError, ArithmeticError, NameError) as error:
        log.debug("a signature could not be checked: %s", error)
        good = False
    return "pass" if good else "temperror" if timed_out else "fail"


def _is_slow_to_read(raw: bytes) -> bool:
    """Whether checking it would take minutes: the library's patterns go over each run of blanks again and again."""
    blanks = [len(run) for run in re.findall(rb"[ \t]{200,}", raw)]
    return sum(length * length for length in blanks) > 200_000_000 or raw.endswith(b"\r\n" * 100_000)


def _mail_from(header: Message, envelope: str | None) -> str:
    """The envelope's sender; as the last server wrote it down, above all `Received`, where nobody told us."""
    if envelope is not None:
        return bare(envelope)
    for name, value in header.items():
        if name.lower() == "received":
            break
        if name.lower() == "return-path":
            return bare(str(value))
    return ""


_PEER = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]")
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_HELO = re.compile(r"helo=\S{0,300}", re.IGNORECASE)


def _peer(header: Message) -> str:
    """Who handed it to the server next to us: the topmost `Received` that names somebody, if that is no machine of a
    local network; further down anything may have been written by the sender."""
    for value in header.get_all("received", [])[:6]:
        words = str(value).strip()
        if words[:5].lower() != "from ":
            continue
        found = _addresses_of_peer(re.split(r"\sby\s", words, maxsplit=1)[0][:1000])
        try:
            return found.pop() if len(found) == 1 and ip_address(min(found)).is_global else ""
        except ValueError:
            return ""
    return ""


def _addresses_of_peer(words: str) -> set[str]:
    """The addresses that a server says it was called from. What the caller called itself (HELO) may be the address of
    anybody; it stands before the brackets, or in them behind `helo=`. Of several nobody knows which is meant."""
    said = _HELO.sub(" ", words)
    within = {ip for comment in _COMMENT.findall(said) for ip in _PEER.findall(comment)}
    return within or set(_PEER.findall(said))


class _Query(spf.query):
    """pyspf's evaluation, asking the name server that we ask."""

    def __init__(self, names: Names, ip: str, sender: str) -> None:
        super().__init__(ip, sender, "unknown", timeout=SECONDS_ALL, querytime=0)
        self.names = names

    def dns(self, name: object, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        try:
            found = self.names.look_up(str(name), "TXT" if qtype == "SPF" else qtype)
        except TimeoutError as error:
            raise spf.TempError(f"DNS {error}") from error
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("Too many names that do not exist")
        return [(record,) for record in found] if qtype in {"TXT", "SPF"} else list(found)


def _spf(ip: str, sender: str, names: Names) -> str:
    try:
        return str(_Query(names, ip, sender).check()[0])
    except (spf.TempError, TimeoutError):
        return "temperror"
    except (spf.PermError, ValueError, LookupError, TypeError, RecursionError):
        return "permerror"
