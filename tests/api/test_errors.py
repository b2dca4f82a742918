"""Every error has one shape, and nothing that is sent breaks anything."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.serializers import Serializer

from api import serializers
from customers.models import Customer
from tickets.models import Message, Ticket

TICKETS = "/api/v1/tickets/"


def error(answer) -> dict[str, Any]:
    """The error of an answer, whose shape is checked."""
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "detail", "fields"}
    assert body["error"]["code"]
    assert body["error"]["detail"]
    assert all(isinstance(words, list) for words in body["error"]["fields"].values())
    return body["error"]


def bodies(ticket: Ticket, customer: Customer) -> dict[tuple[str, str], dict[str, Any]]:
    """Every door that takes a body, with one that it would take."""
    one = f"{TICKETS}{ticket.pk}/"
    return {
        ("post", TICKETS): {"customer": {"email": "eve@example.org"}, "subject": "Bell", "body": "Mute"},
        ("patch", one): {"priority": 3},
        ("post", f"{one}messages/"): {"body": "Hello"},
        ("post", f"{one}assign/"): {"user": None},
        ("post", f"{one}resolve/"): {"root_cause": "none"},
        ("post", "/api/v1/customers/"): {"email": "eve@example.org"},
        ("patch", f"/api/v1/customers/{customer.pk}/"): {"name": "Carla"},
    }


def snapshot() -> list[Any]:
    rows = [list(model.objects.order_by("pk").values()) for model in (Ticket, Message, Customer)]
    return [*rows, list(Ticket.tags.through.objects.values())]


@pytest.mark.parametrize(
    ("method", "url", "options", "status", "code"),
    [
        ("get", "/api/v1/nothing/", {}, 404, "not_found"),
        ("get", "/api/v1/", {}, 404, "not_found"),
        ("post", "/api/v1/tickets", {"data": {}}, 404, "not_found"),
        ("put", TICKETS, {"data": {}}, 405, "method_not_allowed"),
        ("options", TICKETS, {}, 405, "method_not_allowed"),
        ("delete", TICKETS, {}, 405, "method_not_allowed"),
        ("get", TICKETS, {"headers": {"accept": "text/html"}}, 406, "not_acceptable"),
        ("post", TICKETS, {"data": "<a/>", "content_type": "text/xml"}, 415, "unsupported_media_type"),
        ("post", TICKETS, {"data": {"subject": "x"}, "format": "multipart"}, 415, "unsupported_media_type"),
    ],
)
def test_each_kind_of_error_has_the_one_shape(api, method, url, options, status, code):
    if options.get("format") == "multipart":
        api.renderer_classes_by_format = None
        options = {"data": b"--x\r\n\r\n--x--", "content_type": "multipart/form-data; boundary=x"}
    answer = getattr(api, method)(url, **options)
    assert (answer.status_code, error(answer)["code"]) == (status, code)


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b'{"body": "\xff"}', b'{"body": NaN}', b'{"body": Infinity}',
        b'{"a":' * 11 + b"1" + b"}" * 11, b"[" * 100_000, b'{"a":' * 100_000, b'{"priority": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda raw: raw[:20].decode("latin-1"),
)  # fmt: skip
def test_what_is_no_json_object_is_refused(api, ticket, carla, raw):
    before = snapshot()
    for method, url in bodies(ticket, carla):
        answer = getattr(api, method)(url, data=raw, content_type="application/json")
        assert answer.status_code == 400, (url, answer.content)
        error(answer)
    assert snapshot() == before


def test_a_number_beyond_all_numbers_is_a_wrong_value(api, ticket):
    answer = api.patch(f"{TICKETS}{ticket.pk}/", data=b'{"priority": 1e400}', content_type="application/json")
    assert (answer.status_code, list(error(answer)["fields"])) == (400, ["priority"])


def test_an_empty_patch_changes_nothing(api, ticket):
    before = snapshot()
    assert api.patch(f"{TICKETS}{ticket.pk}/").status_code == 200
    assert snapshot() == before


def test_ten_levels_are_still_read(api, ticket):
    deep = json.loads('{"a":' * 10 + "1" + "}" * 10)
    assert error(api.post(f"{TICKETS}{ticket.pk}/messages/", deep))["code"] == "invalid"


def test_a_body_that_is_too_long_is_not_read_to_its_end(api, ticket, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = api.post(f"{TICKETS}{ticket.pk}/messages/", {"body": "x" * 1000})
    assert (answer.status_code, error(answer)["code"]) == (413, "too_long")


@pytest.mark.parametrize("charset", ["bz2_codec", "rot13", "utf-7", "nonsense", "utf-16"])
def test_an_odd_charset_is_refused_or_read(api, ticket, charset):
    answer = api.post(
        f"{TICKETS}{ticket.pk}/messages/", data=b'{"body": "x"}', content_type=f"application/json; charset={charset}"
    )
    assert answer.status_code in (201, 400)


NOT_TEXT = [None, 1, 1.5, True, [], {}, ["x"], {"a": 1}, "\x00", "a\x00b", "\ud800", "x" * 30_000, "", "   "]
NOT_AN_ID = ["", "x", 0, -1, 2**63, 10**400, 1.5, True, [], {}, [1], "\x00", "\ud800", "9" * 2000]
NOT_A_CHOICE = [None, "", "x", 9, -1, True, [], {}, [2], "\ud800", "\x00"]
NOT_TAGS = [None, "tyre", 1, {}, {"a": 1}, [1], [None], [[]], ["\x00"], ["\ud800"], [""], ["x" * 51], ["x"] * 21]
NOT_AN_ADDRESS = [
    None,
    1,
    [],
    {},
    "",
    "eve",
    "eve@",
    "@example.org",
    "a@b\x00.org",
    "\ud800@example.org",
    "x" * 250 + "@example.org",
]
WRONG = [
    ("tickets", "subject", NOT_TEXT), ("tickets", "body", NOT_TEXT), ("tickets", "team", NOT_AN_ID),
    ("tickets", "channel", NOT_A_CHOICE), ("tickets", "priority", NOT_A_CHOICE), ("tickets", "tags", NOT_TAGS),
    ("tickets", "customer", [None, "eve@example.org", 1, [], {}, {"name": "x"}, {"id": 1, "email": "a@example.org"}]),
    ("tickets", "customer.email", NOT_AN_ADDRESS), ("tickets", "customer.id", [*NOT_AN_ID, None]),
    ("tickets", "customer.name", [None, 1, [], {}, "\x00", "\ud800", "x" * 200]),
    ("ticket", "status", NOT_A_CHOICE), ("ticket", "priority", NOT_A_CHOICE), ("ticket", "tags", NOT_TAGS),
    ("ticket", "team", NOT_AN_ID), ("ticket", "assignee", NOT_AN_ID),
    ("messages", "body", NOT_TEXT), ("messages", "kind", NOT_A_CHOICE),
    ("messages", "client_id", [1, True, [], {}, "\x00", "\ud800", "x" * 65]),
    ("messages", "attachments", [None, "x", 1, {}, [1], [True], [None], ["x"], ["\x00"], [str(uuid4())] * 11]),
    ("assign", "user", NOT_AN_ID), ("assign", "team", NOT_AN_ID),
    ("resolve", "root_cause", NOT_TEXT), ("resolve", "note", [1, [], {}, "\x00", "\ud800", "x" * 3000]),
    ("customers", "email", NOT_AN_ADDRESS), ("customers", "name", [None, 1, [], "\x00", "\ud800", "x" * 200]),
    ("customers", "company", [*NOT_AN_ID, None, 999_999]), ("customers", "note", [None, 1, [], "\x00", "x" * 20_000]),
    ("customer", "name", [None, 1, [], "\x00", "\ud800", "x" * 200]),
    ("customer", "company", [*NOT_AN_ID, None, 999_999]), ("customer", "note", [None, 1, {}, "\x00", "\ud800"]),
]  # fmt: skip


@pytest.mark.parametrize(("door", "field", "values"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_value_in_any_field_is_named(api, ticket, carla, door, field, values):
    names = ["tickets", "ticket", "messages", "assign", "resolve", "customers", "customer"]
    (method, url), right = list(bodies(ticket, carla).items())[names.index(door)]
    outer, _, inner = field.partition(".")
    before = snapshot()
    for value in values:
        wrong = {**right, outer: {inner: value} if inner else value}
        if field == "customer.name":
            wrong["customer"]["email"] = "eve@example.org"
        answer = getattr(api, method)(url, data=json.dumps(wrong), content_type="application/json")
        assert answer.status_code == 400, (value, answer.content)
        assert any(name.startswith(outer) for name in error(answer)["fields"]), (value, answer.content)
    assert snapshot() == before


FOREIGN = sorted(
    {field.name for model in (Ticket, Message, Customer) for field in model._meta.get_fields()}
    | {
        "pk",
        "owner",
        "role",
        "is_staff",
        "is_superuser",
        "by",
        "by_user_id",
        "ticket_id",
        "\ud800",
        "__class__",
        "_state",
    }
)


SHAPES: list[type[Serializer[Any]]] = [
    serializers.TicketIn, serializers.TicketChangeIn, serializers.MessageIn, serializers.AssignIn,
    serializers.ResolveIn, serializers.CustomerIn, serializers.CustomerChangeIn,
]  # fmt: skip


def test_no_field_is_set_that_is_not_offered(api, ticket, carla, bob):
    before = snapshot()
    for ((method, url), right), shape in zip(bodies(ticket, carla).items(), SHAPES, strict=True):
        foreign = [name for name in FOREIGN if name not in shape().fields]
        for name in foreign:
            assert not shape(data={**right, name: bob.pk}).is_valid(), (shape, name)
        sent = json.dumps(right | dict.fromkeys(foreign, bob.pk))
        answer = getattr(api, method)(url, data=sent, content_type="application/json")
        assert answer.status_code == 400, (url, answer.content)
        assert len(error(answer)["fields"]) == len(foreign)
    assert snapshot() == before


def test_a_database_that_is_gone_answers_503(api, monkeypatch):
    def gone(*args: Any, **options: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("api.throttling.allow", gone)
    answer = api.get(TICKETS)
    assert (answer.status_code, error(answer)["code"]) == (503, "unavailable")
    assert int(answer["Retry-After"]) > 0
    assert "connection" not in error(answer)["detail"]


def test_what_nobody_expected_is_logged_and_told_to_nobody(api, monkeypatch, caplog):
    def break_down(*args: Any, **options: Any) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr("api.views.tickets.narrowed", break_down)
    answer = api.get(TICKETS)
    assert (answer.status_code, error(answer)["code"]) == (500, "broken")
    assert "secret" not in answer.content.decode()
    assert "a secret of the house" in caplog.text


SCRAPS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from(["open", "x@y.org"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(sorted({name for shape in SHAPES for name in shape().fields}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=st.dictionaries(NAMES, SCRAPS, max_size=4))
def test_whatever_is_sent_the_answer_is_one_of_ours(api, ticket, carla, settings, sent):
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    for method, url in bodies(ticket, carla):
        answer = getattr(api, method)(url, data=json.dumps(sent), content_type="application/json")
        assert answer.status_code < 500, (url, sent)
        if answer.status_code >= 400:
            error(answer)
