"""The widget in seven languages: complete tables, the right choice among them, and what people see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.browser.looking import serious_findings
from tests.widget_client.fake_desk import DESK, ROOT, SHOP, SNIPPET, FakeDesk, agent_says, widget_frame

pytestmark = pytest.mark.browser

TEXTS = ROOT / "static/widget/texts"
LANGUAGES = ["en", "de", "fr", "es", "pt", "ar", "ja"]
SHOWN = ["de", "ar", *(pytest.param(code, marks=pytest.mark.long) for code in ("en", "fr", "es", "pt", "ja"))]
COUNTS = range(200)  # enough for every form that a number in a chat can ask for
# The same in every language that lists it, because that is the word there.
BORROWED = {"emoji", "copyCode", "log", "no"}


@pytest.fixture
def lab(chromium: Browser) -> Iterator[Page]:
    """An empty page of the desk, to try modules by themselves."""
    context = chromium.new_context()
    FakeDesk(context)
    page = context.new_page()
    page.goto(f"{DESK}/lab/")
    yield page
    context.close()


@pytest.fixture
def tables(lab: Page) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = lab.evaluate(
        """async (codes) => Object.fromEntries(await Promise.all(codes.map(async (code) =>
            [code, (await import(`/static/widget/texts/${code}.js`)).default])))""",
        LANGUAGES,
    )
    return found


def forms(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return list(value.values()) if isinstance(value, dict) else value


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_there_is_a_table_for_each_language_that_a_site_can_offer(lab: Page) -> None:
    from accounts.languages import LANGUAGES as OFFERED
    from accounts.languages import RIGHT_TO_LEFT

    assert list(OFFERED) == LANGUAGES == lab.evaluate("import('/static/widget/texts.js').then((m) => m.LANGUAGES)")
    assert {path.stem for path in TEXTS.glob("*.js")} == set(LANGUAGES)
    directions = lab.evaluate(
        """async (codes) => {
        const { directionOf } = await import("/static/widget/texts.js");
        return codes.filter((code) => directionOf(`${code}-XX`) === "rtl");
        }""",
        LANGUAGES,
    )
    assert set(directions) == RIGHT_TO_LEFT


@pytest.mark.parametrize("code", LANGUAGES[1:])
def test_a_table_says_everything_with_the_same_blanks(tables: dict[str, dict[str, Any]], code: str) -> None:
    english, table = tables["en"], tables[code]
    assert list(table) == list(english)
    for key, value in english.items():
        assert type(table[key]) is type(value), key
        wanted = set[str]().union(*map(placeholders, forms(value)))
        assert set[str]().union(*map(placeholders, forms(table[key]))) == wanted, key
        for text in forms(table[key]):
            assert placeholders(text) <= wanted, key
            assert text == text.strip(), key
            assert text, key
            assert not re.search(r"[<>&\\]|\.\.\.|  ", text), key
        if isinstance(value, str) and len(value) > 3:
            assert table[key] != value or key in BORROWED, f"{key} is English"
    assert len(table["numbers"]) == 10
    assert len(table) > 60


def test_every_number_has_its_form(lab: Page, tables: dict[str, dict[str, Any]]) -> None:
    asked = lab.evaluate(
        """([codes, counts]) => Object.fromEntries(codes.map((code) => {
        const rules = new Intl.PluralRules(code);
        return [code, [...new Set(counts.map((count) => rules.select(count)))]];
        }))""",
        [LANGUAGES, list(COUNTS)],
    )
    assert sorted(asked["ar"]) == ["few", "many", "one", "other", "two", "zero"]
    for code, table in tables.items():
        for key, value in table.items():
            if isinstance(value, dict):
                assert set(value) == set(asked[code]) | {"other"}, (code, key)


def said(lab: Page, locale: str, key: str, **values: Any) -> str:
    text: str = lab.evaluate(
        """async ([locale, key, values]) => {
        const { loadTexts, textsFor } = await import("/static/widget/texts.js");
        await loadTexts(locale);
        return textsFor(locale)(key, values);
        }""",
        [locale, key, values],
    )
    return re.sub("[\u2066-\u2069]", "", text)


@pytest.mark.parametrize(
    ("locale", "count", "text"),
    [
        ("en-GB", 1, "First answer in about 1 minute."),
        ("en-GB", 1200, "First answer in about 1,200 minutes."),
        ("de-AT", 1, "Erste Antwort in etwa 1 Minute."),
        ("de", 4, "Erste Antwort in etwa 4 Minuten."),
        ("fr", 1, "Première réponse dans environ 1 minute."),
        ("es", 3, "Primera respuesta en unos 3 minutos."),
        ("pt-BR", 2, "Primeira resposta em cerca de 2 minutos."),
        ("ar-EG", 2, "أول رد خلال دقيقتين تقريبًا."),
        ("ar-EG", 3, "أول رد خلال ٣ دقائق تقريبًا."),
        ("ar-AE", 11, "أول رد خلال 11 دقيقة تقريبًا."),
        ("ja", 3, "約3分で最初のお返事をいたします。"),
    ],
)
def test_numbers_are_said_as_people_there_do(lab: Page, locale: str, count: int, text: str) -> None:
    assert said(lab, locale, "waitMinutes", count=count) == text


def test_a_number_that_begins_a_sentence_is_a_word(lab: Page) -> None:
    assert said(lab, "de", "here", count=2) == "Zwei von uns sind da."
    assert said(lab, "fr", "here", count=12) == "12 d’entre nous sont là."
    assert said(lab, "ja", "here", count=2) == "担当者が2名おります。"


def test_a_word_that_a_language_lacks_is_english(lab: Page, tables: dict[str, dict[str, Any]]) -> None:
    source = (TEXTS / "de.js").read_text().replace(f'  send: "{tables["de"]["send"]}",\n', "")
    lab.context.route("**/texts/de.js", lambda route: route.fulfill(body=source, content_type="text/javascript"))
    lab.context.route("**/texts/fr.js", lambda route: route.abort())
    lab.reload()
    assert said(lab, "de", "send") == "Send"
    assert said(lab, "de", "sent") == "Gesendet"
    assert said(lab, "fr-FR", "hereOthers", names="Alice", count=1200) == "Alice and 1,200 others are here."


@pytest.mark.parametrize(
    ("wishes", "locale"),
    [
        ({"page": "de-AT", "browser": ["fr"], "site": "en"}, "de-AT"),
        ({"page": "de_at"}, "de-AT"),
        ({"page": "nl", "browser": ["sv", "fr-CA", "de"], "site": "en"}, "fr-CA"),
        ({"browser": ["fr", "de-CH"], "offered": ["en", "de"], "site": "en"}, "de-CH"),
        ({"page": "ja", "browser": ["fr"], "offered": ["en", "de"], "site": "de"}, "de"),
        ({"browser": ["sv"], "site": "es"}, "es"),
        ({"browser": [], "site": "nl"}, "en"),
        ({}, "en"),
        ({"page": "pt-Latn-BR-x-nonsense-" + "y" * 40}, "pt"),
        ({"page": "constructor", "browser": ["__proto__", "", "*"]}, "en"),
    ],
)
def test_page_then_browser_then_site_choose_the_language(lab: Page, wishes: dict[str, Any], locale: str) -> None:
    chosen = lab.evaluate("(wishes) => import('/static/widget/texts.js').then((m) => m.chooseLocale(wishes))", wishes)
    assert chosen == locale


# ---- what people see


def open_in(
    chromium: Browser, *, browser: str, page_says: str | None = None, site: dict[str, Any] | None = None
) -> tuple[Page, FakeDesk]:
    context = chromium.new_context(
        viewport={"width": 1200, "height": 860}, locale=browser, timezone_id="UTC", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    desk = FakeDesk(context, site=site or {})
    if page_says:
        desk.shop = desk.shop.replace(SNIPPET, SNIPPET.replace("data-site", f'data-locale="{page_says}" data-site'))
    agents = [{"name": name, "initials": name[0], "picture": None} for name in ("Alice", "Bob")]
    desk.presence = {"type": "presence", "agents": agents, "wait_seconds": 200, "open": True}
    page = context.new_page()
    page.goto(SHOP)
    return page, desk


LAUNCHER = {
    "en": "Chat with us",
    "de": "Mit uns chatten",
    "fr": "Discuter avec nous",
    "es": "Chatear con nosotros",
    "pt": "Abrir o chat",
    "ar": "تحدّث معنا",
    "ja": "チャットで相談する",
}


@pytest.mark.parametrize("code", SHOWN)
def test_the_launcher_speaks_before_anything_else_is_loaded(chromium: Browser, code: str) -> None:
    page, desk = open_in(chromium, browser=code)
    expect(page.locator("makegood-widget button")).to_have_accessible_name(LAUNCHER[code])
    page.evaluate("Makegood.set({ locale: 'de-CH' })")
    expect(page.locator("makegood-widget button")).to_have_accessible_name(LAUNCHER["de"])
    assert desk.requests == ["/widget/embed.js"]
    page.context.close()


SAYS = {
    "de": ("Nachricht schreiben", "Alice und Bob sind da. Erste Antwort in etwa 3 Minuten.", "Gesendet"),
    "ar": ("اكتب رسالة", "Alice وBob هنا. أول رد خلال ٣ دقائق تقريبًا.", "أُرسلت"),
    "ja": ("メッセージを入力", "Alice、Bobが対応します。 約3分で最初のお返事をいたします。", "送信済み"),
}


def talk(page: Page, desk: FakeDesk, words: str, answer: str) -> Frame:
    page.locator("makegood-widget button").click()
    frame = widget_frame(page)
    expect(frame.locator("textarea")).to_have_attribute("placeholder", re.compile("."))
    frame.locator("textarea").fill(words)
    frame.locator("textarea").press("Enter")
    expect(frame.locator(".mine .state")).not_to_have_text("")
    desk.say(desk.record(agent_says(answer)))
    expect(frame.locator(".theirs .bubble")).to_have_text(answer)
    return frame


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("code", "browser", "words", "answer"),
    [
        ("de", "de-DE", "Hallo, mein Reifen ist zu breit.", "Guten Tag! Das bringen wir in Ordnung."),
        ("ar", "ar-EG", "مرحبًا، الإطار عريض جدًا.", "أهلًا بك! سنصلح ذلك حالًا."),
        ("ja", "ja-JP", "こんにちは。タイヤの幅が合いません。", "ご連絡ありがとうございます。すぐに確認します。"),
    ],
)
def test_the_panel_in_three_languages(
    chromium: Browser, code: str, browser: str, words: str, answer: str, scheme: Any
) -> None:
    page, desk = open_in(chromium, browser=browser, site={"greeting": "", "locale": "en"})
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("window.Makegood && Makegood.ready")
    frame = talk(page, desk, words, answer)
    hint, presence, sent = SAYS[code]
    expect(frame.locator("textarea")).to_have_attribute("placeholder", hint)
    expect(frame.locator("html")).to_have_attribute("lang", code)
    expect(frame.locator("html")).to_have_attribute("dir", "rtl" if code == "ar" else "ltr")
    shown = re.sub("[\u2066-\u2069]", "", frame.locator("[data-part=presence]").inner_text())
    assert shown == presence
    expect(frame.locator(".mine .state")).to_contain_text(sent)
    mine, log = frame.locator(".mine .bubble").bounding_box(), frame.locator("[data-part=log]").bounding_box()
    assert mine
    assert log
    to_the_left = mine["x"] - log["x"] < log["width"] - (mine["x"] - log["x"] + mine["width"])
    assert to_the_left == (code == "ar")  # one's own words stand where lines end
    loaded = {path.rpartition("/")[2] for path in desk.requests if "/texts/" in path}
    assert loaded == {"en.js", f"{code}.js"}  # English is what a missing word falls back to
    page.context.close()


@pytest.mark.parametrize("code", ["ar", "ja"])
def test_axe_finds_nothing_serious_in_other_scripts(chromium: Browser, code: str) -> None:
    page, _ = open_in(chromium, browser=code)
    page.goto(f"{DESK}/widget/frame/?site=bellwether")  # by itself, so that axe reaches all of it
    expect(page.locator("html")).to_have_attribute("lang", code)
    page.locator("textarea").fill("123")
    page.locator("textarea").press("Enter")
    expect(page.locator(".mine .state")).not_to_have_text("")
    assert serious_findings(page) == []
    page.context.close()


def test_the_page_changes_the_language_of_a_chat_that_goes_on(chromium: Browser) -> None:
    page, desk = open_in(chromium, browser="en-GB")
    page.wait_for_function("window.Makegood && Makegood.ready")
    frame = talk(page, desk, "Hello", "Hi!")
    frame.locator("textarea").fill("half a sen")
    desk.tickets = [{"ref": desk.ref, "last": len(desk.log)}]
    page.wait_for_timeout(300)  # nobody types and changes the language in the same moment
    page.evaluate("Makegood.set({ locale: 'fr' })")
    page.wait_for_timeout(300)
    frame = widget_frame(page)
    expect(frame.locator("textarea")).to_have_attribute("placeholder", "Écrire un message")
    expect(frame.locator("textarea")).to_have_value("half a sen")
    expect(frame.locator(".bubble")).to_have_text(["Hello", "Hi!"])
    expect(page.locator("makegood-widget .launch")).to_have_accessible_name("Fermer le chat")
    page.context.close()


def test_a_site_that_offers_fewer_languages_is_heard(chromium: Browser) -> None:
    site = {"locale": "de", "locales": ["en", "de"], "greeting": ""}
    page, _ = open_in(chromium, browser="fr-FR", site=site)
    button = page.locator("makegood-widget .launch")
    expect(button).to_have_accessible_name(LAUNCHER["fr"])  # nobody has told the launcher yet
    button.click()
    expect(widget_frame(page).locator("textarea")).to_have_attribute("placeholder", "Nachricht schreiben")
    expect(button).to_have_accessible_name("Chat schließen")
    page.context.close()
