"""Every form people here fill in, with every payload in every text field: never a 5xx, what is stored is what was
typed, and what was refused is still there to be corrected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.actions import invite_person
from accounts.invitations import token_for
from accounts.models import ApiToken, Desk, Site, Team, User
from chat.models import ProactiveMessage
from customers.models import Address, Customer
from mailroom.models import Mailbox
from outbox.headers import clean_text
from outbox.models import Block, Sender, Sending, Wording
from reports.models import SavedReport
from tests.hostile.conftest import browser_of, percent, submit
from tests.hostile.payloads import FEW, PAYLOADS, message, one_line, typed
from tickets.actions.checking_off import read_lines
from tickets.actions.shaping import create_field
from tickets.field_values import one_line as field_line
from tickets.models import (
    Article,
    BulkReply,
    ChecklistItem,
    Collaborator,
    Copied,
    Event,
    Field,
    FollowUp,
    FollowUpTemplate,
    Macro,
    Message,
    Promise,
    RootCause,
    Tag,
    Ticket,
)

Clean = Callable[[str], str]
Stored = Callable[[], str | None]


def plain(text: str) -> str:
    """As a form's text field keeps it."""
    return typed(text)


def line(text: str) -> str:
    return one_line(typed(text))


def told(text: str) -> str:
    """As a field of the company's own keeps it."""
    return field_line(typed(text))


def header(text: str, limit: int = 900) -> str:
    """As what stands in a mail's header keeps it."""
    return clean_text(typed(text), limit=limit)


@dataclass(frozen=True)
class Form:
    """One form: where it goes, what is right in it, and for each text field how what was stored is read and cleaned.

    `wrong` is what makes the desk refuse it whatever the text is, so that one can see whether the text is kept.
    """

    url: str
    right: dict[str, str]
    texts: dict[str, tuple[Stored, Clean]]
    wrong: dict[str, str] = field(default_factory=dict)
    who: str = "adam"
    refused: int = 422


def last(model: Any, name: str) -> Stored:
    return lambda: model.objects.order_by("-pk").values_list(name, flat=True).first()


def only(model: Any, name: str) -> Stored:
    return lambda: model.objects.values_list(name, flat=True).get()


def carla() -> Any:
    return Customer.objects.get(addresses__email="carla@example.org")


SITE = {"name": "Shop", "url": "https://shop.example/", "team": ""}
SAID = {"name": "Cart", "text": "Stuck?", "page": "", "seconds": "20", "hours_between": "24"}
COMPANY = {
    "name": "Bell",
    "time_zone": "UTC",
    "currency": "EUR",
    "follow_up_days": "3",
    "reopen_days": "14",
    "language": "en",
}
NEW = {"channel": "phone", "email": "", "name": "Dora", "subject": "A call", "body": "She called.", "team": ""}
FIRST = {
    "name": "Adam", "email": "adam@example.com", "password": "correct horse battery", "company": "Bell",
    "time_zone": "UTC", "currency": "EUR", "site_url": "https://shop.example/",
}  # fmt: skip

FORMS = {
    "team": Form("/settings/teams/", {}, {"name": (last(Team, "name"), plain)}),
    "profile": Form(
        "/settings/profile/",
        {"time_zone": "", "availability": "online", "capacity": "4"},
        {
            "name": (lambda: User.objects.get(email="adam@example.com").name, plain),
            "public_name": (lambda: User.objects.get(email="adam@example.com").public_name, plain),
        },
        wrong={"capacity": "0"},
    ),
    "API token": Form("/settings/tokens/", {"days": ""}, {"name": (last(ApiToken, "name"), plain)}, {"days": "7"}),
    "company": Form(
        "/settings/company/",
        COMPANY | {"promise_minutes": "10"},
        {"name": (only(Desk, "name"), plain), "currency": (only(Desk, "currency"), lambda text: plain(text).upper())},
        wrong={"follow_up_days": "-1"},
    ),
    "new site": Form(
        "/settings/sites/new/",
        SITE,
        {
            "name": (last(Site, "name"), plain),
            "url": (last(Site, "url"), plain),
            "allowed_origins": (
                lambda: "\n".join(Site.objects.order_by("-pk")[0].allowed_origins),
                lambda text: plain(text) or "https://shop.example",
            ),
        },
        wrong={"team": "999"},
    ),
    "look": Form(
        "/settings/sites/{site}/look/",
        {"position": "end"},
        {"color": (only(Site, "color"), plain)},
        {"position": "top"},
    ),
    "words": Form(
        "/settings/sites/{site}/words/",
        {"language": "en", "offers_en": "on"},
        {
            "greeting_en": (only(Site, "greeting"), plain),
            "greeting_ar": (lambda: Site.objects.get().greetings.get("ar", ""), plain),
        },
        wrong={"language": "tlh"},
    ),
    "hours": Form(
        "/settings/sites/{site}/hours/",
        {"hours-time_zone": "UTC", "hours-monday": "09:00-17:00"},
        {
            "hours-monday": (lambda: str(Site.objects.get().calendar), plain),
            "hours-holidays": (lambda: str(Site.objects.get().calendar), plain),
            "hours-closed_from": (lambda: str(Site.objects.get().calendar), plain),
        },
        wrong={"hours-tuesday": "never"},
    ),
    "proactive message": Form(
        "/settings/sites/{site}/proactive/new/",
        SAID,
        {
            "name": (last(ProactiveMessage, "name"), plain),
            "text": (last(ProactiveMessage, "text"), plain),
            "page": (last(ProactiveMessage, "page"), plain),
            "condition_2_value": (last(ProactiveMessage, "text"), plain),
        },
        wrong={"seconds": "-1"},
    ),
    "new secret": Form(
        "/settings/sites/{site}/identity/secret/new/", {}, {"website": (lambda: Site.objects.get().name, plain)}
    ),
    "invitation": Form(
        "/settings/people/invite/", {"role": "agent"}, {"email": (last(User, "email"), plain)}, {"role": "king"}
    ),
    "promise": Form(
        "/settings/promises/new/",
        {"measure": "solved", "length": "2", "unit": "60"},
        {"words": (last(Promise, "words"), line)},
        wrong={"length": "-1"},
    ),
    "macro": Form(
        "/settings/macros/new/",
        {"whose": "me", "kind": "reply", "step_0": "note:"},
        {
            "name": (last(Macro, "name"), line),
            "body": (last(Macro, "body"), lambda text: message(typed(text))),
            "words_0": (lambda: Macro.objects.order_by("-pk")[0].steps[0]["value"], lambda text: message(typed(text))),
        },
        wrong={"whose": "the world"},
        who="alice",
    ),
    "saved report": Form(
        "/dashboard/trends/save/", {"whose": "me"}, {"name": (last(SavedReport, "name"), line)}, {"whose": "the world"}
    ),
    "article": Form(
        "/settings/articles/new/",
        {"url": "https://help.example/a", "title": "Sizes"},
        {"title": (last(Article, "title"), line), "summary": (last(Article, "summary"), line)},
        wrong={"url": "nowhere"},
    ),
    "field": Form(
        "/settings/fields/new/",
        {"kind": "text"},
        {"name": (last(Field, "name"), line), "help": (last(Field, "help"), line)},
        wrong={"kind": "colour"},
    ),
    "root cause": Form(
        "/root-causes/",
        {"parent": ""},
        {"name": (last(RootCause, "name"), line)},
        wrong={"parent": "999999"},
    ),
    "root cause mended": Form(
        "/root-causes/{cause}/",
        {"do": "state", "state": "fixing", "owner": ""},
        {"change": (last(RootCause, "change"), line)},
        wrong={"state": "gone"},
    ),
    "new ticket": Form(
        "/tickets/new/",
        NEW,
        {
            "name": (lambda: Ticket.objects.order_by("-pk")[0].customer.name, plain),
            "subject": (last(Ticket, "subject"), line),
            "body": (last(Message, "body"), lambda text: message(typed(text))),
        },
        wrong={"team": "999"},
        who="alice",
    ),
    "new ticket, field": Form(
        "/tickets/new/",
        NEW,
        {"field_told": (lambda: Ticket.objects.order_by("-pk")[0].fields.get("told", ""), told)},
        wrong={"team": "999"},
        who="alice",
    ),
    "forward": Form(
        "/tickets/{ticket}/forward/",
        {"to": "sven@supplier.example"},
        {
            "words": (
                lambda: Event.objects.filter(type="ticket.forwarded").latest("pk").data["words"],
                lambda text: message(typed(text)),
            )
        },
        wrong={"to": "nobody"},
        who="alice",
    ),
    "follow-up": Form(
        "/tickets/{ticket}/follow-ups/",
        {"kind": "message", "words": "in 3 days"},
        {"body": (last(FollowUp, "body"), lambda text: message(typed(text)))},
        wrong={"words": "soonish"},
        who="alice",
    ),
    "follow-up template": Form(
        "/settings/follow-ups/new/",
        {"kind": "message", "name": "Depot", "body": "Hello", "when": "friday 9"},
        {
            "name": (last(FollowUpTemplate, "name"), line),
            "body": (last(FollowUpTemplate, "body"), lambda text: message(typed(text))),
        },
        wrong={"when": "soonish"},
    ),
    "copy": Form(
        "/tickets/{ticket}/copies/",
        {},
        {"to": (last(Copied, "email"), plain)},
        who="alice",
    ),
    "new ticket, address": Form(
        "/tickets/new/",
        NEW | {"channel": "email"},
        {"email": (last(Address, "email"), plain)},
        {"team": "999"},
        "alice",
    ),
    "reply": Form(
        "/tickets/{ticket}/reply/",
        {"kind": "reply"},
        {"body": (last(Message, "body"), lambda text: message(typed(text)))},
        wrong={"client_id": "x" * 65},
        who="alice",
    ),
    "note": Form(
        "/tickets/{ticket}/note/",
        {},
        {"body": (last(Message, "body"), lambda text: message(typed(text)))},
        wrong={"client_id": "x" * 65},
        who="alice",
    ),
    "mailbox": Form(
        "/settings/email/new/handed/",
        {"name": "Support", "email": "support@example.com"},
        {
            "name": (last(Mailbox, "name"), plain),
            "authserv_id": (last(Mailbox, "authserv_id"), plain),
            "email": (last(Mailbox, "email"), plain),
        },
        wrong={"email": "nobody"},
    ),
    "sender": Form(
        "/settings/email/senders/new/",
        {"email": "help@example.com"},
        {
            "name": (last(Sender, "name"), lambda text: header(text, 120)),
            "signature": (last(Sender, "signature"), lambda text: message(typed(text))),
            "reply_to": (last(Sender, "reply_to"), plain),
        },
        wrong={"reply_to": "nobody"},
    ),
    "wording": Form(
        "/settings/email/wordings/receipt/en/",
        {"body": "We have it."},
        {
            "subject": (last(Wording, "subject"), header),
            "body": (last(Wording, "body"), lambda text: message(typed(text))),
        },
        wrong={"subject": "x" * 301},
    ),
    "blocked sender": Form(
        "/settings/email/blocked/",
        {"pattern": "@spam.example"},
        {"note": (last(Block, "note"), header), "pattern": (last(Block, "pattern"), plain)},
        wrong={"pattern": "nonsense"},
    ),
    "stopping all mails": Form(
        "/settings/email/sending/switch/",
        {"do": "stop"},
        {"why": (last(Sending, "stopped_why"), lambda text: header(text, 200))},
    ),
    "checklist": Form(
        "/tickets/{ticket}/checklist/",
        {},
        {"text": (last(ChecklistItem, "text"), lambda text: read_lines(typed(text))[-1])},
        who="alice",
    ),
    "solving": Form(
        "/tickets/{ticket}/resolve/",
        {"root_cause": "none"},
        {"note": (lambda: Event.objects.filter(type="ticket.resolved").latest("pk").data.get("note", ""), line)},
        wrong={"root_cause": "gone"},
        who="alice",
    ),
    "customer": Form(
        "/customers/{carla}/",
        {"name": "Carla Cortez", "company": "", "note": ""},
        {
            "name": (lambda: carla().name, plain),
            "note": (lambda: carla().note, plain),
            "company": (lambda: carla().company.name if carla().company else "", line),
        },
        wrong={"name": "x" * 161},
        who="alice",
    ),
}
# Refused for what it looks like, so that it must be tried by itself.
STRICT = {
    "email", "to", "currency", "url", "allowed_origins", "color", "page", "condition_2_value", "website",
    "hours-monday", "hours-holidays", "hours-closed_from", "reply_to", "pattern",
}  # fmt: skip
EACH_ANEW = {  # what can be there once only
    "mailbox": [Mailbox],
    "sender": [Sender],
    "wording": [Wording],
    "blocked sender": [Block],
    "stopping all mails": [Sending],
}
SLOW = {"profile", "API token", "company", "hours"}  # their pages list every time zone
GROUPS = [
    (name, texts)
    for name, form in FORMS.items()
    for texts in [tuple(t for t in form.texts if t not in STRICT), *((t,) for t in form.texts if t in STRICT)]
    if texts
]


@pytest.fixture
def world(adam, alice, ticket, site, cause) -> dict[str, Any]:
    create_field(by=adam, name="Told", kind="text")
    things = {"ticket": ticket.pk, "carla": ticket.customer_id, "site": site.pk, "cause": cause.pk}
    return things | {"adam": adam, "alice": alice}


def begin(browser: Client, name: str) -> None:
    """What must be so before a form is sent."""
    if name == "solving" and Ticket.objects.order_by("pk")[0].is_solved:
        browser.post(f"/tickets/{Ticket.objects.order_by('pk')[0].pk}/reopen/")
    if name == "proactive message":
        ProactiveMessage.objects.all().delete()  # twenty are enough for any page
    if name == "root cause":
        RootCause.objects.exclude(slug="tyre-size").delete()  # a name is free once in a place
    if name == "checklist":
        ChecklistItem.objects.all().delete()  # fifty lines are enough for any ticket
    if name == "follow-up":
        FollowUp.objects.planned().delete()  # fifty are enough for any ticket
    for model in EACH_ANEW.get(name, ()):
        model.objects.all().delete()
    if name == "article":
        Article.objects.all().delete()  # an address is kept once
    if name == "API token":
        ApiToken.objects.all().delete()  # fifty are enough for anybody


class Trial:
    """Sends one form again and again and writes down what went wrong."""

    def __init__(self, world: dict[str, Any], name: str) -> None:
        self.name, self.form = name, FORMS[name]
        self.browser, self.url = browser_of(world[self.form.who]), self.form.url.format(**world)
        self.problems: list[str] = []
        self.accepted = 0

    def send(self, texts: tuple[str, ...], kind: str, more: dict[str, str] | None = None) -> None:
        payload = PAYLOADS[kind]
        begin(self.browser, self.name)
        answer = submit(self.browser, self.url, self.form.right | dict.fromkeys(texts, payload) | (more or {}))
        if answer.status_code in (302, 303) or (self.name == "API token" and answer.status_code == 200):
            self.accepted += 1
            self.problems += [f"{kind}: {what}" for text in texts if (what := self.changed(text, payload))]
        elif answer.status_code != self.form.refused:
            self.problems.append(f"{kind}: {answer.status_code}")
        elif not is_kept(answer.content.decode(), payload, len(texts)):
            self.problems.append(f"{kind}: refused, and what was typed is gone")
        elif len(texts) > 1 and not more:  # was it one of them only?
            for text in texts:
                self.send((text,), kind)

    def changed(self, text: str, payload: str) -> str:
        """What is stored, if it is not what was typed."""
        read, clean = self.form.texts[text]
        if text.startswith(("hours-", "condition_")):
            return ""
        stored = read() or ""
        return "" if stored == clean(payload) else f"{text} is stored as {stored!r:.80}"


@pytest.mark.parametrize(
    ("name", "texts"), GROUPS, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
def test_what_is_typed_is_stored_or_refused_and_kept(world, name: str, texts: tuple[str, ...]) -> None:
    trial, payloads = Trial(world, name), FEW if name in SLOW else PAYLOADS
    for kind in payloads:
        trial.send(texts, kind)
    assert trial.problems == []
    if not STRICT & set(texts):
        assert trial.accepted > len(payloads) / 2, "hardly anything was accepted: this proves nothing"


@pytest.mark.parametrize("name", FORMS)
def test_what_is_typed_is_there_when_something_else_is_wrong(world, name: str) -> None:
    trial = Trial(world, name)
    texts = tuple(text for text in trial.form.texts if text not in trial.form.wrong)
    for kind in FEW if trial.form.wrong and texts else []:
        trial.send(texts, kind, trial.form.wrong)
    assert trial.problems == []
    assert trial.accepted == 0


def is_kept(page: str, payload: str, times: int = 1) -> bool:
    """Whether the page shows what was typed, in each field, and shows it as text."""
    words = typed(payload).replace("\r\n", "\n")
    page = page.replace("\r\n", "\n")
    return not words or (page.count(escape(words)) >= times and not ("<" in words and words in page))


@pytest.mark.parametrize("text", ["name", "company", "email", "site_url", "currency", "password"])
def test_the_first_form_of_all(db, settings, text: str) -> None:
    settings.DEBUG = True
    problems = []
    for kind, payload in FEW.items():
        browser = browser_of(None)
        answer = submit(browser, "/start/", FIRST | {text: payload})
        if answer.status_code == 302:
            Site.objects.all().delete(), User.objects.all().delete(), Desk.objects.all().delete()
        elif answer.status_code != 422:
            problems.append(f"{kind}: {answer.status_code}")
        elif text != "password" and not is_kept(answer.content.decode(), payload):
            problems.append(f"{kind}: what was typed is gone")
    assert problems == []


def test_tags(world) -> None:
    browser = browser_of(world["alice"])
    problems = []
    for kind, payload in PAYLOADS.items():
        answer = submit(browser, f"/tickets/{world['ticket']}/tags/", {"tags": payload})
        if answer.status_code not in (303, 422):
            problems.append(f"{kind}: {answer.status_code}")
        if answer.status_code == 303:
            wanted = {line(name) for name in typed(payload).split(",")} - {""}
            stored = set(Tag.objects.filter(tickets=world["ticket"]).values_list("name", flat=True))
            if {name.casefold() for name in stored} != {name.casefold() for name in wanted}:
                problems.append(f"{kind}: stored {stored!r:.80}")
    assert problems == []


def test_many_tickets_at_once(world) -> None:
    browser, number = browser_of(world["alice"]), str(world["ticket"])
    problems = []
    for kind, payload in PAYLOADS.items():
        deeds = [
            {"do": "snooze", "number": number, "words": payload},
            {"do": "assign", "number": number, "to": payload},
            {"do": "priority", "number": payload, "priority": "3"},
            {"do": "field", "number": number, "field": payload, "field_told": "x"},
            {"do": payload, "number": number},
        ]
        tags = {"do": "tag", "number": number, "tags": payload}
        reply = {"do": "reply", "number": number, "body": payload, "client_id": payload[:60]}
        told = {"do": "field", "number": number, "field": "told", "field_told": payload}
        for fields in [*(deeds if kind in FEW else []), tags, told, reply]:
            answer = submit(browser, "/tickets/bulk/", fields)
            if answer.status_code not in (303, 422):
                problems.append(f"{kind} in {fields['do']!r:.20}: {answer.status_code}")
            elif (
                answer.status_code == 422 and fields["do"] == "reply" and not is_kept(answer.content.decode(), payload)
            ):
                problems.append(f"{kind}: refused, and what was typed is gone")
        stored = BulkReply.objects.order_by("-pk").values_list("body", flat=True).first()
        if answer.status_code == 303 and stored != message(typed(payload)):
            problems.append(f"{kind}: stored {stored!r:.80}")
        for url in [f"/tickets/bulk/?number={percent(payload)}", f"/find/?q={percent(payload)}"] if kind in FEW else []:
            if browser.get(url).status_code not in (200, 302):
                problems.append(f"{kind}: {url[:30]}")
    assert problems == []
    assert BulkReply.objects.count() > 5


@pytest.mark.parametrize(
    "names", [("k", "\u212a"), ("i", "\u0130"), ("I", "\u0131"), ("ss", "ß"), ("σ", "ς"), ("ſ", "s")]
)
def test_tags_that_are_one_to_some_and_two_to_others(world, names: tuple[str, str]) -> None:
    """Postgres and Python do not agree on which letters differ in case only."""
    browser = browser_of(world["alice"])
    for first, second in (names, names[::-1]):
        for tags in (first, second, f"{first}, {second}"):
            assert submit(browser, f"/tickets/{world['ticket']}/tags/", {"tags": tags}).status_code == 303
        Tag.objects.all().delete()


def test_invitations_accepted_under_any_name(world, settings) -> None:
    problems = []
    for number, (kind, payload) in enumerate(FEW.items()):
        person = invite_person(f"new{number}@example.com", by=world["adam"])
        url = f"/invitations/{token_for(person)}/"
        answer = submit(browser_of(None), url, {"name": payload, "password": "correct horse battery"})
        if answer.status_code == 302:
            person.refresh_from_db()
            if person.name != plain(payload):
                problems.append(f"{kind}: stored {person.name!r:.80}")
        elif answer.status_code != 200:
            problems.append(f"{kind}: {answer.status_code}")
    assert problems == []


def test_signing_in_with_anything(world) -> None:
    browser, problems = browser_of(None), []
    for kind, payload in FEW.items():
        for fields in ({"login": payload, "password": "x"}, {"login": "adam@example.com", "password": payload}):
            answer = submit(browser, "/accounts/login/", fields)
            if answer.status_code not in (200, 429):
                problems.append(f"{kind}: {answer.status_code}")
        answer = submit(browser, "/accounts/password/reset/", {"email": payload})
        if answer.status_code >= 500:
            problems.append(f"reset, {kind}: {answer.status_code}")
    assert problems == []


def test_words_for_a_time(world) -> None:
    browser, problems = browser_of(world["alice"]), []
    url = f"/tickets/{world['ticket']}/snooze/"
    for kind, payload in PAYLOADS.items():
        answer = submit(browser, url, {"words": payload})
        if answer.status_code not in (303, 422):
            problems.append(f"{kind}: {answer.status_code}")
        elif answer.status_code == 422 and not is_kept(answer.content.decode(), payload):
            problems.append(f"{kind}: refused, and what was typed is gone")
        shown = browser.get(f"/tickets/when/?words={percent(payload)}")
        if shown.status_code != 200 or ("<" in payload and payload in shown.content.decode()):
            problems.append(f"{kind}: {shown.status_code} while it is typed")
    assert problems == []


@pytest.mark.parametrize("door", ["transfer", "invite"])
def test_notes_to_a_teammate(world, bob, door: str) -> None:
    browser, problems = browser_of(world["alice"]), []
    whom = {"to": f"user:{bob.pk}", "user": str(bob.pk)}
    for kind, payload in FEW.items():
        answer = submit(browser, f"/tickets/{world['ticket']}/{door}/", whom | {"note": payload})
        if answer.status_code == 303:
            stored = Event.objects.latest("pk").data["note"]
            if stored != line(payload):
                problems.append(f"{kind}: stored as {stored!r:.80}")
        elif answer.status_code != 422:
            problems.append(f"{kind}: {answer.status_code}")
        if "<" in payload and line(payload) in browser.get(f"/tickets/{world['ticket']}/").content.decode():
            problems.append(f"{kind}: shown as markup")
        Ticket.objects.update(assignee=None)
        Collaborator.objects.all().delete()
    assert problems == []
    assert Event.objects.filter(type__in=["ticket.handed_over", "agent.invited"]).count() > len(FEW) / 2
