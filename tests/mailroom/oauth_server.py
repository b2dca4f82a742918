"""A stand-in for the token endpoints of Google and Microsoft, on 127.0.0.1: PKCE is checked, tokens may change."""

from __future__ import annotations

import hashlib
import json
import threading
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

CODE = "the-code"


class OAuthServer:
    def __init__(self) -> None:
        self.challenge = ""  # from the address that the browser was sent to
        self.asked: list[dict[str, str]] = []
        self.given = 0
        self.refresh = "refresh-0"
        self.rotates = False
        self.lasts: object = 3600
        self.refusal: tuple[int, dict[str, str]] | None = None

    def __enter__(self) -> Self:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = server.answer({name: values[0] for name, values in parse_qs(body).items()})
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/token"

    def consent(self, url: str) -> dict[str, str]:
        """What somebody agreed to at this address: `state` and `code`, as the browser brings them back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["code_challenge_method"] == "S256"
        self.challenge = query["code_challenge"]
        return {"state": query["state"], "code": CODE}

    def answer(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append(asked)
        if self.refusal:
            return self.refusal
        if asked["grant_type"] == "authorization_code":
            made = urlsafe_b64encode(hashlib.sha256(asked["code_verifier"].encode()).digest()).rstrip(b"=").decode()
            if asked["code"] != CODE or made != self.challenge:
                return 400, {"error": "invalid_grant", "error_description": "Code or verifier is wrong"}
        elif asked["refresh_token"] != self.refresh:
            return 400, {"error": "invalid_grant", "error_description": "Token has been revoked"}
        self.given += 1
        answer: dict[str, Any] = {"access_token": f"access-{self.given}", "expires_in": self.lasts}
        if self.rotates:
            self.refresh = f"refresh-{self.given}"
        if asked["grant_type"] == "authorization_code" or self.rotates:
            answer["refresh_token"] = self.refresh
        return 200, answer
