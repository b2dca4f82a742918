"""Django's tags for languages, but what a template says in constant words is looked up once in each language. A
ticket's page has four hundred of them, and to look all up took a tenth of its time (bin/bench workspace)."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context
from django.template.base import FilterExpression, Node, Parser, Token, Variable
from django.templatetags import i18n
from django.utils.translation import get_language

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
