"""What administrators decide about the chat of a site."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import Site
from chat.actions import (
    change_widget,
    create_proactive_message,
    delete_proactive_message,
    update_proactive_message,
)
from chat.actions.setting_up import MAX_ACTIVE, SWITCHES
from chat.models import ProactiveMessage, WidgetSettings

pytestmark = pytest.mark.django_db


def test_switches_are_turned_and_the_secret_stays(site, adam):
    widget = change_widget(site, by=adam, takes_files=False)
    secret = widget.secret
    change_widget(site, by=adam, asks_rating=False, takes_files=True)
    stored = WidgetSettings.objects.get()
    assert (stored.takes_files, stored.asks_rating, stored.secret) == (True, False, secret)
    assert stored.shows_queue is True


def test_every_switch_of_the_model_can_be_turned_and_nothing_else(site, adam):
    assert len(SWITCHES) == 8
    change_widget(site, by=adam, **dict.fromkeys(SWITCHES, False))
    assert not any(getattr(WidgetSettings.objects.get(), name) for name in SWITCHES)
    with pytest.raises(TypeError):
        change_widget(site, by=adam, secret="mine")


@pytest.mark.parametrize("actor", ["alice", "charlie", "lea", "sue"])
def test_only_who_manages_sites_decides(request, actor, site, adam):
    by = request.getfixturevalue(actor)
    message = create_proactive_message(site, by=adam, name="Cart", text="Stuck?")
    for act in (
        lambda: change_widget(site, by=by, takes_files=False),
        lambda: create_proactive_message(site, by=by, name="X", text="X"),
        lambda: update_proactive_message(message, by=by, text="X"),
        lambda: delete_proactive_message(message, by=by),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert ProactiveMessage.objects.get().text == "Stuck?"
    assert not WidgetSettings.objects.exists()


@pytest.mark.parametrize(
    "page", ["", "/", "/cart", "/shop/*", "*", "*/checkout/*", "/a*b*c*d*e*", "/münze/äö", "/%20/x"]
)
def test_pages_that_can_be(site, adam, page):
    assert create_proactive_message(site, by=adam, name="X", text="X", page=f" {page} ").page == page


@pytest.mark.parametrize(
    "page", ["cart", "https://shop.example/cart", "/a b", "/a?b=1", "/a#b", "/" + "a" * 200, "/******", "\\a", "/a\nb"]
)
def test_pages_that_cannot_be(site, adam, page):
    with pytest.raises(ValidationError) as refused:
        create_proactive_message(site, by=adam, name="X", text="X", page=page)
    assert list(refused.value.message_dict) == ["page"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"seconds": 3601}, "seconds"),
        ({"seconds": -1}, "seconds"),
        ({"hours_between": 8761}, "hours_between"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 301}, "text"),
        ({"name": ""}, "name"),
        ({"conditions": {f"n{number}": "x" for number in range(6)}}, "conditions"),
        ({"conditions": {"a b": "x"}}, "conditions"),
        ({"conditions": {"": "x"}}, "conditions"),
        ({"conditions": {"plan": ""}}, "conditions"),
        ({"conditions": {"plan": 7}}, "conditions"),
        ({"conditions": {"plan": "x" * 101}}, "conditions"),
        ({"conditions": ["plan"]}, "conditions"),
    ],
)
def test_messages_that_cannot_be(site, adam, fields, wrong):
    with pytest.raises(ValidationError) as refused:
        create_proactive_message(site, by=adam, **{"name": "X", "text": "X"} | fields)
    assert list(refused.value.message_dict) == [wrong]
    assert not ProactiveMessage.objects.exists()


def test_the_limits_themselves_are_allowed(site, adam):
    conditions = {f"cart.items-{number}_": "x" * 100 for number in range(5)}
    fields = {"text": "x" * 300, "seconds": 3600, "hours_between": 0, "conditions": conditions}
    assert create_proactive_message(site, by=adam, name="X", **fields).conditions == conditions


def test_a_message_is_changed_switched_off_and_deleted(site, adam):
    message = create_proactive_message(site, by=adam, name="Cart", text="Stuck?")
    changed = update_proactive_message(message, by=adam, text=" Ask us. ", is_active=False)
    assert (changed.text, changed.name, changed.is_active) == ("Ask us.", "Cart", False)
    with pytest.raises(TypeError):
        update_proactive_message(message, by=adam, site=None)
    delete_proactive_message(message, by=adam)
    delete_proactive_message(message, by=adam)  # twice is harmless
    assert not ProactiveMessage.objects.exists()


def test_a_site_says_so_many_things_at_once_and_no_more(site, adam):
    other = Site.objects.create(name="Elsewhere")
    for number in range(MAX_ACTIVE):
        create_proactive_message(site, by=adam, name=str(number), text="X")
    with pytest.raises(ValidationError) as refused:
        create_proactive_message(site, by=adam, name="One more", text="X")
    assert refused.value.code == "too_many"
    quiet = create_proactive_message(site, by=adam, name="One more", text="X", is_active=False)
    with pytest.raises(ValidationError):
        update_proactive_message(quiet, by=adam, is_active=True)
    create_proactive_message(other, by=adam, name="Elsewhere", text="X")
    first = ProactiveMessage.objects.filter(site=site).earliest("pk")
    update_proactive_message(first, by=adam, text="Still on")  # it counts itself only once
