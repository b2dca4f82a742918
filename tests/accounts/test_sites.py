"""Websites: their origins, their hours, and the line to paste."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.actions import create_site, set_hours, update_desk, update_site
from accounts.forms import HoursForm, WordsForm, parse_spans
from accounts.languages import LANGUAGES
from accounts.models import Calendar, Desk, Site
from accounts.origins import clean_origin, clean_origins

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://Shop.Example/ ", "https://shop.example"),
        ("https://shop.example:443", "https://shop.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(typed, origin):
    assert clean_origin(typed) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "shop.example",
        "*",
        "https://*",
        "https://*.example",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://a@shop.example",
        "https://shop.example; script-src *",
        "https://shop.example 'unsafe-inline'",
        "ftp://shop.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https://shop.example:99999",
        "https://-shop.example",
        "null",
        "https://shop\x00.example",
        "https://shop_.example",
        "https://" + "a" * 300,
    ],
)
def test_anything_else_is_refused(typed):
    with pytest.raises(ValidationError):
        clean_origin(typed)


def test_origins_are_listed_once_and_not_without_end():
    assert clean_origins(["https://a.example", "", "https://A.example/", "http://a.example"]) == [
        "https://a.example",
        "http://a.example",
    ]
    with pytest.raises(ValidationError):
        clean_origins(f"https://a{n}.example" for n in range(51))


@pytest.mark.django_db
def test_a_site_is_made_changed_and_shows_its_line(browser, adam, workshop, settings):
    inside = browser(adam)
    form = {
        "name": "Shop",
        "url": "https://shop.example/help",
        "allowed_origins": "https://shop.example\nhttps://www.shop.example",
        "team": workshop.pk,
    }
    answer = inside.post("/settings/sites/new/", form, follow=True)
    site = Site.objects.get()
    assert (site.team, site.allowed_origins) == (workshop, ["https://shop.example", "https://www.shop.example"])
    line = f'<script async src="{settings.SITE_URL}/widget/embed.js" data-site="{site.key}"></script>'
    assert answer.context["snippet"] == line
    key = site.key
    inside.post(f"/settings/sites/{site.pk}/", form | {"name": "Shop 2", "key": "stolen", "allowed_origins": ""})
    site.refresh_from_db()
    assert (site.name, site.key, site.allowed_origins) == ("Shop 2", key, [])


@pytest.mark.django_db
def test_a_new_site_allows_its_own_pages(browser, adam):
    browser(adam).post("/settings/sites/new/", {"name": "Shop", "url": "shop.example/help", "allowed_origins": ""})
    assert Site.objects.get().allowed_origins == ["https://shop.example"]


@pytest.mark.django_db
def test_the_look_is_changed_and_nothing_else(browser, adam, site):
    path = f"/settings/sites/{site.pk}/look/"
    inside = browser(adam)
    assert inside.post(path, {"color": "#AA0000", "position": "left", "name": "Mine"}).status_code == 302
    site.refresh_from_db()
    assert (site.color, site.position, site.name) == ("#aa0000", "left", "Bellwether Cycles")
    for wrong in ({"color": "red; x", "position": "left"}, {"color": "#aa0000", "position": "top"}):
        assert inside.post(path, wrong).status_code == 422


@pytest.mark.django_db
def test_languages_and_greetings(browser, adam, site):
    inside, path = browser(adam), f"/settings/sites/{site.pk}/words/"
    page = inside.get(path).content.decode()
    assert page.count('type="checkbox"') == len(LANGUAGES)
    assert "Hello! How can we help?" in page
    sent = {"language": "de", "offers_en": "on", "greeting_de": "Grüß Gott!", "greeting_ar": "مرحبا!"}
    assert inside.post(path, sent).status_code == 302
    site.refresh_from_db()
    assert (site.language, site.languages) == ("de", ["en", "de"])
    assert (site.greeting_in("de-AT"), site.greeting_in("ar"), site.greeting_in("en")) == (
        "Grüß Gott!",
        "مرحبا!",
        "Grüß Gott!",
    )
    shown = WordsForm(site=site)
    assert (shown["greeting_de"].value(), shown["greeting_en"].value()) == ("Grüß Gott!", "")
    assert (shown["offers_de"].value(), shown["offers_fr"].value()) == (True, False)
    inside.post(path, {"language": "en"} | {f"offers_{code}": "on" for code in LANGUAGES})
    site.refresh_from_db()
    assert (site.languages, site.greeting) == ([], "")  # all, and the chat's own words
    assert inside.post(path, {"language": "tlh"}).status_code == 422


@pytest.mark.django_db
def test_a_wrong_origin_keeps_what_was_typed(browser, adam, site):
    form = {
        "name": "Shop",
        "url": "https://shop.example",
        "allowed_origins": "shop.example",
        "color": "#aa0000",
        "greeting": "Hi",
    }
    answer = browser(adam).post(f"/settings/sites/{site.pk}/", form)
    assert answer.status_code == 422
    assert "shop.example is not an origin" in answer.content.decode()
    assert ">\nshop.example</textarea>" in answer.content.decode()


@pytest.mark.django_db
def test_the_action_checks_origins_whoever_calls(adam, site):
    with pytest.raises(ValidationError) as refused:
        update_site(site, by=adam, allowed_origins=["https://x.example; frame-ancestors *"])
    assert "allowed_origins" in refused.value.message_dict
    with pytest.raises(TypeError):
        update_site(site, by=adam, key="mine")


@pytest.mark.django_db
@pytest.mark.parametrize("actor", ["alice", "lea", "sue"])
def test_only_who_manages_sites_and_the_desk_does(request, actor, site, desk_row):
    by = request.getfixturevalue(actor)
    for act in (
        lambda: create_site(by=by, name="X"),
        lambda: update_site(site, by=by, name="X"),
        lambda: set_hours(site, by=by, time_zone="UTC", hours={}, holidays=[]),
        lambda: update_desk(desk_row, by=by, name="X"),
    ):
        with pytest.raises(PermissionDenied):
            act()


@pytest.mark.django_db
def test_hours_are_typed_as_people_write_them(browser, adam, site):
    form: dict = {f"hours-{day}": "09:00-12:30, 13:30 – 18:00" for day in DAYS[:5]}
    form |= {"hours-time_zone": "Europe/Amsterdam", "hours-holidays": ["2026-12-25", "2026-12-25"]}
    assert browser(adam).post(f"/settings/sites/{site.pk}/hours/", form).status_code == 302
    calendar = Calendar.objects.get()
    site.refresh_from_db()
    assert site.calendar == calendar
    assert calendar.hours["0"] == [["09:00", "12:30"], ["13:30", "18:00"]]
    assert "5" not in calendar.hours
    assert calendar.holidays == ["2026-12-25"]
    zone = ZoneInfo("Europe/Amsterdam")
    assert calendar.is_open(datetime(2026, 11, 23, 9, 0, tzinfo=zone))
    assert not calendar.is_open(datetime(2026, 11, 23, 13, 0, tzinfo=zone))
    assert not calendar.is_open(datetime(2026, 12, 25, 10, 0, tzinfo=zone))
    shown = HoursForm(initial=HoursForm.initial_of(calendar, "UTC"))
    assert shown["monday"].value() == "09:00-12:30, 13:30-18:00"


def days_off(inside, site, **fields) -> tuple[int, list[str]]:
    """Save the hours with these days, and what is stored then."""
    sent = {"hours-is_always_open": "on", "hours-time_zone": "UTC"}
    answer = inside.post(
        f"/settings/sites/{site.pk}/hours/", sent | {f"hours-{name}": value for name, value in fields.items()}
    )
    calendar = Calendar.objects.first()
    return answer.status_code, list(calendar.holidays) if calendar else []


@pytest.mark.django_db
def test_days_off_are_added_and_taken_out(browser, adam, site):
    inside = browser(adam)
    assert days_off(inside, site, closed_from="2026-12-24") == (302, ["2026-12-24"])
    week = days_off(inside, site, holidays=["2026-12-24"], closed_from="2026-12-30", closed_until="2027-01-02")
    assert week == (302, ["2026-12-24", "2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"])
    page = inside.get(f"/settings/sites/{site.pk}/hours/").content.decode()
    assert "Thu 31 December 2026" in page
    assert days_off(inside, site, holidays=["2027-01-01"]) == (302, ["2027-01-01"])  # the others were unticked
    assert days_off(inside, site) == (302, [])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"closed_from": "2026-12-24", "closed_until": "2026-12-23"},
        {"closed_until": "2026-12-23"},
        {"closed_from": "2026-01-01", "closed_until": "2026-12-31"},
        {"closed_from": "24.12.2026"},
        {"holidays": ["soon"]},
        {"holidays": ["2026-02-30"]},
    ],
)
def test_days_off_that_cannot_be_are_refused(browser, adam, site, wrong):
    assert days_off(browser(adam), site, **wrong) == (422, [])


@pytest.mark.django_db
def test_the_page_says_what_guests_are_told_now(browser, adam, site):
    inside, path = browser(adam), f"/settings/sites/{site.pk}/hours/"
    assert "Open now" not in inside.get(path).content.decode()  # no hours, nothing to tell
    set_hours(
        site, by=adam, time_zone="Asia/Tokyo", hours={str(day): [["00:00", "24:00"]] for day in range(7)}, holidays=[]
    )
    assert "Open now" in inside.get(path).content.decode()
    tomorrow = datetime.now(ZoneInfo("Asia/Tokyo")).date() + timedelta(days=1)
    off = [(tomorrow - timedelta(days=days)).isoformat() for days in (1, 2)]
    site.refresh_from_db()
    set_hours(
        site, by=adam, time_zone="Asia/Tokyo", hours={str(tomorrow.weekday()): [["09:00", "17:00"]]}, holidays=off
    )
    answer = inside.get(path)
    assert answer.context["opens_at"].isoformat() == f"{tomorrow}T09:00:00+09:00"
    assert f"{tomorrow:%A} {tomorrow.day} {tomorrow:%B}, 09:00" in answer.content.decode()


@pytest.mark.django_db
def test_who_shares_hours_is_told(browser, adam, site):
    calendar = set_hours(site, by=adam, time_zone="UTC", hours={"0": [["09:00", "17:00"]]}, holidays=[])
    inside, path = browser(adam), f"/settings/sites/{site.pk}/hours/"
    assert "they all change along" not in inside.get(path).content.decode()
    Site.objects.create(name="Second", calendar=calendar)
    assert "These hours belong to 2 websites" in inside.get(path).content.decode()


@pytest.mark.django_db
def test_always_open_empties_the_hours(browser, adam, site):
    inside = browser(adam)
    path = f"/settings/sites/{site.pk}/hours/"
    inside.post(path, {"hours-time_zone": "UTC", "hours-monday": "09:00-17:00"})
    inside.post(path, {"hours-time_zone": "UTC", "hours-monday": "09:00-17:00", "hours-is_always_open": "on"})
    assert Calendar.objects.get().hours == {}


@pytest.mark.django_db
def test_never_open_is_asked_about(browser, adam, site):
    answer = browser(adam).post(f"/settings/sites/{site.pk}/hours/", {"hours-time_zone": "UTC"})
    assert answer.status_code == 422
    assert not Calendar.objects.exists()


@pytest.mark.parametrize(
    "typed", ["9-17", "09:00", "17:00-09:00", "09:00-09:00", "09:00-12:00, 11:00-13:00", "25:00-26:00", "09:00-24:30"]
)
def test_hours_that_cannot_be_are_refused(typed):
    with pytest.raises(ValidationError):
        parse_spans(typed)


def test_hours_may_end_at_midnight():
    assert parse_spans("18:00-24:00,00:00-02:00") == [["00:00", "02:00"], ["18:00", "24:00"]]


@pytest.mark.django_db
def test_the_company_s_settings(browser, adam, desk_row):
    form = {
        "name": "Bell",
        "language": "de",
        "time_zone": "UTC",
        "currency": "usd",
        "follow_up_days": "0",
        "reopen_days": "30",
        "promise_minutes": "5",
    }
    inside = browser(adam)
    assert inside.post("/settings/company/", form).status_code == 302
    desk = Desk.objects.get()
    assert desk.language == "de"
    assert (desk.name, desk.currency, desk.follow_up_days, desk.promise_minutes) == ("Bell", "USD", 0, 5)
    assert inside.post("/settings/company/", form | {"currency": "€"}).status_code == 422


@pytest.mark.django_db
def test_one_site_needs_no_list(browser, adam, site):
    assert browser(adam).get("/settings/sites/")["Location"] == f"/settings/sites/{site.pk}/"
    create_site(by=adam, name="Second")
    assert browser(adam).get("/settings/sites/").status_code == 200


@pytest.mark.django_db
def test_languages_are_known_and_the_default_is_one_of_them(adam, site):
    changed = update_site(site, by=adam, language="de", languages=["fr", "en"], greetings={"fr": " Salut ", "en": " "})
    assert (changed.languages, changed.greetings) == (["en", "de", "fr"], {"fr": "Salut"})
    assert update_site(site, by=adam, languages=list(LANGUAGES)).languages == []
    for wrong in ({"language": "xx"}, {"languages": ["en", "tlh"]}, {"greetings": {"tlh": "nuqneH"}}):
        with pytest.raises(ValidationError) as refused:
            update_site(site, by=adam, **wrong)
        assert "languages" in refused.value.message_dict
    with pytest.raises(ValidationError):
        update_site(site, by=adam, greetings={"en": "x" * 201})
    with pytest.raises(ValidationError):
        update_site(site, by=adam, position="top")
