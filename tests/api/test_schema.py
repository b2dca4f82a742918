"""What the OpenAPI schema promises, and that the answers keep it."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft4Validator

from api.urls import urlpatterns
from api.views import docs
from tickets.actions import create_macro, post_message, resolve_ticket

METHODS = {"get", "post", "patch", "put", "delete"}
UNDESCRIBED = {"schema", "docs", "unknown"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return yaml.safe_load(out.getvalue())


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def nullable(schema: Any) -> Any:
    """OpenAPI 3.0 says null its own way; for the validator, the other way."""
    if isinstance(schema, dict):
        schema = {key: nullable(value) for key, value in schema.items()}
        if schema.pop("nullable", False):
            return {"anyOf": [schema, {"type": "null"}]}
        return schema
    return [nullable(item) for item in schema] if isinstance(schema, list) else schema


def promised(schema: dict[str, Any], path: str, method: str, status: int) -> Draft4Validator:
    answer = schema["paths"][f"/api/v1/{path}"][method]["responses"][str(status)]
    shape = answer["content"]["application/json"]["schema"]
    return Draft4Validator(nullable({**shape, "components": schema["components"]}))


# What is to be done is said by the address.
BARE = (
    "breather/end/",
    "reopen/",
    "follow/",
    "wake/",
    "unmerge/",
    "remove/",
    "trash/",
    "restore/",
    "stop/",
    "call-off/",
    "now/",
    "send/",
    "failure/withdraw/",
)


def test_every_operation_says_what_it_does_takes_and_answers(schema):
    found = operations(schema)
    assert len(found) >= 20
    for path, method, operation in found:
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["security"], where
        assert {"400", "401", "429", "503"} <= set(operation["responses"]), where
        assert ("404" in operation["responses"]) == ("{" in path), where
        assert ("requestBody" in operation) == (method in {"post", "patch"} and not path.endswith(BARE)), where
        errors = [answer for status, answer in operation["responses"].items() if status >= "400"]
        assert all("ErrorOut" in str(answer["content"]) for answer in errors), where
    assert not {method for _, method, _ in found} & {"put", "delete"}


def test_every_address_is_described(schema):
    described = {path.removeprefix("/api/v1/").replace("{", "<int:").replace("}", ">") for path in schema["paths"]}
    described = {
        path.replace("id>", "pk>")
        .replace("<int:file>", "<uuid:file>")
        .replace("<int:offer>", "<uuid:offer>")
        .replace("<int:name>", "<slug:name>")
        for path in described
    }
    assert described == {str(route.pattern) for route in urlpatterns if route.name not in UNDESCRIBED}


def test_answers_are_as_promised(schema, api, as_, sue, ticket, alice, carla, cause):
    post_message(ticket, by=alice, body="Sorry", client_id="1")
    post_message(ticket, by=alice, body="Friendly", kind="note")
    program = as_(sue)
    program.patch(f"/api/v1/tickets/{ticket.pk}/", {"assignee": alice.pk, "tags": ["tyre"]})
    resolve_ticket(ticket, by=alice, root_cause=cause)
    create_macro(by=sue, name="Thanks", body="Thank you!", steps=[{"do": "assign", "value": "me"}], owner=None)
    one = {"tickets/{number}/": f"tickets/{ticket.pk}/", "customers/{id}/": f"customers/{carla.pk}/"}
    one |= {f"tickets/{{number}}/{what}/": f"tickets/{ticket.pk}/{what}/" for what in ("messages", "events")}
    lists = {
        f"{what}/": f"{what}/" for what in ("tickets", "customers", "companies", "teams", "users", "tags", "macros")
    }
    for path, url in (one | lists).items():
        answer = program.get(f"/api/v1/{url}")
        promised(schema, path, "get", 200).validate(answer.json())
        if path != "companies/" and "results" in answer.json():
            assert answer.json()["results"], path
    refused = program.get("/api/v1/tickets/?status=lost")
    promised(schema, "tickets/", "get", 400).validate(refused.json())
    unknown = program.get("/api/v1/tickets/999999/")
    promised(schema, "tickets/{number}/", "get", 404).validate(unknown.json())


def test_the_schema_promises_exactly_the_keys_that_events_and_messages_have(schema, api, ticket):
    event = api.get(f"/api/v1/tickets/{ticket.pk}/events/?after=1").json()["results"][0]
    message = api.get(f"/api/v1/tickets/{ticket.pk}/messages/").json()["results"][0]
    shapes = schema["components"]["schemas"]
    assert set(event) == set(shapes["EventOut"]["properties"])
    only_of_markdown = {"html"}
    assert set(event["message"]) == set(shapes["MessageOut"]["properties"]) - only_of_markdown
    assert set(message) == set(shapes["AuthoredMessageOut"]["properties"]) - only_of_markdown
    assert set(event["by"]) == set(shapes["AuthorOut"]["properties"])


@pytest.mark.parametrize("kind", ["application/vnd.oai.openapi", "application/vnd.oai.openapi+json"])
def test_the_schema_is_served_without_a_token(kind, schema, db):
    answer = Client().get("/api/v1/schema/", headers={"accept": kind})
    assert answer.status_code == 200
    assert yaml.safe_load(answer.content)["paths"].keys() == schema["paths"].keys()


def test_it_is_made_once_when_several_ask_at_the_same_time(db):
    docs._schema.cache_clear()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: Client().get("/api/v1/schema/").status_code, range(8)))
    assert answers == [200] * 8


def test_the_documentation_page_runs_no_inline_script(db):
    answer = Client().get("/api/v1/docs/")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=") == 2
    script = Client().get("/api/v1/docs/?script=")
    assert script["Content-Type"].startswith("application/javascript")
    assert "SwaggerUIBundle" in script.content.decode()
