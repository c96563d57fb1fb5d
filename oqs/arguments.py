"""Checks of what a user passes in: each names the argument, the need, the value, the remedy."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
TextArray = NDArray[np.str_]

_FEW = 8  # numbers that Python looks at quicker than numpy


def real_array(name: str, value: ArrayLike, remedy: str) -> FloatArray:
    """Return `value` as a new array of finite real numbers, or raise naming the argument.

    Raises TypeError if it does not hold real numbers; ValueError if it is ragged or an entry is NaN
    or infinite.
    """
    return _number_array(name, value, "iuf", "real numbers", remedy).astype(np.float64, copy=False)


def complex_array(name: str, value: ArrayLike, remedy: str) -> ComplexArray:
    """Return `value` as a new array of finite complex numbers, or raise as `real_array` does."""
    return _number_array(name, value, "iufc", "numbers", remedy).astype(np.complex128, copy=False)


def float_array(name: str, value: ArrayLike, remedy: str) -> FloatArray:
    """Return `value` as an array of real numbers, NaN and infinite ones too; the same if it is one.

    Raises TypeError or ValueError naming the argument for anything else.
    """
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value
    return _regular_array(name, value, "iuf", "real numbers", remedy).astype(np.float64, copy=False)


def together(names: str, *arrays: NDArray[Any]) -> None:
    """Raise ValueError unless arrays, of the arguments with these names, broadcast together."""
    try:
        np.broadcast_shapes(*(array.shape for array in arrays))
    except ValueError:
        shapes = " and ".join(str(array.shape) for array in arrays)
        raise ValueError(
            f"Arguments {names} must broadcast together, but have shapes {shapes}. "
            "Give one shape, or numbers."
        ) from None


def floats_together(remedy: str, **given: ArrayLike) -> list[FloatArray]:
    """Return arguments by their names as `float_array` does, of shapes that broadcast together."""
    arrays = [float_array(name, value, remedy) for name, value in given.items()]
    if len({array.shape for array in arrays}) > 1:
        *first, last = [f"`{name}`" for name in given]
        together(f"{', '.join(first)} and {last}", *arrays)
    return arrays


def _number_array(
    name: str, value: ArrayLike, kinds: str, content: str, remedy: str
) -> NDArray[Any]:
    array = _regular_array(name, value, kinds, content, remedy)
    finite = np.isfinite(array)
    if not finite.all():
        raise ValueError(
            f"Argument `{name}` must be finite, but holds {_first(array, ~finite)}. {remedy}"
        )
    return array


def _regular_array(
    name: str, value: ArrayLike, kinds: str, content: str, remedy: str
) -> NDArray[Any]:
    try:
        array = np.array(value)
    except ValueError as error:
        raise ValueError(
            f"Argument `{name}` must be a regular array, but its rows have different lengths. "
            f"{remedy}"
        ) from error
    if array.dtype.kind not in kinds:
        held = "is None" if value is None else f"holds {_content(array)}"
        raise TypeError(f"Argument `{name}` must hold {content}, but {held}. {remedy}")
    return array


def real_row(
    name: str, value: ArrayLike, remedy: str, *, length: str = "m", empty: bool = False
) -> FloatArray:
    """Return `value` as a new array of one axis, whose length messages call `length`.

    Raises as `real_array`, and ValueError for another shape, or no entry where there must be one.
    """
    array = real_array(name, value, remedy)
    if array.ndim != 1 or not (empty or array.size):
        least = "" if array.size else f" with {length} >= 1"
        raise ValueError(
            f"Argument `{name}` must have shape ({length},){least}, but has shape {array.shape}. "
            f"{remedy}"
        )
    return array


def ascending_times(times: ArrayLike, remedy: str, *, distinct: bool = True) -> FloatArray:
    """Return `times` as a new array (m,) that ascends from t >= 0; raises as `real_row`."""
    t = real_row("times", times, remedy)
    steps = np.diff(t)
    wrong = np.append(t[0] < 0, steps <= 0 if distinct else steps < 0)
    if wrong.any():
        k = int(np.argmax(wrong))
        before = f"{float(t[k - 1])!r} stands before " if k else "has "
        raise ValueError(
            f"Argument `times` must ascend from t >= 0, but {before}{float(t[k])!r} at index {k}."
            f" {remedy}"
        )
    return t


def has_shape(name: str, array: NDArray[Any], shape: tuple[int, ...], remedy: str) -> None:
    """Raise ValueError unless `array` has exactly `shape`."""
    if array.shape != shape:
        raise ValueError(
            f"Argument `{name}` must have shape {shape}, but has shape {array.shape}. {remedy}"
        )


def positive(name: str, array: FloatArray, remedy: str) -> None:
    """Raise ValueError unless every entry is > 0."""
    if not (array > 0).all():
        raise ValueError(
            f"Argument `{name}` must be positive, but holds {_first(array, ~(array > 0))}. {remedy}"
        )


def positive_number(name: str, value: object, remedy: str) -> float:
    """Return `value` as a finite float > 0, or raise TypeError / ValueError naming the argument."""
    number = real_number(name, value, remedy)
    if not number > 0:
        raise ValueError(f"Argument `{name}` must be positive, but is {number!r}. {remedy}")
    return number


def real_number(name: str, value: object, remedy: str) -> float:
    """Return `value` as a finite float, or raise TypeError / ValueError naming the argument."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(
            f"Argument `{name}` must be a real number, but is {value!r} "
            f"({type(value).__name__}). {remedy}"
        )
    number = float(value)
    if not np.isfinite(number):
        raise ValueError(f"Argument `{name}` must be finite, but is {number!r}. {remedy}")
    return number


def index(name: str, value: object, length: int, remedy: str) -> int:
    """Return `value` as an index below `length`, counted from the end if negative.

    Raises TypeError if it is not a whole number; IndexError if nothing has this index.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"Argument `{name}` must be a whole number, but is {value!r}. {remedy}")
    position = int(value)
    if not -length <= position < length:
        raise IndexError(
            f"Argument `{name}` must be an index below {length}, but is {position}. {remedy}"
        )
    return position


def whole_number(
    name: str, value: object, least: int, remedy: str, *, most: int | None = None
) -> int:
    """Return `value` as a whole number from `least` to `most`, or raise TypeError / ValueError."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"Argument `{name}` must be a whole number, but is {value!r}. {remedy}")
    if value < least:
        raise ValueError(f"Argument `{name}` must be at least {least}, but is {value}. {remedy}")
    if most is not None and int(value) > most:
        raise ValueError(f"Argument `{name}` must be at most {most}, but is {value}. {remedy}")
    return int(value)


def true_or_false(name: str, value: object, remedy: str) -> bool:
    """Return `value` as a bool, or raise TypeError: any text would count as True."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"Argument `{name}` must be True or False, but is {value!r}. {remedy}")
    return bool(value)


def sequence(name: str, value: object, remedy: str) -> list[Any]:
    """Return the entries of `value`, or raise TypeError unless it has several, in an order."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError(f"Argument `{name}` must be a sequence, but is {value!r}. {remedy}")
    return list(value)


def one_of(name: str, value: object, words: Sequence[str], remedy: str) -> str:
    """Return `value`, or raise ValueError unless it is one of these words."""
    if not isinstance(value, str) or value not in words:
        listed = " or ".join(map(repr, words))
        raise ValueError(f"Argument `{name}` must be {listed}, but is {value!r}. {remedy}")
    return value


def of_type(name: str, value: object, kind: type, what: str, remedy: str) -> None:
    """Raise TypeError unless `value` is one of this class, which messages call `what`."""
    if not isinstance(value, kind):
        raise TypeError(
            f"Argument `{name}` must be {what}, but is {type(value).__name__}. {remedy}"
        )


def temperatures_and_potentials(
    T: ArrayLike, mu: ArrayLike, reservoirs: int, *, batched: bool = False
) -> tuple[FloatArray, FloatArray]:
    """Return T and mu of shape (n,), or (..., n) if `batched`, one entry per reservoir; T > 0.

    Raises TypeError or ValueError naming `T` or `mu`, what it must be and what it is.
    """
    scalar = _scalar_pair(T, mu, reservoirs, batched)
    if scalar is not None:
        return scalar
    t_remedy = "Give one temperature per contact, in units of energy (k_B = 1)."
    mu_remedy = "Give one chemical potential per contact, in units of energy."
    temperature = real_array("T", T, t_remedy)
    potential = real_array("mu", mu, mu_remedy)
    for name, array, remedy in (("T", temperature, t_remedy), ("mu", potential, mu_remedy)):
        if not batched:
            has_shape(name, array, (reservoirs,), remedy)
        elif array.ndim == 0 or array.shape[-1] != reservoirs:
            raise ValueError(
                f"Argument `{name}` must have shape (..., {reservoirs}), "
                f"but has shape {array.shape}. {remedy}"
            )
    positive(
        "T", temperature, "Temperatures are absolute; the limit T -> 0 is reached with a small T."
    )
    if batched:
        try:
            np.broadcast_shapes(temperature.shape, potential.shape)
        except ValueError:
            raise ValueError(
                f"Arguments `T` and `mu` must broadcast together, but have shapes "
                f"{temperature.shape} and {potential.shape}. Give both the same leading axes."
            ) from None
    return temperature, potential


def _scalar_pair(
    T: ArrayLike, mu: ArrayLike, reservoirs: int, batched: bool
) -> tuple[FloatArray, FloatArray] | None:
    """Return T and mu if they are plainly what they must be; None sends them to the full checks.

    A law is called thousands of times along a trajectory, and these checks must not outweigh it.
    """
    if not (isinstance(T, np.ndarray) and isinstance(mu, np.ndarray)):
        return None
    if not T.dtype == mu.dtype == np.float64 or T.shape[-1:] + mu.shape[-1:] != (reservoirs,) * 2:
        return None
    alike = batched and (T.shape == mu.shape or 1 in (T.ndim, mu.ndim))
    if not (alike or T.ndim == mu.ndim == 1):
        return None
    return (T, mu) if _above(0.0, T) and _above(-math.inf, mu) else None


def _above(least: float, array: FloatArray) -> bool:
    """Return whether there are numbers, all finite and above `least`."""
    if array.size <= _FEW:  # comparisons with NaN are false
        return array.size > 0 and False not in [
            least < x < math.inf for x in array.ravel().tolist()
        ]
    return bool(
        np.minimum.reduce(array, axis=None) > least
        and np.maximum.reduce(array, axis=None) < math.inf
    )


def shortest(number: complex) -> str:
    """Return all digits of a number that tell it from its neighbours, without a part that is 0."""
    value = complex(number)
    return repr(value.real).removesuffix(".0") if value.imag == 0 else repr(value)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return `array` with writing switched off: results are not workspace."""
    array.setflags(write=False)
    return array


def _content(array: NDArray[Any]) -> str:
    kinds = {"b": "booleans", "c": "complex numbers", "U": "text", "S": "text", "O": "objects"}
    return kinds.get(array.dtype.kind, str(array.dtype))


def _first(array: NDArray[Any], wrong: NDArray[np.bool_]) -> str:
    """Say the first offending entry and where it stands."""
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    value = array[index].item()
    return (
        repr(value) if not index else f"{value!r} at index {index if len(index) > 1 else index[0]}"
    )
