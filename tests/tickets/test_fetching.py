"""The company's own system is asked: what it answers well is taken, and nothing that it does keeps us waiting."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tickets import fetching
from tickets.fetching import FetchError, fetch_json, is_allowed


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.partition("?")[0].strip("/")
        getattr(self, f"say_{name}")()

    def log_message(self, *args: object) -> None:
        pass

    def say(self, body: bytes, status: int = 200, kind: str = "application/json", **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def say_good(self) -> None:
        self.say(json.dumps({"path": self.path, "host": self.headers["Host"]}).encode(), kind="application/vnd.x+json")

    def say_elsewhere(self) -> None:
        self.say(b"{}", 302, Location="http://127.0.0.1/good")

    def say_lying(self) -> None:
        self.say(b"{}", kind="text/html")

    def say_words(self) -> None:
        self.say(b"<html>")

    def say_deep(self) -> None:
        self.say(b"[" * 60_000)

    def say_digits(self) -> None:
        self.say(b"9" * 60_000)

    def say_binary(self) -> None:
        self.say(b"\xff\xfe\x00")

    def say_broken(self) -> None:
        self.say(b"{}", 500)

    def say_zipped(self) -> None:
        self.say(b"\x1f\x8b", Content_Encoding="gzip")

    def say_huge(self) -> None:
        self.say(b'"' + b"x" * 70_000 + b'"')

    def say_slow(self) -> None:
        time.sleep(2)
        self.say(b"{}")

    def say_dripping(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        for _ in range(30):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def say_headers(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\n")
        for number in range(30):
            self.wfile.write(b"X-%d: 1\r\n" % number)
            time.sleep(0.1)


@pytest.fixture
def system() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_is_good_is_taken(system):
    assert fetch_json(f"{system}/good?token=1") == {"path": "/good?token=1", "host": system.removeprefix("http://")}


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("elsewhere", "302"),
        ("lying", "does not call JSON"),
        ("words", "no JSON"),
        ("deep", "no JSON"),
        ("digits", "no JSON"),
        ("binary", "no JSON"),
        ("broken", "500"),
        ("zipped", "compressed"),
        ("huge", "64 KB"),
    ],
)
def test_what_is_not_is_said(system, path, why):
    with pytest.raises(FetchError, match=why):
        fetch_json(f"{system}/{path}")


@pytest.mark.parametrize("path", ["slow", "dripping", "headers"])
def test_who_is_slow_is_left(system, path):
    begun = time.monotonic()
    with pytest.raises(FetchError, match="too long"):
        fetch_json(f"{system}/{path}", seconds=0.4)
    assert time.monotonic() - begun < 1.5


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://no-such-name.invalid/", "http://a..b/"])
def test_who_is_not_there_is_said(url):
    with pytest.raises(FetchError, match=r"cannot be reached|leads nowhere"):
        fetch_json(url)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "file:///etc/passwd", "http://[::1", "http:///x", "http://a:99999/"]
)
def test_what_is_no_address_of_the_web_is_not_asked(url):
    with pytest.raises((FetchError, ValueError)):
        fetch_json(url)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1",
    ],
)  # fmt: skip
def test_the_machines_own_neighbourhood_is_not_asked(address, monkeypatch):
    assert not is_allowed(address)
    found = [(0, 0, 0, "", (one, 80)) for one in ("127.0.0.1", address)]
    monkeypatch.setattr(fetching, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(FetchError, match="may not be asked"):
        fetch_json("http://shop.example/")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.8", "192.168.1.4", "fd12::1", "2001:db8::1", "93.184.216.34"])
def test_the_companys_own_network_is(address):
    assert is_allowed(address)


def test_the_name_is_asked_for_once(system, monkeypatch):
    port, asked = int(system.rpartition(":")[2]), []

    def lead(host: str, *rest: object, **more: object) -> list[object]:
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1" if len(asked) == 1 else "169.254.169.254", port))]

    monkeypatch.setattr(fetching, "getaddrinfo", lead)
    assert fetch_json(f"http://shop.example:{port}/good")["host"] == f"shop.example:{port}"
    assert asked == ["shop.example"]


def test_not_too_many_wait_at_once(system):
    results: list[object] = []

    def ask() -> None:
        try:
            results.append(fetch_json(f"{system}/slow", seconds=1))
        except FetchError as error:
            results.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("Too much" in str(result) for result in results) == 2
    assert fetch_json(f"{system}/good")
