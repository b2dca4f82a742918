"""We write first: to one, or to several who never learn of each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from customers.actions import block_customer, find_by_email
from customers.models import Customer
from outbox.actions import suppress
from outbox.models import Mail
from outbox.policy import Why
from tickets.actions import add_attachment, begin_outreach, discard_unsent, stop_outreach, write_first, write_next_of
from tickets.actions.addressing import Person, read_people
from tickets.actions.shaping import archive_field, create_field
from tickets.jobs import run_due_follow_ups, write_outreaches
from tickets.models import Attachment, Field, Outreach, OutreachRow, Ticket

pytestmark = pytest.mark.django_db
THREE = [Person("Nora", "nora@example.net"), Person("", "ole@example.net"), Person("Pia P", "pia@example.net")]


def at(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def begin(by: Any, people: list[Person] = THREE, **changes: Any) -> Outreach:
    asked = {"subject": "Your order", "body": "It leaves today.", "client_id": "o1"} | changes
    return begin_outreach(people, by=by, **asked)


def due(outreach: Outreach) -> None:
    Outreach.objects.filter(pk=outreach.pk).update(begins_at=timezone.now() - timedelta(seconds=1))


# --- Reading what is pasted ---


def test_a_list_is_read_however_it_is_written():
    text = (
        'Carla Cortez <Carla@Example.org>, "Diaz, Dora" <dora@example.org>;\nole@example.net\r\n mailto:x@example.net,,'
    )
    people, wrong = read_people(text)
    assert people == [
        Person("Carla Cortez", "carla@example.org"),
        Person("Diaz, Dora", "dora@example.org"),
        Person("", "ole@example.net"),
        Person("", "x@example.net"),
    ]
    assert wrong == []
    assert read_people(", ".join(person.written for person in people[:1] + people[2:]))[0] == people[:1] + people[2:]


def test_nothing_that_could_break_a_header_is_read():
    text = 'a@b.example\nBcc: all@example.com\nEve\x00\u202e <eve@example.net>\nnobody\n<>\n"x"@example.net\n@'
    people, wrong = read_people(text)
    assert people == [Person("", "a@b.example"), Person("Eve", "eve@example.net")]
    assert wrong == ["Bcc: all@example.com", "nobody", "<>", '"x"@example.net', "@"]


@pytest.mark.parametrize(
    "text", ["<" * 60_000, '"' * 60_000, "a@" * 30_000, "a <" * 20_000, ",\n;" * 20_000, " " * 60_000]
)
def test_reading_takes_no_longer_than_the_text_is_long(text):
    begun = timezone.now()
    read_people(text)
    assert timezone.now() - begun < timedelta(seconds=2)


def test_ten_thousand_are_too_many(alice):
    people, _ = read_people(",".join(f"p{number}@example.net" for number in range(10_000)))
    with pytest.raises(ValidationError) as refused:
        begin(alice, people)
    assert refused.value.code == "too_many"
    assert not Outreach.objects.exists()


# --- One ---


def test_writing_first_leaves_under_its_own_subject_and_without_a_greeting_of_ours(alice, carla, workshop, desk_row):
    ticket = write_first(
        Person("", "carla@example.org"), by=alice, subject="Your rim, {{ customer.first_name }}",
        body="Hello {{ customer.first_name }}, it is here.", team=workshop, is_mine=True, client_id="w1",
    )  # fmt: skip
    assert (ticket.customer, ticket.team, ticket.assignee, ticket.channel) == (carla, workshop, alice, "email")
    run_due_follow_ups()
    mail = Mail.objects.get()
    assert mail.subject == "Your rim, Carla"
    assert mail.text.startswith("Hello Carla, it is here.")
    assert mail.text.count("Hello") == 1
    assert write_first(Person("", "carla@example.org"), by=alice, subject="x", body="y", client_id="w1") == ticket
    assert Ticket.objects.count() == 1


# --- Several ---


def test_each_gets_a_ticket_and_a_mail_of_their_own(alice, workshop, desk_row):
    outreach = begin(alice, team=workshop, is_mine=True, body="Hello {{ customer.first_name | there }}.")
    assert write_outreaches() == 0  # it can be taken back for a moment
    due(outreach)
    assert write_outreaches() == 3
    assert write_outreaches() == 0
    assert set(outreach.rows.values_list("state", flat=True)) == {"sent"}
    tickets = list(Ticket.objects.order_by("pk"))
    assert [ticket.customer.email for ticket in tickets] == [person.email for person in THREE]
    assert {(ticket.team, ticket.assignee) for ticket in tickets} == {(workshop, alice)}
    run_due_follow_ups()
    mails = list(Mail.objects.filter(kind="reply").order_by("about"))
    assert len(mails) == 3
    for mail, person in zip(mails, THREE, strict=True):
        assert [one.email for one in mail.recipients.all()] == [person.email]
        others = [one.email for one in THREE if one != person]
        assert not any(other in mail.text + mail.html + str(mail.shown_cc) + str(mail.shown_to) for other in others)
    assert "Hello Nora." in mails[0].text
    assert "Hello there." in mails[1].text


def test_it_begins_once_and_can_be_stopped(alice, bob, desk_row):
    outreach = begin(alice)
    assert begin(alice, THREE[:1]) == outreach
    due(outreach)
    assert write_next_of(outreach, by=alice) is not None
    with pytest.raises(PermissionDenied):
        stop_outreach(outreach, by=bob)
    assert stop_outreach(outreach, by=alice) == 2
    assert stop_outreach(outreach, by=alice) == 2
    assert write_outreaches() == 0
    assert Ticket.objects.count() == 1


def test_a_worker_that_dies_leaves_neither_half_a_ticket_nor_a_doubled_one(alice, desk_row, monkeypatch):
    outreach = begin(alice)
    due(outreach)

    def die(*args: Any, **kwargs: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(OutreachRow, "save", die)
        with pytest.raises(SystemExit):
            write_next_of(outreach, by=alice)
    assert not Ticket.objects.exists()
    assert not Customer.objects.exists()
    assert write_outreaches() == 3
    assert Ticket.objects.count() == 3


def test_each_message_has_files_of_its_own(alice, desk_row, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = add_attachment(SimpleUploadedFile("offer.txt", b"42 euros"), by=alice)
    outreach = begin(alice, attachments=(str(file.pk),))
    assert discard_unsent(older_than=timezone.now() + timedelta(days=1)) == 0  # it is still needed
    due(outreach)
    write_outreaches()
    copies = Attachment.objects.filter(message__isnull=False)
    assert len({copy.file.name for copy in copies}) == 3
    assert {copy.file.read() for copy in copies} == {b"42 euros"}
    assert {copy.name for copy in copies} == {"offer.txt"}


def test_who_cannot_be_written_to_is_said_before(alice, carla, lea, desk_row):
    suppress("ole@example.net", reason=Why.BOUNCE)
    block_customer(carla, by=lea, is_blocked=True)
    with pytest.raises(ValidationError) as refused:
        begin(alice, [*THREE, Person("", "carla@example.org")])
    assert refused.value.code == "undeliverable"
    assert "ole@example.net" in refused.value.message
    assert "carla@example.org" in refused.value.message
    assert not Outreach.objects.exists()


def test_who_came_to_be_undeliverable_meanwhile_is_left_out(alice, desk_row):
    outreach = begin(alice)
    suppress("ole@example.net", reason=Why.COMPLAINT)
    due(outreach)
    assert write_outreaches() == 2
    row = outreach.rows.get(state="left")
    assert (row.email, row.reason) == ("ole@example.net", "It wants no mail from us.")
    assert find_by_email("ole@example.net") is None


def test_strangers_are_counted_and_those_we_know_are_not(alice, carla, dora, settings, desk_row):
    settings.NEW_RECIPIENTS_PER_HOUR = 3
    begin(alice)
    begin(alice, [Person("", "carla@example.org"), Person("", "dora@example.org")], client_id="o2")
    with pytest.raises(ValidationError) as refused:
        begin(alice, [Person("", "new@example.net"), Person("", "carla@example.org")], client_id="o3")
    assert refused.value.code == "rate_limited"
    assert Outreach.objects.count() == 2


# --- The page ---


def test_several_people_lead_to_a_page_that_tells_how_far_it_is(alice, bob, desk_row):
    asked = {"channel": "email", "to": ["Nora <nora@example.net>", "ole@example.net, pia@example.net"],
             "subject": "Your order", "body": "It leaves.", "client_id": "p1"}  # fmt: skip
    client = at(alice)
    answer = client.post("/tickets/new/", asked)
    outreach = Outreach.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/tickets/new/{outreach.pk}/")
    page = client.get(answer["Location"])
    assert "Undo" in page.text
    assert "nora@example.net" in page.text
    assert at(bob).get(answer["Location"]).status_code == 404
    assert "Taken back" in client.post(f"/tickets/new/{outreach.pk}/stop/", follow=True).text
    assert client.post("/tickets/new/", asked, HTTP_ACCEPT="application/json").json() == {"url": answer["Location"]}
    assert Outreach.objects.count() == 1


def test_a_script_is_told_what_is_wrong(alice, desk_row):
    answer = at(alice).post(
        "/tickets/new/",
        {"channel": "email", "to": "nobody", "subject": "x", "body": "y"},
        HTTP_ACCEPT="application/json",
    )
    assert answer.status_code == 422
    assert "No email address: nobody" in answer.json()["error"]["detail"]


def test_people_are_found_among_those_one_may_see(alice, charlie, ticket, dora):
    assert [one["email"] for one in at(alice).get("/tickets/new/people/?q=cort").json()["people"]] == [
        "carla@example.org"
    ]
    assert at(charlie).get("/tickets/new/people/?q=cort").json()["people"] == []
    suppress("dora@example.org", reason=Why.BOUNCE)
    said = at(alice).post("/tickets/new/people/", {"to": "Dora <DORA@example.org>, x"}).json()
    assert said == {
        "people": [{"name": "Dora", "email": "dora@example.org", "company": "", "trouble": "Mails to it come back."}],
        "wrong": ["x"],
    }


# --- Fields of the company's own ---


@pytest.fixture
def size(sue: Any, workshop: Any) -> Field:
    return create_field(by=sue, name="Size", kind="choice", team=workshop, options=["Small", "Large"])


@pytest.fixture
def weight(sue: Any) -> Field:
    return create_field(by=sue, name="Weight", kind="number")


NEW = {"channel": "email", "subject": "Your order", "body": "It leaves today.", "client_id": "n1"}


def test_each_ticket_gets_what_was_filled(alice, workshop, size, weight, desk_row):
    outreach = begin(alice, team=workshop, fields={"size": "Large", "weight": "12,50"})
    assert outreach.fields == {"size": "large", "weight": "12.5"}
    due(outreach)
    assert write_outreaches() == 3
    assert [ticket.fields for ticket in Ticket.objects.all()] == [{"size": "large", "weight": "12.5"}] * 3


@pytest.mark.parametrize("fields", [{"size": "Large"}, {"weight": "heavy"}, {"colour": "red"}])
def test_what_cannot_be_filled_is_refused_before_anything_is_promised(alice, shop, size, weight, fields, desk_row):
    with pytest.raises(ValidationError):
        begin(alice, team=shop, fields=fields)
    assert not Outreach.objects.exists()


def test_whom_a_field_keeps_from_being_written_to_is_said(alice, sue, workshop, weight, desk_row):
    outreach = begin(alice, fields={"weight": "12"})
    archive_field(weight, by=sue, is_archived=True)
    due(outreach)
    write_outreaches()
    assert set(outreach.rows.values_list("state", "reason")) == {
        ("left", "weight: There is no such field on this ticket.")
    }
    assert not Ticket.objects.exists()


def test_the_page_asks_for_everybodys_fields_and_those_of_teams(alice, shop, size, weight, sue):
    create_field(by=sue, name="Parts", kind="choices", options=["Tyre", "Tube"], help="What it was")
    page = at(alice).get("/tickets/new/").text
    assert page.count('class="own-field"') == 3
    assert f'data-of-team="{size.team_id}"' in page
    assert '<span class="hint not-scripted">Workshop</span>' in page
    fields = page[page.index("<legend>Fields") : page.index("</fieldset>", page.index("<legend>Fields"))]
    assert "required" not in fields
    assert "data-submits" not in fields
    assert "What it was" in fields


def test_without_fields_the_page_is_as_it_was(alice, ticket):
    assert "own-fields" not in at(alice).get("/tickets/new/").text


@pytest.mark.parametrize("how", [{"to": "nora@example.net"}, {"channel": "phone", "name": "Nora"}])
def test_one_ticket_begins_filled(alice, workshop, size, weight, how, desk_row):
    asked = NEW | how | {"team": str(workshop.pk), "field_size": "large", "field_weight": "12,5"}
    assert at(alice).post("/tickets/new/", asked).status_code == 303
    assert Ticket.objects.get().fields == {"size": "large", "weight": "12.5"}


def test_several_tickets_are_promised_filled(alice, workshop, size, weight, desk_row):
    asked = NEW | {"to": "nora@example.net, ole@example.net", "field_size": "", "field_weight": "12"}
    assert at(alice).post("/tickets/new/", asked).status_code == 303
    assert Outreach.objects.get().fields == {"weight": "12"}


@pytest.mark.parametrize("channel", ["email", "phone"])
def test_what_another_teams_field_was_given_is_refused_kindly_and_kept(alice, shop, size, weight, sue, channel):
    create_field(by=sue, name="Parts", kind="choices", options=["Tyre", "Tube"])
    asked = NEW | {"channel": channel, "to": "nora@example.net", "name": "Nora", "team": str(shop.pk)}
    typed = {"field_size": "large", "field_weight": "heavy", "field_parts": ["", "tube"]}
    answer = at(alice).post("/tickets/new/", asked | typed)
    assert answer.status_code == 422
    assert "Size: Only tickets of Workshop have this." in answer.text
    assert "Weight: This takes a number" in answer.text
    assert '<option value="large" selected>' in answer.text
    assert 'name="field_weight" value="heavy"' in answer.text
    assert 'value="tube" checked' in answer.text
    assert not Ticket.objects.exists()
    assert not Customer.objects.filter(name="Nora").exists()
    said = at(alice).post("/tickets/new/", asked | typed, HTTP_ACCEPT="application/json").json()
    assert "Size: Only tickets of Workshop have this." in said["error"]["detail"]
