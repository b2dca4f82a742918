"""The pages on which administrators set up the chat of a site."""

from __future__ import annotations

import re
import time
from typing import Any

import jwt
import pytest
from django.test import Client

from accounts.models import Site
from chat.actions import change_widget, create_proactive_message
from chat.actions.setting_up import MAX_ACTIVE
from chat.forms import ProactiveForm
from chat.identities import read_identity
from chat.models import ProactiveMessage, WidgetSettings

pytestmark = pytest.mark.django_db

CART: dict[str, Any] = {
    "name": "Cart",
    "text": "Stuck? Ask us.",
    "page": "/cart/*",
    "seconds": 30,
    "hours_between": 48,
    "is_active": "on",
}


@pytest.fixture
def inside(adam) -> Client:
    client = Client()
    client.force_login(adam)
    return client


@pytest.fixture
def at(site) -> str:
    return f"/settings/sites/{site.pk}"


def text_of(answer: Any) -> str:
    return answer.content.decode()


def test_the_line_to_paste_changes_with_the_settings(inside, at, site, adam, settings):
    line = f'&lt;script async src="{settings.SITE_URL}/widget/embed.js" data-site="bellwether"&gt;'
    assert line in text_of(inside.get(f"{at}/snippet/"))
    assert f'hx-get="{at}/snippet/"' in text_of(inside.get(f"{at}/"))
    change_widget(site, by=adam, needs_consent=True)
    create_proactive_message(site, by=adam, name="Cart", text="Stuck?")
    changed = text_of(inside.get(f"{at}/snippet/"))
    assert 'data-site="bellwether" data-proactive data-consent="ask"&gt;&lt;/script&gt;' in changed
    assert "paste it anew" in changed


def test_switches_are_turned_on_their_two_pages(inside, at):
    everything = dict.fromkeys(ProactiveForm.base_fields, "x")  # what is not of this page does nothing
    assert inside.post(f"{at}/offers/", everything | {"asks_rating": "on", "needs_consent": "on"}).status_code == 302
    widget = WidgetSettings.objects.get()
    assert (widget.asks_rating, widget.takes_files, widget.shows_wait) == (True, False, False)
    assert (widget.keeps_trail, widget.needs_consent) == (True, False)
    assert inside.post(f"{at}/identity/", {"needs_consent": "on"}).status_code == 302
    widget.refresh_from_db()
    assert (widget.keeps_trail, widget.needs_consent, widget.asks_rating) == (False, True, True)
    assert inside.post(f"{at}/identity/").status_code == 302  # nothing ticked is an answer too
    widget.refresh_from_db()
    assert widget.needs_consent is False


def test_the_secret_is_shown_when_asked_for_and_not_before(inside, at, site, adam):
    secret = change_widget(site, by=adam).secret
    for address in ("", "look/", "words/", "hours/", "offers/", "identity/", "proactive/", "snippet/"):
        assert secret not in text_of(inside.get(f"{at}/{address}")), address
    answer = inside.post(f"{at}/identity/secret/")
    assert secret in text_of(answer)
    assert "no-store" in answer["Cache-Control"]
    assert secret not in text_of(inside.get(f"{at}/identity/"))


def test_a_site_without_settings_keeps_the_secret_that_was_shown(inside, at):
    shown = re.search(r'id="secret">([^<]+)<', text_of(inside.post(f"{at}/identity/secret/")))
    assert shown
    assert shown[1] == WidgetSettings.objects.get().secret
    assert shown[1] in text_of(inside.post(f"{at}/identity/secret/"))


def test_a_new_secret_takes_the_name_of_the_website(inside, at, site, adam):
    old = change_widget(site, by=adam).secret
    for typed in ("", "bellwether", "Bellwether Cycle"):
        answer = inside.post(f"{at}/identity/secret/new/", {"website": typed})
        assert answer.status_code == 422
        assert old not in text_of(answer)
    assert WidgetSettings.objects.get().secret == old
    answer = inside.post(f"{at}/identity/secret/new/", {"website": " bellwether cycles "})
    new = WidgetSettings.objects.get().secret
    assert new != old
    assert new in text_of(answer)
    assert old not in text_of(answer)


def test_the_example_for_python_is_believed(inside, at, site, adam, monkeypatch):
    """What is on the page is run as it stands there."""
    from html import unescape
    from types import SimpleNamespace

    from django.utils import timezone

    page = text_of(inside.get(f"{at}/identity/"))
    code = unescape(re.search(r'<pre id="sign-python"[^>]*>(.*?)</pre>', page, re.DOTALL)[1])
    monkeypatch.setenv("MAKEGOOD_SECRET", change_widget(site, by=adam).secret)
    names: dict[str, Any] = {"user": SimpleNamespace(id=7, name="Carla Cortez", email="carla@example.org")}
    exec(code, names)
    said = read_identity(
        names["token"], secret=WidgetSettings.objects.get().secret, site_key=site.key, now=timezone.now()
    )
    assert (said.subject, said.name, said.email) == ("7", "Carla Cortez", "carla@example.org")
    claims = jwt.decode(names["token"], options={"verify_signature": False})
    assert claims["exp"] - time.time() > 3000


def test_a_message_is_written_and_stands_in_the_list(inside, at):
    assert "Nothing is said first" in text_of(inside.get(f"{at}/proactive/"))
    sent = CART | {"condition_0_name": "plan", "condition_0_value": "pro", "condition_3_name": "cart.items",
                   "condition_3_value": "2"}  # fmt: skip
    assert inside.post(f"{at}/proactive/new/", sent).status_code == 302
    message = ProactiveMessage.objects.get()
    assert (message.text, message.page, message.seconds) == ("Stuck? Ask us.", "/cart/*", 30)
    assert message.conditions == {"plan": "pro", "cart.items": "2"}
    page = text_of(inside.get(f"{at}/proactive/"))
    assert "plan is pro" in page
    assert "after 30 s · again after 48 h" in page


def test_a_message_is_corrected(inside, at, site, adam):
    message = create_proactive_message(site, by=adam, name="Cart", text="Stuck?", conditions={"a": "1", "b": "2"})
    address = f"{at}/proactive/{message.pk}/"
    page = inside.get(address)
    form = page.context["form"]
    assert (form["condition_1_name"].value(), form["condition_1_value"].value()) == ("b", "2")
    assert inside.post(address, CART | {"condition_0_name": "b", "condition_0_value": "3"}).status_code == 302
    message.refresh_from_db()
    assert (message.text, message.conditions) == ("Stuck? Ask us.", {"b": "3"})


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"page": "cart"}, "page"),
        ({"seconds": "3601"}, "seconds"),
        ({"seconds": ""}, "seconds"),
        ({"hours_between": "-1"}, "hours_between"),
        ({"text": " "}, "text"),
        ({"condition_0_value": "pro"}, "condition_0_name"),
        ({"condition_0_name": "plan"}, "condition_0_name"),
        ({"condition_1_name": "a plan", "condition_1_value": "pro"}, "condition_0_name"),
        (
            {"condition_0_name": "a", "condition_0_value": "1", "condition_1_name": "a", "condition_1_value": "2"},
            "condition_1_name",
        ),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_what_was_typed_is_kept(inside, at, wrong, field):
    answer = inside.post(f"{at}/proactive/new/", CART | wrong)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "Stuck? Ask us." in text_of(answer) or "text" in wrong
    assert not ProactiveMessage.objects.exists()


def test_messages_are_switched_off_and_on_and_deleted(inside, at, site, adam):
    message = create_proactive_message(site, by=adam, name="Cart", text="Stuck?")
    inside.post(f"{at}/proactive/{message.pk}/switch/", {"is_active": "off"})
    assert ProactiveMessage.objects.filter(is_active=False).exists()
    inside.post(f"{at}/proactive/{message.pk}/switch/", {"is_active": "on"})
    assert ProactiveMessage.objects.filter(is_active=True).exists()
    answer = inside.post(f"{at}/proactive/{message.pk}/delete/", follow=True)
    assert "“Cart” is deleted." in text_of(answer)
    assert not ProactiveMessage.objects.exists()


def test_one_too_many_is_said(inside, at, site, adam):
    for number in range(MAX_ACTIVE):
        create_proactive_message(site, by=adam, name=str(number), text="X")
    quiet = create_proactive_message(site, by=adam, name="Quiet", text="X", is_active=False)
    answer = inside.post(f"{at}/proactive/{quiet.pk}/switch/", {"is_active": "on"}, follow=True)
    assert "at most can be on at once" in text_of(answer)
    assert inside.post(f"{at}/proactive/new/", CART).status_code == 422


def test_a_message_of_one_site_is_not_on_the_pages_of_another(inside, site, at, adam):
    other = Site.objects.create(name="Elsewhere")
    theirs = create_proactive_message(other, by=adam, name="Theirs", text="Only there")
    assert "Only there" not in text_of(inside.get(f"{at}/proactive/"))
    for address in ("", "switch/", "delete/"):
        assert inside.post(f"{at}/proactive/{theirs.pk}/{address}", CART).status_code == 404
    theirs.refresh_from_db()
    assert (theirs.text, theirs.is_active) == ("Only there", True)
