"""A desk made of Playwright routes: the widget's own files, and a server whose every frame the test decides."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.template.loader import render_to_string
from playwright.sync_api import BrowserContext, Frame, Page, Route, WebSocketRoute

ROOT = Path(__file__).resolve().parent.parent.parent
DESK = "http://desk.test"
SHOP = "http://shop.test"
SITE = {
    "key": "bellwether",
    "name": "Bellwether Cycles",
    "color": "#0d5c49",
    "greeting": "Hello! How can we help?",
    "locale": "en",
}
TOKEN = "visitor-token-0123456789abcdef"
# What the real page is to be served with (the frame-ancestors line aside).
FRAME_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws://desk.test; "
    "base-uri 'none'; form-action 'none'"
)
SNIPPET = f'<script async src="{DESK}/widget/embed.js" data-site="bellwether"></script>'
SHOP_PAGE = f"""<!doctype html><html lang=en><meta name=viewport content="width=device-width, initial-scale=1">
<title>Shop</title><h1>A shop</h1><a href=#x>A link</a>{SNIPPET}"""
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
Json = dict[str, Any]


class FakeDesk:
    """Keeps one conversation's log the way the server does: a seq for each event, an ack for each client_id."""

    def __init__(self, context: BrowserContext, *, site: Json | None = None, tickets: list[Json] | None = None) -> None:
        self.site = SITE | (site or {})
        self.tickets = tickets or []
        self.token = TOKEN
        self.ref = REF
        self.log: list[Json] = []  # event frames of the one conversation it has
        self.taken: dict[str, int] = {}  # client_id -> seq
        self.received: list[Json] = []  # every frame of the client, over socket or HTTP
        self.requests: list[str] = []  # every path asked for
        self.sockets: list[WebSocketRoute] = []
        self.presence: Json | None = {"type": "presence", "agents": [], "wait_seconds": None, "open": True}
        self.is_down = False  # nothing answers
        self.has_sockets = True
        self.acks = True  # whether a stored message is acknowledged
        self.stores = True  # whether a message is stored at all
        self.answers: Callable[[Json], Json | None] = lambda frame: None  # an error instead of an ack
        self.contact: tuple[int, Json] = (200, {"email": "carla@example.org"})
        self.shop = SHOP_PAGE
        self.shop_headers: dict[str, str] = {}
        context.route(f"{DESK}/**", self.serve)
        context.route(f"{SHOP}/**", self.serve_shop)
        context.route_web_socket(re.compile(r"ws://desk\.test/.*"), self.connect)

    # pages and files

    def serve_shop(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = ROOT / path.removeprefix("/")
            route.fulfill(path=file, content_type=TYPES[file.suffix])
            return
        route.fulfill(body=self.shop, content_type="text/html", headers=self.shop_headers)

    def serve(self, route: Route) -> None:
        parts = urlsplit(route.request.url)
        self.requests.append(parts.path)
        if parts.path == "/widget/embed.js":
            route.fulfill(path=ROOT / "static/widget/embed.js", content_type="text/javascript")
        elif parts.path.startswith("/static/"):
            path = ROOT / parts.path.removeprefix("/")
            route.fulfill(path=path, content_type=TYPES[path.suffix])
        elif parts.path == "/lab/":
            route.fulfill(body="<!doctype html><title>Lab</title>", content_type="text/html")
        elif self.is_down:
            route.abort()
        elif parts.path == "/widget/frame/":
            widget = {"site": self.site, "socketPath": "/ws/widget/"}
            body = render_to_string("chat/frame.html", {"widget": widget})
            route.fulfill(body=body, content_type="text/html", headers={"Content-Security-Policy": FRAME_CSP})
        else:
            status, answer = self.answer(route, parts.path, parse_qs(parts.query))
            route.fulfill(status=status, body=json.dumps(answer), content_type="application/json")

    def answer(self, route: Route, path: str, query: dict[str, list[str]]) -> tuple[int, Json]:
        body = json.loads(route.request.post_data or "{}")
        if path == "/widget/start/":
            self.received.append({"type": "start", "authorization": route.request.headers.get("authorization"), **body})
            return 200, {"token": self.token, "site": self.site, "tickets": self.tickets}
        if route.request.headers.get("authorization") != f"Bearer {self.token}":
            return 401, {"error": {"code": "forbidden", "detail": "Who are you?", "fields": {}}}
        if path == "/widget/contact/":
            self.received.append({"type": "contact", **body})
            return self.contact
        if path.endswith("/events/"):
            after = int(query["after"][0])
            return 200, {"events": [frame for frame in self.log if frame["seq"] > after]}
        self.received.append({"type": "message.post", "http": True, **body})
        seq = self.store(body)
        return 201, {"ref": self.ref, "seq": seq, "client_id": body["client_id"]}

    # the socket

    def connect(self, socket: WebSocketRoute) -> None:
        if self.is_down or not self.has_sockets:
            socket.close(code=1011)
            return
        self.sockets.append(socket)
        socket.on_message(lambda text: self.hear(socket, json.loads(text)))

    def hear(self, socket: WebSocketRoute, frame: Json) -> None:
        if self.is_down:
            return
        self.received.append(frame)
        if frame["type"] == "hello" and frame["token"] != self.token:
            socket.close(code=4401)
        elif frame["type"] == "hello":
            self.say({"type": "ready", "viewer": "visitor", "tickets": self.heads()}, socket)
            if self.presence:
                self.say(self.presence, socket)
            for ref, after in frame["after"].items():
                self.resume(ref, after, socket)
        elif frame["type"] == "resume":
            self.resume(frame["ref"], frame["after"], socket)
        elif frame["type"] == "message.post":
            self.take(frame, socket)

    def take(self, frame: Json, socket: WebSocketRoute) -> None:
        error = self.answers(frame)
        if error:
            self.say({"type": "error", "client_id": frame["client_id"], **error}, socket)
        elif self.stores:
            seq = self.store(frame)
            if self.acks:
                self.say({"type": "ack", "client_id": frame["client_id"], "ref": self.ref, "seq": seq}, socket)
                self.resume(self.ref, seq - 1, socket)

    def resume(self, ref: str, after: int, socket: WebSocketRoute) -> None:
        for frame in self.log:
            if ref == self.ref and frame["seq"] > after:
                self.say(frame, socket)

    def heads(self) -> dict[str, int]:
        return {self.ref: len(self.log)} if self.log else {}

    def store(self, frame: Json) -> int:
        """As the server does: the same client_id is the same message."""
        client_id = frame["client_id"]
        if client_id not in self.taken:
            event = customer_says(frame["body"], client_id=client_id)
            self.taken[client_id] = self.record(event)["seq"]
        return self.taken[client_id]

    def record(self, event: Json) -> Json:
        """Write an event into the log, and tell nobody."""
        seq = len(self.log) + 1
        frame = {"type": "event", "ref": self.ref, "seq": seq, "prev": seq - 1, "event": event}
        self.log.append(frame)
        return frame

    def say(self, frame: Json, socket: WebSocketRoute | None = None) -> None:
        (socket or self.sockets[-1]).send(json.dumps(frame))

    def agent_says(self, body: str, name: str = "Alice Ames") -> Json:
        frame = self.record(agent_says(body, name))
        self.say(frame)
        return frame

    def cut(self) -> None:
        """The network goes: nothing answers, and the open socket breaks."""
        self.is_down = True
        self.sockets[-1].close(code=1001)

    def posts(self) -> list[Json]:
        return [frame for frame in self.received if frame["type"] == "message.post"]

    def of_type(self, name: str) -> list[Json]:
        return [frame for frame in self.received if frame["type"] == name]


REF = "7F3KQ9WXZ2BMD"


def agent_says(body: str, name: str = "Alice Ames", at: str = "2026-11-21T10:21:00Z") -> Json:
    initials = "".join(word[0] for word in name.split())
    return {
        "type": "message.posted",
        "at": at,
        "by": {"kind": "agent", "name": name, "initials": initials, "you": False},
        "message": {"id": f"{name}-{hash(body)}", "body": body, "kind": "reply", "client_id": None},
    }


def customer_says(body: str, client_id: str, at: str = "2026-11-21T10:20:00Z") -> Json:
    return {
        "type": "message.posted",
        "at": at,
        "by": {"kind": "customer", "name": "Carla", "initials": "C", "you": True},
        "message": {"id": f"id-{client_id}", "body": body, "kind": "reply", "client_id": client_id},
    }


def widget_frame(page: Page) -> Frame:
    """The widget's page inside the shop's."""
    page.locator("makegood-widget iframe").wait_for(state="attached")
    handle = page.locator("makegood-widget iframe").element_handle()
    frame = handle.content_frame()
    assert frame
    return frame
