"""The words of a ticket follow whatever changes them, whichever way it was changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from customers.actions import change_customer, claim_address, create_guest
from tickets.actions import add_attachment, index_due, merge_guest, open_ticket, post_message, tag_ticket
from tickets.actions.uniting import merge_ticket, undo_merge
from tickets.models import Message, Tag, Ticket, TicketWords, WordsDue
from tickets.queries.excerpts import excerpts
from tickets.queries.filtering import understand, words_query
from tickets.queries.searching import search_page
from tickets.search_words import fold

pytestmark = pytest.mark.django_db


def index() -> None:
    while index_due():
        pass


def index_elsewhere() -> int:
    """What another process would get done now."""

    def work() -> int:
        try:
            return index_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(timeout=10)


def finds(user, text: str) -> list[int]:
    index()
    query = words_query(understand(text, user))
    return list(TicketWords.objects.filter(vector=query).order_by("pk").values_list("pk", flat=True))


def test_what_a_new_ticket_says_is_found(ticket, alice):
    for text in ("tyre", "ordered", "carla", "cortez", "carla@example.org", "TYRE is wron"):
        assert finds(alice, text) == [ticket.pk], text
    assert finds(alice, "wheel") == []
    assert not WordsDue.objects.exists(), "what is done is off the list"


def test_replies_and_notes_are_found(ticket, alice):
    post_message(ticket, by=alice, body="We send another one by Zeppelin.")
    post_message(ticket, by=alice, body="She sounded glum.", kind="note")
    assert finds(alice, "zeppelin") == finds(alice, "glum") == finds(alice, "ordered") == [ticket.pk]


def test_words_that_are_blacked_out_are_not_found_any_more(ticket, alice):
    assert finds(alice, "47") == [ticket.pk]
    Message.objects.filter(ticket=ticket).update(body="█████")
    assert finds(alice, "47") == []
    Message.objects.filter(ticket=ticket).update(body="A card")
    assert finds(alice, "card") == [ticket.pk]


def test_a_new_subject_takes_the_old_ones_place(ticket, alice):
    index()
    ticket.subject = "The saddle is wrong"
    ticket.save(update_fields=["subject"])
    assert finds(alice, "saddle") == [ticket.pk]
    assert finds(alice, "tyre") == []


def test_tags_come_and_go_and_are_renamed(ticket, alice):
    tag_ticket(ticket, by=alice, tags=["warranty"])
    assert finds(alice, "warranty") == [ticket.pk]
    Tag.objects.filter(name="warranty").update(name="guarantee")
    assert finds(alice, "guarantee") == [ticket.pk]
    assert finds(alice, "warranty") == []
    tag_ticket(ticket, by=alice, tags=[])
    assert finds(alice, "guarantee") == []


def test_a_customers_new_name_and_addresses_are_found_on_all_their_tickets(ticket, alice, carla):
    second = open_ticket(carla, by=carla, subject="Another", body="Thing", channel="email")
    change_customer(carla, by=alice, name="Carla Zamora")
    claim_address(carla, email="zamora@example.net")
    assert finds(alice, "zamora") == finds(alice, "zamora@example.net") == [ticket.pk, second.pk]
    assert finds(alice, "cortez") == []
    carla.addresses.filter(email="zamora@example.net").delete()
    assert finds(alice, "zamora@example.net") == []


def test_a_guest_who_turns_out_to_be_somebody_is_found_as_them(carla, alice, site):
    guest = create_guest(name="Visitor from Vigo")
    theirs = open_ticket(guest, by=guest, body="Hello?", channel="chat", site=site)
    assert finds(alice, "vigo") == [theirs.pk]
    merge_guest(guest, into=carla, how="code", where="the shop")
    assert finds(alice, "cortez") == [theirs.pk]
    assert finds(alice, "vigo") == []


def test_names_of_files_are_found(ticket, alice, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = add_attachment(SimpleUploadedFile("Rechnung-2026.pdf", b"%PDF-1.4 x"), by=alice)
    assert finds(alice, "rechnung") == []
    message = post_message(ticket, by=alice, body="Here", attachments=(str(file.pk),))
    assert finds(alice, "rechnung") == finds(alice, "file:2026.pdf") == [ticket.pk]
    assert finds(alice, "file:here") == []
    message.attachments.all().delete()
    assert finds(alice, "rechnung") == []


def test_a_ticket_of_any_length_can_be_written_down(ticket, alice):
    rare = "".join(chr(code) for code in range(0x1F00, 0x1FFF) if chr(code).isalnum())
    bodies = [" ".join(f"{rare[n % 90 : n % 90 + 9]}{n}x{m}" for m in range(900))[:20_000] for n in range(30)]
    Message.objects.bulk_create(Message(ticket=ticket, body=body, by_user=alice) for body in bodies)
    Message.objects.create(ticket=ticket, body="w" * 20_000, by_user=alice)
    Message.objects.create(ticket=ticket, body="the newest", by_user=alice)
    assert finds(alice, "newest") == [ticket.pk]


def test_a_batch_of_messages_makes_one_row_a_ticket(ticket, alice):
    index()
    Message.objects.bulk_create(Message(ticket=ticket, body=f"{n}", by_user=alice) for n in range(50))
    assert WordsDue.objects.count() == 1


def test_what_is_rolled_back_was_never_due(ticket, alice):
    index()
    with transaction.atomic():
        post_message(ticket, by=alice, body="No")
        transaction.set_rollback(True)
    assert not WordsDue.objects.exists()


def test_tickets_that_are_gone_are_passed_over(ticket):
    WordsDue.objects.create(number=ticket.pk + 1000)
    index()
    assert not WordsDue.objects.exists()
    assert TicketWords.objects.count() == Ticket.objects.count()


@pytest.mark.django_db(transaction=True)
def test_only_one_writes_words_at_a_time(ticket):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7302)")
        assert index_elsewhere() == 0
    assert index_elsewhere() > 0
    assert TicketWords.objects.filter(pk=ticket.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_words_of_a_change_that_is_not_committed_are_not_lost(ticket, alice):
    index_elsewhere()
    with transaction.atomic():
        post_message(ticket, by=alice, body="Zeppelin")
        assert index_elsewhere() == 0, "nobody else sees it yet, and nobody waits for it"
    assert finds(alice, "zeppelin") == [ticket.pk]


def test_an_index_of_folded_words(ticket, alice):
    index()
    held = TicketWords.objects.get(pk=ticket.pk).vector
    assert all(f"'{word}'" in held for word in fold(ticket.subject).split())


def test_what_was_said_on_a_merged_ticket_is_found_on_the_one_that_goes_on(ticket, alice, carla, workshop):
    second = open_ticket(carla, by=carla, subject="Zeppelin", body="And a card", channel="email", team=workshop)
    third = open_ticket(carla, by=carla, subject="Third", body="Words", channel="email", team=workshop)
    merge_ticket(second, by=alice, into=third)
    merge_ticket(third, by=alice, into=ticket)
    assert finds(alice, "card") == [ticket.pk, second.pk, third.pk]
    Message.objects.filter(ticket=second).update(body="a stamp")
    assert finds(alice, "stamp") == [ticket.pk, second.pk, third.pk]
    search = understand("stamp", alice)
    found = search_page(Ticket.objects.visible_to(alice), alice, search).tickets
    assert found == [ticket], "only the one that goes on is listed"
    assert excerpts(found, alice, search)[ticket.pk].line == []
    undo_merge(third, by=alice)
    assert finds(alice, "stamp") == [second.pk, third.pk]
