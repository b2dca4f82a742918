"""A desk made of Playwright routes: the widget's own files, and a server whose every frame the test decides."""

from __future__ import annotations

import json
import re
import struct
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
    "locales": ["en", "de", "fr", "es", "pt", "ar", "ja"],
    "position": "end",
    "features": {"files": True, "rating": True, "copy": True, "queue": True, "emoji": True},
    "needs_consent": False,
    "keeps_trail": True,
    "max_file_bytes": 10 * 1024 * 1024,
    "max_files": 10,
}
TOKEN = "visitor-token-0123456789abcdef"
# What the real page is to be served with (the frame-ancestors line aside).
FRAME_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self' ws://desk.test; base-uri 'none'; form-action 'none'"
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
        self.unread: Json = {"unread": 0, "live": False}  # what a returning visitor's loader is told
        self.contact: tuple[int, Json] = (200, {"email": "carla@example.org"})
        self.proved = ""  # the address that is proved, if one is
        self.doors: dict[str, tuple[int, Json]] = {}  # the end of a path -> what it answers, instead of its own answer
        self.uploads: dict[str, Json] = {}  # id -> what the server says of it, and its bytes
        self.hold_uploads = False  # uploads are left unanswered
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
            route.fulfill(path=ROOT / "static/widget/embed.js", content_type="text/javascript; charset=utf-8")
        elif parts.path.startswith("/static/"):
            path = ROOT / parts.path.removeprefix("/")
            anyone = {"Access-Control-Allow-Origin": "*"}  # the loader's own parts are modules
            route.fulfill(path=path, content_type=TYPES[path.suffix], headers=anyone)
        elif parts.path == "/lab/":
            route.fulfill(body="<!doctype html><title>Lab</title>", content_type="text/html")
        elif self.is_down:
            route.abort()
        elif parts.path == "/widget/unread/":
            self.received.append({"type": "unread", **json.loads(route.request.post_data or "{}")})
            headers = {"Access-Control-Allow-Origin": SHOP}
            route.fulfill(body=json.dumps(self.unread), content_type="application/json", headers=headers)
        elif parts.path == "/widget/frame/":
            is_preview = parse_qs(parts.query).get("preview") == ["1"]
            widget = {"site": self.site, "socketPath": "/ws/widget/", "preview": is_preview}
            body = render_to_string("chat/frame.html", {"widget": widget})
            route.fulfill(body=body, content_type="text/html", headers={"Content-Security-Policy": FRAME_CSP})
        elif parts.path == "/widget/uploads/" and self.hold_uploads:
            self.requests.append("an upload that waits")
        elif parts.path.startswith("/widget/files/"):
            file = self.uploads.get(parts.path.split("/")[3])
            route.fulfill(status=200 if file else 404, body=file["bytes"] if file else b"{}")
        else:
            status, answer = self.answer(route, parts.path, parse_qs(parts.query))
            route.fulfill(status=status, body=json.dumps(answer), content_type="application/json")

    def answer(self, route: Route, path: str, query: dict[str, list[str]]) -> tuple[int, Json]:
        told = next((self.doors[end] for end in self.doors if path.endswith(end)), None)
        if path == "/widget/uploads/":
            return told or self.take_file(route.request.post_data_buffer or b"")
        body = json.loads(route.request.post_data or "{}")
        if path == "/widget/start/":
            self.received.append({"type": "start", "authorization": route.request.headers.get("authorization"), **body})
            return 200, {"token": self.token, "site": self.site, "tickets": self.tickets}
        if route.request.headers.get("authorization") != f"Bearer {self.token}":
            return 401, {"error": {"code": "forbidden", "detail": "Who are you?", "fields": {}}}
        if path.endswith(("/end/", "/rating/", "/copy/", "/code/", "/verify/", "/identify/")):
            self.received.append({"type": path.split("/")[-2], "http": True, **body})
            return told or self.act(path.split("/")[-2], body)
        if path == "/widget/contact/":
            self.received.append({"type": "contact", **body})
            return self.contact
        if path.endswith("/events/"):
            after = int(query["after"][0])
            return 200, {"events": [frame for frame in self.log if frame["seq"] > after]}
        ref = {"ref": path.split("/")[3]} if path.endswith("/messages/") else {}
        self.received.append({"type": "message.post", "http": True, **ref, **body})
        seq = self.store(body)
        return 201, {"ref": self.ref, "seq": seq, "client_id": body["client_id"]}

    def take_file(self, raw: bytes) -> tuple[int, Json]:
        """Store an upload, as a multipart body brings it."""
        head, _, rest = raw.partition(b"\r\n\r\n")
        name = re.search(r'filename="([^"]*)"', head.decode())
        content = rest[: rest.rindex(b"\r\n--")]
        is_picture = content.startswith(b"\x89PNG")
        file = {
            "id": f"00000000-0000-4000-8000-{len(self.uploads):012d}",
            "name": name[1] if name else "",
            "size": len(content),
            "type": "image/png" if is_picture else "application/octet-stream",
            "image": size_of(content) if is_picture else None,
        }
        self.uploads[file["id"]] = file | {"bytes": content}
        return 200, file

    def act(self, what: str, body: Json) -> tuple[int, Json]:
        """What the doors do that have frames on the socket, too; and those of the copy by mail."""
        if what == "end":
            self.record(customer_event("chat.ended"))
        elif what == "rating":
            self.record(customer_event("rating.given", {"score": body["score"]}))
        elif what == "code":
            return 200, {"email": body["email"]}
        elif what == "verify":
            if body["code"] != CODE:
                return 422, {"error": {"code": "invalid", "detail": "No.", "fields": {}}}
            self.proved = body["email"]
            return 200, {"email": body["email"]}
        elif what == "copy":
            if not self.proved:
                return 409, {"error": {"code": "unverified", "detail": "Prove an address.", "fields": {}}}
            return 200, {"state": "sent", "email": self.proved}
        else:
            self.token = NEW_TOKEN
            heads = [{"ref": ref, "last": last} for ref, last in self.heads().items()]
            return 200, {"token": self.token, "viewer": CARLA, "tickets": heads}
        return 200, {}

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
        elif frame["type"] == "identify":
            error = self.answers(frame)
            answer = {"type": "error", **error} if error else {**self.act("identify", frame)[1], "type": "identified"}
            self.say(answer if error else {**answer, "tickets": self.heads()}, socket)
        elif frame["type"] in ("chat.end", "chat.rate"):
            error = self.answers(frame)
            if error:
                self.say({"type": "error", **error}, socket)
                return
            self.act("end" if frame["type"] == "chat.end" else "rating", frame)
            self.say(self.log[-1], socket)

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
            files = [self.uploads[known] for known in frame.get("attachments") or []]
            public = [{name: value for name, value in file.items() if name != "bytes"} for file in files]
            event["message"]["attachments"] = public
            self.taken[client_id] = self.record(event)["seq"]
        return self.taken[client_id]

    def record(self, event: Json) -> Json:
        """Write an event into the log, and tell nobody."""
        seq = len(self.log) + 1
        frame = {"type": "event", "ref": self.ref, "seq": seq, "prev": seq - 1, "event": event}
        self.log.append(frame)
        return frame

    def happens(self, event: Json) -> Json:
        """Write an event into the log, and tell the socket."""
        frame = self.record(event)
        self.say(frame)
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


def size_of(png: bytes) -> Json:
    width, height = struct.unpack(">II", png[16:24])
    return {"width": width, "height": height}


REF = "7F3KQ9WXZ2BMD"
NEW_TOKEN = "another-token-for-who-was-identified"
CODE = "123456"
CARLA = {"kind": "customer", "name": "Carla", "initials": "C", "you": True}
NOW = "2026-11-21T10:20:00Z"


def customer_event(kind: str, data: Json | None = None) -> Json:
    return {"type": kind, "at": NOW, "by": CARLA, "data": data or {}}


def agent_event(kind: str, name: str = "Alice", **data: Any) -> Json:
    by = {"kind": "agent", "name": name, "initials": name[0], "you": False}
    return {"type": kind, "at": NOW, "by": by, "data": data}


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
