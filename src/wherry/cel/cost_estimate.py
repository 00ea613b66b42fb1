"""What evaluating an expression costs at least and at most, whatever the values: cel-go's estimate, to the digit.

The walk knows for each node the *path* by which its value is reached from a variable (`self.pods.@items.name`), and
asks how large what stands there may be; literals and what is made of them tell their size themselves. A loop costs
its body times the size of what it goes over.

A node's size is looked for in this order: computed before, of a literal, by its path, of its type, of the variable that
it names. Paths that begin within an expression (an item of a list literal) are asked for like all others.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from wherry.cel.ast import Call, Comprehension, Expr, Ident, ListExpr, Literal, MapExpr, Select, StructExpr
from wherry.cel.checked import Checked
from wherry.cel.cost_calls import LIST, MAP, OBJECT, CallView, estimate_call
from wherry.cel.cost_range import NOTHING, ONE, UNBOUNDED, UNKNOWN, Range, exactly
from wherry.cel.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    TIMESTAMP,
    UINT,
    ListType,
    MapType,
    ObjectType,
    OptionalType,
    Type,
    TypeParam,
)

Path = tuple[str, ...]
"""A variable, then names of fields, `@items`, `@indices`, `@keys`, `@values`."""

Sizes = Callable[[Path, Type], Range | None]
"""How large the value at a path may be, which is of that type; None: nothing is known. The path may be empty."""

_ACCUMULATORS = ("__result__", "@result")
_SCALARS = (BOOL, INT, UINT, DOUBLE, TIMESTAMP, DURATION)


class _Entry(Struct, frozen=True):
    """How large the keys (or indices) and the values of a container are."""

    is_list: bool
    key: Range
    value: Range

    def union(self, other: _Entry | None) -> _Entry | None:
        if other is None:
            return None
        return _Entry(self.is_list, self.key.union(other.key), self.value.union(other.value))


class _Local(Struct, frozen=True):
    """A variable of a loop."""

    path: Path | None
    size: Range | None
    entry: _Entry | None = None


class _Argument(Struct, frozen=True):
    expr: Expr
    type: Type
    size: Range | None
    item_size: Range | None


def estimate(checked: Checked, sizes: Sizes) -> Range:
    """The cost of a whole expression."""
    return _Estimator(checked, sizes).cost(checked.expr)


class _Estimator:
    def __init__(self, checked: Checked, sizes: Sizes) -> None:
        self.checked = checked
        self.sizes = sizes
        self.paths: dict[int, Path] = {}
        self.computed: dict[int, Range] = {}
        self.entries: dict[int, _Entry] = {}
        self.locals: dict[str, list[_Local]] = {}

    def cost(self, expr: Expr) -> Range:
        match expr:
            case Ident():
                return self._ident(expr, expr.name)
            case Select():
                return self._select(expr)
            case Call():
                return self._call(expr)
            case ListExpr():
                return self._list(expr)
            case MapExpr():
                return self._map(expr)
            case StructExpr():
                return self._total(*(item.value for item in expr.fields)) + exactly(OBJECT)
            case Comprehension():
                return self._bind(expr) if _is_bind(expr) else self._loop(expr)
        return NOTHING

    def _total(self, *exprs: Expr) -> Range:
        total = NOTHING
        for expr in exprs:
            total += self.cost(expr)
        return total

    # Names and fields

    def _ident(self, expr: Expr, name: str) -> Range:
        local = self._local(name)
        if local is None:
            self.paths[expr.id] = (name,)
        elif local.path is not None:
            self.paths[expr.id] = local.path
        return ONE

    def _select(self, expr: Select) -> Range:
        if expr.id in self.checked.names:
            return self._ident(expr, self.checked.names[expr.id].name)
        cost = self.cost(expr.operand)
        if expr.is_test:
            return cost
        if isinstance(self.checked.type_of(expr.operand), (MapType, ObjectType, TypeParam)):
            cost += ONE
        self.paths[expr.id] = (*(self._path(expr.operand) or ()), expr.field)
        return cost

    # Calls

    def _call(self, expr: Call) -> Range:
        resolution = self.checked.calls[expr.id]
        args = resolution.args
        if resolution.function == "dyn":
            cost = ONE + self.cost(args[0])
            self._copy_sizes(expr, args[0])
            return cost
        is_member = len(args) > len(expr.args)
        costs = [self.cost(arg) for arg in args[is_member:]]
        outer = self.cost(args[0]) if is_member else NOTHING
        views = tuple(map(self._argument, args))
        target, rest = (views[0], views[1:]) if is_member else (None, views)
        total = Range(UNBOUNDED, 0)
        size: Range | None = None
        for overload in [each.id for each in resolution.overloads] or ["select_optional_field"]:
            view = CallView(resolution.function, overload, target, rest)
            cost, result = self._overload(expr, view, costs)
            total = total.union(cost)
            if result is not None:
                size = result if size is None else size.union(result)
            size = self._index(expr, overload, args, size)
            if size is None:
                size = self._size(expr)
        self._set_size(expr, size)
        return outer + total

    def _index(self, expr: Call, overload: str, args: tuple[Expr, ...], size: Range | None) -> Range | None:
        """An index leads to what the container holds."""
        step = {"index_list": "@items", "index_map": "@values"}.get(overload)
        if step is None:
            return size
        self.paths[expr.id] = (*(self._path(args[0]) or ()), step)
        entry = self._entry(args[0])
        return None if entry is None else entry.value

    def _overload(self, expr: Call, view: CallView, costs: list[Range]) -> tuple[Range, Range | None]:
        if view.overload in ("logical_and", "logical_or"):
            left, right = costs
            return Range(left.least, (left + right).most), None
        if view.overload == "conditional":
            return self._conditional(expr, view, costs)
        if view.overload in ("add_list", "add_string", "add_bytes"):
            self._join_entries(expr, view)
        estimate = estimate_call(view)
        total = estimate.cost
        for cost in costs:
            total += cost
        return total, estimate.size

    def _conditional(self, expr: Call, view: CallView, costs: list[Range]) -> tuple[Range, Range | None]:
        self._join_entries(expr, CallView(view.function, view.overload, None, view.args[1:]))
        size = (view.args[1].size or UNKNOWN).union(view.args[2].size or UNKNOWN)
        return costs[0] + costs[1].union(costs[2]), size

    def _join_entries(self, expr: Call, view: CallView) -> None:
        left, right = (self._entry(arg.expr) for arg in view.args)
        joined = left.union(right) if left is not None else None
        if joined is not None:
            self.entries[expr.id] = joined

    def _argument(self, expr: Expr) -> _Argument:
        path, type_ = self._path(expr), self.checked.type_of(expr)
        if path is None or path[0] in _ACCUMULATORS:
            path = ()
        item = self.sizes((*path, "@items") if path else (), type_.parameters[0]) if type_.parameters else None
        return _Argument(expr, type_, self._size(expr), item)

    # Literals of containers

    def _list(self, expr: ListExpr) -> Range:
        cost = self._total(*expr.items)
        size = self._union(expr.items)
        self.entries[expr.id] = _Entry(True, ONE, size)
        return cost + exactly(LIST)

    def _map(self, expr: MapExpr) -> Range:
        cost = NOTHING
        for entry in expr.entries:
            cost += self._total(entry.key, entry.value)
        keys = self._union(tuple(entry.key for entry in expr.entries))
        values = self._union(tuple(entry.value for entry in expr.entries))
        self.entries[expr.id] = _Entry(False, keys, values)
        return cost + exactly(MAP)

    def _union(self, exprs: tuple[Expr, ...]) -> Range:
        size = Range(UNBOUNDED, 0) if exprs else NOTHING
        for expr in exprs:
            size = size.union(self._known_size(expr))
        return size

    # Loops

    def _loop(self, expr: Comprehension) -> Range:
        cost = self._total(expr.range, expr.start)
        self._push(expr.accumulator, self._as_local(expr.start))
        if expr.second_variable:
            self._push(expr.variable, self._iterate(expr.range, key=True))
            self._push(expr.second_variable, self._iterate(expr.range, key=False))
        else:
            self._push(expr.variable, self._iterate(expr.range, key=not self._is_list(expr.range)))
        each = self.cost(expr.condition) + self.cost(expr.step)
        self._pop(expr.variable)
        if expr.second_variable:
            self._pop(expr.second_variable)
        cost += self.cost(expr.result)
        self._pop(expr.accumulator)
        count = self._known_size(expr.range)
        self._size_loop(expr, count)
        return cost + count.times(each)

    def _size_loop(self, expr: Comprehension, count: Range) -> None:
        if isinstance(expr.start, Literal):
            self._set_size(expr, self._size(expr.start))
        elif isinstance(expr.start, (ListExpr, MapExpr)):
            self._set_size(expr, count)
            step = self._entry(expr.step)
            if step is not None:
                self.entries[expr.id] = step

    def _bind(self, expr: Comprehension) -> Range:
        cost = self._total(expr.range, expr.start)
        self._push(expr.accumulator, self._as_local(expr.start))
        cost += self.cost(expr.result)
        self._pop(expr.accumulator)
        self._copy_sizes(expr, expr.result)
        return cost

    def _as_local(self, expr: Expr) -> _Local:
        return _Local(self._path(expr), self._size(expr), self._entry(expr))

    def _iterate(self, range_: Expr, *, key: bool) -> _Local:
        entry = self._entry(range_)
        steps = ("@indices", "@items") if self._is_list(range_) else ("@keys", "@values")
        path = (*(self._path(range_) or ()), steps[0] if key else steps[1])
        if entry is None:
            return _Local(path, None)
        return _Local(path, entry.key if key else entry.value)

    def _is_list(self, expr: Expr) -> bool:
        entry = self._entry(expr)
        return isinstance(self.checked.type_of(expr), ListType) if entry is None else entry.is_list

    def _push(self, name: str, local: _Local) -> None:
        self.locals.setdefault(name, []).append(local)

    def _pop(self, name: str) -> None:
        self.locals[name].pop()

    def _local(self, name: str) -> _Local | None:
        stack = self.locals.get(name)
        return stack[-1] if stack else None

    def _named_local(self, expr: Expr) -> _Local | None:
        return self._local(expr.name) if isinstance(expr, Ident) else None

    # What is known of a node

    def _path(self, expr: Expr) -> Path | None:
        local = self._named_local(expr)
        return self.paths.get(expr.id) if local is None else local.path

    def _entry(self, expr: Expr) -> _Entry | None:
        found = self.entries.get(expr.id)
        if found is None and (local := self._named_local(expr)) is not None:
            return local.entry
        return found

    def _known_size(self, expr: Expr) -> Range:
        size = self._size(expr)
        return UNKNOWN if size is None else size

    def _size(self, expr: Expr) -> Range | None:
        found = self.computed.get(expr.id)
        if found is not None:
            return found
        if (count := _literal_size(expr)) is not None:
            return exactly(count)
        type_ = self.checked.type_of(expr)
        if (size := self.sizes(self._path(expr) or (), type_)) is not None:
            self.computed[expr.id] = size
            return size
        if _is_scalar(type_):
            return ONE
        local = self._named_local(expr)
        return None if local is None else local.size

    def _set_size(self, expr: Expr, size: Range | None) -> None:
        if size is not None:
            self.computed[expr.id] = size

    def _copy_sizes(self, target: Expr, source: Expr) -> None:
        self._set_size(target, self._size(source))
        entry = self._entry(source)
        if entry is not None:
            self.entries[target.id] = entry


def _is_bind(expr: Comprehension) -> bool:
    """A loop over nothing, whose accumulator is a name for its start."""
    is_empty = isinstance(expr.range, ListExpr) and not expr.range.items
    is_false = isinstance(expr.condition, Literal) and expr.condition.value is False
    return is_empty and is_false and expr.accumulator != "__result__"


def _literal_size(expr: Expr) -> int | None:
    match expr:
        case Literal(value=str() | bytes()):
            return len(expr.value)
        case Literal():
            return 1
        case ListExpr():
            return len(expr.items)
        case MapExpr():
            return len(expr.entries)
    return None


def _is_scalar(type_: Type) -> bool:
    return _is_scalar(type_.inner) if isinstance(type_, OptionalType) else type_ in _SCALARS
