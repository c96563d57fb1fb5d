"""Which function made a result: its name, label and bound values, as text that can be compared."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import pickle
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, final

import numpy as np

_SHORT = 8  # arrays up to this size are written out, so that a message can show them
_SIMPLE = (type(None), bool, int, float, complex, str, bytes)

IDENTITY: Final = ("function", "label", "parameters")
"""The texts that tell the results of one function from those of another."""

Facts = Iterator[tuple[str, str]]


@final
@dataclasses.dataclass(frozen=True)
class Identity:
    """What tells the results of one function from those of another."""

    function: str  # module and name
    label: str  # the user's word for the version, or ""
    facts: Mapping[str, str]  # {what: text}: the values bound to the function

    def parameters(self) -> str:
        """Return the facts as JSON."""
        return json.dumps(dict(self.facts), sort_keys=True)

    def texts(self) -> dict[str, str]:
        """Return function, label and parameters."""
        return dict(zip(IDENTITY, (self.function, self.label, self.parameters()), strict=True))


def identify(function: Callable[..., object], label: str | None, stored: bool) -> Identity:
    """Return the identity of a function, of a functools.partial, a method or a callable object.

    The values bound to it are compared: a partial's arguments, fields, closures, defaults. Its code
    is not: who changes that changes the label.

    Raises TypeError if the label is not text, or results are to be stored without one and the
    function is a lambda, or a bound value can be told from another neither by its fields nor by
    pickling it.
    """
    if label is not None and (not isinstance(label, str) or not label):
        raise TypeError(
            f"Argument `label` must be text, such as 'U = 2, second try', but is {label!r}. "
            "Give None to know the function by its name and the values bound to it."
        )
    name = _name(function)
    description = _Description(strict=stored and label is None)
    return Identity(name, label or "", dict(description.of(function, "function")))


def _name(function: Callable[..., object]) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    kind = type(function)
    return (
        f"{getattr(function, '__module__', None) or kind.__module__}."
        f"{getattr(function, '__qualname__', kind.__qualname__)}"
    )


@final
class _Description:
    """Walks through a value and says in texts what it consists of."""

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._functions: set[int] = set()  # met before: recursion, or two uses of a helper
        self._inside: list[int] = []  # containers that hold the value looked at

    def of(self, value: Any, path: str) -> Facts:
        """Yield (path, text) for the value and all that it holds."""
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, _SIMPLE):
            yield path, repr(value)
        elif id(value) in self._inside:
            yield path, "holds itself"
        else:
            self._inside.append(id(value))
            yield from self._compound(value, path)
            self._inside.pop()

    def _compound(self, value: Any, path: str) -> Facts:
        if isinstance(value, np.ndarray) and value.dtype.kind in "biufcUSmM":
            yield path, _array(value)
        elif isinstance(value, (list, tuple)):
            yield path, f"{type(value).__name__} of {len(value)}"
            for index, item in enumerate(value):
                yield from self.of(item, f"{path}[{index}]")
        elif isinstance(value, Mapping):
            yield path, f"{type(value).__name__} of {len(value)}"
            for key, item in value.items():
                yield from self.of(item, f"{path}[{key!r}]")
        elif isinstance(value, (set, frozenset)):
            yield path, f"{type(value).__name__} of {sorted(map(repr, value))}"
        elif isinstance(value, (type, types.ModuleType)):
            yield path, value.__name__
        else:
            yield from self._callable_or_object(value, path)

    def _callable_or_object(self, value: Any, path: str) -> Facts:
        if isinstance(value, functools.partial):
            yield from self.of(value.func, path)
            yield from self.of(value.args, f"{path} arguments")
            for name, item in value.keywords.items():
                yield from self.of(item, f"{path} argument {name}")
        elif isinstance(value, types.MethodType):
            yield from self.of(value.__func__, path)
            yield from self.of(value.__self__, f"{path} self")
        elif isinstance(value, types.FunctionType):
            yield from self._function(value, path)
        elif dataclasses.is_dataclass(value):
            yield path, _kind(value)
            for field in dataclasses.fields(value):
                yield from self.of(getattr(value, field.name), f"{path}.{field.name}")
        elif hasattr(value, "__wrapped__"):  # functools.cache, numba
            yield from self.of(value.__wrapped__, path)
        else:
            yield from self._opaque(value, path)

    def _function(self, value: types.FunctionType, path: str) -> Facts:
        yield path, _name(value)
        if id(value) in self._functions:
            return
        self._functions.add(id(value))
        if self._strict and value.__name__ == "<lambda>":
            raise TypeError(
                f"Argument `function` must have a name, for the `store` to tell its results from "
                f"others, but {path} is a lambda. Define it with def, or give `label`, a text that "
                "names it."
            )
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        for name, cell in cells:
            yield from self.of(cell.cell_contents, f"{path} variable {name}")
        if value.__defaults__:
            yield from self.of(value.__defaults__, f"{path} defaults")
        for name, item in (value.__kwdefaults__ or {}).items():
            yield from self.of(item, f"{path} default {name}")

    def _opaque(self, value: Any, path: str) -> Facts:
        yield path, getattr(value, "__qualname__", _kind(value))
        if not self._strict:
            return
        try:
            yield f"{path} pickled", _digest(pickle.dumps(value, protocol=4))
        except Exception as error:  # pickling runs the object's own code
            raise TypeError(
                f"Argument `function` must hold values that can be compared, for the `store` to "
                f"tell its results from others, but {path} is {_kind(value)}, which cannot be "
                f"pickled ({error}). Make it a dataclass, or give `label`, a text that names it."
            ) from error


def _kind(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _array(value: np.ndarray[Any, Any]) -> str:
    if value.size <= _SHORT:
        return f"{value.dtype} {value.tolist()}"
    return f"{value.dtype} {value.shape} {_digest(np.ascontiguousarray(value).tobytes())}"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
