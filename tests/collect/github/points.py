"""Prices a query as GitHub does, and holds it to GitHub's limits.

https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

MOST_NODES = 500_000
MOST_OF_A_PAGE = 100


class LimitError(Exception):
    """A query that GitHub refuses before it runs; the error's type is the first argument."""


@dataclass
class Price:
    requests: int = 0
    nodes: int = 0

    @property
    def points(self) -> int:
        return max(1, round(self.requests / 100))


class Pricing:
    """Walks a document: every connection asks once for each of its parents' nodes."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]
    ) -> None:
        self._schema = schema
        self._variables = variables
        self._fragments = {
            d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)
        }
        self.price = Price()
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                root = definition.operation.value.capitalize()
                self._walk(definition.selection_set, root, 1)
        if self.price.nodes > MOST_NODES:
            raise LimitError("MAX_NODE_LIMIT_EXCEEDED")

    def _walk(self, selections: SelectionSetNode | None, parent: str, times: int) -> None:
        for node in selections.selections if selections else ():
            if isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                self._walk(fragment.selection_set, fragment.type_condition.name.value, times)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition.name.value if node.type_condition else parent
                self._walk(node.selection_set, condition, times)
            elif isinstance(node, FieldNode):
                self._field(node, parent, times)

    def _field(self, node: FieldNode, parent: str, times: int) -> None:
        fields = getattr(self._schema.type_map[parent], "fields", {})
        if node.name.value not in fields:
            return
        kind = get_named_type(fields[node.name.value].type).name
        if kind.endswith("Connection"):
            size = self._size(node)
            self.price.requests += times
            self.price.nodes += times * size
            times *= size
        self._walk(node.selection_set, kind, times)

    def _size(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                value = argument.value
                if isinstance(value, VariableNode):
                    size = self._variables.get(value.name.value)
                else:
                    size = int(value.value) if isinstance(value, IntValueNode) else None
                if not isinstance(size, int) or not 1 <= size <= MOST_OF_A_PAGE:
                    raise LimitError("EXCESSIVE_PAGINATION")
                return size
        raise LimitError("MISSING_PAGINATION_BOUNDARIES")
