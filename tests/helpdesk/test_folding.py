"""Folded templates say exactly what Django's own would."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.template import Context, Engine, Template
from django.template.loaders import cached
from django.urls import NoReverseMatch
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import override

from helpdesk.folding import Loader, Piece, ShortAddress, ShortExpression, folded

ROOT = Path(__file__).resolve().parent.parent.parent
LIBRARIES = settings.TEMPLATES[0]["OPTIONS"]["libraries"] | {
    "static": "django.templatetags.static",
    "tz": "django.templatetags.tz",
    "l10n": "django.templatetags.l10n",
}
LOADS = "{% load i18n lucide static tz l10n %}"
PARTS = {
    "row.html": '{% load i18n %}<i>{{ row.name }}</i>{% if not forloop.last %}, {% endif %}{% translate "Close" %}',
    "base.html": 'a{% block one %}b{{ text }}{% endblock %}c{% include "row.html" with row=thing only %}',
    "child.html": (
        '{% extends "base.html" %}{% load i18n %}{% block one %}{{ block.super }}{% translate "Close" %}{% endblock %}'
    ),
}

# Each line is a template of its own.
SOURCES = """\
# names and values
{{ text }}{{ thing.name }}{{ thing.html }}{{ thing.many }}{{ big }}{{ zero }}{{ thing.yes }}{{ thing.nothing }}
{{ thing.half }}|{{ thing.at }}|{{ thing.day }}
{{ missing }}|{{ missing.name }}|{{ thing.missing }}|{{ thing.name.missing }}|{{ thing.gone }}
{{ dict.items }}|{{ dict.key }}|{{ dict.name }}|{{ plain.items }}|{{ plain.key }}|{{ dict.missing }}|{{ dict.keys }}
{{ thing.rows.0 }}|{{ thing.rows.1.name }}|{{ thing.rows.7 }}|{{ text.0 }}|{{ numbers.1 }}|{{ numbers.x }}
{{ thing.said }}|{{ call }}|{{ thing.needs }}|{{ thing.drops }}|{{ Kept.name }}|{{ lazy.name }}|{{ lazy.said }}
{{ "<literal>" }}|{{ 7 }}|{{ 1.5 }}|{{ _("Close") }}|{{ None }}|{{ True }}
{% autoescape off %}{{ text }}{{ thing.many }}{{ thing.name|upper }}{{ missing }}{% endautoescape %}
{% localize on %}{{ thing.half }}{{ big }}{% endlocalize %}{% localize off %}{{ thing.half }}{% endlocalize %}
{% timezone "Asia/Tokyo" %}{{ thing.at|date:"c" }} {{ thing.at }}{% endtimezone %}
{{ autoescape }}{{ template.name }}{{ request }}
# filters
{{ text|upper }}|{{ thing.html|upper }}|{{ missing|default:"<none>" }}|{{ empty|default:thing.name }}
{{ thing.at|date:"Y-m-d H:i" }}|{{ thing.at|date:_("j M") }}|{{ thing.nothing|default_if_none:"-" }}
{{ numbers|join:", " }}|{{ numbers|length|add:"-3" }}|{{ text|truncatechars:3 }}|{{ thing.rows|length }}
{{ text|linebreaks }}|{{ thing.html|linebreaks }}|{{ text|safe }}|{{ text|escape }}|{{ text|add:dict.name }}
# conditions
{% if text %}1{% endif %}{% if missing %}2{% else %}3{% endif %}
{% if thing.gone %}4{% elif zero %}5{% elif text %}6{% endif %}
{% if text == "<text>" and not zero %}1{% endif %}{% if missing or thing.yes %}2{% endif %}
{% if missing != zero %}1{% endif %}{% if zero == 0 %}2{% endif %}{% if missing == None %}3{% endif %}
{% if thing.nothing is None %}1{% endif %}{% if 3 in numbers %}2{% endif %}{% if missing > 3 %}3{% endif %}
{% if thing.many >= 12345 and thing.many < big %}1{% endif %}{% if not thing.said %}2{% endif %}
{% if thing.yes and thing.many and missing or text %}1{% endif %}{% if text in 7 %}2{% endif %}
{% if text|length > 3 and numbers.1 == 1 %}1{% endif %}
{% if text|add:missing == text %}1{% endif %}{% if text|add:missing %}2{% else %}3{% endif %}
{% if not missing|add:absent %}1{% else %}2{% endif %}
{% if missing.name %}1{% elif missing|default:"x" == "x" %}2{% endif %}{% if autoescape %}3{% endif %}
{% if missing.name|length == 0 and absent|default:text == text %}1{% endif %}{% if template %}2{% endif %}
# what is around them
{% for n in numbers %}{{ forloop.counter }}:{{ n }}{% if not forloop.last %},{% endif %}{% endfor %}
{% for n in numbers %}{% ifchanged n %}{{ n }}{% endifchanged %}{% endfor %}
{% for a in missing %}{% empty %}none{% endfor %}
{% with a=thing.name b=text|upper %}{{ a }}{{ b }}{% include "row.html" with row=thing %}{% endwith %}{{ a }}
{% for row in thing.rows %}{% include "row.html" %}{% endfor %}
{% blocktranslate with name=thing.name %}Hello {{ name }}, {{ text }}{% endblocktranslate %}
{% translate "Close" %}{% translate "Close" as closed %}{{ closed }}{% translate text %}
# pieces
a{# b #}{% lucide "x" size=16 aria_hidden="true" %}c{% lucide "x" class=text %}{% lucide "x" as icon %}{{ icon }}
{% static 'css/base.css' %}{% static 'css/base.css' as css %}{{ css }}{% load i18n %}d
# addresses
{% url 'tickets:inbox' %}|{% url 'tickets:show' 42 %}|{% url 'tickets:show' thing.many %}
{% url 'tickets:show' number=big %}|{% url 'tickets:show' thing.many as here %}{{ here }}
{% url 'no:such' as none %}[{{ none }}]|{% url 'tickets:show' text as none %}[{{ none }}]|{% url 'words' 'de' %}
{% url 'tickets:planned' 42 thing.many %}"""


class Thing:
    """Whatever a template may meet: words, numbers, methods, what is not there, what breaks."""

    name, html, many, nothing, half = "<Ann & Bob>", mark_safe("<b>bold</b>"), 12345, None, 1234.5  # noqa: S308
    yes, rows = True, ["first", {"name": "<second>"}]
    at, day = datetime(2026, 3, 1, 12, 30, tzinfo=UTC), date(2026, 3, 1)

    def said(self) -> str:
        return "<said>"

    def needs(self, what: str) -> str:
        return what

    def drops(self) -> str:
        raise AssertionError("a template must not call it")

    drops.alters_data = True  # type: ignore[attr-defined]

    @property
    def gone(self) -> str:
        raise ObjectDoesNotExist

    @property
    def broken(self) -> str:
        raise AttributeError("inside")


class Kept:
    """A class itself, which may not be called."""

    do_not_call_in_templates = True
    name = "kept"


def what_there_is() -> dict[str, Any]:
    thing = Thing()
    names = {"text": "<text>", "zero": 0, "empty": "", "big": 1234567, "Kept": Kept, "thing": thing}
    names |= {"lazy": SimpleLazyObject(lambda: thing), "plain": SimpleNamespace(items="its own", key=7)}
    return names | {"dict": {"items": "shadowed", "key": 8, "name": "<in>"}, "call": thing.said, "numbers": [3, 1, 2]}


def engine_with(loader: str) -> Engine:
    return Engine(libraries=LIBRARIES, loaders=[(loader, [("django.template.loaders.locmem.Loader", PARTS)])])


def drawn(source: str, loader: str) -> str:
    template = Template(LOADS + source, engine=engine_with(loader))
    if loader.startswith("helpdesk"):
        folded(template.nodelist)
    said = [template.render(Context(what_there_is())) for _ in range(2)]
    assert said[0] == said[1]
    return said[0]


@pytest.mark.parametrize("source", [line for line in SOURCES.splitlines() if not line.startswith("#")])
@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_folded_says_the_same(source, language, settings):
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    with override(language):
        assert drawn(source, "helpdesk.folding.Loader") == drawn(source, "django.template.loaders.cached.Loader")


@pytest.mark.parametrize("name", ["base.html", "child.html"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_blocks_and_parts_are_folded_where_they_are_read(name, language):
    with override(language):
        said = [
            engine_with(loader).get_template(name).render(Context(what_there_is()))
            for loader in ("helpdesk.folding.Loader", "django.template.loaders.cached.Loader")
        ]
    assert said[0] == said[1] != ""


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("{{ thing.broken }}", AttributeError),
        ("{% url 'no:such' %}", NoReverseMatch),
        ("{% url 'tickets:show' -1 %}", NoReverseMatch),
        ("{% if thing.broken %}1{% endif %}", AttributeError),
    ],
)
def test_what_breaks_breaks_as_it_did(source, error):
    raised = []
    for loader in ("helpdesk.folding.Loader", "django.template.loaders.cached.Loader"):
        with pytest.raises(error) as found:
            drawn(source, loader)
        raised.append((found.type, str(found.value)))
    assert raised[0] == raised[1]


def test_a_piece_says_it_in_the_language_of_each_reader():
    template = Template('{% load i18n %}<b>{% translate "Close" %}</b>', engine=engine_with("helpdesk.folding.Loader"))
    folded(template.nodelist)
    assert [type(node) for node in template.nodelist] == [Piece]
    said = {}
    for language in ("en", "de", "en"):
        with override(language):
            said[language] = template.render(Context())
    assert said == {"en": "<b>Close</b>", "de": "<b>Schließen</b>"}


def test_folding_twice_is_folding_once():
    template = Template(
        LOADS + "a{{ text }}{% if text %}b{% lucide 'x' %}{% endif %}", engine=engine_with("helpdesk.folding.Loader")
    )
    once = [type(node) for node in folded(template.nodelist)]
    assert [type(node) for node in folded(template.nodelist)] == once
    assert isinstance(template.nodelist[1].filter_expression, ShortExpression)
    assert template.render(Context({"text": "<"})).startswith("a&lt;b<svg")


def test_a_number_in_groups_is_left_to_django(settings):
    settings.USE_THOUSAND_SEPARATOR = True
    assert drawn("{{ big }}", "helpdesk.folding.Loader") == "1,234,567"


def test_our_templates_are_folded_and_every_one_can_be():
    engine = Engine.get_default()
    assert [type(loader) for loader in engine.template_loaders] == [Loader]
    assert isinstance(engine.template_loaders[0], cached.Loader)
    short = 0
    for path in sorted((ROOT / "templates").rglob("*.html")):
        template = engine.get_template(str(path.relative_to(ROOT / "templates")))
        assert template.is_folded
        short += len(template.nodelist.get_nodes_by_type(ShortAddress))
    assert short > 50
