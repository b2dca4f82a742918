"""How many mails a second one worker sees through: from the bytes as they come in to the ticket that they are on.

    bin/bench mail [--mails 600] [--tickets 10000] [--keep]

Each is stored, read in the bounded process, judged by what our own server says of its sender, placed, and put on a
ticket with its files; whoever begins a conversation is owed a receipt. No name server is asked: that is the network's
time. What this process itself worked is told beside it: the rest is the database's, or waiting for the machine.
"""

from __future__ import annotations

import argparse
import random
import time
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from django.test import override_settings
from django.utils import timezone

from accounts.models import Team
from bench import desks, report
from bench.desks import connected_to
from mailroom.actions import handle, take_in
from mailroom.models import Access, Mailbox, RawMail, Source, State
from tickets.models import Ticket
from tickets.tokens import reply_address

GOAL = 20.0  # mails a second of one worker
SERVER, SUPPORT = "mx.bench.example", "support@bench.example"
WORDS = ["the", "tyre", "on", "Monday", "is", "not", "what", "I", "ordered", "and", "we", "would", "like", "to", "know"]
QUOTE = "\n\nOn Mon, 16 Nov 2026 at 10:00, Support <support@bench.example> wrote:\n" + "> We look into it.\n" * 30
WARM_UP = 20


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bin/bench mail", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mails", type=int, default=600)
    parser.add_argument("--tickets", type=int, default=10_000, help="that there are already")
    parser.add_argument("--keep", action="store_true", help="leave the database, and use the one that was left")
    options = parser.parse_args(argv)
    with (
        desks.seeded([options.tickets], keep=options.keep) as (desk,),
        connected_to(desk),
        override_settings(DEBUG=False),  # development keeps a list of all queries
    ):
        return tell(measure(options.mails))


def measure(mails: int) -> dict[str, object]:
    """Take in so many mails, then see to them one after the other, as a worker does."""
    mailbox = _mailbox()
    chance = random.Random(20)  # noqa: S311, no secret
    letters = _letters(mails + WARM_UP, chance)
    for kind, raw in letters[:WARM_UP]:
        _through(mailbox, kind, raw)
    taking: list[float] = []
    handling: dict[str, list[float]] = {}
    began, worked = time.perf_counter(), time.process_time()
    for kind, raw in letters[WARM_UP:]:
        taken, handled = _through(mailbox, kind, raw)
        taking.append(taken)
        handling.setdefault(kind, []).append(handled)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    every = [spent for several in handling.values() for spent in several]
    return {
        "mails": mails,
        "seconds": seconds,
        "per_second": mails / seconds,
        "python_ms": worked / mails * 1000,
        "taking": report.summary(taking),
        "handling": report.summary(every),
        "kinds": {kind: {"mails": len(spent), **report.summary(spent)} for kind, spent in handling.items()},
    }


def _through(mailbox: Mailbox, kind: str, raw: bytes) -> tuple[float, float]:
    """Seconds that storing and handling took. Errors: SystemExit if it did not end where its kind should."""
    start = time.perf_counter()
    mail = take_in(raw, source=Source.SMTP, mailbox=mailbox, envelope_from="", envelope_to=[SUPPORT])
    stored = time.perf_counter()
    mail = handle(RawMail.objects.get(pk=mail.pk))
    done = time.perf_counter()
    wanted = {"automatic": State.AUTOMATIC, "answer": State.ENTRY}.get(kind, State.TICKET)
    if mail.state != wanted:
        raise SystemExit(f"A mail that is {kind} ended as {mail.state}: {mail.reason}")
    return stored - start, done - stored


def _mailbox() -> Mailbox:
    values = {"name": "Bench", "team": Team.objects.order_by("pk").first(), "authserv_id": SERVER}
    return Mailbox.objects.get_or_create(email=SUPPORT, access=Access.HANDED, defaults=values)[0]


def _letters(number: int, chance: random.Random) -> list[tuple[str, bytes]]:
    """As they come in a day: half begin a conversation, many answer, some carry a file, a few a program wrote."""
    known = list(
        Ticket.objects.filter(customer__addresses__proof="proved", merged_into=None, trashed_at=None)
        .unsolved()
        .order_by("-number")
        .values_list("reference", "customer__addresses__email")[: number // 3 + 1]
    )
    made = []
    for place in range(number):
        at = chance.random()
        if at < 0.35 and known:
            reference, email = known[place % len(known)]
            made.append(("answer", _letter(place, chance, email, to=reply_address(reference, SUPPORT), quote=QUOTE)))
        elif at < 0.42:
            made.append(("automatic", _letter(place, chance, headers={"Auto-Submitted": "auto-replied"})))
        elif at < 0.55:
            made.append(("with a file", _letter(place, chance, file=chance.randbytes(200_000))))
        else:
            made.append(("new", _letter(place, chance)))
    return made


def _letter(
    place: int,
    chance: random.Random,
    sender: str = "",
    *,
    to: str = SUPPORT,
    quote: str = "",
    headers: dict[str, str] | None = None,
    file: bytes = b"",
) -> bytes:
    sender = sender or f"person-{time.time_ns()}-{place}@customers.example"
    words = " ".join(chance.choices(WORDS, k=120))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Person {place} <{sender}>", to, f"Matter {place}"
    mail["Date"], mail["Message-ID"] = format_datetime(timezone.now()), make_msgid(domain="customers.example")
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(words + quote)
    mail.add_alternative(f"<div><p>{words}</p><blockquote>{quote.replace(chr(10), '<br>')}</blockquote></div>", "html")
    if file:
        mail.add_attachment(file, maintype="application", subtype="octet-stream", filename="data.bin")
    said = f"Authentication-Results: {SERVER}; dmarc=pass header.from={sender.rpartition('@')[2]}\r\n"
    return said.encode() + mail.as_bytes()


def tell(found: dict[str, object]) -> int:
    """Print the table, write the JSON; the exit status says whether the goal was met."""
    kinds = found["kinds"]
    assert isinstance(kinds, dict)
    rows = [
        [kind, f"{one['mails']:,}", f"{one['median_ms']:.1f}", f"{one['p95_ms']:.1f}"]
        for kind, one in sorted(kinds.items())
    ]
    for name in ("taking", "handling"):
        one = found[name]
        assert isinstance(one, dict)
        words = {"taking": "all: stored", "handling": "all: handled"}[name]
        rows.append([words, f"{found['mails']:,}", f"{one['median_ms']:.1f}", f"{one['p95_ms']:.1f}"])
    report.print_table("Mails through one worker", ["mail", "number", "median ms", "p95 ms"], rows)
    print(f"  Of that, this process itself worked {found['python_ms']:.1f} ms a mail.\n")
    report.save("mail", found)
    per_second = float(str(found["per_second"]))
    goal = f"{per_second:.1f} mails a second through one worker (at least {GOAL:.0f})"
    return report.verdict(per_second >= GOAL, goal)
