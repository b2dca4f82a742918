"""Every way a try can end, against a real server that fails at each step (reliability row 54)."""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from outbox import claims
from outbox.actions import suppress
from outbox.jobs import send_due
from outbox.models import Mail, Suppression
from outbox.policy import NotYet, Why
from outbox.tasks import deliver, send_claimed
from outbox.transport import NoServerError, Result, Session, Verdict, Ways
from tests.outbox.conftest import (
    Fault,
    Server,
    again,
    end_leases,
    fall_silent,
    free_port,
    hang_up,
    make_due,
    recipient_states,
)

pytestmark = pytest.mark.django_db
Promise = Callable[..., Mail]


def message_ids(smtp: Server) -> list[str]:
    return [str(message_from_bytes(taken.content)["Message-ID"]) for taken in smtp.taken]


def waits(mail: Mail) -> timedelta:
    return again(mail).next_at - timezone.now()


def test_a_mail_leaves_once_with_its_own_message_id(smtp: Server, promise: Promise) -> None:
    mail = promise()
    assert send_due() == 1
    sent = again(mail)
    assert (sent.state, sent.attempts, sent.smtp_reply) == ("sent", 1, "250 2.0.0 Taken")
    assert sent.sent_at is not None
    assert sent.data_started_at is not None
    assert sent.data_started_at <= sent.sent_at
    assert message_ids(smtp) == [mail.message_id]
    assert send_due() == 0
    deliver(str(mail.pk))
    assert len(smtp.taken) == 1


def test_a_mail_for_later_stays(smtp: Server, promise: Promise) -> None:
    mail = promise(send_at=timezone.now() + timedelta(minutes=5))
    deliver(str(mail.pk))
    assert send_due() == 0
    make_due()
    assert send_due() == 1


def test_a_batch_uses_one_connection(smtp: Server, promise: Promise) -> None:
    for _ in range(5):
        promise()
    assert send_due() == 5
    assert (len(smtp.taken), smtp.connections) == (5, 1)


def test_a_connection_that_broke_between_two_mails_is_opened_again(smtp: Server, promise: Promise) -> None:
    with Session({**_options(smtp)}) as session:
        assert session.send("a@x.example", ["b@x.example"], b"Subject: 1\r\n\r\n", before_data=lambda wanted: True)
        session._smtp.sock.close()  # type: ignore[union-attr]
        session.send("a@x.example", ["b@x.example"], b"Subject: 2\r\n\r\n", before_data=lambda wanted: True)
    assert len(smtp.taken) == 2


def _options(smtp: Server) -> dict[str, Any]:
    return {
        "host": "127.0.0.1", "port": smtp.port, "user": "", "password": "",
        "use_tls": False, "use_ssl": False, "timeout": 1,
    }  # fmt: skip


# --- Surely not taken: tried again, whatever the kind -----------------------------------------


@pytest.mark.parametrize("kind", ["reply", "offer"])
@pytest.mark.parametrize(
    "fault",
    [
        {"at_mail": "451 4.3.0 Not now"},
        {"at_mail": "530 5.7.0 Authentication required"},
        {"at_recipient": {"carla@example.com": "450 4.2.1 Greylisted"}},
        {"at_recipient": {"carla@example.com": "421 4.3.2 Closing"}},
        {"at_recipient": {"carla@example.com": hang_up}},
        {"at_recipient": {"carla@example.com": fall_silent}},
        {"at_data_command": "451 4.3.0 Not now"},
        {"at_data": "452 4.3.1 No room"},
        {"at_data": "421 4.3.2 Closing"},
    ],
    ids=lambda fault: re.sub(" at 0x[0-9a-f]+", "", str(fault)),  # the same in every worker
)
def test_what_was_surely_not_taken_is_tried_again(
    smtp: Server, promise: Promise, fault: dict[str, Any], kind: str
) -> None:
    mail = promise(kind=kind)
    for name, value in fault.items():
        setattr(smtp, name, value)
    send_due()
    assert again(mail).state == "pending"
    assert recipient_states(mail) == {"carla@example.com": "pending"}
    assert timedelta(seconds=40) < waits(mail) < timedelta(seconds=80)
    assert smtp.taken == []

    smtp.at_mail = smtp.at_data_command = smtp.at_data = ""
    smtp.at_recipient = {}
    make_due()
    send_due()
    assert again(mail).state == "sent"
    assert message_ids(smtp) == [mail.message_id]


def test_without_a_server_one_mail_is_tried_and_the_rest_keeps_its_turn(settings: Any, promise: Promise) -> None:
    settings.OUTBOX_SMTP = {**_options(Server()), "port": free_port()}
    mails = [promise() for _ in range(3)]
    assert send_due() == 1
    assert sorted(again(mail).attempts for mail in mails) == [0, 0, 1]
    assert {again(mail).state for mail in mails} == {"pending"}
    assert "refused" in next(again(mail).smtp_reply for mail in mails if again(mail).attempts)


def test_a_sign_in_that_fails_is_no_reason_to_lose_the_mail(smtp: Server, settings: Any, promise: Promise) -> None:
    settings.OUTBOX_SMTP |= {"user": "desk", "password": "wrong"}
    mail = promise()
    send_due()
    assert again(mail).state == "pending"
    assert "wrong" not in again(mail).smtp_reply


def test_the_wait_grows_and_ends_in_giving_up(smtp: Server, promise: Promise) -> None:
    smtp.at_data = "451 4.3.0 Not now"
    mail = promise()
    seen = []
    for _ in range(8):
        send_due()
        seen.append(round(waits(mail) / timedelta(minutes=1)))
        make_due()
    assert seen[:7] == sorted(seen[:7])
    assert seen[0] <= 2
    assert 24 * 60 * 0.8 <= seen[-1] <= 24 * 60 * 1.2
    Mail.objects.update(give_up_at=timezone.now())
    send_due()
    assert again(mail).state == "failed"
    assert recipient_states(mail) == {"carla@example.com": "failed"}
    assert set(Mail.objects.undelivered()) == {mail}


# --- Refused for good -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "is_suppressed"),
    [
        ({"at_mail": "550 5.7.1 Sender not welcome"}, False),
        ({"at_recipient": {"carla@example.com": "550 5.1.1 No such person"}}, True),
        ({"at_recipient": {"carla@example.com": "550 No such person"}}, True),
        ({"at_recipient": {"carla@example.com": "550 5.7.1 Your server is on a list"}}, False),
        ({"at_recipient": {"carla@example.com": "552 5.2.2 Mailbox full"}}, False),
        ({"at_data_command": "554 5.5.1 No"}, False),
        ({"at_data": "554 5.6.0 Looks like spam"}, False),
    ],
    ids=str,
)
def test_a_refusal_is_final_and_a_dead_address_is_remembered(
    smtp: Server, promise: Promise, fault: dict[str, Any], is_suppressed: bool
) -> None:
    mail = promise()
    for name, value in fault.items():
        setattr(smtp, name, value)
    send_due()
    assert again(mail).state == "failed"
    assert recipient_states(mail) == {"carla@example.com": "failed"}
    assert Suppression.objects.filter(email="carla@example.com", reason="bounce").exists() is is_suppressed
    make_due()
    assert send_due() == 0


def test_every_recipient_has_a_fate_of_its_own(smtp: Server, promise: Promise) -> None:
    people = [("", f"{name}@example.com") for name in ("good", "late", "dead")]
    mail = promise(to=people, kind="offer")
    smtp.at_recipient = {"late@example.com": "450 4.2.1 Greylisted", "dead@example.com": "550 5.1.1 Nobody"}
    send_due()
    assert recipient_states(mail) == {
        "good@example.com": "sent",
        "late@example.com": "pending",
        "dead@example.com": "failed",
    }
    assert again(mail).state == "pending"
    smtp.at_recipient = {}
    make_due()
    send_due()
    assert [taken.to for taken in smtp.taken] == [["good@example.com"], ["late@example.com"]]
    assert set(message_ids(smtp)) == {mail.message_id}
    assert again(mail).state == "sent"
    assert set(Mail.objects.undelivered()) == {mail}


# --- Perhaps taken --------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [hang_up, fall_silent])
def test_a_doubtful_offer_is_never_sent_again(smtp: Server, promise: Promise, fault: Fault) -> None:
    mail = promise(kind="offer")
    smtp.at_data = fault
    send_due()
    assert again(mail).state == "unknown"
    assert recipient_states(mail) == {"carla@example.com": "unknown"}
    smtp.at_data = ""
    make_due()
    end_leases()
    assert send_due() == 0
    deliver(str(mail.pk))
    assert len(smtp.taken) == 1


@pytest.mark.parametrize("fault", [hang_up, fall_silent])
def test_a_doubtful_answer_is_sent_again_as_the_same_message(smtp: Server, promise: Promise, fault: Fault) -> None:
    mail = promise()
    smtp.at_data = fault
    send_due()
    assert again(mail).state == "pending"
    smtp.at_data = ""
    make_due()
    send_due()
    assert again(mail).state == "sent"
    assert message_ids(smtp) == [mail.message_id] * 2


def test_a_server_that_never_confirms_gets_an_answer_three_times_at_most(smtp: Server, promise: Promise) -> None:
    mail = promise()
    smtp.at_data = hang_up
    for _ in range(6):
        send_due()
        make_due()
    assert again(mail).state == "unknown"
    assert message_ids(smtp) == [mail.message_id] * 3


# --- Guards ---------------------------------------------------------------------------------


def they_wrote(mail: Mail) -> str | None:
    return "They wrote in the meantime." if mail.about == "ticket:42" else None


def broken(mail: Mail) -> str | None:
    raise RuntimeError("no idea")


def test_a_guard_is_asked_again_when_sending(smtp: Server, promise: Promise, settings: Any) -> None:
    settings.OUTBOX_GUARDS = {"follow_up": f"{__name__}.they_wrote"}
    forbidden = promise(kind="follow_up", about="ticket:42", is_secret=True)
    allowed = promise(kind="follow_up", about="ticket:43")
    unguarded = promise(kind="reply", about="ticket:42")
    send_due()
    assert [again(mail).state for mail in (forbidden, allowed, unguarded)] == ["cancelled", "sent", "sent"]
    assert again(forbidden).reason == "They wrote in the meantime."
    assert again(forbidden).text == ""
    assert recipient_states(forbidden) == {"carla@example.com": "cancelled"}
    assert smtp.offers == 2


def tomorrow(mail: Mail) -> NotYet:
    return NotYet(mail.created_at + timedelta(days=1), "It is night where they are.")


def test_a_guard_can_let_a_mail_wait(smtp: Server, promise: Promise, settings: Any) -> None:
    settings.OUTBOX_GUARDS = {"offer": f"{__name__}.tomorrow"}
    mail = promise(kind="offer")
    patience = mail.give_up_at - mail.next_at
    send_due()
    waiting = again(mail)
    assert (waiting.state, waiting.reason, waiting.lease_until) == ("pending", "It is night where they are.", None)
    assert waiting.next_at == mail.created_at + timedelta(days=1)
    assert waiting.give_up_at - waiting.next_at >= patience - timedelta(seconds=1)
    assert recipient_states(mail) == {"carla@example.com": "pending"}
    settings.OUTBOX_GUARDS = {}
    with time_machine.travel(waiting.next_at + timedelta(minutes=1)):
        send_due()
        send_due()
    assert (again(mail).state, smtp.offers) == ("sent", 1)


def test_a_guard_that_breaks_holds_the_mail_and_not_the_others(smtp: Server, promise: Promise, settings: Any) -> None:
    settings.OUTBOX_GUARDS = {"offer": f"{__name__}.broken"}
    mail, other = promise(kind="offer"), promise()
    send_due()
    assert (again(mail).state, again(other).state) == ("pending", "sent")


@pytest.mark.parametrize("why", [Why.UNSUBSCRIBED, Why.BOUNCE])
def test_who_is_suppressed_between_promise_and_sending_gets_nothing(smtp: Server, promise: Promise, why: Why) -> None:
    alone = promise(kind="offer", to="carla@example.com")
    both = promise(kind="offer", to=[("", "carla@example.com"), ("", "dora@example.com")])
    suppress("Carla@example.com", reason=why)
    send_due()
    assert [taken.to for taken in smtp.taken] == [["dora@example.com"]]
    assert (again(alone).state, again(both).state) == ("cancelled", "sent")
    assert recipient_states(both) == {"carla@example.com": "suppressed", "dora@example.com": "sent"}


# --- Secrets --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind", "state"),
    [("", "account", "sent"), ("554 No", "account", "failed"), (hang_up, "offer", "unknown")],
)
def test_a_secret_is_wiped_once_its_mail_has_ended(
    smtp: Server, promise: Promise, fault: str | Fault, kind: str, state: str
) -> None:
    mail = promise(kind=kind, is_secret=True, text="https://desk.example/reset/abc", html="<a>abc</a>")
    smtp.at_data = fault
    send_due()
    ended = again(mail)
    assert (ended.state, ended.text, ended.html, ended.subject) == (state, "", "", "Your tyre")


def test_a_secret_that_waits_keeps_its_words(smtp: Server, promise: Promise) -> None:
    mail = promise(is_secret=True)
    smtp.at_data = "451 Later"
    send_due()
    assert again(mail).text == "It leaves today."


# --- Leases ---------------------------------------------------------------------------------


def claimed(mail: Mail) -> Mail:
    taken = claims.claim(Mail.objects.filter(pk=mail.pk))
    assert taken is not None
    return taken


def test_a_claim_is_exclusive(promise: Promise) -> None:
    mail = promise()
    assert claims.claim(Mail.objects.all()) is not None
    assert claims.claim(Mail.objects.all()) is None
    assert again(mail).state == "sending"


@pytest.mark.parametrize("kind", ["reply", "offer"])
def test_a_sender_that_died_before_the_text_left_is_replaced_at_once(smtp: Server, promise: Promise, kind: str) -> None:
    mail = promise(kind=kind)
    claimed(mail)
    assert send_due() == 0  # its lease still runs
    end_leases()
    assert send_due() == 1
    assert again(mail).state == "sent"
    assert len(smtp.taken) == 1


@pytest.mark.parametrize(("kind", "state"), [("reply", "pending"), ("offer", "unknown")])
def test_a_sender_that_died_after_the_text_left_is_in_doubt(
    smtp: Server, promise: Promise, kind: str, state: str
) -> None:
    mail = promise(kind=kind, to=[("", "carla@example.com")])
    assert claims.begin_data(claimed(mail), ["carla@example.com"])
    end_leases()
    send_due()
    assert again(mail).state == state
    assert recipient_states(mail) == {"carla@example.com": state}
    assert smtp.taken == []


def test_a_sender_that_was_frozen_past_its_lease_does_not_begin(smtp: Server, promise: Promise) -> None:
    mail = promise(kind="offer")
    frozen = claimed(mail)
    end_leases()
    assert not claims.begin_data(frozen, ["carla@example.com"])
    send_due()
    assert again(mail).state == "sent"
    assert not claims.begin_data(frozen, ["carla@example.com"])
    claims.put_back(frozen, reason="late")
    claims.cancel_claimed(frozen, reason="late")
    assert again(mail).state == "sent"
    assert len(smtp.taken) == 1


def test_a_sender_that_lost_its_lease_leaves_the_next_ones_claim_alone(promise: Promise) -> None:
    mail = promise()
    frozen = claimed(mail)
    end_leases()
    claims.release_abandoned(timezone.now())
    successor = claimed(mail)
    claims.put_back(frozen, reason="late")
    claims.cancel_claimed(frozen, reason="late")
    claims.record(frozen, {"carla@example.com": Result(Verdict.NEVER, "550 5.1.1 Nobody", is_hard_bounce=True)})
    assert (again(mail).state, again(mail).attempts) == ("sending", successor.attempts)
    assert recipient_states(mail) == {"carla@example.com": "pending"}
    assert not Suppression.objects.exists()


def test_nothing_is_handed_over_once_the_lease_is_lost(smtp: Server, promise: Promise) -> None:
    mail = claimed(promise())
    end_leases()
    with Ways() as ways:
        assert send_claimed(mail, ways)
    assert (smtp.offers, smtp.taken) == (1, [])
    assert again(mail).state == "sending"  # the clock will release it
    assert send_due() == 1
    assert again(mail).state == "sent"


def test_a_late_confirmation_ends_the_doubt(smtp: Server, promise: Promise) -> None:
    """The sender hung after handing over, was given up, and then did get its answer."""
    mail = promise(kind="offer", is_secret=True)
    frozen = claimed(mail)

    def then_lose_the_lease(wanted: list[str]) -> bool:
        started = claims.begin_data(frozen, wanted)
        end_leases()
        send_due()
        return started

    with Session(_options(smtp)) as session:
        results = session.send(
            mail.from_email, ["carla@example.com"], b"Subject: x\r\n\r\n", before_data=then_lose_the_lease
        )
    assert again(mail).state == "unknown"
    claims.record(frozen, results)
    assert again(mail).state == "sent"
    assert send_due() == 0


def test_no_server_is_told_apart_from_a_refusal() -> None:
    with Session({**_options(Server()), "port": free_port()}) as session, pytest.raises(NoServerError):
        session.send("a@x.example", ["b@x.example"], b"", before_data=lambda wanted: True)
