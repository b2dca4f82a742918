"""Django's tags for languages, but the words of a template are looked up once in each language. A ticket's page has
four hundred of them, and to look all up took a tenth of its time (bin/bench workspace)."""

from __future__ import annotations

from html import escape
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.template.base import FilterExpression, Node, Parser, Token, Variable, render_value_in_context
from django.templatetags import i18n
from django.utils.safestring import SafeData
from django.utils.translation import get_language, gettext

register = template.Library()
register.tags |= i18n.register.tags
register.filters |= i18n.register.filters


def in_words(value: Any, context: Context) -> str:
    """What a template shows of a value. Words and whole numbers, as nearly all are, need no more than to be escaped."""
    kind = type(value)
    if kind is str and context.autoescape:
        return escape(value)
    if isinstance(value, SafeData):
        return str(value)
    if kind is int and not settings.USE_THOUSAND_SEPARATOR:
        return str(value)
    return render_value_in_context(value, context)


class ConstantWords(Node):
    """A `{% translate "…" %}` without variables. Between two starts of the process it always says the same."""

    child_nodelists = ()

    def __init__(self, translated: i18n.TranslateNode) -> None:
        self.translated = translated
        self.said: dict[str | None, Any] = {}  # by language

    def render(self, context: Context) -> Any:
        language = get_language()
        if language not in self.said:
            self.said[language] = self.translated.render(context)
        return self.said[language]


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    node = i18n.do_translate(parser, token)
    return ConstantWords(node) if _is_constant(node) else node


def _is_constant(node: i18n.TranslateNode) -> bool:
    contexts = [node.message_context] if node.message_context else []
    return not node.asvar and all(_is_text(said) for said in (node.filter_expression, *contexts))


def _is_text(expression: FilterExpression) -> bool:
    var = expression.var
    return not expression.filters and (var.literal is not None if isinstance(var, Variable) else True)


class Sentence(Node):
    """A `{% blocktranslate %}` without plural: words with values among them."""

    child_nodelists = ()

    def __init__(self, translated: i18n.BlockTranslateNode) -> None:
        self.translated = translated
        self.english, self.names = translated.render_token_list(translated.singular)
        self.said: dict[str | None, str] = {}  # by language

    def render(self, context: Context) -> str:
        language = get_language()
        if language not in self.said:
            self.said[language] = gettext(self.english)
        given = {name: value.resolve(context) for name, value in self.translated.extra_context.items()}
        values = {name: given[name] if name in given else context.get(name, "") for name in self.names}
        return self.said[language] % {name: in_words(value, context) for name, value in values.items()}


@register.tag
def blocktranslate(parser: Parser, token: Token) -> Node:
    node = i18n.do_block_translate(parser, token)
    is_plain = not (node.plural or node.asvar or node.message_context)
    return Sentence(node) if is_plain else node
