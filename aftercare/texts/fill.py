"""Texts that Django has parsed, filled in without its machinery.

Our texts consist of `{{ names }}` and `{% if name %}` and nothing else (the lint sees to it), so
filling one is joining strings: a tenth of the work. What is not one of the two, Django fills.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from django.template import Context
from django.template.base import FilterExpression, Node, NodeList, TextNode, VariableNode
from django.template.defaulttags import IfNode
from django.utils.safestring import SafeData

from aftercare.texts.engine import ENGINE

Piece = str | tuple[str, list[Any] | None]  # words; or a name; or a name and what is there if so

CONSTANTS = ("True", "False", "None")


class Text:
    """A text that is parsed once, and filled for each message as Django would."""

    def __init__(self, source: str) -> None:
        self._template = ENGINE.from_string(source)
        self._pieces = _pieces(self._template.nodelist)

    def fill(self, values: Mapping[str, Any], *, escaped: bool) -> str:
        """Values are escaped, unless they are marked as safe, or nothing is."""
        if self._pieces is None:
            return self._template.render(Context(dict(values), autoescape=escaped))
        return "".join(_filled(self._pieces, values, escaped))


def _pieces(nodes: NodeList) -> list[Piece] | None:
    """None if there is something that we do not fill ourselves."""
    pieces: list[Piece] = []
    for node in nodes:
        piece = _piece(node)
        if piece is None:
            return None
        pieces.append(piece)
    return pieces


def _piece(node: Node) -> Piece | None:
    if isinstance(node, TextNode):
        return node.s
    if isinstance(node, VariableNode):
        name = _name(node.filter_expression)
        return None if name is None else (name, None)
    if isinstance(node, IfNode) and len(node.conditions_nodelists) == 1:
        ((condition, inner),) = node.conditions_nodelists
        name, pieces = _name(getattr(condition, "value", None)), _pieces(inner)
        return None if name is None or pieces is None else (name, pieces)
    return None


def _name(expression: Any) -> str | None:
    """Of a bare variable, such as `date`, but not of `date.year` or `date|upper`."""
    if not isinstance(expression, FilterExpression) or expression.filters or not expression.is_var:
        return None
    lookups = expression.var.lookups
    if not lookups or len(lookups) > 1 or lookups[0] in CONSTANTS:
        return None
    return str(lookups[0])


def _filled(pieces: list[Piece], values: Mapping[str, Any], escaped: bool) -> list[str]:
    filled: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            filled.append(piece)
            continue
        name, inner = piece
        value = values.get(name, "")
        if inner is None:
            is_bare = escaped and not isinstance(value, SafeData)
            filled.append(escape(str(value)) if is_bare else str(value))
        elif value:
            filled += _filled(inner, values, escaped)
    return filled
