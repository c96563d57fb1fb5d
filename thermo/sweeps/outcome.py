"""The outcome of one point of a sweep, and how it is stored."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

Values = Mapping[str, NDArray[Any]]


@final
class Outcome(NamedTuple):
    """The outcome of one point: its values, or the error that it raised."""

    values: Values | None  # arrays by name, or None
    error: str  # text, empty where there are values
    version: str = ""  # of the package that computed it


def points_of(axes: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Return all combinations of the axes' values, the last axis fastest."""
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def point_key(point: Mapping[str, Any]) -> str:
    """Return the text that identifies a point: floats by their shortest exact digits."""
    return json.dumps(dict(point), sort_keys=True)


def packed(values: Values | None) -> bytes | None:
    """Return the values as the bytes of a file of numpy's."""
    if values is None:
        return None
    buffer = io.BytesIO()
    # by position: a name such as "file" would be taken for an argument of savez.
    # evaluate() lets numbers and text pass only, so nothing is pickled
    np.savez(buffer, np.array(list(values), dtype=np.str_), *values.values())
    return buffer.getvalue()


def unpacked(data: bytes | None) -> Values | None:
    """Return the values of such bytes."""
    if data is None:
        return None
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        names, *values = (arrays[f"arr_{index}"] for index in range(len(arrays.files)))
    return dict(zip(names.tolist(), values, strict=True))


def digest(row: Iterable[object]) -> str:
    """Return the SHA-256 of texts, bytes and None, each with its type and length."""
    sha = hashlib.sha256()
    for part in row:
        data = part if isinstance(part, bytes) else str(part).encode()
        sha.update(f"{type(part).__name__} {len(data)}:".encode() + data)
    return sha.hexdigest()
