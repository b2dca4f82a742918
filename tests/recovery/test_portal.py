"""What customers open from our mails: the offer, and the question afterwards. Scanners open nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from outbox.models import Mail
from recovery import tokens
from recovery.actions import decline_offer, draft_offer, mark_done, reopen_case, withdraw_offer, withdraw_unsent
from recovery.actions.offering import OptionDraft, send_offer
from recovery.emails import offer_url, survey_url
from recovery.jobs import send_surveys, take_back_unsent_offers
from recovery.models import Case, Offer, Pool, Remedy, Survey, Voucher
from tests.recovery.offering import at_once, credit, failed, sent, steps
from tickets.actions import open_ticket, post_message, resolve_ticket
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(ticket, alice, lea) -> Case:
    return failed(ticket, alice)


@pytest.fixture
def offer(case, alice) -> Offer:
    return sent(case, alice, "20", "25")


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def page_of(offer: Offer) -> str:
    return path(offer_url(offer))


def state_of(offer: Offer) -> str:
    return Offer.objects.get(pk=offer.pk).state


# --- The offer ---


def test_the_mail_leads_to_the_page_and_the_page_names_everything(client, offer):
    mail = Mail.objects.get(kind="service_notice")
    assert offer_url(offer) in mail.text
    assert offer_url(offer) in mail.html
    page = client.get(page_of(offer)).content.decode()
    for words in ("We sent the wrong tyre", "20 back", "25 back", "Just fix it", "Call me", "Open until"):
        assert words in page
    assert "noindex" in page


def test_the_mail_greets_once_and_sets_an_option_apart_from_what_explains_it(case, alice):
    case.ticket.customer.name = "Carla Costa"
    case.ticket.customer.save()
    words = "Carla, we sent the wrong tyre.\n\nWe are sorry."
    options = [credit("20", "€20 back\non your card\nby Friday"), credit("25", "€25 for your next visit")]
    send_offer(draft_offer(case, by=alice, words=words, options=options), by=alice)
    mail = Mail.objects.get(kind="service_notice")
    assert "Hello" not in mail.text
    assert "- €20 back\n  on your card\n  by Friday\n- €25 for your next visit\n- Or just" in mail.text
    assert mail.text.count("Carla") == 1


def test_one_press_chooses_and_a_second_shows_the_first(client, offer):
    one, other = offer.options.all()
    done = client.post(page_of(offer), {"choice": str(other.pk)})
    assert done.status_code == 200
    assert b"You chose" in done.content
    again = client.post(page_of(offer), {"choice": str(one.pk)}).content.decode()
    assert "25 back" in again
    assert "20 back" not in again
    assert [step for step, _ in steps(offer)] == ["reserve", "issue"]
    assert Event.objects.filter(type="offer.accepted").count() == 1
    assert b"25 back" in client.get(page_of(offer)).content


def test_scanners_that_follow_each_link_accept_nothing(client, offer):
    """As mail filters do: the page, each address on it, with every safe method."""
    for _ in range(3):
        for method in ("get", "head", "options"):
            getattr(client, method)(page_of(offer))
    one = offer.options.first()
    client.get(page_of(offer), {"choice": str(one.pk)})
    assert state_of(offer) == "sent"
    assert [step for step, _ in steps(offer)] == ["reserve"]


def test_a_post_from_another_page_chooses_nothing(offer):
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(page_of(offer), {"choice": str(offer.options.first().pk)})
    assert answer.status_code == 403
    assert state_of(offer) == "sent"


@pytest.mark.parametrize(
    ("choice", "shown"), [("just_fix", b"We fix it"), ("call_me", b"We call you"), ("no", b"leave it at that")]
)
def test_there_are_answers_beside_the_money(client, offer, choice, shown):
    page = client.post(page_of(offer), {"choice": choice, "note": "06 1234, after six"})
    assert shown in page.content
    answered = Offer.objects.get(pk=offer.pk)
    assert (answered.state, answered.answer, answered.answer_note) == ("declined", choice, "06 1234, after six")
    assert [step for step, _ in steps(offer)] == ["reserve", "void"]
    later = client.post(page_of(offer), {"choice": str(offer.options.first().pk)})
    assert shown in later.content


@pytest.mark.parametrize("choice", ["", "0", "99999999", "accepted", "'; --", "1e3", "١", "5\x00"])
def test_what_is_none_of_the_choices_is_told(client, offer, choice):
    answer = client.post(page_of(offer), {"choice": choice, "note": "my number"})
    assert answer.status_code == 422
    assert b"my number" in answer.content
    assert state_of(offer) == "sent"


def test_another_offers_option_is_none_of_the_choices(client, offer, bob, workshop, dora):
    theirs = sent(failed(_ticket_of(dora, workshop), bob), bob, "15")
    assert client.post(page_of(offer), {"choice": str(theirs.options.get().pk)}).status_code == 422
    assert state_of(offer) == state_of(theirs) == "sent"


def _ticket_of(customer: Any, team: Any) -> Ticket:
    return open_ticket(customer, by=customer, body="Mine is broken, too.", channel="email", team=team)


def test_a_link_dies_with_its_offer(client, offer, case, alice):
    old = page_of(offer)
    newer = sent(case, alice, "22")
    assert b"We have changed what we offer" in client.get(old).content
    client.post(old, {"choice": str(offer.options.first().pk)})
    assert state_of(offer) == "withdrawn"
    withdraw_offer(newer, by=alice)
    client.post(page_of(newer), {"choice": str(newer.options.get().pk)})
    assert state_of(newer) == "withdrawn"
    assert Event.objects.filter(type="offer.accepted").count() == 0


def test_a_link_ends_with_its_time(client, offer):
    with time_machine.travel(offer.expires_at + timedelta(seconds=1)):
        assert b"not open any more" in client.get(page_of(offer)).content
        page = client.post(page_of(offer), {"choice": str(offer.options.first().pk)})
        assert b"not open any more" in page.content
    assert state_of(offer) == "sent"  # until the clock says so


def test_what_was_not_sent_has_no_page(client, case, alice):
    draft = draft_offer(case, by=alice, words="Sorry.", options=[OptionDraft("gift", "A bell", Decimal(5))])
    assert client.get(page_of(draft)).status_code == 404
    assert client.post(page_of(draft), {"choice": str(draft.options.get().pk)}).status_code == 404


def test_links_cannot_be_made(client, offer, case):
    nonce = offer.nonce.hex
    survey_token = tokens.sign(offer.nonce, tokens.SURVEY)
    good = tokens.sign(offer.nonce, tokens.OFFER)
    for token in (nonce, f"{nonce}:x", survey_token, good[:-1], good + "x", str(offer.pk), "x" * 3000):
        assert client.get(f"/offer/{token}/").status_code == 404
    assert len(tokens.sign(offer.nonce, tokens.OFFER).partition(":")[2]) >= 43  # 256 bits of a signature
    assert str(case.ticket_id) not in good


def test_who_is_blocked_chooses_nothing(client, offer, carla):
    carla.is_blocked = True
    carla.save()
    assert client.post(page_of(offer), {"choice": str(offer.options.first().pk)}).status_code == 404
    assert state_of(offer) == "sent"


def test_what_an_agent_writes_is_only_ever_text(client, case, alice):
    evil = "<script>alert(1)</script>"
    made = draft_offer(
        case, by=alice, words=f"Sorry {evil}\n{evil}", options=[OptionDraft("gift", f"{evil}\n{evil}", Decimal(5))]
    )
    send_offer(made, by=alice)
    assert evil not in client.get(page_of(made)).content.decode()
    assert evil not in Mail.objects.get(dedupe_key=f"offer-{made.pk}").html


def test_a_code_is_shown_to_whoever_chose_it_and_mailed_once(client, case, alice, code_option):
    made = draft_offer(case, by=alice, words="Sorry.", options=[code_option])
    send_offer(made, by=alice)
    assert b"SPOKE-1" not in client.get(page_of(made)).content
    client.post(page_of(made), {"choice": str(made.options.get().pk)})
    assert b"SPOKE-1" in client.get(page_of(made)).content
    client.post(page_of(made), {"choice": str(made.options.get().pk)})
    mail = Mail.objects.get(kind="accepted")
    assert "SPOKE-1" in mail.text


@pytest.fixture
def code_option(db) -> OptionDraft:
    pool = Pool.objects.create(name="Spokes", currency="EUR", value=15)
    Voucher.objects.create(pool=pool, code="SPOKE-1")
    remedy = Remedy.objects.create(
        kind="voucher", name="Spokes", words="A voucher", pool=pool, currency="EUR", value=15
    )
    return OptionDraft("voucher", "A voucher for the shop", Decimal(15), remedy)


@pytest.mark.django_db(transaction=True)
def test_many_presses_at_once_give_once(offer):
    one, other = offer.options.all()
    presses = [
        lambda option=option: Client().post(page_of(offer), {"choice": str(option)})
        for option in [one.pk, other.pk, "just_fix", one.pk, "no", other.pk]
    ]
    answers = at_once(*presses)
    assert [answer.status_code for answer in answers] == [200] * len(presses)
    assert Event.objects.filter(type__in=["offer.accepted", "offer.declined"]).count() == 1
    ended = Offer.objects.get(pk=offer.pk)
    assert [step for step, _ in steps(offer)] == ["reserve", "issue" if ended.chosen else "void"]


# --- The question afterwards ---


def accepted(offer: Offer, client: Client) -> Offer:
    client.post(page_of(offer), {"choice": str(offer.options.last().pk)})
    return Offer.objects.get(pk=offer.pk)


def asked(offer: Offer, alice: Any) -> Survey:
    """The question, sent when it is due."""
    mark_done(offer, by=alice)
    Ticket.objects.update(waiting_since=None, answer_due_at=None)
    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1)):
        assert send_surveys() == 1
        assert send_surveys() == 0
    return Survey.objects.get()


def test_three_days_later_they_are_asked_once(client, offer, alice):
    survey = asked(accepted(offer, client), alice)
    mail = Mail.objects.get(kind="survey")
    assert survey_url(survey) in mail.text
    assert (survey.state, mail.is_at_most_once, mail.is_automatic) == ("sent", True, True)
    assert Event.objects.filter(type="survey.sent").count() == 1


def test_nobody_is_asked_while_they_wait_or_while_it_is_not_done(client, offer, alice):
    accepted(offer, client)
    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1)):
        assert send_surveys() == 0  # they wait, and it is not done
    Ticket.objects.update(waiting_since=None, answer_due_at=None)
    with time_machine.travel(timezone.now() + timedelta(days=5)):
        assert send_surveys() == 0  # it is not done
    with time_machine.travel(timezone.now() + timedelta(days=12)):
        assert send_surveys() == 1  # somebody has forgotten to say so


def test_a_good_answer_verifies_and_closes(client, offer, alice):
    survey = asked(accepted(offer, client), alice)
    page = client.get(path(survey_url(survey))).content.decode()
    assert "Was it fair?" in page
    answer = {"is_right": "yes", "satisfaction": "5", "fairness": "4", "effort": "2", "comment": "Thanks"}
    assert client.post(path(survey_url(survey)), answer).status_code == 200
    survey.refresh_from_db()
    assert (survey.state, survey.is_right, survey.satisfaction, survey.fairness, survey.ease, survey.effort) == (
        "answered", True, 5, 4, None, 2,
    )  # fmt: skip
    case = Case.objects.get()
    assert (case.state, case.verified_at is not None) == ("closed", True)
    client.post(path(survey_url(survey)), {"is_right": "no"})
    assert Survey.objects.get().is_right is True


@pytest.mark.parametrize("answer", [{"is_right": "no"}, {"is_right": "yes", "satisfaction": "2"}])
def test_a_bad_answer_reopens_with_a_senior_person_and_sends_nothing(client, offer, alice, lea, answer):
    survey = asked(accepted(offer, client), alice)
    resolve_ticket(survey.case.ticket, by=alice, root_cause=None)
    Mail.objects.all().delete()
    client.post(path(survey_url(survey)), answer | {"comment": "The loan wheel squeaks."})
    case = Case.objects.get()
    assert (case.state, case.owner, case.is_second_failure, case.reopened_count) == ("detected", lea, True, 1)
    assert not Ticket.objects.get().is_solved
    assert not Mail.objects.exists()
    assert not Survey.objects.filter(state="scheduled").exists()


@pytest.mark.parametrize(
    "answer", [{}, {"is_right": "maybe"}, {"is_right": "yes", "ease": "6"}, {"is_right": "yes", "effort": "x"}]
)
def test_what_is_no_answer_is_told(client, offer, alice, answer):
    survey = asked(accepted(offer, client), alice)
    page = client.post(path(survey_url(survey)), answer | {"comment": "my words"})
    assert page.status_code == 422
    assert b"my words" in page.content
    assert Survey.objects.get().state == "sent"


def test_questions_are_answered_by_their_link_alone(client, offer, alice):
    survey = asked(accepted(offer, client), alice)
    assert client.get(f"/survey/{tokens.sign(survey.nonce, tokens.OFFER)}/").status_code == 404
    assert client.get(f"/survey/{survey.nonce.hex}/").status_code == 404
    for method in ("get", "head", "options"):
        getattr(client, method)(path(survey_url(survey)) + "?is_right=yes")
    assert Survey.objects.get().state == "sent"
    with time_machine.travel(survey.expires_at + timedelta(minutes=1)):
        assert b"not open any more" in client.post(path(survey_url(survey)), {"is_right": "yes"}).content
        send_surveys()
    assert Survey.objects.get().state == "expired"


def test_who_wants_nothing_is_asked_nothing(offer, carla):
    decline_offer(offer, by=carla, answer="no")
    assert not Survey.objects.exists()


def test_whose_case_was_taken_up_again_is_called_and_not_mailed(client, offer, alice, lea, carla):
    accepted(offer, client)
    reopen_case(Case.objects.get(), by=lea, why="She wrote that it broke.")
    post_message(offer.case.ticket, by=alice, body="I call you.")
    with time_machine.travel(timezone.now() + timedelta(days=4)):
        assert send_surveys() == 0
    assert (Survey.objects.get().state, Survey.objects.get().reason) == ("cancelled", "taken up again")


# --- Without an address ---


def test_a_guest_in_a_chat_gets_the_link_there(client, chat_ticket, alice, carla):
    carla.addresses.all().delete()
    offer = sent(failed(chat_ticket, alice), alice, "20")
    said = chat_ticket.messages.order_by("-pk").first()
    assert offer_url(offer) in said.body
    assert (said.by_user, said.kind) == (alice, "reply")
    assert not Mail.objects.filter(dedupe_key=f"offer-{offer.pk}").exists()
    assert b"You chose" in client.post(page_of(offer), {"choice": str(offer.options.get().pk)}).content


def test_whom_nobody_can_reach_is_offered_nothing(case, alice, carla):
    carla.addresses.all().delete()
    with pytest.raises(ValidationError) as refused:
        sent(case, alice, "20")
    assert refused.value.code == "no_address"
    assert Offer.objects.get().state == "draft"
    assert steps(Offer.objects.get()) == []


def test_one_offer_that_cannot_be_taken_back_does_not_hold_up_the_others(case, alice, bob, dora, workshop, monkeypatch):
    first, second = sent(case, alice, "20"), sent(failed(_ticket_of(dora, workshop), bob), bob, "15")
    Mail.objects.update(state="cancelled")

    def broken_but(offer: Offer) -> Offer:
        if offer.pk == first.pk:
            raise RuntimeError
        return withdraw_unsent(offer)

    monkeypatch.setattr("recovery.jobs.withdraw_unsent", broken_but)
    assert take_back_unsent_offers() == 1
    assert (state_of(first), state_of(second)) == ("sent", "withdrawn")
