"""DynamoDB's expressions, parsed once for each text. A handler has a dozen of them, and moto parses each one twice for
every call, then walks and copies the trees by means that are made for anything.
"""

from collections import defaultdict
from copy import deepcopy
from functools import cache, lru_cache
from typing import Any

from moto.dynamodb.comparisons import AttributePath, AttributeValue, ConditionExpressionParser, OpDefault
from moto.dynamodb.parsing.ast_nodes import (
    DepthFirstTraverser,
    Expression,
    Node,
    UpdateExpressionFunction,
)
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator

from .moto_patches import Patch

TEXTS = 500
"""So many texts are kept: there are programs that write their values into them."""


def patches() -> list[Patch]:
    """Parsers that remember, and the walks over what they give."""
    return [
        # Whoever changes a tree has copied it.
        Patch(UpdateExpressionParser, "make", staticmethod(lru_cache(TEXTS)(UpdateExpressionParser.make))),
        Patch(ConditionExpressionParser, "parse", _parse_condition),
        Patch(Node, "__deepcopy__", _copy_node),
        Patch(Node, "find_clauses", _find_clauses),
        Patch(DepthFirstTraverser, "traverse_node_recursively", _traverse),
        Patch(ActionCountValidator, "traverse", _whole_first(ActionCountValidator.verify_action_counts)),
        Patch(
            OverlappingPathsValidator,
            "traverse",
            _whole_first(OverlappingPathsValidator.check_for_overlapping_paths),
        ),
        Patch(ReservedKeywords, "KEYWORDS", frozenset(ReservedKeywords.get_reserved_keywords())),
    ]


_moto_parse = ConditionExpressionParser.parse


class _Template(ConditionExpressionParser):  # type: ignore[misc]
    """A condition parsed without its values: `tree` is what moto makes the condition of."""

    def __init__(self, text: str) -> None:
        anything: defaultdict[str, Any] = defaultdict(dict)
        super().__init__(text, anything, anything)
        self.tree: Any = _moto_parse(self)
        self.placeholders = list(_placeholders(self.tree))

    def _make_op_condition(self, node: Any) -> Any:
        return node


class _Filled(ConditionExpressionParser):  # type: ignore[misc]
    """Makes the condition of a tree, with the names and values of this one call."""

    def _make_operand(self, node: Any) -> Any:
        if node.kind == self.Kind.PATH:
            return AttributePath([self._name(child) for child in node.children])
        if node.kind == self.Kind.EXPRESSION_ATTRIBUTE_VALUE:
            return AttributeValue(self._lookup_expression_attribute_value(node.text))
        return super()._make_operand(node)

    def _name(self, node: Any) -> Any:
        return self._lookup_expression_attribute_name(node.text) if node.text[0] == "#" else node.value


_template = lru_cache(TEXTS)(_Template)


def _parse_condition(parser: Any) -> Any:
    text = parser.condition_expression
    if not text:
        return OpDefault(None, None)
    try:
        template = _template(text)
    except Exception:
        return _moto_parse(parser)  # which says what is wrong with it, names and values first
    names, values = parser.expression_attribute_names, parser.expression_attribute_values
    for placeholder in template.placeholders:
        (values if placeholder[0] == ":" else names)[placeholder]
    parser.expr_attr_names_found.extend(template.expr_attr_names_found)
    parser.expr_attr_values_found.extend(template.expr_attr_values_found)
    return _Filled(text, names, values)._make_op_condition(template.tree)


def _placeholders(node: Any) -> Any:
    """Those of a condition from left to right, in which order moto looks them up."""
    if node.children:
        for child in node.children:
            yield from _placeholders(child)
    elif node.text[0] in ":#":
        yield node.text


def _copy_node(node: Any, memo: dict[int, Any]) -> Any:
    made = object.__new__(type(node))
    memo[id(node)] = made
    made.type = node.type
    made.parent = memo.get(id(node.parent)) or deepcopy(node.parent, memo)
    made.children = node.children and [_copied(child, memo) for child in node.children]
    return made


def _copied(child: Any, memo: dict[int, Any]) -> Any:
    kind: Any = type(child)
    if kind is str:
        return child
    return _copy_node(child, memo) if _is_node(kind) else deepcopy(child, memo)


@cache
def _is_node(kind: Any) -> bool:
    return issubclass(kind, Node)


@cache
def _may_have_clauses(kind: Any) -> bool:
    return issubclass(kind, (Expression, UpdateExpressionFunction))


def _find_clauses(node: Any, clause_types: list[type]) -> list[Any]:
    clauses = []
    for child in node.children or ():
        kind: Any = type(child)
        if kind in clause_types:
            clauses.append(child)
        elif _may_have_clauses(kind):
            clauses.extend(_find_clauses(child, clause_types))
    return clauses


class _Wanted(dict[Any, Any]):
    """For each class of nodes the first one among some that it is of, or None; `_ATOM` for what is no node."""

    def __init__(self, classes: tuple[Any, ...]) -> None:
        super().__init__()
        self._classes = classes

    def __missing__(self, kind: Any) -> Any:
        first = next((each for each in self._classes if issubclass(kind, each)), None)
        self[kind] = first if _is_node(kind) else _ATOM
        return self[kind]


_ATOM = object()
_wanted = cache(_Wanted)


def _traverse(traverser: Any, node: Any, child_id: int = -1) -> Any:
    """As moto's own, with the classes of the nodes looked up instead of asked of each node."""
    processors = traverser._processing_map()
    wanted = _wanted(tuple(processors))
    before_child = traverser.pre_processing_of_child
    if type(traverser).pre_processing_of_child is DepthFirstTraverser.pre_processing_of_child:
        before_child = None  # it does nothing

    def walk(node: Any, child_id: int) -> Any:
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            if before_child is not None:
                before_child(node, number)
            if wanted[type(child)] is not _ATOM:
                walk(child, number)
        first = wanted[type(node)]
        if first is not None:
            node = processors[first](node)
            node.parent = parent
            if parent:
                parent.children[child_id] = node
        return node

    return node if wanted[type(node)] is _ATOM else walk(node, child_id)


def _whole_first(check: Any) -> Any:
    """Looks at the root alone, as what holds of all of a tree holds of its parts. Where it does not, moto says which
    part is the first.
    """

    def traverse(validator: Any, node: Any) -> Any:
        try:
            return check(validator, node)
        except Exception:
            return _traverse(validator, node)

    return traverse
