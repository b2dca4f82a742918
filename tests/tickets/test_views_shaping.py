"""The company's own fields, statuses and tags: their settings, and how they are met on a ticket."""

from __future__ import annotations

import pytest
from django.test import Client

from tickets.actions import resolve_ticket, set_fields, set_status, tag_ticket
from tickets.actions.shaping import archive_field, archive_status, create_field, create_status
from tickets.models import Event, Field, NamedStatus, Tag, Ticket, Undo

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "conversation"}


def at(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(ticket: Ticket, verb: str = "") -> str:
    return f"/tickets/{ticket.number}/{verb + '/' if verb else ''}"


def again(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


@pytest.fixture
def size(sue, workshop) -> Field:
    return create_field(by=sue, name="Size", kind="choice", team=workshop, is_needed=True, options=["Small", "Large"])


@pytest.fixture
def parts(sue) -> NamedStatus:
    return create_status(by=sue, name="Waiting for parts", status="on_hold")


# --- On a ticket ---


def test_fields_stand_beside_their_tickets_only(ticket, chat_ticket, alice, shop, size, sue):
    create_field(by=sue, name="Till", kind="text", team=shop)
    page = at(alice).get(url(ticket)).text
    assert 'name="field_size"' in page
    assert "Till" not in page
    Ticket.objects.filter(pk=ticket.pk).update(team=None)
    assert 'name="field_size"' not in at(alice).get(url(ticket)).text


def test_a_field_is_filled_and_offers_to_be_undone(ticket, alice, size):
    browser = at(alice)
    answer = browser.post(url(ticket, "fields"), {"field_size": "large"}, **HTMX)
    assert answer.status_code == 200
    assert '<option value="large" selected>' in answer.text
    assert again(ticket).fields == {"size": "large"}
    assert "set Size to <b>Large</b>" in answer.text
    browser.post(f"/undo/{Undo.objects.get().pk}/")
    assert again(ticket).fields == {}


def test_what_is_refused_is_said_and_still_there(ticket, alice, sue):
    create_field(by=sue, name="Weight", kind="number")
    answer = at(alice).post(url(ticket, "fields"), {"field_weight": "heavy"}, **HTMX)
    assert answer.status_code == 422
    assert 'value="heavy"' in answer.text
    assert "such as 12" in answer["HX-Trigger"]
    assert again(ticket).fields == {}


def test_some_of_several_can_be_emptied(ticket, alice, sue):
    create_field(by=sue, name="Parts", kind="choices", options=["Tyre", "Tube"])
    browser = at(alice)
    browser.post(url(ticket, "fields"), {"field_parts": ["", "tube", "tyre"]})
    assert again(ticket).fields == {"parts": ["tyre", "tube"]}
    assert "Tyre, Tube" in browser.get(url(ticket)).text
    browser.post(url(ticket, "fields"), {"field_parts": [""]})
    assert again(ticket).fields == {}


def test_charlie_fills_nothing(ticket, charlie, size):
    assert at(charlie).post(url(ticket, "fields"), {"field_size": "large"}).status_code == 404


def test_solving_asks_for_what_is_needed_in_its_own_panel(ticket, alice, size):
    browser = at(alice)
    assert 'id="solve-field-size"' in browser.get(url(ticket)).text
    answer = browser.post(url(ticket, "resolve"), {"root_cause": "none"}, **HTMX)
    assert answer.status_code == 422
    assert "Fill in first: Size." in answer.text
    assert not again(ticket).is_solved
    browser.post(url(ticket, "resolve"), {"root_cause": "none", "field_size": "small"})
    assert again(ticket).is_solved
    assert again(ticket).fields == {"size": "small"}
    browser.post(f"/undo/{Undo.objects.get().pk}/")
    assert (again(ticket).status, again(ticket).fields) == ("open", {})


def test_a_wrong_value_solves_nothing(ticket, alice, size):
    answer = at(alice).post(url(ticket, "resolve"), {"root_cause": "none", "field_size": "huge"}, **HTMX)
    assert answer.status_code == 422
    assert again(ticket).status == "open"
    assert not Event.objects.filter(ticket=ticket, type="field.changed").exists()


def test_a_reply_that_is_to_solve_is_not_sent_while_something_is_missing(ticket, alice, size):
    words = {"body": "Done.", "kind": "reply", "client_id": "c1", "do": "solve", "resolve": "none", "by": alice.pk}
    answer = at(alice).post(url(ticket, "reply"), words, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["detail"] == "Fill in first: Size."
    assert not Event.objects.filter(ticket=ticket, type="message.posted", by_user=alice).exists()


def test_a_status_of_ones_own_is_offered_in_its_group_set_and_shown(ticket, alice, parts):
    browser = at(alice)
    page = browser.get(url(ticket)).text
    assert page.index('<optgroup label="On hold">') < page.index(f'value="named:{parts.pk}"')
    browser.post(url(ticket, "status"), {"status": f"named:{parts.pk}"})
    assert (again(ticket).status, again(ticket).named_status) == ("on_hold", parts)
    page = browser.get(url(ticket)).text
    assert '<span class="state">Waiting for parts</span>' in page
    assert "set it to <b>Waiting for parts</b>" in page
    assert "<span>Waiting for parts</span>" in browser.get("/inbox/").text


@pytest.mark.parametrize("status", ["named:999999", "named:", "named:x", "closed", "solved", ""])
def test_a_status_that_is_none_is_refused(ticket, alice, parts, status):
    assert at(alice).post(url(ticket, "status"), {"status": status}, **HTMX).status_code == 422
    assert again(ticket).status == "open"


def test_an_archived_word_stays_chosen_where_it_is(ticket, alice, sue, parts):
    set_status(ticket, by=alice, status="on_hold", named=parts)
    archive_status(parts, by=sue, is_archived=True)
    assert f'<option value="named:{parts.pk}" selected>' in at(alice).get(url(ticket)).text


def test_one_is_solved_with_a_word_of_ones_own(ticket, alice, sue):
    refunded = create_status(by=sue, name="Refunded", status="solved")
    browser = at(alice)
    assert 'id="solve-named"' in browser.get(url(ticket)).text
    browser.post(url(ticket, "resolve"), {"root_cause": "none", "named": str(refunded.pk)})
    assert again(ticket).named_status == refunded
    assert "solved it as <b>Refunded</b>" in browser.get(url(ticket)).text


def test_many_get_a_status_of_ones_own_and_those_that_lack_something_are_named(ticket, chat_ticket, alice, parts, size):
    browser, numbers = at(alice), [ticket.number, chat_ticket.number]
    assert f"named:{parts.pk}" in browser.get("/tickets/bulk/?do=status", **HTMX).text
    browser.post("/tickets/bulk/", {"do": "status", "status": f"named:{parts.pk}", "number": numbers})
    assert {again(ticket).named_status, again(chat_ticket).named_status} == {parts}
    answer = browser.post("/tickets/bulk/", {"do": "resolve", "root_cause": "none", "number": numbers}, **HTMX)
    assert "Fill in first: Size." in answer["HX-Trigger"]


def test_what_a_company_has_of_its_own_costs_a_ticket_no_question_more(
    ticket, alice, sue, size, parts, django_assert_max_num_queries
):
    set_fields(ticket, by=alice, values={"size": "small"})
    set_status(ticket, by=alice, status="on_hold", named=parts)
    for number in range(12):
        create_field(by=sue, name=f"Field {number}", kind="text")
        create_status(by=sue, name=f"Word {number}", status="open")
    browser = at(alice)
    browser.get(url(ticket))
    with django_assert_max_num_queries(16):
        assert "Field 11" in browser.get(url(ticket)).text


# --- Under Settings ---


def test_a_field_is_added_changed_put_away_and_brought_back(ticket, sue, alice):
    browser = at(sue)
    words = {"name": "Frame size", "kind": "choice", "added": "Small\r\nLarge\r\n", "is_needed": "on"}
    assert browser.post("/settings/fields/new/", words).status_code == 302
    field = Field.objects.get()
    assert (field.slug, [option["name"] for option in field.options]) == ("frame-size", ["Small", "Large"])
    set_fields(ticket, by=alice, values={"frame-size": "Small"})
    page = browser.get(f"/settings/fields/{field.pk}/").text
    assert 'name="kind"' not in page
    words = {"name": "Size", "option_small": "S", "option_large": "", "added": "XL", "move": "xl:up"}
    browser.post(f"/settings/fields/{field.pk}/", words)
    field.refresh_from_db()
    assert [(o["key"], o["name"], bool(o.get("is_gone"))) for o in field.options] == [
        ("xl", "XL", False), ("small", "S", False), ("large", "Large", True),
    ]  # fmt: skip
    assert '<option value="small" selected>S</option>' in at(alice).get(url(ticket)).text
    browser.post(f"/settings/fields/{field.pk}/archive/")
    assert "Size" not in at(alice).get(url(ticket)).text.split('id="side"')[1]
    assert "Archived" in browser.get("/settings/fields/").text
    browser.post(f"/settings/fields/{field.pk}/archive/", {"do": "restore"})
    assert Field.objects.get().archived_at is None


@pytest.mark.parametrize(
    "words", [{"name": "", "kind": "text"}, {"name": "Size", "kind": "choice"}, {"name": "S", "kind": "x"}]
)
def test_a_field_that_cannot_be_is_shown_again(sue, words):
    assert at(sue).post("/settings/fields/new/", words).status_code == 422
    assert not Field.objects.exists()


def test_statuses_are_added_renamed_moved_put_away(sue, parts):
    browser = at(sue)
    browser.post("/settings/statuses/", {"name": "With the maker", "status": "on_hold"})
    other = NamedStatus.objects.get(name="With the maker")
    for words in ({"do": "up"}, {"do": "rename", "name": "At the maker’s"}, {"do": "rename", "name": ""}, {"do": "x"}):
        assert browser.post(f"/settings/statuses/{other.pk}/", words).status_code == 302
    names = NamedStatus.objects.order_by("position").values_list("name", flat=True)
    assert list(names) == ["At the maker’s", "Waiting for parts"]
    assert browser.post("/settings/statuses/", {"name": "waiting for parts", "status": "open"}).status_code == 422
    browser.post(f"/settings/statuses/{parts.pk}/", {"do": "archive"})
    assert "Bring back" in browser.get("/settings/statuses/").text


def test_tags_are_counted_renamed_merged_after_asking_and_deleted(ticket, alice, sue):
    tag_ticket(ticket, by=alice, tags=["tire", "tyre", "wheel"])
    tire, tyre = Tag.objects.get(name="tire"), Tag.objects.get(name="tyre")
    browser = at(sue)
    assert "1 ticket<" in browser.get("/settings/tags/").text
    assert "wheel" not in browser.get("/settings/tags/?q=tyr").text
    answer = browser.post(f"/settings/tags/{tire.pk}/", {"do": "rename", "name": "Tyre"})
    assert answer.status_code == 422
    assert "Merge the two instead" in answer.text
    asked = browser.post(f"/settings/tags/{tire.pk}/", {"do": "ask", "into": "TYRE"})
    assert "The ticket with" in asked.text
    assert Tag.objects.count() == 3
    browser.post(f"/settings/tags/{tire.pk}/", {"do": "merge", "into": "tyre"})
    assert {tag.name for tag in ticket.tags.all()} == {"tyre", "wheel"}
    for into in ("nothing", "tyre", ""):
        assert browser.post(f"/settings/tags/{tyre.pk}/", {"do": "ask", "into": into}).status_code == 422
    browser.post(f"/settings/tags/{tyre.pk}/", {"do": "delete"})
    assert Tag.objects.filter(pk=tyre.pk).exists()


def test_tags_are_suggested_as_one_types(ticket, alice):
    tag_ticket(ticket, by=alice, tags=["tyre", "wide tyre", "order", "50% off"])
    browser = at(alice)
    assert browser.get("/tags/?q=Ty").json() == {"tags": ["tyre", "wide tyre"]}
    assert browser.get("/tags/?q=%25").json() == {"tags": ["50% off"]}
    assert len(browser.get("/tags/").json()["tags"]) == 4


def test_an_archived_field_is_asked_nowhere(ticket, alice, sue, size):
    archive_field(size, by=sue, is_archived=True)
    assert "field_size" not in at(alice).get(url(ticket)).text
    resolve_ticket(ticket, by=alice, root_cause=None)
