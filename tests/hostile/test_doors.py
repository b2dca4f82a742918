"""The doors that programs use: guests' sockets and their HTTP, the API, uploads, searches, and every address there is.
Never a 5xx, never a socket that dies, and what is accepted is what was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client
from django.urls import URLResolver, get_resolver

from chat.actions import start_visit
from chat.consumers import GuestConsumer
from chat.models import Visitor
from customers.models import Address, Customer
from tests.chat.conftest import guest_socket, say_hello, signer
from tests.hostile.conftest import browser_of, is_daily, percent
from tests.hostile.payloads import FEW, NUMBERS, PAYLOADS, message, one_line
from tickets.actions.attaching import NAME_CHARS, clean_file_name
from tickets.models import Attachment, Message, Rating, Ticket

JSON = "application/json"


@pytest.fixture
def carlas_token(carla, site) -> str:
    visit = start_visit(site)
    Visitor.objects.filter(pk=visit.visitor.pk).update(customer=carla)
    return visit.token


# --- Guests ---


@sync_to_async
def stored_as() -> dict[str, str]:
    return dict(Message.objects.exclude(client_id="").values_list("client_id", "body"))


async def test_guests_say_anything_over_the_socket(live, chat_ticket, carlas_token, monkeypatch) -> None:
    monkeypatch.setattr(GuestConsumer, "limits", {})  # it is about what is said, not how fast
    ref, names = chat_ticket.reference, {f"p{number}": kind for number, kind in enumerate(PAYLOADS)}
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        for name, kind in names.items():
            post = {"type": "message.post", "ref": ref, "client_id": name, "body": PAYLOADS[kind]}
            await visitor.send(json.dumps(post))  # half a letter travels as \udXXX
            await visitor.send({"type": "typing", "ref": ref, "text": PAYLOADS[kind][:500]})
        refused = {"too long": "too_long", "only white space": "invalid"}
        for name, kind in names.items():
            if kind in refused:
                assert (await visitor.wait_for("error", client_id=name))["code"] == refused[kind]
            else:
                await visitor.wait_for("ack", client_id=name, seconds=15)
        stored = await stored_as()
        for name, kind in names.items():
            if kind not in refused:
                assert stored[name] == message(PAYLOADS[kind]), kind
        bodies = [frame["event"]["message"]["body"] for frame in visitor.events(ref) if "message" in frame["event"]]
        assert set(bodies) >= {message(text) for kind, text in PAYLOADS.items() if kind not in refused}


async def test_every_field_of_a_frame_takes_anything(live, chat_ticket, carlas_token, monkeypatch) -> None:
    """Each frame is answered with an error or an acknowledgement, or means nothing; the socket lives on."""
    monkeypatch.setattr(GuestConsumer, "limits", {})
    ref = chat_ticket.reference
    async with guest_socket(live) as visitor:
        await say_hello(visitor, carlas_token)
        for text in PAYLOADS.values():
            await visitor.send(json.dumps({"type": text}))
            await visitor.send(json.dumps({"type": "message.post", "ref": text, "client_id": "x", "body": "x"}))
            await visitor.send(json.dumps({"type": "message.post", "ref": ref, "client_id": text, "body": "x"}))
            await visitor.send(json.dumps({"type": "resume", "ref": text, "after": text}))
            await visitor.send(json.dumps({"type": "typing", "ref": text, "text": text}))
            await visitor.send(json.dumps({"type": "identify", "token": text}))
            await visitor.send(json.dumps({"type": "chat.rate", "ref": text, "score": text, "comment": text}))
        for number in [-1, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, 10**400, 1.5, True, None, "1", [], {}]:
            for type_, name in (("resume", "after"), ("seen", "seq")):
                await visitor.send(json.dumps({"type": type_, "ref": ref, name: number}))
        await visitor.send('{"type":"resume","ref":"x","after":1e999}')
        await visitor.send('{"type":"resume","ref":"x","after":NaN}')
        await visitor.send({"type": "message.post", "ref": ref, "client_id": "the end", "body": "Still here"})
        await visitor.wait_for("ack", client_id="the end", seconds=30)


@pytest.mark.parametrize("name", ["token", "after"])
async def test_hello_takes_anything(live, carlas_token, name) -> None:
    for text in FEW.values():
        async with guest_socket(live) as visitor:
            await visitor.send(
                json.dumps({"type": "hello", "token": carlas_token} | {name: {text: 1} if name == "after" else text})
            )
            if name == "after":
                await visitor.wait_for("ready")
            elif len(text) <= 200:
                assert await visitor.wait_closed() == 4401
            else:
                assert (await visitor.wait_for("error"))["code"] == "too_long"


def ask_widget(path: str, bearer: str, /, **fields: Any) -> Any:
    client = Client(raise_request_exception=False)
    return client.post(path, json.dumps(fields), content_type=JSON, headers={"Authorization": f"Bearer {bearer}"})


def test_guests_say_anything_over_http(chat_ticket, carlas_token) -> None:
    problems = []
    for number, (kind, payload) in enumerate(PAYLOADS.items()):
        path = f"/widget/tickets/{chat_ticket.reference}/messages/"
        answer = ask_widget(path, carlas_token, client_id=f"p{number}", body=payload)
        if answer.status_code == 200:
            if Message.objects.get(client_id=f"p{number}").body != message(payload):
                problems.append(f"{kind}: stored otherwise")
        elif (kind, answer.status_code) not in [("too long", 413), ("only white space", 422)]:
            problems.append(f"{kind}: {answer.status_code}")
    assert problems == []


def test_guests_begin_with_anything_over_http(site, db) -> None:
    problems = []
    for number, (kind, payload) in enumerate(PAYLOADS.items()):
        token = start_visit(site).token
        answer = ask_widget("/widget/tickets/", token, client_id=f"p{number}", body=payload)
        if answer.status_code == 200:
            ticket = Ticket.objects.get(reference=answer.json()["ref"])
            if not one_line(message(payload).splitlines()[0]).startswith(ticket.subject.removesuffix("…").strip()):
                problems.append(f"{kind}: subject {ticket.subject!r}")
        elif (kind, answer.status_code) not in [("too long", 413), ("only white space", 422)]:
            problems.append(f"{kind}: {answer.status_code}")
    assert problems == []


def test_the_other_doors_of_guests_take_anything(site, chat_ticket, carlas_token, carla) -> None:
    problems = []
    for kind, payload in PAYLOADS.items():
        Customer.objects.filter(pk=carla.pk).update(name="")
        Address.objects.filter(customer=carla, proof="claimed").delete()
        asked = {
            "name": ask_widget("/widget/contact/", carlas_token, email="carla@example.net", name=payload),
            "email": ask_widget("/widget/contact/", carlas_token, email=payload),
            "site": ask_widget("/widget/start/", "", site=payload),
            "locale": ask_widget("/widget/start/", "", site=site.key, locale=payload),
            "token": ask_widget("/widget/start/", percent(payload), site=site.key),
            "unread": ask_widget("/widget/unread/", "", site=site.key, token=payload),
            "unread_site": ask_widget("/widget/unread/", "", site=payload, token=carlas_token),
            "client_id": ask_widget(
                f"/widget/tickets/{chat_ticket.reference}/messages/", carlas_token, client_id=payload, body="x"
            ),
        }
        path = f"/widget/tickets/{chat_ticket.reference}/"
        asked |= {
            "comment": ask_widget(f"{path}rating/", carlas_token, score=5, comment=payload),
            "score": ask_widget(f"{path}rating/", carlas_token, score=payload),
            "copy": ask_widget(f"{path}copy/", carlas_token, email=payload),
            "end": ask_widget(f"{path}end/", carlas_token, ref=payload),
            "code for": ask_widget("/widget/code/", carlas_token, email=payload),
            "code": ask_widget("/widget/verify/", carlas_token, email="carla@example.net", code=payload),
            "verify": ask_widget("/widget/verify/", carlas_token, email=payload, code="123456"),
            "identity": ask_widget("/widget/identify/", carlas_token, token=payload),
        }
        problems += [
            f"{name}, {kind}: {answer.status_code}" for name, answer in asked.items() if answer.status_code >= 500
        ]
        if asked["comment"].status_code == 200 and Rating.objects.get().comment != message(payload):
            problems.append(f"{kind}: comment {Rating.objects.get().comment!r:.80}")
        carla.refresh_from_db()
        if asked["name"].status_code == 200 and carla.name != payload_name(payload):
            problems.append(f"{kind}: name {carla.name!r}")
    assert problems == []


def test_a_site_vouches_for_anything(site) -> None:
    """Signed as it should be: believed, or refused as a whole, and never stored otherwise than it was said."""
    sign, problems, believed = signer(site), [], 0
    for number, (kind, payload) in enumerate(PAYLOADS.items()):
        for said in ({"name": payload}, {"attributes": {"plan": payload}}, {"attributes": {payload: 1}}):
            visit = start_visit(site)
            answer = ask_widget("/widget/identify/", visit.token, token=sign(f"{kind} {number} {sorted(said)}", **said))
            if answer.status_code == 200:
                believed += 1
                customer = Visitor.objects.authenticate(answer.json()["token"]).customer
                if "name" in said and customer.name != one_line(payload)[:160].strip():
                    problems.append(f"{kind}: name {customer.name!r:.80}")
                if "plan" in said.get("attributes", {}) and customer.attributes != {"plan": one_line(payload)}:
                    problems.append(f"{kind}: attributes {customer.attributes!r:.80}")
            elif answer.status_code != 403:
                problems.append(f"{kind}: {answer.status_code}")
    nobody = start_visit(site).token
    for kind, payload in FEW.items():
        said = [{"exp": payload}, {"aud": payload}, {"iat": payload}, {"nbf": payload}, {"email": "x" + payload}]
        answers = [ask_widget("/widget/identify/", nobody, token=sign(**wrong)) for wrong in said]
        if {answer.status_code for answer in answers} != {403}:
            problems.append(f"{kind}: {[answer.status_code for answer in answers]}")
        answer = ask_widget("/widget/identify/", start_visit(site).token, token=sign(payload))
        if answer.status_code not in (200, 403):
            problems.append(f"{kind} as an id: {answer.status_code}")
    assert problems == []
    assert believed > len(PAYLOADS)


def payload_name(payload: str) -> str:
    return payload.replace("\x00", "").encode("utf-8", "replace").decode().strip()


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00", b"\xff\xfe{}", b"null", b"[]", b'"x"', b"{" * 9000, b'{"a":' * 5000, b'{"site":"x"', b"1e999",
     b'{"site":"\xed\xa0\x80"}', b'{"site":"\\ud800"}', b'{"site":1e999}', b'{"site":{"a":[]}}', b"x" * 70_000,
     '{"site":"x"}'.encode("utf-16")],
)  # fmt: skip
@pytest.mark.parametrize(
    "path",
    [
        "/widget/start/",
        "/widget/tickets/",
        "/widget/contact/",
        "/widget/unread/",
        "/widget/code/",
        "/widget/verify/",
        "/widget/identify/",
        "/api/v1/tickets/",
    ],
)
def test_bodies_that_are_no_json(site, carlas_token, alice, token_of, path, raw) -> None:
    token = token_of(alice) if path.startswith("/api") else carlas_token
    headers = {"Authorization": f"Bearer {token}"}
    answer = Client(raise_request_exception=False).post(path, raw, content_type=JSON, headers=headers)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["detail"]


# --- Programs ---


def ask_api(token: str, method: str, path: str, fields: dict[str, Any]) -> Any:
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {token}"}
    return getattr(client, method)(f"/api/v1/{path}", json.dumps(fields), content_type=JSON, headers=headers)


def newest(model: Any, name: str) -> Callable[[Ticket], Any]:
    return lambda ticket: model.objects.order_by("-pk").values_list(name, flat=True)[0]


# Method, address, body with the text in it, how what is stored is read, and how it is cleaned.
API_TEXTS: dict[str, tuple[str, str, Callable[[str, str], Any], Callable[[Ticket], Any], Callable[[str], Any]]] = {
    "subject": (
        "post",
        "tickets/",
        lambda text, new: {"customer": {"email": new}, "subject": text, "body": "B"},
        newest(Ticket, "subject"),
        one_line,
    ),
    "body": (
        "post",
        "tickets/",
        lambda text, new: {"customer": {"email": new}, "subject": "S", "body": text},
        newest(Message, "body"),
        message,
    ),
    "new customer's name": (
        "post",
        "tickets/",
        lambda text, new: {"customer": {"email": new, "name": text}, "subject": "S", "body": "B"},
        newest(Customer, "name"),
        str.strip,
    ),
    "message": (
        "post",
        "tickets/{ticket}/messages/",
        lambda text, new: {"body": text, "client_id": new},
        newest(Message, "body"),
        message,
    ),
    "tag": (
        "patch",
        "tickets/{ticket}/",
        lambda text, new: {"tags": [text]},
        lambda ticket: [name.casefold() for name in ticket.tags.values_list("name", flat=True)],
        lambda text: [one_line(text).casefold()] if one_line(text) else [],
    ),
    "name": (
        "patch",
        "customers/{customer}/",
        lambda text, new: {"name": text},
        lambda ticket: Customer.objects.get(pk=ticket.customer_id).name,
        str.strip,
    ),
    "note": (
        "patch",
        "customers/{customer}/",
        lambda text, new: {"note": text},
        lambda ticket: Customer.objects.get(pk=ticket.customer_id).note,
        str.strip,
    ),
}


@pytest.mark.parametrize("name", API_TEXTS)
def test_the_api_stores_what_it_was_sent_or_refuses_it(ticket, lea, token_of, name: str) -> None:
    method, path, body, read, clean = API_TEXTS[name]
    path, token = path.format(ticket=ticket.pk, customer=ticket.customer_id), token_of(lea)
    problems, accepted = [], 0
    for number, (kind, payload) in enumerate(PAYLOADS.items()):
        answer = ask_api(token, method, path, body(payload, f"p{number}@example.org"))
        if answer.status_code in (200, 201):
            accepted += 1
            if read(ticket) != clean(payload):
                problems.append(f"{kind}: stored {read(ticket)!r:.80}, not {clean(payload)!r:.80}")
        elif answer.status_code != 400:
            problems.append(f"{kind}: {answer.status_code}")
        elif not answer.json()["error"]["fields"] and kind != "only white space":
            problems.append(f"{kind}: refused without naming the field")
    assert problems == []
    assert accepted > len(PAYLOADS) / 3


def test_the_api_takes_no_text_where_there_is_none(ticket, lea, token_of) -> None:
    token, taken = token_of(lea), []
    for text in [*FEW.values(), *NUMBERS[:14]]:
        for odd in (
            {"status": text},
            {"priority": text + "x"},
            {"team": text + "x"},
            {"assignee": text + "x"},
            {text: 1},
        ):
            if ask_api(token, "patch", f"tickets/{ticket.pk}/", odd).status_code != 400:
                taken.append(odd)
        fields = {"customer": {"email": text}, "subject": "S", "body": "B"}
        if ask_api(token, "post", "tickets/", fields).status_code != 400:
            taken.append(fields)
    assert taken == []


# --- Files ---


def upload(browser: Client, name: str) -> Any:
    """A multipart body made by hand: the name as it is, whatever that does to the header."""
    raw = name.encode("utf-8", "surrogatepass").replace(b'"', b"%22")
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + raw + b'"\r\n\r\n'
    body = head + b"Just words\r\n--b--\r\n"
    return browser.post("/uploads/", body, content_type="multipart/form-data; boundary=b")


def test_files_of_any_name(alice, desk_row, tmp_path: Path) -> None:
    browser, problems = browser_of(alice), []
    for kind, payload in PAYLOADS.items():
        answer = upload(browser, payload)
        if answer.status_code not in (201, 400):
            problems.append(f"{kind}: {answer.status_code}")
        elif answer.status_code == 201:
            kept = Attachment.objects.get(pk=answer.json()["id"])
            if not 0 < len(kept.name) <= NAME_CHARS or clean_file_name(kept.name) not in (
                kept.name,
                kept.name.strip(". "),
            ):
                problems.append(f"{kind}: called {kept.name!r}")
            got = browser.get(f"/files/{kept.pk}/")
            if got.status_code != 200 or not got["Content-Disposition"].startswith("attachment"):
                problems.append(f"{kind}: {got.status_code} {got.headers}")
            if not got["Content-Disposition"].isprintable():
                problems.append(f"{kind}: a header of {got['Content-Disposition']!r}")
    assert problems == []
    assert Attachment.objects.count() > len(PAYLOADS) / 2
    stored = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert {str(path) for path in stored} == set(Attachment.objects.values_list("file", flat=True))
    assert all(set(str(path)) <= set("0123456789abcdef/") for path in stored)


# --- Addresses ---

SEARCHES = {
    "/inbox/": ["q", "view", "cursor"],
    "/customers/": ["q", "cursor"],
    "/customers/{carla}/": ["cursor"],
    "/tickets/{ticket}/": ["before", "view"],
    "/widget/frame/": ["site"],
    "/accounts/login/": ["next"],
    "/start/": ["token"],
    "/api/v1/tickets/": [
        "q",
        "number",
        "reference",
        "tag",
        "team",
        "updated_after",
        "cursor",
        "page_size",
        "view",
        "x",
    ],
    "/dashboard/": ["team"],
    "/dashboard/team/": ["team", "order", "show"],
    "/dashboard/trends/": ["company_name", "table"],
    "/dashboard/changes/": ["span", "team", "channel", "tag", "company", "hours", "from"],
    "/dashboard/behind/resolution/": ["part", "step", "only", "order", "after"],
    "/dashboard/behind/kept/": ["part", "only"],
    "/dashboard/causes/save/": ["span", "tag"],
    "/api/v1/reports/tags/": ["span", "team", "tag", "company"],
    "/dashboard/made-good/": ["team", "show", "cursor"],
    "/settings/email/mails/": ["q", "state", "mailbox", "cursor"],
    "/settings/email/sending/": ["show", "before"],
    "/settings/email/sending/suppressed/": ["q", "before"],
    "/settings/email/blocked/": ["q"],
    "/api/v1/customers/": ["q", "email", "company", "cursor"],
    "/api/v1/tickets/{ticket}/events/": ["after", "page_size"],
    "/widget/tickets/{ref}/events/": ["after"],
}
NUMERIC = {"number", "team", "company", "before", "after", "page_size"}


@pytest.mark.parametrize("path", SEARCHES)
def test_searches_and_other_questions(path, ticket, chat_ticket, carla, lea, adam, carlas_token, token_of) -> None:
    if path.startswith("/api"):
        browser, headers = browser_of(None), {"Authorization": f"Bearer {token_of(lea)}"}
    elif path.startswith("/widget"):
        browser, headers = browser_of(None), {"Authorization": f"Bearer {carlas_token}"}
    else:
        browser, headers = browser_of(adam if path.startswith("/settings/") else lea), {}
    url = path.format(carla=carla.pk, ticket=ticket.pk, ref=chat_ticket.reference)
    problems = []
    for name in SEARCHES[path]:
        found = browser.get(url, headers=headers).status_code
        texts = PAYLOADS if name == "q" else FEW
        for payload in NUMBERS if name in NUMERIC else [*texts.values(), *NUMBERS[-6:]]:
            answer = browser.get(f"{url}?{name}={percent(payload)}", headers=headers)
            if answer.status_code >= 500:
                problems.append(f"{name}={payload[:40]!r}: {answer.status_code}")
            if (
                "<" in payload
                and payload.encode("utf-8", "replace") in answer.content
                and "json" not in answer["Content-Type"]
            ):
                problems.append(f"{name}={payload[:40]!r} is on the page as it is")
        for raw in ("%FF%FE", "%ED%A0%80", "a&" * 500, "%", "[]=1"):
            if browser.get(f"{url}?{name}={raw}", headers=headers).status_code >= 500:
                problems.append(f"{name}={raw}")
        assert found < 500
    assert problems == []


def addresses(patterns: list[Any], before: str = "") -> Iterator[str]:
    """Every address with a part to fill in, that part as `{}`."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif pattern.pattern.converters:
            yield "/" + re.sub(r"<[^>]*>", "{}", route)


FILLED = sorted(set(addresses(get_resolver().url_patterns)))


def test_there_are_addresses_to_fill() -> None:
    some = {"/tickets/{}/", "/tickets/{}/reply/", "/files/{}/", "/invitations/{}/", "/api/v1/tickets/{}/"}
    assert some <= set(FILLED)
    assert not [shape for shape in FILLED if "<" in shape]


@pytest.mark.parametrize("method", ["get", "post", "patch"])
def test_no_address_breaks_whatever_stands_in_it(method, adam, desk_row, site, carlas_token, token_of, request) -> None:
    """In the daily run each takes a third of them, and the next one the next third."""
    problems, step = [], 3 if is_daily(request.config) else 1
    odd = [*NUMBERS, *list(FEW.values())[:6]] if method == "get" else NUMBERS[:14]
    people, programs, guests = browser_of(adam), token_of(adam), carlas_token
    for place, shape in enumerate(FILLED):
        headers = {}
        if shape.startswith(("/api", "/widget")):
            headers["Authorization"] = f"Bearer {programs if shape.startswith('/api') else guests}"
        if method == "patch" and not shape.startswith("/api"):
            continue
        for part in odd[place % step :: step]:
            part = percent(part[:6000])
            url = shape.replace("{}", part)
            more = {} if method == "get" else {"data": "{}", "content_type": JSON}
            answer = getattr(people, method)(url, headers=headers, **more)
            if answer.status_code >= 500 or (answer.status_code == 200 and part.strip("0123456789")):
                problems.append(f"{method} {shape} {part[:40]}: {answer.status_code}")
    assert problems == []
