"""Tables whose queries look at one partition. moto sorts the whole table for each of them, so a message in one room
would cost the more the more other rooms there are.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from copy import deepcopy
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import RESULT_SIZE_LIMIT, Table

from .moto_patches import Patch

_SCALARS = ("S", "N", "B")


def patches() -> list[Patch]:
    """Tables in partitions that are in order, and queries that begin where what they ask for is."""
    return [
        Patch(Table, "__init__", _make_table),
        Patch(Table, "get_item", _get_item),
        Patch(Table, "delete_item", _delete_item),
        Patch(Table, "query", _query),
    ]


class Partition(dict[Any, Any]):
    """The items of one partition key by their sort keys, which are in `order` as well."""

    __slots__ = ("order",)

    def __init__(self) -> None:
        super().__init__()
        self.order: list[Any] = []

    def __setitem__(self, key: Any, item: Any) -> None:
        if key not in self:
            insort(self.order, key)
        super().__setitem__(key, item)

    def pop(self, key: Any) -> Any:  # type: ignore[override]
        """The item, which is there no more; KeyError where it never was."""
        item = super().pop(key)
        del self.order[bisect_left(self.order, key)]
        return item

    def __deepcopy__(self, memo: dict[int, Any]) -> "Partition":
        made = Partition()
        for key, item in self.items():
            made[deepcopy(key, memo)] = deepcopy(item, memo)
        return made


_moto_init, _moto_get, _moto_delete, _moto_query = (
    Table.__init__,
    Table.get_item,
    Table.delete_item,
    Table.query,
)


def _make_table(table: Any, *arguments: Any, **options: Any) -> None:
    _moto_init(table, *arguments, **options)
    if table.has_range_key:
        table.items = defaultdict(Partition)


def _get_item(table: Any, hash_key: Any, range_key: Any = None, projection_expression: Any = None) -> Any:
    if range_key and table.has_range_key and hash_key not in table.items:
        return None  # moto would make a partition for it
    return _moto_get(table, hash_key, range_key, projection_expression)


def _delete_item(table: Any, hash_key: Any, range_key: Any) -> Any:
    if range_key and hash_key not in table.items:
        return None
    item = _moto_delete(table, hash_key, range_key)
    if range_key and not table.items[hash_key]:
        del table.items[hash_key]
    return item


def _query(  # noqa: PLR0917 (moto's own)
    table: Any,
    hash_key: Any,
    range_comparison: str | None,
    range_objs: list[Any],
    limit: int | None,
    exclusive_start_key: dict[str, Any] | None,
    scan_index_forward: bool,
    projection_expressions: list[list[str]] | None,
    index_name: str | None = None,
    consistent_read: bool = False,
    filter_expression: Any = None,
    **others: Any,
) -> Any:
    keys = others.keys() - {"hash_key_conditions", "range_key_conditions"}
    place = None
    if not (index_name or keys or limit == 0 or scan_index_forward is None):
        place = _place(table, hash_key, range_comparison, range_objs, exclusive_start_key)
    if place is None:
        return _moto_query(
            table,
            hash_key,
            range_comparison,
            range_objs,
            limit,
            exclusive_start_key,
            scan_index_forward,
            projection_expressions,
            index_name,
            consistent_read,
            filter_expression,
            **others,
        )
    partition, low, high, begin, end = place
    order = partition.order
    # Where the page begins, which may be behind what the range begins with.
    steps = (
        range(max(low, begin), len(order))
        if scan_index_forward is not False
        else range(min(high, end) - 1, -1, -1)
    )
    found: list[Any] = []
    size, last = 0, None
    for number in steps:
        item = partition[order[number]]
        weight = item.size()
        if len(found) == limit or size + weight > RESULT_SIZE_LIMIT:
            last = table._get_last_evaluated_key(found[-1], None)
            break
        if low <= number < high:
            found.append(item)
            size += weight
        elif size < RESULT_SIZE_LIMIT // 2:
            break  # nothing behind the range is so large that it would end the page
    # Nobody changes what is found, it is made into an answer: moto copies it all.
    scanned = len(found)
    if filter_expression is not None:
        found = [item for item in found if filter_expression.expr(item)]
    if projection_expressions:
        found = [item.project(projection_expressions) for item in found]
    return found, scanned, last


def _place(
    table: Any, hash_key: Any, comparison: str | None, bounds: list[Any], after: dict[str, Any] | None
) -> tuple[Partition, int, int, int, int] | None:
    """The partition; of its keys, where those in the range begin and end, and where a page after that key begins,
    or ends if it is read backwards. None where moto's own way is needed, as for anything out of the ordinary.
    """
    kind = table.range_key_type
    if kind not in _SCALARS or hash_key is None or hash_key.type != table.hash_key_type:
        return None
    if any(bound.type != kind for bound in bounds):
        return None
    partition = table.items.get(hash_key)
    if partition is None:
        partition = Partition()
    elif not isinstance(partition, Partition):
        return None
    order = partition.order
    span = _span(order, comparison, bounds)
    if span is None:
        return None
    if after is None:
        return partition, *span, 0, len(order)
    names = (table.hash_key_attr, table.range_key_attr)
    if after.keys() != set(names):
        return None
    of, key = (DynamoType(after[name]) for name in names)
    if of != hash_key or key.type != kind:
        return None
    return partition, *span, bisect_right(order, key), bisect_left(order, key)


def _span(order: list[Any], comparison: str | None, bounds: list[Any]) -> tuple[int, int] | None:
    match comparison, bounds:
        case (None, []):
            return 0, len(order)
        case ("=", [key]):
            return bisect_left(order, key), bisect_right(order, key)
        case ("<", [key]):
            return 0, bisect_left(order, key)
        case ("<=", [key]):
            return 0, bisect_right(order, key)
        case (">", [key]):
            return bisect_right(order, key), len(order)
        case (">=", [key]):
            return bisect_left(order, key), len(order)
        case ("BETWEEN", [low, high]):
            return bisect_left(order, low), bisect_right(order, high)
        case ("BEGINS_WITH", [key]) if key.type == "S":
            prefix, begin = key.value, bisect_left(order, key)
            return begin, bisect_right(order, prefix, begin, key=lambda each: each.value[: len(prefix)])
    return None
