"""What is wrong with a value, in the words of upstream's OpenAPI validation (kube-openapi's `validate`).

Written only for values that `verdict.py` has refused, so it follows upstream step by step instead of being quick: the
order of checks, which of them end the rest, and how the faults of alternatives are chosen (those of the alternative
most of whose checks passed, hence the counting).

A fault's message begins with the path of its value and `in body`; faults of alternatives have no path of their own, as
upstream has none for them, and are reported for `<nil>`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from wherry.api.field import FieldError, invalid, not_supported, required, too_long, too_many, type_invalid
from wherry.api.structural.correlation import Correlation
from wherry.api.structural.formats import find_format
from wherry.api.structural.listtypes import repeats
from wherry.api.structural.numbers import INT64_MAX, INT64_MIN, is_integral, is_listed, number_faults
from wherry.api.structural.shape import Shape
from wherry.lib.regex import PatternError, compile_pattern

NOWHERE = "<nil>"
"""How Go prints the path that is none."""
MOST_FLAWS = 10_000
"""Of one list or object; what is wrong with the rest of it is not told. Upstream knows no bound but its memory."""


class Flaw(Struct, frozen=True):
    """One fault. Two of the same text are one."""

    text: str
    fault: FieldError


class Result(Struct):
    """What a check found, and how many of its parts passed."""

    flaws: dict[str, Flaw] = field(default_factory=dict)
    passed: int = 0

    def add(self, flaw: Flaw) -> None:
        self.flaws.setdefault(flaw.text, flaw)

    def merge(self, other: Result) -> None:
        for flaw in other.flaws.values():
            self.add(flaw)
        self.passed += other.passed


def report(shape: Shape, value: Any, prefix: str = "", correlation: Correlation | None = None) -> list[FieldError]:
    """All faults of a value. Of what is unchanged by `correlation`, none is told."""
    return [flaw.fault for flaw in _Reporter(prefix).validate(shape, value, "", correlation).flaws.values()]


class _Reporter:
    """Walks a value. `prefix` is where the root of what is walked stands in the object."""

    __slots__ = ("_prefix",)

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def validate(self, shape: Shape, value: Any, path: str, correlation: Correlation | None) -> Result:
        """A place that stands for an old one is forgiven what it was forgiven before."""
        result = self._validate(shape, value, path, correlation)
        if result.flaws and correlation is not None and correlation.is_unchanged:
            return Result(passed=result.passed)
        return result

    def _validate(self, shape: Shape, value: Any, path: str, correlation: Correlation | None) -> Result:
        result = Result()
        kind = type(value)
        if shape.types or shape.format:
            self._check_type(shape, value, path, result)
        if value is None:
            self._check_enum(shape, value, path, result)
            return result
        if shape.types or shape.format:
            result.passed += 1
        self._check_junctors(shape, value, path, correlation, result)
        if kind is str:
            self._check_string(shape, value, path, result)
        elif kind is int or kind is float:
            self._check_number(shape, value, path, result)
        elif kind is list:
            self._check_list(shape, value, path, correlation, result)
        self._check_enum(shape, value, path, result)
        if kind is dict:
            self._check_object(shape, value, path, correlation, result)
        result.passed += 1
        return result

    def _place(self, path: str) -> str:
        name = path.removeprefix(".")
        if not name:
            return self._prefix or NOWHERE
        return f"{self._prefix}.{name}" if self._prefix else name

    def _invalid(self, path: str, value: Any, why: str) -> Flaw:
        text = f"{path} in body {why}"
        return Flaw(text, invalid(self._place(path), _shown(value), text))

    def _placeless(self, text: str) -> Flaw:
        return Flaw(text, invalid(self._prefix or NOWHERE, "", text))

    def _mistyped(self, path: str, wanted: str, value: Any) -> Flaw:
        text = f"{path} in body must be of type {wanted}"
        if type(value) is str:
            text += f": {json.dumps(value, ensure_ascii=False)}"
        return Flaw(text, type_invalid(self._place(path), _shown("" if value is None else value), text))

    def _check_type(self, shape: Shape, value: Any, path: str, result: Result) -> None:
        if value is None:
            if shape.types and not shape.nullable:
                result.add(self._mistyped(path, ",".join(shape.types), "null"))
            else:
                result.passed += 1
            return
        found, found_format = _type_of(value)
        is_numeric = "integer" in shape.types or "number" in shape.types
        fits = (
            found in shape.types
            or (found == "number" and "integer" in shape.types and is_integral(value))
            or (found == "integer" and "number" in shape.types)
        )
        if shape.format and found not in ("string", "array") and not (fits or found_format == shape.format):
            result.add(self._mistyped(path, shape.format, found_format))
        elif fits or (shape.format and not is_numeric and found in ("string", "array")):
            result.passed += 1
        else:
            result.add(self._mistyped(path, ",".join(shape.types), found))

    def _check_junctors(
        self, shape: Shape, value: Any, path: str, correlation: Correlation | None, result: Result
    ) -> None:
        def tried(shapes: tuple[Shape, ...]) -> Iterator[Result]:
            return (self._validate(inner, value, path, correlation) for inner in shapes)

        quoted = json.dumps(path, ensure_ascii=False)
        if shape.any_of:
            best, valid = _best(tried(shape.any_of))
            if not valid:
                result.add(self._placeless(f"{quoted} must validate at least one schema (anyOf)"))
            result.merge(best)
        if shape.one_of:
            self._check_one_of(quoted, tried(shape.one_of), result)
        if shape.all_of:
            failed = 0
            for each in tried(shape.all_of):
                result.merge(each)
                failed += bool(each.flaws)
            if failed:
                why = ". None validated" if failed == len(shape.all_of) else ""
                result.add(self._placeless(f"{quoted} must validate all the schemas (allOf){why}"))
        if shape.negated is not None and not self._validate(shape.negated, value, path, correlation).flaws:
            result.add(self._placeless(f"{quoted} must not validate the schema (not)"))
        result.passed += 2

    def _check_one_of(self, quoted: str, results: Iterator[Result], result: Result) -> None:
        best, valid = _best(results)
        if valid != 1:
            why = f"Found {valid} valid alternatives" if valid else "Found none valid"
            result.add(self._placeless(f"{quoted} must validate one and only one schema (oneOf). {why}"))
        if valid <= 1:
            result.merge(best)

    def _check_string(self, shape: Shape, value: str, path: str, result: Result) -> None:
        if shape.max_length is not None and len(value) > shape.max_length:
            text = f"{path} in body should be at most {shape.max_length} chars long"
            result.add(Flaw(text, too_long(self._place(path), shape.max_length)))
        elif shape.min_length is not None and len(value) < shape.min_length:
            result.add(self._invalid(path, value, f"should be at least {shape.min_length} chars long"))
        elif shape.pattern and (why := _mismatch(shape.pattern, value)):
            result.add(self._invalid(path, value, f"should match '{why}'"))
        result.passed += 1
        is_format = find_format(shape.format) if shape.format else None
        if is_format is not None:
            if not is_format(value):
                result.add(self._mistyped(path, shape.format, value))
            result.passed += 1

    def _check_number(self, shape: Shape, value: float, path: str, result: Result) -> None:
        for why, has_name in number_faults(shape, value):
            if why.startswith("must be positive"):
                text = f"factor MultipleOf declared for {path} {why}"
                result.add(Flaw(text, invalid(self._place(path), shape.multiple_of, text)))
            elif has_name:
                result.add(self._invalid(path, value, why))
            else:
                result.add(self._placeless(f"{why} in {path}"))
        result.passed += 2

    def _check_list(
        self, shape: Shape, value: list[Any], path: str, correlation: Correlation | None, result: Result
    ) -> None:
        if shape.items is not None:
            for index, content in enumerate(value):
                child = correlation.index(index) if correlation is not None else None
                result.merge(self.validate(shape.items, content, f"{path}[{index}]", child))
                if len(result.flaws) > MOST_FLAWS:
                    break
        if shape.min_items is not None and len(value) < shape.min_items:
            result.add(self._invalid(path, len(value), f"should have at least {shape.min_items} items"))
        if shape.max_items is not None and len(value) > shape.max_items:
            text = f"{path} in body should have at most {shape.max_items} items"
            result.add(Flaw(text, too_many(self._place(path), len(value), shape.max_items)))
        if shape.unique_items and repeats(value):
            result.add(self._invalid(path, "", "shouldn't contain duplicates"))
        result.passed += 2

    def _check_enum(self, shape: Shape, value: Any, path: str, result: Result) -> None:
        if shape.enum and not is_listed(value, shape.enum):
            names = [each if type(each) is str else _json(each) for each in shape.enum]
            text = f"{path} in body should be one of {names}"
            result.add(Flaw(text, not_supported(self._place(path), _shown(value), names)))
        if value is not None:
            result.passed += 1

    def _check_object(
        self, shape: Shape, value: dict[str, Any], path: str, correlation: Correlation | None, result: Result
    ) -> None:
        if shape.min_properties is not None and len(value) < shape.min_properties:
            result.add(self._invalid(path, len(value), f"should have at least {shape.min_properties} properties"))
        if shape.max_properties is not None and len(value) > shape.max_properties:
            text = f"{path} in body should have at most {shape.max_properties} properties"
            result.add(Flaw(text, too_many(self._place(path), len(value), shape.max_properties)))
        for key, content in value.items():
            if len(result.flaws) > MOST_FLAWS:
                break
            if key in shape.properties:
                continue
            if shape.additional is False:
                text = f"{path}.{key} in body is a forbidden property"
                result.add(Flaw(text, invalid(self._place(path), key, text)))
            elif isinstance(shape.additional, Shape):
                result.merge(self._field(shape.additional, content, f"{path}.{key}", key, correlation))
        for key, content in value.items():
            if (inner := shape.properties.get(key)) is not None:
                result.merge(self._field(inner, content, f"{path}.{key}" if path else key, key, correlation))
        for key in shape.required:
            if len(result.flaws) > MOST_FLAWS:
                break
            if key not in value:
                text = f"{path}.{key} in body is required"
                result.add(Flaw(text, required(self._place(f"{path}.{key}"))))
        result.passed += 1

    def _field(self, shape: Shape, value: Any, path: str, key: str, correlation: Correlation | None) -> Result:
        is_type_meta = key in ("apiVersion", "kind") and path.removeprefix(".") == key
        child = correlation.key(key) if correlation is not None and not is_type_meta else None
        return self.validate(shape, value, path, child)


def _best(results: Iterator[Result]) -> tuple[Result, int]:
    """The first that is valid, else the first of those most of whose checks passed; and how many are valid."""
    best, valid = Result(passed=-1), 0
    for each in results:
        if not each.flaws:
            valid += 1
        if (valid == 1 and not each.flaws) or (not valid and each.passed > best.passed):
            best = each
    return best, valid


def _type_of(value: Any) -> tuple[str, str]:
    """JSON type and format of a value, as Go holds it."""
    if type(value) is int:
        return ("integer", "int64") if INT64_MIN <= value <= INT64_MAX else ("number", "float64")
    names = {str: "string", bool: "boolean", float: "number", list: "array", dict: "object"}
    return names[type(value)], "float64" if type(value) is float else ""


def _mismatch(pattern: str, value: str) -> str:
    """What the value should have matched; "" when it does."""
    try:
        return "" if compile_pattern(pattern).search(value) else pattern
    except PatternError as error:
        return f"{pattern}, but pattern is invalid: {error}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _shown(value: Any) -> Any:
    """A value as a message shows it: Go sorts the keys of its maps."""
    if type(value) is dict:
        return {key: _shown(value[key]) for key in sorted(value)}
    return [_shown(item) for item in value] if type(value) is list else value
