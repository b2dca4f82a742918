"""A macro's words stand for this customer and this agent, and are never a template; its steps are checked."""

from __future__ import annotations

import time

import pytest
from django.core.exceptions import ValidationError

from customers.models import Customer
from tickets.actions.follow_up_templates import create_template
from tickets.actions.macro_steps import SELF
from tickets.actions.shaping import create_field
from tickets.macros import MAX_STEPS, VARIABLES, Steps, read, render, step_kinds, unknown_names, written
from tickets.models import RootCause

# reliability.md, threat 31: what a template language, or Python, would run.
CODE = [
    "{{settings.SECRET_KEY}}",
    "{{ settings.SECRET_KEY }}",
    "{% load static %}",
    "{% include 'base.html' %}",
    "{{7*7}}",
    "{{ 7*7 }}",
    "${7*7}",
    "#{7*7}",
    "%(x)s",
    "%s",
    "{0.__class__}",
    "{ticket}",
    "{{ customer }}",
    "{{ customer.email }}",
    "{{ customer.name.__class__ }}",
    "{{ customer.name|upper|lower }}",
    "{{ ticket.customer.name }}",
    "{{ agent.password }}",
    "{{ customer.name",
    "{ { customer.name } }",
    "{{{ ticket.id }}}",
    "{{ ''.__class__.__mro__ }}",
    "<%= 7*7 %>",
    "\\{\\{ x \\}\\}",
    "{# a comment #}",
]


@pytest.mark.parametrize("text", CODE)
def test_what_looks_like_code_stays_as_it_is_written(text, ticket, alice):
    assert render(f"Hello {text} there", ticket, alice) == f"Hello {text} there"


def test_each_name_stands_for_what_it_says(ticket, alice, desk_row):
    alice.public_name = "Ali from the workshop"
    values = {name: render("{{ " + name + " }}", ticket, alice) for name in VARIABLES}
    assert values == {
        "customer.name": "Carla Cortez",
        "customer.first_name": "Carla",
        "ticket.number": str(ticket.number),
        "ticket.reference": ticket.reference,
        "ticket.subject": "The tyre is wrong",
        "agent.name": "Ali from the workshop",
        "agent.first_name": "Ali",
        "team.name": ticket.team.name if ticket.team else "",
        "company.name": "Bellwether Cycles",
    }


def test_agents_are_called_as_customers_know_them(ticket, alice):
    assert render("{{ agent.name }}", ticket, alice) == "Alice", "the family name stays in the house"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hi {{ customer.first_name | there }}!", "Hi there!"),
        ("Hi {{customer.first_name|dear friend}}!", "Hi dear friend!"),
        ("Hi {{ customer.first_name | }}!", "Hi!"),
        ("Hi {{ customer.first_name }}!", "Hi!"),
        ("{{\tcustomer.name\t| there\t}}", "there"),
    ],
)
def test_who_has_no_name_is_greeted_all_the_same(ticket, alice, text, said):
    ticket.customer = Customer(name="")
    assert render(text, ticket, alice) == said


def test_a_fallback_is_not_said_where_there_is_a_name(ticket, alice):
    assert render("Hi {{ customer.first_name | there }}!", ticket, alice) == "Hi Carla!"


@pytest.mark.parametrize("name", [*CODE, "{{ agent.name }}", "{{ customer.name }}", "\\1 \\g<0>"])
def test_what_is_put_in_is_not_looked_at_again(ticket, alice, name):
    ticket.customer = Customer(name=name)
    assert render("{{ customer.name }}", ticket, alice) == " ".join(name.split())


def test_a_name_is_one_line(ticket, alice):
    ticket.customer = Customer(name="Carla\n\nBcc: everybody")
    assert render("Dear {{ customer.name }},", ticket, alice) == "Dear Carla Bcc: everybody,"


@pytest.mark.parametrize("part", ["{{", "{{ ", "{{ customer.name |", "{{" + " " * 50, "{{ a.", "}}", "|", "{{ a.b | "])
def test_no_text_takes_long(ticket, alice, part):
    text, begun = (part * 20_000)[:20_000], time.perf_counter()
    assert render(text, ticket, alice) == text
    assert time.perf_counter() - begun < 1


def test_a_mistyped_name_is_said():
    text = "{{ customer.nam }} {{ customer.name }} {{ ticket.no | 1 }} {{7*7}}"
    assert unknown_names(text) == ["customer.nam", "ticket.no"]


# --- Steps ---


def checked(*texts: str) -> list[str]:
    return [written(step) for step in Steps().check([read(text) for text in texts])]


def test_every_kind_of_step_is_checked_and_said(alice, workshop, cause, db):
    create_field(by=None, name="Order", kind="text")
    friday = create_template(by=None, name="Has it arrived?", kind="message", body="Is it there?", when="friday 9")
    steps = [
        ("assign:me", "assign to yourself"),
        (f"team:{workshop.pk}", "move to Workshop"),
        ("status:pending", "mark as pending"),
        ("priority:3", "set priority high"),
        ("add_tags:bike, loan wheel", "tag bike, loan wheel"),
        ("remove_tags:new", "remove tag new"),
        ("field:Order: 4711", "set order: 4711"),
        ("checklist:Call the depot", "checklist: Call the depot"),
        ("note:Ask {{ customer.first_name }}: which size?", "note “Ask {{ customer.first_name }}: which size?”"),
        (f"follow_up:{friday.pk}", "follow-up: Has it arrived?"),
        ("abuse:abusive", "note abusive words"),
        ("snooze:tomorrow 9", "snooze: tomorrow 9"),
        ("resolve:tyre-size", "solve: Tyre size read off the frame"),
    ]
    assert {text.partition(":")[0] for text, _ in steps} == set(step_kinds())
    texts = [text for text, _ in steps]
    kept = checked(*texts[:3]) + checked(*texts[3:])  # more than one macro takes
    assert kept == [text.replace("Order", "order") for text in texts]  # by its slug, which outlives the name
    known = Steps()
    assert [known.say(read(text)) for text in kept] == [words for _, words in steps]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "There is no such step."),
        ("explode:now", "There is no such step."),
        ("assign:", "Assign to: that cannot be chosen any more."),
        ("assign:999999", "Assign to: that cannot be chosen any more."),
        ("team:x", "Move to team: that cannot be chosen any more."),
        ("status:solved", "Set status: that cannot be chosen any more."),
        ("priority:9", "Set priority: that cannot be chosen any more."),
        ("resolve:", "Solve, with the cause: that cannot be chosen any more."),
        ("add_tags: , ,", "Add tags: say what."),
        ("add_tags:" + "x" * 51, "A tag has 50 characters at most: xxxxxxxxxxxxxxxxxxxx…"),
        ("add_tags:" + ",".join(map(str, range(21))), "A ticket has 20 tags at most."),
        ("note:  ", "Add a note for the team: say what."),
        ("note:" + "x" * 2001, "Add a note for the team: 2,000 characters at most."),
        ("snooze:when pigs fly", "Snooze until: this is no time that we understand: when pigs fly."),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(db, text, complaint):
    with pytest.raises(ValidationError) as error:
        checked(text)
    assert error.value.messages == [complaint]


@pytest.mark.parametrize("step", [None, 7, [], "assign:me", {}, {"do": "assign"}, {"do": ["assign"], "value": "me"},
                                  {"do": "assign", "value": None}, {"do": "note", "value": 1}])  # fmt: skip
def test_what_is_no_step_is_refused(db, step):
    with pytest.raises(ValidationError):
        Steps().check([step])


def test_who_left_cannot_be_chosen_but_is_still_spoken_of(alice, bob):
    bob.is_active = False
    bob.save()
    with pytest.raises(ValidationError, match="cannot be chosen any more"):
        checked(f"assign:{bob.pk}")
    assert Steps().say(read(f"assign:{bob.pk}")) == "assign to somebody or something that is gone"
    assert Steps().say(read("gone:x")) == "something that is not here any more"


def test_solving_comes_last_whatever_the_order(db):
    assert checked("resolve:none", "add_tags:bike", f"assign:{SELF}") == ["add_tags:bike", "assign:me", "resolve:none"]


def test_one_thing_is_not_said_twice(db):
    with pytest.raises(ValidationError, match="“Assign to” can be there only once"):
        checked("assign:me", "assign:nobody")
    assert checked("add_tags:a", "add_tags:b", "note:x", "note:x") == ["add_tags:a", "add_tags:b", "note:x", "note:x"]


def test_there_is_an_end_to_steps(db):
    with pytest.raises(ValidationError, match=f"{MAX_STEPS} steps at most"):
        checked(*(f"add_tags:{number}" for number in range(MAX_STEPS + 1)))


def test_a_list_of_macros_asks_for_names_once(alice, workshop, cause, django_assert_num_queries):
    RootCause.objects.create(name="Late", slug="late")
    known = Steps()
    texts = [f"assign:{alice.pk}", f"team:{workshop.pk}", "resolve:late", "priority:1"]
    with django_assert_num_queries(3):
        for _ in range(20):
            known.shown([read(text) for text in texts])


def test_another_app_can_add_a_kind_of_step(settings, db):
    settings.MACRO_STEPS = {**settings.MACRO_STEPS, "praise": "tests.tickets.test_macros.PRAISE"}
    assert checked("praise:well done") == ["praise:well done"]
    assert Steps().say(read("praise:well done")) == "praise them: well done"


class _Praise:
    label, says, options, again, last = "Praise", "praise them: {}", None, False, False
    check = staticmethod(str.strip)


PRAISE = _Praise()
