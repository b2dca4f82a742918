"""Who gets what at every address: the table is `tests/access_matrix.py`, the addresses are those of the URL
configuration, and a route without a row fails."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.actions import create_site, create_team, create_token, invite_person, set_picture
from accounts.invitations import token_for
from accounts.models import ApiToken, User
from chat.actions import block_address, create_proactive_message, start_visit
from chat.models import Visitor
from customers.actions import create_guest, get_or_create_customer
from mailroom.actions.blocking import block_sender
from mailroom.actions.mailboxes import save_mailbox
from outbox.actions import queue_mail, suppress
from outbox.actions.senders import save_sender
from outbox.policy import Why
from outbox.tokens import unsubscribe_url
from recovery.actions import accept_offer, open_case
from recovery.actions.stocking import create_pool, create_remedy
from recovery.models import LedgerAlarm, Survey, Telling
from recovery.tokens import OFFER, SURVEY, sign
from reports.actions import set_up_mailing
from reports.models import SavedReport
from tests.access_matrix import (
    BODIES,
    DESK,
    DESK_VIEWERS,
    DEVELOPMENT_ONLY,
    FRAMED_ELSEWHERE,
    OBJECTS,
    QUERIES,
    TAKE_TOKENS,
    WIDGET,
    WIDGET_VIEWERS,
)
from tests.mailroom.looking import raw_mail
from tests.pictures import picture
from tests.recovery.offering import failed, sent
from tickets.actions import (
    add_attachment,
    add_copied,
    add_items,
    assign_ticket,
    begin_bulk_reply,
    begin_outreach,
    change_many,
    create_article,
    create_macro,
    link_ticket,
    merge_customers,
    open_ticket,
    plan_follow_up,
    post_message,
    save_view,
    set_priority,
)
from tickets.actions.addressing import Person
from tickets.actions.causes import add_cause, look_after_cause
from tickets.actions.follow_up_templates import create_template
from tickets.actions.panels import create_panel
from tickets.actions.promises import Terms, give_promise
from tickets.actions.shaping import create_field, create_status
from tickets.models import (
    Tag,
    Ticket,
)
from tickets.tokens import rate_token

pytestmark = pytest.mark.django_db

# Who else must fare as a column of the table says: a visitor's token opens nothing of the desk's, and who works
# here is nobody to the widget.
STANDS_FOR = {"stranger": ["anonymous", "carla", "dora"], "anybody": ["anonymous", "alice", "adam"]}
# Nobody answers there.
MAILBOX = {
    "name": "Support", "email": "support@bellwether.example", "access": "imap", "host": "127.0.0.1", "port": 9,
    "security": "plain", "password": "secret",
}  # fmt: skip
HANDED = {"name": "Handed", "email": "handed@bellwether.example", "access": "handed"}
MAIL_HOOK = {
    "name": "Shop mails", "email": "mails@bellwether.example", "access": "hook", "provider": "postmark",
    "provider_secret": "desk:a-long-password",
}  # fmt: skip
UNKNOWN: dict[str, Any] = {
    "number": 999_999_999,
    "pk": 999_999_999,
    "message_pk": 999_999_999,
    "merge_pk": 999_999_999,
    "ref": "0" * 13,
    "token": "x",
    "key": "x",
    "page": "x",
    "chart": "x",
    "name": "x",
    "uidb36": "x",
    "language": "x",
    "trigger": "x",
    "kind": "x",
    "role": "x",
    "offer": "00000000-0000-4000-8000-000000000000",
    "file": "00000000-0000-4000-8000-000000000000",
    "picture": "00000000-0000-4000-8000-000000000000",
}
EVIL = "https://evil.example/"
REFUSED = ("401", "403", "404", "405", "login")


class Route(NamedTuple):
    name: str
    arguments: tuple[str, ...]

    def address(self, values: dict[str, Any]) -> str:
        return reverse(self.name, kwargs={name: values[name] for name in self.arguments})


def walk(resolver: URLResolver, namespaces: tuple[str, ...] = ()) -> Iterator[Route]:
    """Every route, through all includes."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            arguments = (*entry.pattern.converters, *entry.pattern.regex.groupindex)
            yield Route(":".join((*namespaces, entry.name or str(entry.pattern))), tuple(dict.fromkeys(arguments)))
        else:
            yield from walk(entry, (*namespaces, entry.namespace) if entry.namespace else namespaces)


ROUTES = {route.name: route for route in walk(get_resolver())}
TABLE = DESK | WIDGET
CASES = [(name, method) for name, row in TABLE.items() if name in ROUTES for method in row]
# One world serves all addresses of an app, because everything that is asked of it is undone.
APPS = sorted({name.rpartition(":")[0] for name in ROUTES})


class World(NamedTuple):
    """The cast, what belongs to whom, and how each of them asks."""

    people: dict[str, User]
    ticket: Ticket
    objects: dict[str, dict[str, Any]]
    visitor_tokens: dict[str, str]
    api_tokens: dict[str, str]

    def client(self, who: str, route: str, **options: Any) -> Client:
        """Who works here comes with a session, to the API with a token; who writes in with their visitor's token."""
        if who in self.visitor_tokens:
            return Client(headers={"Authorization": f"Bearer {self.visitor_tokens[who]}"}, **options)
        if who in self.api_tokens and route.startswith("api:"):
            return Client(headers={"Authorization": f"Bearer {self.api_tokens[who]}"}, **options)
        client = Client(**options)
        if who in self.people:
            client.force_login(self.people[who])
        return client

    def values(self, route: str) -> dict[str, Any]:
        return self.objects[OBJECTS.get(route, "ticket")]


@pytest.fixture
def people(alice, charlie, lea, sue, adam):
    return {"alice": alice, "charlie": charlie, "lea": lea, "sue": sue, "adam": adam}


@pytest.fixture
def world(people, alice, bob, adam, carla, dora, ticket, chat_ticket, site, workshop, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    upload = add_attachment(SimpleUploadedFile("tyre.txt", b"42"), by=alice)
    post_message(ticket, by=alice, body="Here it is.", attachments=[str(upload.pk)])
    alices_note = post_message(ticket, by=alice, body="Ask the depot.", kind="note")
    visits = {}
    for name, customer in (("carla", carla), ("dora", dora)):
        visit = start_visit(site)
        Visitor.objects.filter(pk=visit.visitor.pk).update(customer=customer)
        visits[name] = visit.token
    said_first = create_proactive_message(site, by=adam, name="Cart", text="Stuck?")
    view = save_view(by=adam, name="Flat", query="is:open flat", team=workshop, is_shared=True)
    article = create_article(by=adam, title="Tyres", url="https://help.example/tyres")
    macro = create_macro(by=adam, name="Thanks", body="Thank you!", owner=None, team=workshop)
    merge = merge_customers(carla, merged=create_guest(name="C. C."), by=adam)
    nora = invite_person("nora@example.com", by=adam)
    alices_undo = change_many([ticket], by=alice, change=lambda one: set_priority(one, by=alice, priority=3)).undo
    (item,) = add_items(ticket, by=alice, text="Call the depot")
    link = link_ticket(ticket, by=adam, other=chat_ticket, kind="related")
    alices_words = begin_bulk_reply([ticket], by=alice, body="We are on it.", client_id="matrix")
    copied = add_copied(ticket, by=alice, email="copied@example.net")
    two = [Person("", "one@example.net"), Person("", "two@example.net")]
    alices_mails = begin_outreach(two, by=alice, subject="News", body="We are open again.", client_id="matrix")
    tomorrow = timezone.now() + timedelta(days=1)
    follow_up = plan_follow_up(ticket, by=alice, due_at=tomorrow, assignee=bob, kind="task", body="Call the depot")
    template = create_template(by=adam, name="Depot", when="friday 9", kind="task", body="Call the depot")
    # Nothing is there, so nobody is asked.
    data_panel = create_panel(by=adam, name="Orders", url="http://169.254.169.254/", kind="data")
    page_panel = create_panel(by=adam, name="Shop", url="https://shop.example/panel", kind="page")
    fixed = add_cause(by=adam, name="Depot")
    fixed = look_after_cause(fixed, by=adam, state="fixed", owner=None, change="They ring first.")
    telling = Telling.objects.create(cause=fixed, words="They ring first.", since=tomorrow, send_at=tomorrow)
    failed_ticket = open_ticket(carla, by=carla, subject="Late", body="Late again.", channel="email", team=workshop)
    offer = sent(failed(failed_ticket, alice), alice, "60")
    doras = open_ticket(dora, by=dora, subject="Broken", body="Broken again.", channel="email", team=workshop)
    chosen = accept_offer(
        doras_offer := sent(failed(doras, alice), alice, "20"), option=doras_offer.options.get(), by=dora
    )
    asked = Survey.objects.get(offer=chosen)
    Survey.objects.update(state="sent", sent_at=tomorrow, expires_at=tomorrow)
    pool = create_pool(by=adam, name="Spring", currency="EUR", value=Decimal(15))
    failed_ticket = open_ticket(carla, by=carla, subject="Late", body="Late again.", channel="email", team=workshop)
    offer = sent(failed(failed_ticket, alice), alice, "60")
    saved_report = SavedReport.objects.create(name="Everything", page="trends")
    lea = people["lea"]
    return World(
        people=people,
        ticket=ticket,
        objects={
            "ticket": {"number": ticket.number},
            "offer": {"offer": str(offer.pk)},
            "alarm": {"pk": LedgerAlarm.objects.create(offer=offer, what="state|sent||").pk},
            "role": {"role": "agent"},
            "offer_link": {"token": sign(chosen.nonce, OFFER)},
            "survey_link": {"token": sign(asked.nonce, SURVEY)},
            "remedy": {"pk": create_remedy(by=adam, kind="gift", name="A bell", words="A bell").pk},
            "pool": {"pk": pool.pk},
            "chat": {"ref": chat_ticket.reference},
            "call": {"number": chat_ticket.number},
            "block": {"pk": block_address("198.51.100.9", by=None).pk},
            "customer": {"pk": carla.pk},
            "customer_merge": {"pk": carla.pk, "merge_pk": merge.pk},
            "person": {"pk": bob.pk},
            "invited": {"pk": nora.pk},
            "invitation": {"token": token_for(nora)},
            "team": {"pk": workshop.pk},
            "site": {"pk": site.pk},
            "proactive": {"pk": site.pk, "message_pk": said_first.pk},
            "article": {"pk": article.pk},
            "macro": {"pk": macro.pk},
            "view": {"pk": view.pk},
            "saved_report": {"pk": saved_report.pk},
            "number": {"key": "opened"},
            "report": {"name": "trends"},
            "chart": {"page": "trends", "chart": "volume"},
            "figures": {"page": "trends"},
            "mailing": {"pk": set_up_mailing(saved_report, by=lea, every="day", hour=7, people=[lea]).pk},
            "ticket_macro": {"number": ticket.number, "pk": macro.pk},
            "alices_key": {"pk": create_token(alice, by=alice, name="hers")[0].pk},
            "file": {"pk": upload.pk},
            "alices_note": {"pk": alices_note.pk},
            "message": {"number": ticket.number, "pk": alices_note.pk},
            "sent_file": {"number": ticket.number, "file": str(upload.pk)},
            "field": {"pk": create_field(by=adam, name="Order", kind="text").pk},
            "named_status": {"pk": create_status(by=adam, name="Waiting for parts", status="on_hold").pk},
            "promise": {"pk": give_promise(by=adam, words="A word", terms=Terms("handed_over")).pk},
            "panel": {"pk": data_panel.pk},
            "ticket_panel": {"number": ticket.number, "pk": data_panel.pk},
            "ticket_frame": {"number": ticket.number, "pk": page_panel.pk},
            "fixed_cause": {"pk": fixed.pk},
            "telling": {"pk": telling.pk},
            "cause": {"pk": add_cause(by=adam, name="Tyre size read off the frame").pk},
            "ticket_follow_up": {"number": ticket.number, "pk": follow_up.pk},
            "follow_up_template": {"pk": template.pk},
            "tag": {"pk": Tag.objects.create(name="tyre").pk},
            "undo": {"pk": alices_undo.pk},
            "ticket_item": {"number": ticket.number, "pk": item.pk},
            "ticket_link": {"number": ticket.number, "pk": link.pk},
            "bulk_reply": {"pk": alices_words.pk},
            "copied": {"number": ticket.number, "pk": copied.pk},
            "outreach": {"pk": alices_mails.pk},
            "picture": {"picture": set_picture(bob, by=bob, content=picture()).picture_key},
            "reset": {"uidb36": "1", "key": "set-password"},
            "mail": {"key": "0"},
            "rating_link": {"token": rate_token(ticket.reference)},
            "address_link": {"token": unsubscribe_url("carla@example.com").split("/")[-2]},
            "words": {"language": "de"},
            "trigger": {"trigger": "rating"},
            "mailbox_kind": {"kind": "handed"},
            "mailbox": {"pk": save_mailbox(None, by=adam, values=MAILBOX).pk},
            "mail_hook": {"key": save_mailbox(None, by=adam, values=MAIL_HOOK).hook_key},
            "raw_mail": {"pk": str(raw_mail(state="entry", reason="x", ticket=ticket, entry=alices_note).pk)},
            "handed_mailbox": {"pk": save_mailbox(None, by=adam, values=HANDED).pk},
            "outgoing_mail": {
                "pk": str(queue_mail(kind="reply", to="a@example.org", subject="Hi", text="Hi", dedupe_key="matrix").pk)
            },
            "sender": {"pk": save_sender(None, by=adam, email="help@bellwether.example").pk},
            "wording": {"kind": "receipt", "language": "en"},
            "suppressed": {"pk": suppress("dead@example.org", reason=Why.BOUNCE).pk},
            "blocked_sender": {"pk": block_sender("mallory@evil.example", by=adam).pk},
            "case": {"pk": open_case(chat_ticket, by=None, trigger="agent").pk},
        },
        visitor_tokens=visits,
        api_tokens={name: create_token(user, by=user, name="matrix")[1] for name, user in people.items()},
    )


def ask(world: World, who: str, name: str, method: str, values: dict[str, Any] | None = None, **extra: Any) -> Any:
    """What `who` gets; whatever it did is undone."""
    address = ROUTES[name].address(world.values(name) if values is None else values) + "?" + QUERIES.get(name, "")
    options: dict[str, Any] = {}
    if method != "GET":
        options["data"] = BODIES.get(name, {})
        if name.startswith(("api:", "chat:")):
            options["content_type"] = "application/json"
    with transaction.atomic():
        client = world.client(who, name)
        before = written()
        answer = getattr(client, method.lower())(address, **options, **extra)
        answer.written = written() - before
        answer.people = people_and_tokens() if method != "GET" and outcome(answer) in REFUSED else None
        transaction.set_rollback(True)
    return answer


def outcome(answer: Any) -> str:
    if answer.status_code == 302 and answer["Location"].startswith("/accounts/login/"):
        return "login"
    return str(answer.status_code)


# What is written down however a request ends: that somebody came, how often, and what a page may remember.
NOTES = ["accounts_user", "accounts_apitoken", "accounts_ratelimit", "accounts_cache", "django_session"]


def written() -> int:
    """How many rows this transaction has written so far, by Postgres' own count; without the notes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
            " WHERE relname <> ALL(%s)",
            [NOTES],
        )
        return int(cursor.fetchone()[0])


def people_and_tokens() -> list[Any]:
    """Of the tables that notes are kept in, what a refused request must leave as it was."""
    noise = {"last_login", "last_used_at"}
    return [
        list(model.objects.order_by("pk").values(*(f.attname for f in model._meta.fields if f.name not in noise)))
        for model in (User, ApiToken)
    ]


def expected(name: str, method: str) -> Iterator[tuple[str, str]]:
    """(viewer, outcome) of a row: on the desk strangers are three, on the widget who works here is a stranger."""
    columns = DESK_VIEWERS if name in DESK else WIDGET_VIEWERS
    for column, wanted in zip(columns, TABLE[name][method].split(), strict=True):
        for who in STANDS_FOR.get(column, [column]):
            is_bad_token = who in ("carla", "dora") and name in TAKE_TOKENS
            yield who, "401" if is_bad_token else wanted


def test_every_route_has_a_row():
    missing = sorted(set(ROUTES) - set(TABLE))
    assert not missing, f"say in tests/access_matrix.py who gets what at: {missing}"
    gone = sorted(set(TABLE) - set(ROUTES) - DEVELOPMENT_ONLY)
    assert not gone, f"rows without a route: {gone}"
    assert all({"GET", "POST"} <= set(row) for row in TABLE.values())


def cases_of(app: str) -> list[tuple[str, str]]:
    return [(name, method) for name, method in CASES if name.rpartition(":")[0] == app]


@pytest.mark.parametrize("app", APPS)
def test_everybody_gets_what_the_table_says(world, app):
    people = people_and_tokens()
    wrong: dict[tuple[str, str], Any] = {}
    for name, method in cases_of(app):
        for who, wanted in expected(name, method):
            answer = ask(world, who, name, method)
            if outcome(answer) != wanted:
                wrong[name, method] = wrong.get((name, method), {}) | {who: f"{outcome(answer)}, not {wanted}"}
            if method != "GET" and wanted in REFUSED:
                kept = not answer.written and answer.people == people
                assert kept, f"{who} was refused {method} {name}, and yet something changed"
    assert wrong == {}


def looks(answer: Any) -> str:
    """A page's text without what differs from one request to the next."""
    return re.sub(r'(value|nonce)="[A-Za-z0-9+/=_-]{16,}"|csrf\S+', "", answer.content.decode())


def test_what_is_not_theirs_looks_as_if_it_did_not_exist(world):
    compared = 0
    for name, method in CASES:
        is_file = name.endswith("file")
        made_up = {key: UNKNOWN["file" if is_file and key == "pk" else key] for key in ROUTES[name].arguments}
        for who in [who for who, wanted in expected(name, method) if wanted == "404" and made_up]:
            foreign, unknown = ask(world, who, name, method), ask(world, who, name, method, made_up)
            assert (foreign.status_code, looks(foreign)) == (unknown.status_code, looks(unknown)), (who, name)
            compared += 1
    assert compared > 20


def test_every_answer_tells_the_browser_to_be_careful(world):
    for name, who in itertools.product(sorted(ROUTES), ("anonymous", "adam")):
        answer = ask(world, who, name, "GET")
        policy = answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff", name
        assert answer["Referrer-Policy"] == "same-origin", name
        assert "default-src" in policy, name
        assert "unsafe" not in policy, name
        if answer.status_code == 200 and name in FRAMED_ELSEWHERE:
            assert re.search(r"frame-ancestors (?!\*)", policy), name
        elif "sandbox" not in policy:  # a file: nothing in it runs, wherever it is shown
            assert answer["X-Frame-Options"] == "DENY", name
            assert "frame-ancestors 'none'" in policy, name


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_foreign_page_cannot_write_with_our_cookies(world, method):
    """Cross-site request forgery: a session alone, without the token of our own page, writes nothing anywhere."""
    people, let_in = people_and_tokens(), {}
    for name in sorted(ROUTES):
        client = Client(enforce_csrf_checks=True)
        client.force_login(world.people["adam"])
        before = written()
        body = {"data": "{}", "content_type": "application/json"}
        answer = getattr(client, method)(ROUTES[name].address(world.values(name)), **body)
        refused = (403, 405) if not name.startswith("chat:") else (401, 403, 405)  # there cookies are not even read
        if answer.status_code not in refused:
            let_in[name] = answer.status_code
        elif written() != before:
            let_in[name] = "written"
    let_in.pop("unsubscribe", None)  # mail programs post there from outside; only the signed link says who it is about
    let_in.pop("chat:start", None)  # begins a visit for anybody: no cookie, no identity, nothing to forge
    let_in.pop("chat:unread", None)  # changes nothing, and reads nothing without the visitor's own token
    let_in.pop("api:unknown")  # whatever one does there, it is not there
    assert let_in == {}
    assert people_and_tokens() == people


def test_no_address_sends_people_elsewhere(world):
    for name, method in itertools.product(sorted(ROUTES), ("get", "post")):
        address = ROUTES[name].address(world.values(name)) + f"?next={EVIL}&redirect_to={EVIL}"
        with transaction.atomic():
            answer = getattr(world.client("alice", name), method)(address, {"next": EVIL, "redirect_to": EVIL})
            transaction.set_rollback(True)
        assert "evil.example" not in answer.get("Location", "") + answer.get("HX-Redirect", ""), name


MOST_QUERIES = 16
# Copies, links, follow-ups, promises and a checklist are asked for only on a ticket that has them; this one has all.
# The panel reads all of a matter (log, marks, case, offers); it is fetched after the page of its ticket.
EXTRAS = {"tickets:show": 8, "recovery:panel": 10, "metrics": 10}


def test_no_page_asks_the_database_more_than_sixteen_questions(world, site, workshop, django_assert_max_num_queries):
    """With enough rows of each kind that a question per row shows."""
    for number in range(16):
        person = invite_person(f"person{number}@example.com", by=None, teams=[workshop])
        create_token(world.people["alice"], by=None, name=f"key {number}")
        customer, _ = get_or_create_customer(by=None, email=f"customer{number}@example.org")
        opened = open_ticket(
            customer, by=customer, body="Hello?", channel="email", team=workshop, tags=[f"tag {number}"]
        )
        assign_ticket(opened, by=None, user=world.people["alice"])
        person.teams.set([workshop, create_team(by=None, name=f"Team {number}")])
        create_site(by=None, name=f"Site {number}", url="https://shop.example", team=workshop)
        post_message(world.ticket, by=world.people["alice"], body="And another thing.")
    most = 0
    for name, who in itertools.product(sorted(ROUTES), ("alice", "adam")):
        client, address = (
            world.client(who, name),
            ROUTES[name].address(world.values(name)) + "?" + QUERIES.get(name, ""),
        )
        with django_assert_max_num_queries(MOST_QUERIES + EXTRAS.get(name, 0), info=f"{name} for {who}") as asked:
            client.get(address)
        most = max(most, len(asked))
    assert most > 5  # they were asked at all


RUBBISH = ["\x00", "9" * 40, "\ud800", "'{{7*7}}", "x" * 5000]


# Each walks through every address; what runs each time takes another one at each.
@pytest.mark.parametrize("rubbish", [RUBBISH, *(pytest.param([text], marks=pytest.mark.long) for text in RUBBISH)])
def test_rubbish_is_refused_and_never_our_mistake(world, rubbish):
    """In the path and in every parameter that any page knows. (The client raises what a view raises.)"""
    known = [
        "q",
        "view",
        "sort",
        "cursor",
        "site",
        "next",
        "token",
        "after",
        "before",
        "page_size",
        "status",
        "email",
        "dir",
        *("span", "team", "channel", "tag", "company", "hours", "part", "step", "only", "from", "until"),
    ]
    for (name, method), said in zip(itertools.product(sorted(ROUTES), ("get", "post")), itertools.cycle(rubbish)):
        text = said.encode("utf-8", "surrogatepass")
        query = "&".join(f"{name}={quote(text)}" for name in known)
        values = world.values(name)
        texts = {key: quote(text) if key in ("token", "ref", "key") else values[key] for key in ROUTES[name].arguments}
        path = unquote(ROUTES[name].address(values | texts))
        client = world.client("adam", name)
        with transaction.atomic():
            answer = getattr(client, method)(
                f"{quote(path)}?{query}", dict.fromkeys(known, said.replace("\ud800", "?"))
            )
            transaction.set_rollback(True)
        assert answer.status_code < 500 or name == "readyz", (name, method)
