"""Asks every kind of page while Postgres is unreachable; prints what came back as JSON. Run by test_middleware."""

import json
import os
import sys

import django

os.environ["DATABASE_URL"] = "postgres://nobody:nothing@127.0.0.1:1/nowhere"  # nothing listens on port 1
django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

setup_test_environment(debug=sys.argv[1] == "debug")
seen = {}
for cookie in ("", "x" * 32):
    for method, path in json.loads(sys.argv[2]):
        client = Client(raise_request_exception=False)
        if cookie:
            client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        body = {"data": '{"site": "bellwether"}', "content_type": "application/json"} if method == "post" else {}
        answer = getattr(client, method)(path, headers={"Authorization": "Bearer mg_key"}, **body)
        seen[f"{method} {path} {'signed in' if cookie else 'anonymous'}"] = {
            "status": answer.status_code,
            "type": answer.get("Content-Type"),
            "retry": answer.get("Retry-After"),
            "body": answer.content.decode(),
        }
print(json.dumps(seen))
