"""What the widget is told of its site: settings, language, rules; and the line that carries it."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts.actions import create_site, update_site
from accounts.languages import LANGUAGES, choose
from accounts.models import Site
from chat.actions import change_widget, create_proactive_message, update_proactive_message
from chat.views.page import loader_attributes

pytestmark = pytest.mark.django_db


def frame_settings(site: Site, query: str = "", language: str = "") -> dict:
    answer = Client(headers={"Accept-Language": language}).get(f"/widget/frame/?site={site.key}{query}")
    assert answer.status_code == 200
    return answer.context["widget"]


def rules(site: Site, **headers: str):
    return Client(headers=headers).get(f"/widget/rules.json?site={site.key}")


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["de-AT", "en"], "de-AT"),
        (["nl", "de_CH"], "de-CH"),
        (["nl"], "en"),
        (["", "x" * 30, "<b>", "de\x00", "-de"], "en"),
        (["fr"], "en"),  # spoken, but not offered
        ([], "en"),
    ],
)
def test_the_first_wanted_language_that_is_offered_is_chosen(wanted, chosen):
    assert choose(wanted, offered=["en", "de"], default="en") == chosen


def test_everybody_may_know_what_a_site_offers_and_nothing_else(site, adam):
    change_widget(site, by=adam, takes_files=False, needs_consent=True, previews_typing=False)
    assert frame_settings(site)["site"] == {
        "key": "bellwether",
        "name": "Bellwether Cycles",
        "color": "#0d5c49",
        "greeting": "Hello! How can we help?",
        "locale": "en",
        "locales": list(LANGUAGES),
        "position": "end",
        "features": {"files": False, "rating": True, "copy": True, "queue": True, "emoji": True},
        "needs_consent": True,
        "keeps_trail": True,
        "max_file_bytes": 10 * 1024 * 1024,
        "max_files": 10,
    }


def test_the_greeting_comes_in_the_visitors_language(site, adam):
    words = {"de": "Grüezi!", "ar": "مرحبا!"}
    update_site(site, by=adam, greeting="Hello!", greetings=words, languages=["en", "de", "ar"])
    assert frame_settings(site)["site"]["greeting"] == "Hello!"
    swiss = frame_settings(site, language="nl, de-CH;q=0.8, en;q=0.5")["site"]
    assert (swiss["greeting"], swiss["locale"].lower(), swiss["locales"]) == ("Grüezi!", "de-ch", ["en", "de", "ar"])
    assert frame_settings(site, "&locale=ar", language="de")["site"]["greeting"] == "مرحبا!"  # the page has the say
    assert frame_settings(site, language="fr")["site"]["locale"] == "en"
    begun = Client().post("/widget/start/", {"site": site.key, "locale": "de-CH"}, content_type="application/json")
    assert begun.json()["site"] == swiss | {"locale": "de-CH"}


def test_caches_know_that_the_language_matters(site):
    assert "Accept-Language" in Client().get(f"/widget/frame/?site={site.key}")["Vary"]


def test_a_preview_says_so_and_only_our_own_pages_show_it(site, settings):
    site.allowed_origins = ["https://shop.example"]
    site.save()
    answer = Client().get(f"/widget/frame/?site={site.key}&preview=1")
    assert answer.context["widget"]["preview"] is True
    assert "frame-ancestors 'self';" in answer["Content-Security-Policy"] + ";"
    assert "X-Frame-Options" not in answer
    assert frame_settings(site)["preview"] is False


def test_the_rules_are_the_active_ones_and_any_page_may_read_them(site, adam):
    shown = create_proactive_message(
        site, by=adam, name="Cart", text="Stuck? Ask us.", page="/cart/*", seconds=30, conditions={"plan": "pro"}
    )
    hidden = create_proactive_message(site, by=adam, name="Old", text="Summer sale!", is_active=False)
    answer = rules(site, Origin="https://shop.example")
    assert answer.json() == {
        "rules": [
            {
                "id": shown.pk,
                "text": "Stuck? Ask us.",
                "page": "/cart/*",
                "seconds": 30,
                "conditions": {"plan": "pro"},
                "hours_between": 24,
            }
        ]
    }
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert answer["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in answer
    assert hidden.text not in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("", ""), ("/cart/*", "/cart/*"), ("/münze/*", "/m%C3%BCnze/*"), ("/a%20b", "/a%20b"), ("/~x/(1)", "/~x/(1)")],
)
def test_pages_are_named_as_browsers_name_them(site, adam, typed, sent):
    create_proactive_message(site, by=adam, name="X", text="X", page=typed)
    assert rules(site).json()["rules"][0]["page"] == sent


def test_unchanged_rules_are_not_sent_again(site, adam):
    message = create_proactive_message(site, by=adam, name="Cart", text="Stuck?")
    tag = rules(site)["ETag"]
    again = rules(site, **{"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Access-Control-Allow-Origin"] == "*"
    assert again["Cache-Control"] == "public, max-age=300"
    update_proactive_message(message, by=adam, text="Stuck? Ask.")
    assert rules(site, **{"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("key", ["nope", "", "%00", "bellwether%20"])
def test_rules_of_no_site_are_not_found(site, key):
    assert Client().get(f"/widget/rules.json?site={key}").status_code == 404


def test_two_sites_never_mix(site, adam, workshop):
    """Look, words, rules, switches and pages: what is set for one is unknown to the other."""
    other = create_site(
        by=adam,
        name="Bellwether Deutschland",
        allowed_origins=["https://laden.example"],
        color="#aa0000",
        greeting="Guten Tag!",
        language="de",
        languages=["de"],
        position="left",
    )
    update_site(site, by=adam, allowed_origins=["https://shop.example"])
    change_widget(other, by=adam, asks_rating=False, keeps_trail=False)
    create_proactive_message(other, by=adam, name="Herbst", text="Herbstaktion!")
    mine, theirs = frame_settings(site)["site"], frame_settings(other)["site"]
    assert (theirs["color"], theirs["position"], theirs["locale"]) == ("#aa0000", "left", "de")
    assert (theirs["greeting"], theirs["locales"]) == ("Guten Tag!", ["de"])
    assert (theirs["features"]["rating"], theirs["keeps_trail"]) == (False, False)
    assert (mine["features"]["rating"], mine["keeps_trail"], mine["color"]) == (True, True, "#0d5c49")
    assert "Guten Tag!" not in json.dumps(mine, ensure_ascii=False)
    assert rules(site).json() == {"rules": []}
    assert len(rules(other).json()["rules"]) == 1
    assert rules(site)["ETag"] != rules(other)["ETag"]
    assert "laden.example" not in Client().get(f"/widget/frame/?site={site.key}")["Content-Security-Policy"]
    assert "shop.example" not in Client().get(f"/widget/frame/?site={other.key}")["Content-Security-Policy"]
    assert loader_attributes(site) == {"data-site": "bellwether"}


def test_a_token_of_one_site_is_nobody_on_the_other(site, adam, carlas_token, chat_ticket):
    other = create_site(by=adam, name="Elsewhere")
    headers = {"Authorization": f"Bearer {carlas_token}"}
    known = Client(headers=headers).post("/widget/start/", {"site": site.key}, content_type="application/json").json()
    begun = Client(headers=headers).post("/widget/start/", {"site": other.key}, content_type="application/json").json()
    assert (known["token"], len(known["tickets"])) == (carlas_token, 1)
    assert begun["token"] != carlas_token
    assert begun["tickets"] == []


def test_the_line_of_a_page_says_what_the_launcher_must_know_before_it_asks(site, adam):
    assert loader_attributes(site) == {"data-site": "bellwether"}
    site = update_site(site, by=adam, color="#aa0000", position="left")
    change_widget(site, by=adam, needs_consent=True)
    message = create_proactive_message(site, by=adam, name="Cart", text="Stuck?")
    assert loader_attributes(site) == {
        "data-site": "bellwether",
        "data-color": "#aa0000",
        "data-position": "left",
        "data-proactive": "",
        "data-consent": "ask",
    }
    update_proactive_message(message, by=adam, is_active=False)
    assert "data-proactive" not in loader_attributes(site)
