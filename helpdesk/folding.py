"""Templates that are folded when they are loaded: they say exactly what Django's own engine would, for half the work.
A page of the workspace is drawn from some thousand nodes, each of which costs more than what it says (bin/bench
workspace). What says the same each time becomes one piece, and names, values, conditions and addresses take the short
way; whatever is not quite plain is left to Django."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import groupby
from threading import Lock
from typing import Any

from django.template import Context, Template, library
from django.template.base import (
    FilterExpression,
    Node,
    NodeList,
    TextNode,
    Variable,
    VariableDoesNotExist,
    VariableNode,
)
from django.template.defaulttags import IfNode, LoadNode, TemplateLiteral, URLNode
from django.template.loaders import cached
from django.template.smartif import TokenBase
from django.templatetags.static import StaticNode
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeData, mark_safe
from django.utils.timezone import template_localtime  # type: ignore[attr-defined]
from django.utils.translation import get_language

from accounts.templatetags.icons import lucide
from accounts.templatetags.translating import ConstantWords, in_words

_STAND_IN = 90_000_001  # a key that stands for another in an address, and the ones after it


class Loader(cached.Loader):
    """Django's own, named in settings.TEMPLATES; what it keeps is folded before anybody sees it."""

    _folding = Lock()

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        template = super().get_template(template_name, skip)
        if not hasattr(template, "is_folded"):
            with self._folding:
                folded(template.nodelist)
                template.is_folded = True  # type: ignore[attr-defined]
        return template


def folded(thing: Any) -> Any:
    """What stands for this part of a template; lists and nodes are changed in place. Twice does no more than once."""
    if type(thing) is FilterExpression:
        return _short_expression(thing)
    if isinstance(thing, list):
        thing[:] = [folded(part) for part in thing]
        if isinstance(thing, NodeList):
            thing[:] = _pieces(thing)
    elif isinstance(thing, tuple):
        return tuple(folded(part) for part in thing)
    elif isinstance(thing, dict):
        for name, part in thing.items():
            thing[name] = folded(part)
    elif isinstance(thing, Node | TokenBase):
        folded(vars(thing))
    return thing


def _pieces(nodes: NodeList) -> Iterable[Node]:
    for is_constant, group in groupby(nodes, _is_constant):
        if is_constant:
            yield Piece(list(group))
        else:
            yield from map(_short_node, group)


def _short_node(node: Node) -> Node:
    short: Node
    if type(node) is VariableNode:
        short = ShortValue(node.filter_expression)
    elif type(node) is IfNode:
        short = ShortIf(node.conditions_nodelists)
    elif type(node) is URLNode and not node.kwargs and _are_literal([node.view_name]):
        short = ShortAddress(node.view_name, node.args, node.kwargs, node.asvar)
    else:
        return node
    short.token, short.origin = node.token, node.origin
    return short


# --- What says the same each time -----------------------------------------------------------


class Piece(Node):
    """Nodes that say the same each time, in each language."""

    child_nodelists = ()

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.token, self.origin = nodes[0].token, nodes[0].origin
        self.has_words = any(isinstance(node, ConstantWords) or getattr(node, "has_words", False) for node in nodes)
        self.said: dict[str | None, str] = {}  # by language, if there are words

    def render_annotated(self, context: Context) -> str:
        language = get_language() if self.has_words else None
        if language not in self.said:
            self.said[language] = "".join(str(node.render_annotated(context)) for node in self.nodes)
        return self.said[language]

    render = render_annotated


def _is_constant(node: Node) -> bool:
    if isinstance(node, library.SimpleNode):
        return node.func is lucide and not node.target_var and _are_literal([*node.args, *node.kwargs.values()])
    if isinstance(node, StaticNode):
        return node.varname is None and _are_literal([node.path])
    if isinstance(node, URLNode):
        return not (node.asvar or node.args or node.kwargs) and _are_literal([node.view_name])
    return isinstance(node, TextNode | ConstantWords | LoadNode | Piece)


def _are_literal(expressions: Iterable[FilterExpression]) -> bool:
    return all(not one.filters and _is_literal(one.var) for one in expressions)


def _is_literal(var: Variable | str) -> bool:
    return not isinstance(var, Variable) or (var.lookups is None and not var.translate)


# --- Names and values -----------------------------------------------------------------------


def _short_expression(full: FilterExpression) -> FilterExpression:
    var = full.var
    if not (isinstance(var, Variable) and var.lookups) or var.translate:
        return full
    return ShortExpression(full)


class ShortExpression(FilterExpression):
    """A name that finds what it names at once; what is missing or must be called is found Django's way."""

    __slots__ = ("first", "others", "steps")

    def __init__(self, full: FilterExpression) -> None:
        self.token, self.var, self.filters, self.is_var = full.token, full.var, full.filters, True
        self.first, *self.others = full.var.lookups
        self.steps = [_Step(function, arguments) for function, arguments in full.filters]

    def resolve(self, context: Context, ignore_failures: bool = False) -> Any:
        first = self.first
        for names in reversed(context.dicts):
            if first in names:
                value = names[first]
                break
        else:
            if not ignore_failures or hasattr(context, first):
                return super().resolve(context, ignore_failures)
            return self._filtered(None, context)  # a condition may ask for what is not there
        if callable(value):
            return super().resolve(context, ignore_failures)
        for name in self.others:
            try:
                value = _within(value, name) if hasattr(type(value), "__getitem__") else getattr(value, name)
            except Exception:  # noqa: BLE001 - Django knows which of them are silent
                return super().resolve(context, ignore_failures)
            if callable(value):
                return super().resolve(context, ignore_failures)
        return self._filtered(value, context) if self.steps else value

    def _filtered(self, value: Any, context: Context) -> Any:
        for step in self.steps:
            value = step(value, context)
        return value


def _within(thing: Any, name: str) -> Any:
    try:
        return thing[name]
    except (TypeError, AttributeError, KeyError, ValueError, IndexError):
        return getattr(thing, name)


class _Step:
    """A filter with its arguments, as FilterExpression applies it."""

    def __init__(self, function: Callable[..., Any], arguments: list[tuple[bool, Any]]) -> None:
        self.function = function
        self.arguments = [(is_name, value if is_name else mark_safe(value)) for is_name, value in arguments]  # noqa: S308 - as Django does
        self.wants_localtime = getattr(function, "expects_localtime", False)
        self.wants_autoescape = getattr(function, "needs_autoescape", False)
        self.keeps_safe = getattr(function, "is_safe", False)

    def __call__(self, value: Any, context: Context) -> Any:
        arguments = [given.resolve(context) if is_name else given for is_name, given in self.arguments]
        if self.wants_localtime:
            value = template_localtime(value, context.use_tz)
        named = {"autoescape": context.autoescape} if self.wants_autoescape else {}
        said = self.function(value, *arguments, **named)
        return mark_safe(said) if self.keeps_safe and isinstance(value, SafeData) else said  # noqa: S308 - as Django does


class ShortValue(VariableNode):
    def render(self, context: Context) -> str:
        return in_words(self.filter_expression.resolve(context), context)


# --- Conditions -----------------------------------------------------------------------------

Condition = Callable[[Context], Any]


class ShortIf(IfNode):
    """Its conditions are put together once, out of the five operators that nearly all are made of."""

    def __init__(self, conditions_nodelists: list[tuple[TemplateLiteral | None, NodeList]]) -> None:
        super().__init__(conditions_nodelists)
        self.branches = [(_condition(condition), nodes) for condition, nodes in conditions_nodelists]

    def render(self, context: Context) -> str:
        for condition, nodes in self.branches:
            try:
                is_so = condition(context)
            except VariableDoesNotExist:
                is_so = False
            if is_so:
                return "".join([node.render_annotated(context) for node in nodes])  # type: ignore[misc]  # never numbers
        return ""


def _condition(token: Any) -> Condition:
    """What a parsed condition asks; `token` is one of Django's, or None for an else."""
    if token is None:
        return lambda _context: True
    if isinstance(token, TemplateLiteral):
        expression: Any = token.value
        return lambda context: expression.resolve(context, True)
    if token.id not in _OPERATORS:
        return token.eval
    parts = [_condition(part) for part in (token.first, token.second) if part is not None]
    return _false_where_it_fails(_OPERATORS[token.id](*parts))


def _false_where_it_fails(condition: Condition) -> Condition:
    def tried(context: Context) -> Any:
        try:
            return condition(context)
        except Exception:  # noqa: BLE001 - as Django's own operators do
            return False

    return tried


def _not(first: Condition) -> Condition:
    return lambda context: not first(context)


def _and(first: Condition, second: Condition) -> Condition:
    return lambda context: first(context) and second(context)


def _or(first: Condition, second: Condition) -> Condition:
    return lambda context: first(context) or second(context)


def _is_equal(first: Condition, second: Condition) -> Condition:
    return lambda context: first(context) == second(context)


def _is_other(first: Condition, second: Condition) -> Condition:
    return lambda context: first(context) != second(context)


_OPERATORS: dict[str, Callable[..., Condition]] = {
    "not": _not,
    "and": _and,
    "or": _or,
    "==": _is_equal,
    "!=": _is_other,
}

# --- Addresses ------------------------------------------------------------------------------


class ShortAddress(URLNode):
    """An address with keys in it, which differ from page to page; all else is looked up once."""

    def render(self, context: Context) -> str:
        keys = [arg.resolve(context) for arg in self.args]
        if not all(type(key) is int and key >= 0 for key in keys):
            return super().render(context)
        form = _form_of(str(self.view_name.var), len(keys))
        if not form:
            return super().render(context)
        address = form.format(*keys)
        if self.asvar:
            context[self.asvar] = address
            return ""
        return address


@lru_cache(maxsize=1024)
def _form_of(view_name: str, keys: int) -> str:
    """Its address with `{}` for each key; nothing if there is none."""
    stand_ins = [_STAND_IN + place for place in range(keys)]
    try:
        address = reverse(view_name, args=stand_ins)
    except NoReverseMatch:
        return ""
    for stand_in in stand_ins:
        address = address.replace(str(stand_in), "{}")
    return address
