"""Make dataclasses again out of what JSON kept of them."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Made = TypeVar("Made")


def read(kind: type[Made], data: Any) -> Made:
    """Return a value of a dataclass, a field of it that is not there as its default."""
    made: Made = _value(kind, data)
    return made


def _value(kind: Any, data: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind) if field.name in data]
        return kind(**{name: _value(hints[name], data[name]) for name in names})
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if data is None else _value(next(part for part in parts if part is not type(None)), data)
    if origin is list:
        return [_value(parts[0], one) for one in data]
    if origin is dict:
        return {key: _value(parts[1], one) for key, one in data.items()}
    if origin is tuple:
        kinds = [parts[0]] * len(data) if parts[-1] is Ellipsis else parts
        return tuple(_value(part, one) for part, one in zip(kinds, data, strict=True))
    return data
