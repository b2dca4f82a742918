"""The look: every pair of colours is readable, and every component stands up in every light, width and direction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import include, path
from playwright.sync_api import Browser, Page

from helpdesk import urls as product_urls
from helpdesk.styleguide import styleguide
from tests.browser.looking import serious_findings

# The page exists in development only; tests run without DEBUG.
urlpatterns = [path("styleguide/", styleguide, name="styleguide"), path("", include(product_urls.urlpatterns))]

TEXT, EDGE = 4.5, 3.0  # WCAG 2.2: 1.4.3 for words, 1.4.11 for what only its edge shows
GROUNDS = ("paper", "surface", "sunken")
PAIRS = [
    *[
        (ink, ground, TEXT)
        for ink in ("ink", "ink-2", "ink-3")
        for ground in (*GROUNDS, "accent-soft", "note", "wrong-soft")
    ],
    *[(ink, ground, TEXT) for ink in ("accent", "wrong", "calm", "note-ink") for ground in GROUNDS],
    ("accent", "accent-soft", TEXT),
    ("accent-ink", "accent", TEXT),
    ("accent-ink", "accent-strong", TEXT),
    ("note-ink", "note", TEXT),
    ("note", "note-ink", TEXT),
    ("wrong", "wrong-soft", TEXT),
    ("wrong-ink", "wrong", TEXT),
    ("paper", "ink", TEXT),
    *[("control", ground, EDGE) for ground in (*GROUNDS, "note")],
    *[("focus", ground, EDGE) for ground in (*GROUNDS, "note", "accent-soft", "wrong-soft")],
]


def _colors() -> dict[str, tuple[str, str]]:
    """Each token's colour in the light and in the dark."""
    css = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
    return {
        name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
    }


def _luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_reckoned_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("light", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS, ids=lambda value: str(value))
def test_every_pair_of_colours_is_readable(front: str, ground: str, least: float, light: int) -> None:
    colors = _colors()
    assert contrast(colors[front][light], colors[ground][light]) >= least


def test_the_style_guide_is_not_there_outside_development(settings) -> None:
    for is_development in (True, False):
        settings.DEBUG = is_development
        routes = [str(route.pattern) for route in _urls_afresh()]
        assert ("styleguide/" in routes) == is_development


def _urls_afresh() -> list[Any]:
    """The product's addresses as a process that starts now would have them."""
    spec = spec_from_file_location("fresh_urls", product_urls.__file__)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.urlpatterns)


@pytest.fixture
def styleguide_page(live_server, settings, chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(reduced_motion="reduce")
    yield page
    page.close()


@pytest.mark.browser
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("direction", ["ltr", pytest.param("rtl", marks=pytest.mark.long)])
@pytest.mark.parametrize("light", ["light", pytest.param("dark", marks=pytest.mark.long)])
@pytest.mark.parametrize("width", [1440, pytest.param(390, marks=pytest.mark.long)])
def test_every_component_stands_up(live_server, styleguide_page: Page, width: int, light: str, direction: str) -> None:
    page = styleguide_page
    page.emulate_media(color_scheme=light, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{live_server.url}/styleguide/?dir={direction}")
    assert serious_findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    main = page.locator("main.page")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")


@pytest.mark.browser
@pytest.mark.urls(__name__)
def test_the_switches_hold_after_a_reload_and_before_the_first_paint(live_server, styleguide_page: Page) -> None:
    page = styleguide_page
    page.goto(f"{live_server.url}/styleguide/")
    page.locator("main label", has_text=re.compile("^Dark$")).click()
    page.locator("main label", has_text=re.compile("^Compact$")).click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    assert (
        page.evaluate("document.documentElement.dataset.theme + document.documentElement.dataset.density")
        == "darkcompact"
    )
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark == "rgb(23, 22, 19)"
    assert page.locator("main input[data-appearance=theme][value=dark]").is_checked()


@pytest.mark.browser
@pytest.mark.urls(__name__)
def test_nothing_is_cut_off_at_the_size_of_twice_enlarged_text(live_server, styleguide_page: Page) -> None:
    """A 1280 px screen at 200 % zoom has 640 CSS pixels; at 400 %, 320 (WCAG 1.4.10)."""
    page = styleguide_page
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 500})
        page.goto(f"{live_server.url}/styleguide/?show=ticket")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.get_by_role("textbox", name="Your words").is_visible()
        assert page.get_by_role("button", name="Send").is_visible()
