"""What our mails say in the company's own words, and that no word of anybody's is ever run."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone, translation

from accounts.models import Desk
from customers.models import Address
from outbox.actions import reset_wording, save_sender, save_wording
from outbox.filling import fill, names_in
from outbox.models import Mail, Wording
from outbox.queries import wording_kinds, words_for
from tickets import emails
from tickets.actions import post_message
from tickets.macros import signature_of
from tickets.models import Ticket
from tickets.tokens import read_reply, reply_address
from tickets.wordings import sample

pytestmark = pytest.mark.django_db
HOSTILE = [
    "{{settings.SECRET_KEY}}",
    "{{ settings.SECRET_KEY }}",
    "{{ request.user.password }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ config.items() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{% load static %}",
    "{% include 'accounts/settings.html' %}",
    "{% debug %}",
    "{% url 'admin:index' %}",
    "{# hidden #}",
    "{{ ticket.subject|safe }}",
    "{{{{ ticket.subject }}}}",
    "${1337*1337}",
    "#{1337*1337}",
    "<%= 1337*1337 %>",
    "%(company)s",
    "%s",
    "{0.__class__}",
    "{company}",
]


@pytest.fixture
def mailed(ticket, alice, bob):
    """The ticket with an answer, as a mail; asked again each time."""

    def make(**changes) -> Mail:
        number = Mail.objects.count()
        message = post_message(ticket, by=alice, body=f"It is the *front* tyre {number}.")
        mail = emails.answers(Ticket.objects.get(pk=ticket.pk), [message], dedupe_key=f"test:{number}")
        assert mail is not None
        return mail

    return make


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_looks_like_code_is_text_in_every_mail(ticket, alice, mailed, hostile, settings):
    for kind in wording_kinds():
        needed = " ".join(f"{{{{ {name} }}}}" for name in wording_kinds()[kind].needs)
        Wording.objects.create(kind=kind, language="en", subject=f"A {hostile}", body=f"B {hostile}\n\n{needed}")
    Desk.objects.update(signature=f"C {hostile}")
    ticket.subject = hostile
    ticket.save(update_fields=["subject"])
    address = ticket.customer.address
    receipt = emails.receipt(ticket, to=address, dedupe_key="a")
    follow_up = emails.follow_up(ticket, dedupe_key="b")
    answer = mailed()
    for mail in (receipt, follow_up, answer):
        for text in (mail.subject, mail.text, mail.html):
            assert settings.SECRET_KEY not in text
            assert "1787569" not in text
            assert "<class" not in text
    if "{{ ticket.subject }}" not in hostile:
        assert f"A {hostile}" in receipt.subject
        assert f"B {hostile}" in receipt.text or "__" in hostile, "two lines at a word make it bold"
        assert f"C {hostile}" in answer.text


def test_what_a_customer_is_called_means_nothing_but_itself(ticket, mailed):
    ticket.customer.name = "[win](https://evil.test) <b>{{company.name}}</b> {{ agent.name }}"
    ticket.customer.save(update_fields=["name"])
    Wording.objects.create(
        kind="answer", language="en", body="Hi {{ customer.name }},\n\n{{ answer.words }}\n\nBye {{ company.name }}"
    )
    mail = mailed()
    assert "Hi [win](https://evil.test) <b>{{company.name}}</b> {{ agent.name }}," in mail.text
    assert 'href="https://evil.test"' not in mail.html
    assert "<b>{{" not in mail.html
    assert "Bye Bellwether Cycles" in mail.text


def test_own_words_are_said_in_their_language_and_the_usual_ones_again(ticket, adam, mailed):
    assert mailed().text.startswith("Hello Carla,\n\nIt is the *front*")
    own = "Dear {{ customer.first_name }},\n\n{{ answer.words }}\n\n**Bye**"
    save_wording("answer", by=adam, language="en", body=own)
    save_wording("answer", by=adam, language="de", body="Liebe {{ customer.first_name }},\n\n{{ answer.words }}")
    mail = mailed()
    assert mail.text.startswith("Dear Carla,\n\n")
    assert mail.text.index("tyre") < mail.text.index("Alice") < mail.text.index("Bye")
    assert "<strong>Bye</strong>" in mail.html
    ticket.customer.locale = "de-AT"
    ticket.customer.save(update_fields=["locale"])
    assert mailed().text.startswith("Liebe Carla,")
    reset_wording("answer", by=adam, language="de")
    assert not mailed().text.startswith("Liebe")


def test_who_only_may_be_carla_reads_none_of_carlas_words(ticket, adam):
    save_wording(
        "receipt", by=adam, language="en", subject="Got {{ ticket.subject }}!",
        body="Hi {{ customer.name }}! About {{ ticket.subject | your mail }}.",
    )  # fmt: skip
    address = Address(customer=ticket.customer, email="carla@example.com", proof=Address.Proof.CLAIMED)
    mail = emails.receipt(ticket, to=address, dedupe_key="a")
    assert mail.text.startswith("Hi! About your mail.")
    assert mail.subject == "Got!"
    assert "Carla" not in mail.text


def test_only_admins_change_words(alice, sue, adam):
    for person in (alice, sue):
        with pytest.raises(PermissionDenied):
            save_wording("receipt", by=person, language="en", body="x")
        with pytest.raises(PermissionDenied):
            reset_wording("receipt", by=person, language="en")
    assert save_wording("receipt", by=adam, language="en", body=" x\r\ny\0 ").body == "x\ny"


@pytest.mark.parametrize(
    ("kind", "words", "code"),
    [
        ("offer", {"body": "x"}, "invalid"),
        ("receipt", {"body": "x", "language": "xx"}, "invalid"),
        ("receipt", {"body": "  "}, "empty"),
        ("receipt", {"body": "x" * 10_001}, "too_long"),
        ("receipt", {"body": "x", "subject": "x" * 301}, "too_long"),
        ("receipt", {"body": "{{ settings.secret }}"}, "unknown_name"),
        ("receipt", {"body": "x", "subject": "{{ agent.name }}"}, "unknown_name"),
        ("answer", {"body": "Hello"}, "missing_name"),
        ("follow_up", {"body": "{{ customer.name }}"}, "missing_name"),
    ],
)
def test_words_that_cannot_be_are_refused(adam, kind, words, code):
    with pytest.raises(ValidationError) as caught:
        save_wording(kind, **({"by": adam, "language": "en"} | words))
    error = caught.value
    first = error.error_dict[next(iter(error.error_dict))][0] if hasattr(error, "error_dict") else error
    assert first.code == code
    assert not Wording.objects.exists()


def test_the_usual_words_fit_their_own_rules(adam, ticket):
    for language in ("en", "de"):
        with translation.override(language):
            for kind in wording_kinds():
                words = words_for(kind)
                save_wording(kind, by=adam, language=language, body=words.body, subject=words.subject)
                assert sample(kind, words, ticket, by=adam)[1].text


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("Hello {{ a.b }},", "", "Hello,"),
        ("Hello {{ a.b }} there", "", "Hello  there"),
        ("Hello {{ a.b | you }}!", "", "Hello you!"),
        ("Hello {{ a.b | you }}!", "Carla", "Hello Carla!"),
        ("Hello {{ a.b }}!", "{{ a.b }}", "Hello {{ a.b }}!"),
        ("Hello {{ a.c }}!", "Carla", "Hello {{ a.c }}!"),
        ("Hello {{ A.B }}!", "Carla", "Hello {{ A.B }}!"),
    ],
)
def test_a_name_is_put_in_once_and_nothing_else_is(text, value, said):
    assert fill(text, lambda name: value if name == "a.b" else None) == said


def test_a_long_text_of_braces_takes_no_time():
    text = "{{ " * 20_000 + "a." * 20_000 + "}}" * 20_000
    assert names_in(text) == []
    assert fill(text, lambda name: "x") == text


# --- Whom it comes from ------------------------------------------------------------------------


def test_a_teams_mails_come_from_its_address_and_answers_find_the_ticket(ticket, adam, mailed):
    plain = mailed()
    assert (plain.sender, plain.reply_to) == (None, "")
    sender = save_sender(
        None, by=adam, email="workshop@bellwether.example", name="The workshop", team=ticket.team, is_usual=True,
        signature="{{ agent.first_name }} of {{ team.name }}\n{{ company.name }}",
    )  # fmt: skip
    mail = mailed()
    assert (mail.sender, mail.from_email) == (sender, "workshop@bellwether.example")
    assert mail.from_name == "Alice at The workshop"
    assert mail.reply_to == reply_address(ticket.reference, sender.email)
    assert read_reply(mail.reply_to) == ticket.reference
    team = ticket.team.name if ticket.team else ""
    assert f"Alice of {team}".strip() in mail.text
    save_sender(
        sender,
        by=adam,
        email=sender.email,
        team=ticket.team,
        is_usual=True,
        has_plus=False,
        reply_to="in@other.example",
    )
    assert mailed().reply_to == "in@other.example"
    save_sender(sender, by=adam, email=sender.email, team=ticket.team, is_usual=True, has_plus=False)
    assert mailed().reply_to == ""


def test_whose_signature_ends_a_mail(ticket, alice, adam):
    sender = save_sender(None, by=adam, email="a@bellwether.example", signature="The team {{ team.name }}")
    assert signature_of(alice) == "Alice, Bellwether Cycles"
    Desk.objects.update(signature="The company")
    assert signature_of(alice) == "The company"
    assert signature_of(alice, sender=sender, team=alice.teams.first()).startswith("The team")
    alice.signature = "Me, {{ agent.name }}"
    assert signature_of(alice, sender=sender) == "Me, Alice"


def test_who_is_copied_and_who_is_asked_outside(ticket, adam, alice, mailed):
    save_sender(None, by=adam, email="workshop@bellwether.example", reply_to="in@bellwether.example")
    message = post_message(ticket, by=alice, body="See below.")
    sent = emails.forward(
        ticket, [message], by=alice, to=[("", "maker@tyres.example")], words="Yours?", files=[], dedupe_key="f",
        send_at=timezone.now(),
    )  # fmt: skip
    assert sent.reply_to == "in@bellwether.example", "a stranger's answer is no customer's"
