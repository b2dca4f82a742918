"""Django's tags for languages, but the words of a template are looked up once in each language. A ticket's page has
four hundred of them, and to look all up took a tenth of its time (bin/bench workspace)."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.template.base import FilterExpression, Node, Parser, Token, Variable, render_value_in_context
from django.templatetags import i18n
from django.utils.translation import get_language, gettext

register = template.Library()
register.tags |= i18n.register.tags
register.filters |= i18n.register.filters


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
        values = {name: value.resolve(context) for name, value in self.translated.extra_context.items()}
        with context.push(**values):
            shown = {name: render_value_in_context(context.get(name, ""), context) for name in self.names}
        return self.said[language] % shown


@register.tag
def blocktranslate(parser: Parser, token: Token) -> Node:
    node = i18n.do_block_translate(parser, token)
    is_plain = not (node.plural or node.asvar or node.message_context)
    return Sentence(node) if is_plain else node
