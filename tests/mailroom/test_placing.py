"""Which ticket a mail belongs to, and who speaks in it: the matrix of token × sender × authentication, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

from accounts.models import Desk, Team, User
from customers.actions import claim_address, create_guest, get_or_create_customer
from customers.models import Address, Customer
from mailroom.models import RawMail, Source, State
from mailroom.parsing import Parsed, Person
from mailroom.queries.placing import Means, Place, Whose, base_subject, place
from outbox.actions import queue_mail
from outbox.models import Mail
from tests.conftest import make_user
from tickets.actions import add_copied, merge_ticket, open_ticket, post_message, trash_ticket
from tickets.models import Copied, Ticket
from tickets.tokens import read_reply, reply_address

SUPPORT = "support@bellwether.example"
BEA = "bea@example.net"  # copied on Carla's ticket
MALLORY = "mallory@evil.example"
KNOWN_ID = "<first@example.org>"


@dataclass
class World:
    """Carla's ticket, with Bea copied and a mail of ours on it, and Dora's."""

    ticket: Ticket
    other: Ticket
    mail: Mail
    alice: User

    def token(self, kind: str) -> str:
        """An address that this ticket's answers go to, or nearly."""
        good = reply_address(self.ticket.reference, SUPPORT)
        others = reply_address(self.other.reference, SUPPORT)
        local = good.partition("@")[0]
        return {
            "good": good,
            "shouted": good.upper(),
            "short": f"{local[:-1]}@bellwether.example",
            "half": f"{local[:-13]}@bellwether.example",
            "bare": f"support+{self.ticket.reference}@bellwether.example",
            "empty": "support+@bellwether.example",
            "wrong mac": good.replace(good[21:47], others[21:47]),
            "other ticket": others,
            "number": f"support+{self.ticket.pk}@bellwether.example",
            "none": SUPPORT,
        }[kind]


def make_world(ticket: Ticket, dora: Customer, alice: User) -> World:
    add_copied(ticket, by=alice, email=BEA)
    other = open_ticket(dora, by=dora, subject="Bell", body="It is silent.", channel="email", team=ticket.team)
    mail = queue_mail(
        kind="reply", to=[("Carla", "carla@example.org")], subject="Re", text="Hm.", about=ticket.about, dedupe_key="m"
    )
    raw(ticket, message_id=KNOWN_ID, from_email="carla@example.org")
    return World(ticket, other, mail, alice)


@pytest.fixture
def world(ticket: Ticket, dora: Customer, alice: User) -> World:
    return make_world(ticket, dora, alice)


@pytest.fixture(scope="module")
def standing_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """The same, for all cells of the matrices: to place a mail changes nothing."""
    with django_db_blocker.unblock(), transaction.atomic():
        Desk.objects.create(name="Bellwether Cycles")
        team = Team.objects.create(name="Workshop", slug="workshop")
        carla, dora = (
            get_or_create_customer(by=None, email=f"{name}@example.org", proof=Address.Proof.PROVED)[0]
            for name in ("carla", "dora")
        )
        ticket = open_ticket(carla, by=carla, subject="The tyre is wrong", body="Too wide.", channel="email", team=team)
        yield make_world(ticket, dora, make_user("Alice Arden", "agent", team))
        transaction.set_rollback(True)


def raw(ticket: Ticket, **fields: object) -> RawMail:
    given = {"source": Source.PIPE, "size": 1, "sha256": "0" * 64, "state": State.ENTRY, "reason": "x"}
    return RawMail.objects.create(ticket=ticket, **(given | fields))


SENDERS = {"customer": "carla@example.org", "copied": BEA, "agent": "alice@example.com", "stranger": MALLORY}
VERDICTS = ("pass", "none", "fail")


def letter(
    sender: str = "carla@example.org",
    *,
    to: str = SUPPORT,
    cc: tuple[str, ...] = (),
    subject: str = "Hi",
    **more: object,
) -> Parsed:
    people = tuple(Person("", email.lower()) for email in cc)
    headers = {"from": (sender,)}
    words = {"headers": headers, "text": "Hello"} | more
    return Parsed(senders=(Person("", sender.lower()),), to=(Person("", to),), cc=people, subject=subject, **words)


def placed(parsed: Parsed, verdict: str = "none", **more: object) -> Place:
    return place(parsed, {"verdict": verdict}, **more)


def outcome(found: Place, world: World) -> str:
    """What became of it, in a word or two."""
    if found.is_new:
        return {None: "new", world.ticket: "new, maybe this", world.other: "new, maybe other"}[found.related]
    name = {world.ticket.pk: "", world.other.pk: " there"}[found.ticket.pk if found.ticket else 0]
    assert found.is_note or found.whose in {Whose.CUSTOMER, Whose.AGENT}
    assert found.is_by_stranger == (found.whose in {Whose.STRANGER, Whose.COPIED})
    assert (found.agent is None) == (found.whose != Whose.AGENT)
    return f"{found.whose.value}{' note' if found.is_note else ''}{name}"


# --- The matrix ----------------------------------------------------------------------------

# Rows: the token and the verdict. Columns: who From names.
MATRIX = """
token         verdict  customer              copied                agent                 stranger
good          pass     customer              copied note           agent                 stranger note
good          none     customer              copied note           stranger note         stranger note
good          fail     new, maybe this       new, maybe this       new, maybe this       new, maybe this
shouted       pass     customer              copied note           agent                 stranger note
shouted       none     customer              copied note           stranger note         stranger note
shouted       fail     new, maybe this       new, maybe this       new, maybe this       new, maybe this
other ticket  pass     stranger note there   stranger note there   agent there           stranger note there
other ticket  none     stranger note there   stranger note there   stranger note there   stranger note there
other ticket  fail     new, maybe other      new, maybe other      new, maybe other      new, maybe other
"""
NOTHING = ("short", "half", "bare", "empty", "wrong mac", "number", "none")  # open nothing, whoever writes
COPIES = ("nobody", "others", "token")


def rows_of(table: str) -> list[tuple[str, str, str, str]]:
    """(row's name, verdict, who From names, expected) of every cell."""
    rows = [[part.strip() for part in line.split("  ") if part.strip()] for line in table.strip().splitlines()[1:]]
    return [(row[0], row[1], who, cell) for row in rows for who, cell in zip(SENDERS, row[2:], strict=True)]


def cells() -> list[tuple[str, str, str, str]]:
    return rows_of(MATRIX) + [
        (token, verdict, who, "new") for token, verdict, who in product(NOTHING, VERDICTS, SENDERS)
    ]


def test_the_matrix_has_every_cell():
    assert len(cells()) == (3 + len(NOTHING)) * 3 * 4
    assert len({cell[:3] for cell in cells()}) == len(cells())


@pytest.mark.parametrize(("token", "verdict", "who", "expected"), cells())
def test_matrix(standing_world, token, verdict, who, expected):
    """With every way to be copied beside: it changes nothing, and makes nobody a participant."""
    before = set(Copied.objects.values_list("email", "removed_at"))
    for copy in COPIES:
        to, cc = standing_world.token(token), ()
        if copy == "others":
            cc = (MALLORY, "eve@evil.example", "bob@example.com")
        elif copy == "token":
            to, cc = "somebody@example.org", (standing_world.token(token), MALLORY)
        found = placed(letter(SENDERS[who], to=to, cc=cc), verdict)
        assert outcome(found, standing_world) == expected, copy
        if not found.is_new:
            assert found.means == Means.ADDRESS
        assert found.reason
    assert set(Copied.objects.values_list("email", "removed_at")) == before


MEANS = """
means     verdict  customer              copied                agent                 stranger
own_id    pass     customer              copied note           agent                 stranger note
own_id    none     customer              copied note           stranger note         stranger note
own_id    fail     new, maybe this       new, maybe this       new, maybe this       new, maybe this
known_id  pass     customer              copied note           agent                 new, maybe this
known_id  none     customer              copied note           new, maybe this       new, maybe this
known_id  fail     new, maybe this       new, maybe this       new, maybe this       new, maybe this
subject   pass     customer              copied note           agent                 new, maybe this
subject   none     new, maybe this       new, maybe this       new, maybe this       new, maybe this
subject   fail     new, maybe this       new, maybe this       new, maybe this       new, maybe this
"""


@pytest.mark.parametrize(("means", "verdict", "who", "expected"), rows_of(MEANS))
def test_matrix_of_means(standing_world, means, verdict, who, expected):
    named = {
        "own_id": {"references": ("<other@example.org>", standing_world.mail.message_id)},
        "known_id": {"in_reply_to": (KNOWN_ID,)},
        "subject": {"subject": f"Re: [#{standing_world.ticket.reference.upper()}] Tyre"},
    }[means]
    found = placed(letter(SENDERS[who], **named), verdict)
    assert outcome(found, standing_world) == expected
    if not found.is_new:
        assert found.means == means


# --- Which of several ----------------------------------------------------------------------


def test_the_signed_address_goes_before_everything_else(world):
    others = queue_mail(
        kind="reply", to="carla@example.org", subject="x", text="x", about=world.other.about, dedupe_key="o"
    )
    found = placed(
        letter(to=world.token("good"), in_reply_to=(others.message_id,), subject=f"[#{world.other.reference}]"), "pass"
    )
    assert (found.ticket, found.means) == (world.ticket, Means.ADDRESS)


def test_the_envelope_and_what_servers_add_count_as_well(world):
    assert placed(letter(), envelope_to=[world.token("good")]).ticket == world.ticket
    for name in ("delivered-to", "x-original-to", "envelope-to"):
        assert placed(letter(headers={name: (f"<{world.token('good')}>",)})).ticket == world.ticket


def test_the_nearest_mail_of_ours_counts(world):
    later = queue_mail(
        kind="reply", to="dora@example.org", subject="x", text="x", about=world.other.about, dedupe_key="o"
    )
    found = placed(letter("dora@example.org", references=(world.mail.message_id, later.message_id)))
    assert (found.ticket, found.whose) == (world.other, Whose.CUSTOMER)


def test_of_two_tickets_with_the_same_message_id_the_writers_own(world):
    """Anybody may give a mail a Message-ID that is taken."""
    raw(world.other, message_id=KNOWN_ID, from_email=MALLORY)
    assert placed(letter(in_reply_to=(KNOWN_ID,))).ticket == world.ticket
    assert placed(letter("dora@example.org", in_reply_to=(KNOWN_ID,))).ticket == world.other


def test_a_message_id_that_is_taken_over_and_over_hides_nobodys(world):
    for _ in range(130):
        raw(world.other, message_id=KNOWN_ID, from_email=MALLORY)
    assert placed(letter(in_reply_to=(KNOWN_ID,))).ticket == world.ticket


def test_a_merged_ticket_leads_to_the_one_that_goes_on(world, carla, alice):
    into = open_ticket(carla, by=carla, subject="Both", body="Both.", channel="email", team=world.ticket.team)
    merge_ticket(world.ticket, by=alice, into=into)
    for parsed in (
        letter(to=world.token("good")),
        letter(in_reply_to=(world.mail.message_id,)),
        letter(in_reply_to=(KNOWN_ID,)),
        letter(BEA, to=world.token("good")),
    ):
        found = placed(parsed)
        assert found.ticket == into
        assert found.whose == (Whose.COPIED if parsed.sender.email == BEA else Whose.CUSTOMER)


def test_a_ticket_in_the_trash_is_there_for_its_customer_only(world, alice):
    trash_ticket(world.ticket, by=alice)
    assert placed(letter(to=world.token("good"))).ticket == world.ticket
    for sender in (BEA, MALLORY, "alice@example.com"):
        found = placed(letter(sender, to=world.token("good")), "pass")
        assert (found.ticket, found.related) == (None, world.ticket)


def test_a_ticket_that_is_gone_is_none(world):
    missing = reply_address("0" * 13, SUPPORT)
    assert read_reply(missing)
    assert placed(letter(to=missing)).is_new


# --- Who is who ----------------------------------------------------------------------------


def test_an_agent_who_does_not_see_the_ticket_is_a_stranger(world, charlie):
    found = placed(letter("charlie@example.com", to=world.token("good")), "pass")
    assert (found.whose, found.is_note, found.agent) == (Whose.STRANGER, True, None)


def test_an_agent_who_has_left_is_a_stranger(world, alice):
    alice.is_active = False
    alice.save()
    found = placed(letter("alice@example.com", to=world.token("good")), "pass")
    assert (found.whose, found.agent) == (Whose.STRANGER, None)


def test_one_of_us_who_answers_what_was_forwarded_writes_to_the_team(world):
    forward = queue_mail(
        kind="forward", to="alice@example.com", subject="x", text="x", about=world.ticket.about, dedupe_key="f"
    )
    found = placed(letter("alice@example.com", in_reply_to=(forward.message_id,)), "pass")
    assert (found.whose, found.is_note) == (Whose.AGENT, True)


def test_an_old_mail_of_one_of_us_is_not_sent_to_a_customer_again(world):
    """Its signature is as good as ever, whatever envelope somebody puts it into."""
    token = world.token("good")
    for parsed, envelope in ((letter("alice@example.com"), [token]), (delivered_to(token), [])):
        found = placed(parsed, "pass", envelope_to=envelope)
        assert (found.ticket, found.whose, found.is_note) == (world.ticket, Whose.AGENT, True)


def delivered_to(address: str) -> Parsed:
    return letter("alice@example.com", headers={"from": ("alice@example.com",), "delivered-to": (address,)})


def test_a_guest_who_types_a_suppliers_address_does_not_read_their_answer(chat):
    ticket, _mail = chat
    claim_address(ticket.customer, email="supplier@example.net")
    forward = queue_mail(
        kind="forward", to="supplier@example.net", subject="x", text="x", about=ticket.about, dedupe_key="f"
    )
    found = placed(letter("supplier@example.net", in_reply_to=(forward.message_id,)), "pass")
    assert (found.ticket, found.whose, found.is_note) == (ticket, Whose.STRANGER, True)


def test_somebody_it_was_forwarded_to_writes_to_the_team(world):
    forward = queue_mail(
        kind="forward", to="supplier@example.net", subject="x", text="x", about=world.ticket.about, dedupe_key="f"
    )
    found = placed(letter("supplier@example.net", in_reply_to=(forward.message_id,)), "pass")
    assert (found.ticket, found.whose, found.is_note) == (world.ticket, Whose.STRANGER, True)


def test_who_is_copied_no_more_is_a_stranger(world):
    Copied.objects.update(removed_at="2026-01-01T00:00Z")
    assert placed(letter(BEA, to=world.token("good")), "pass").whose == Whose.STRANGER
    assert placed(letter(BEA, in_reply_to=(KNOWN_ID,)), "pass").is_new


@pytest.mark.parametrize(
    "senders",
    [
        (),
        (Person("", ""),),
        (Person("Carla", "carla@example.org"), Person("", MALLORY)),
        (Person("", MALLORY), Person("Carla", "carla@example.org")),
        (Person("carla@example.org", MALLORY),),
    ],
)
def test_no_sender_and_several_are_strangers(world, senders):
    parsed = Parsed(senders=senders, to=(Person("", world.token("good")),))
    found = placed(parsed, "pass")
    assert (found.whose, found.is_note) == (Whose.STRANGER, True)
    assert placed(Parsed(senders=senders, in_reply_to=(KNOWN_ID,)), "pass").is_new


def test_two_headers_of_one_name_are_several(world):
    parsed = letter(to=world.token("good"), headers={"from": ("carla@example.org", MALLORY)})
    assert placed(parsed, "pass").whose == Whose.STRANGER


def test_reply_to_and_sender_say_nothing_about_who_speaks(world):
    parsed = letter(
        MALLORY,
        to=world.token("good"),
        reply_to=(Person("", "carla@example.org"),),
        headers={"from": (MALLORY,), "sender": ("carla@example.org",), "return-path": ("<carla@example.org>",)},
    )
    assert placed(parsed, "pass").whose == Whose.STRANGER


# --- Addresses that somebody typed ---------------------------------------------------------


@pytest.fixture
def chat(workshop, desk_row, site) -> tuple[Ticket, Mail]:
    """A guest's chat, with an address that they typed, to which an answer went."""
    guest = create_guest()
    claim_address(guest, email="victim@example.org")
    ticket = open_ticket(guest, by=guest, body="Hi", channel="chat", site=site)
    mail = queue_mail(
        kind="reply", to="victim@example.org", subject="x", text="x", about=ticket.about, dedupe_key="chat"
    )
    return ticket, mail


def test_whoever_answers_what_was_mailed_there_is_the_customer(chat):
    ticket, mail = chat
    found = placed(letter("victim@example.org", in_reply_to=(mail.message_id,)))
    assert (found.ticket, found.whose, found.is_note) == (ticket, Whose.CUSTOMER, False)


def test_what_comes_from_there_by_itself_is_for_the_team_only(chat):
    """A service that the guest signs up for writes to the ticket's address; the guest must not read that."""
    ticket, _mail = chat
    found = placed(letter("victim@example.org", to=reply_address(ticket.reference, SUPPORT)), "pass")
    assert (found.ticket, found.whose, found.is_note) == (ticket, Whose.STRANGER, True)
    assert placed(letter("victim@example.org", in_reply_to=("<else@example.org>",)), "pass").is_new


def test_an_answer_to_another_address_of_the_guest_proves_nothing_about_this_one(chat):
    ticket, mail = chat
    claim_address(ticket.customer, email="no-reply@service.example")
    to = reply_address(ticket.reference, SUPPORT)
    found = placed(letter("no-reply@service.example", to=to, in_reply_to=(mail.message_id,)), "pass")
    assert (found.whose, found.is_note) == (Whose.STRANGER, True)


def test_who_wrote_by_mail_before_goes_on_by_mail(desk_row, workshop):
    """Nobody proved who they are, but their words came from there from the beginning."""
    person = create_guest()
    claim_address(person, email="unproved@example.org")
    ticket = open_ticket(person, by=person, subject="Tyre", body="Hi", channel="email", team=workshop)
    raw(ticket, message_id="<a@x>", from_email="unproved@example.org", entry=ticket.messages.get(), state=State.TICKET)
    found = placed(letter("unproved@example.org", in_reply_to=("<a@x>",)))
    assert (found.ticket, found.whose) == (ticket, Whose.CUSTOMER)


# --- Maybe related -------------------------------------------------------------------------


def test_the_same_subject_again_may_be_related(world):
    found = placed(letter(subject="AW: Re:  The tyre is WRONG"))
    assert (found.ticket, found.related) == (None, world.ticket)
    assert placed(letter("dora@example.org", subject="The tyre is wrong")).related is None
    assert placed(letter(MALLORY, subject="The tyre is wrong")).related is None


def test_a_late_answer_is_given_to_the_ticket_that_it_answers(world, alice, carla):
    """Whether it goes on elsewhere is `post_message`'s to decide."""
    post_message(world.ticket, by=alice, body="Done.")
    found = placed(letter(to=world.token("good")))
    assert found.ticket == world.ticket


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Re: Re[2]: AW:  Tyre", "tyre"),
        ("回复：Tyre", "tyre"),
        ("Tyre", "tyre"),
        ("Re:", ""),
        ("", ""),
        ("Reason", "reason"),
    ],
)
def test_subjects_are_compared_without_what_programs_put_before_them(subject, expected):
    assert base_subject(subject) == expected


def test_a_crowd_of_references_is_looked_up_in_a_few_queries(world, django_assert_max_num_queries):
    many = tuple(f"<{number}@example.org>" for number in range(3000))
    with django_assert_max_num_queries(8):
        assert placed(letter(MALLORY, references=many, in_reply_to=many[:50])).is_new


def test_nothing_is_written(world):
    before = (Ticket.objects.count(), Customer.objects.count(), Copied.objects.count(), Mail.objects.count())
    for who, verdict in product(SENDERS.values(), VERDICTS):
        placed(letter(who, to=world.token("good"), cc=(MALLORY,)), verdict)
    assert (Ticket.objects.count(), Customer.objects.count(), Copied.objects.count(), Mail.objects.count()) == before
