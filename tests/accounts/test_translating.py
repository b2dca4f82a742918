"""Constant words of templates, looked up once in each language."""

import pytest
from django.template import Context, Template
from django.utils.translation import override


def said(source: str, language: str, **values: object) -> str:
    with override(language):
        return Template("{% load i18n %}" + source).render(Context(values))


def test_one_template_speaks_each_language_however_often():
    words = Template('{% load i18n %}{% translate "Customers" %}')
    for language, customers in [("en", "Customers"), ("de", "Kunden")] * 2:
        with override(language):
            assert words.render(Context()) == customers


@pytest.mark.parametrize(
    ("source", "english", "german"),
    [
        ('{% translate "Open" context "verb" %}', "Open", "Öffnen"),
        ('{% translate "Customers" as words %}{{ words|upper }}', "CUSTOMERS", "KUNDEN"),
        ('{% translate "Customers"|upper %}', "CUSTOMERS", "KUNDEN"),
        ("{% translate heading %}", "Customers", "Kunden"),
        ('{% translate "100%" %}', "100%", "100%"),
    ],
)
def test_whatever_django_translates_is_translated(source, english, german):
    assert said(source, "en", heading="Customers") == english
    assert said(source, "de", heading="Customers") == german
