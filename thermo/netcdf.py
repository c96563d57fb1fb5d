"""Labelled arrays in netCDF files that say when they are no longer what was written."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from oqs.arguments import of_type
from oqs.deferred import Deferred, xr
from oqs.exports import exported
from thermo.files import write_whole
from thermo.signals import ctrl_c_held

h5netcdf = Deferred("h5netcdf")

_CHECKSUMS: Final = "checksums"
_SEAL: Final = re.compile(rb"\noqs-thermo sha256 ([0-9a-f]{64})\n\Z")
_SEAL_LENGTH: Final = 84
_AT_ONCE: Final = 1 << 24  # bytes


@exported
def save_dataset(table: xr.Dataset, file: str | os.PathLike[str]) -> None:
    """Write labelled arrays to a netCDF file, complete or not at all, with checksums.

    Parameters
    ----------
    table : of numbers and texts, such as `thermo.sweep` or `Ensemble.to_dataset` return.
    file : its name; one that is there is replaced.

    Raises
    ------
    OSError
        naming the file, if it cannot be written, as where the disk is full.

    Notes
    -----
    Any program that reads netCDF reads the file. HDF5 itself checks its arrays (fletcher32). The
    attribute `checksums` holds a SHA-256 of every variable's numbers and of the attributes, and
    behind the end of the HDF5 data, where HDF5 does not look, is one of the whole file.
    `load_dataset` checks all of them.

    Examples
    --------
    >>> import tempfile
    >>> table = thermo.sweep(lambda x: x**2, {"x": [1.0, 2.0, 3.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     thermo.save_dataset(table, f"{folder}/squares.nc")
    ...     again = thermo.load_dataset(f"{folder}/squares.nc")
    >>> again["value"].values
    array([1., 4., 9.])
    """
    target = _path(file)
    of_type("table", table, xr.Dataset, "an xarray Dataset", "Give .to_dataset() of a result.")
    signed = table.assign_attrs({_CHECKSUMS: json.dumps(_checksums(table))})
    encoding = {
        str(name): {"fletcher32": True}
        for name, variable in table.variables.items()
        if variable.ndim and variable.size and variable.dtype.kind in "biuf"
    }
    content = _content(signed, encoding)
    content += b"\noqs-thermo sha256 %s\n" % hashlib.sha256(content).hexdigest().encode()
    try:
        write_whole(target, content)
    except OSError as error:
        raise OSError(
            f"File `{target}` could not be written ({error}). Make room or choose another place; "
            "what was there before is untouched."
        ) from error


def _path(file: object) -> Path:
    """Return the path of a file; raise TypeError unless it is one."""
    if not isinstance(file, (str, os.PathLike)):
        raise TypeError(
            f"Argument `file` must be the name of a file, but is {file!r}. Give e.g. 'path.nc'."
        )
    return Path(file)


def _content(table: xr.Dataset, encoding: Mapping[str, Mapping[str, bool]]) -> bytes:
    """Return the bytes of a netCDF file: made in memory, as HDF5 crashes where a disk is full."""
    buffer = io.BytesIO()
    # text of no fixed width is refused by some versions of xarray beside pandas 3
    text = {
        name: variable.astype(str)
        for name, variable in table.variables.items()
        if variable.dtype.kind == "O"
    }
    table = table.assign_coords(
        {name: text.pop(name) for name in list(text) if name in table.coords}
    )
    table = table.assign(text)
    with ctrl_c_held(), h5netcdf.File(buffer, "w") as file:
        table.dump_to_store(xr.backends.H5NetCDFStore(file), encoding=encoding)
    return buffer.getvalue()


@exported
def load_dataset(file: str | os.PathLike[str]) -> xr.Dataset:
    """Return the labelled arrays of a file that `save_dataset` wrote, in memory.

    Raises
    ------
    FileNotFoundError
        if there is none.
    ValueError
        naming the file, if it is of another program, truncated or otherwise not what was written.

    Examples
    --------
    >>> import tempfile
    >>> table = thermo.sweep(lambda x: x**2, {"x": [1.0, 2.0, 3.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     thermo.save_dataset(table, f"{folder}/squares.nc")
    ...     again = thermo.load_dataset(f"{folder}/squares.nc")
    >>> again["value"].values
    array([1., 4., 9.])
    """
    source = _path(file)
    return checked(source, opened(source))


def opened(source: Path) -> xr.Dataset:
    """Return what a netCDF file holds, not yet compared with its checksums.

    Raises as `load_dataset` where the file cannot be read, or its seal is broken: HDF5 may look
    for its way through damaged data for ever, so it is not given any.
    """
    if not source.exists():
        raise FileNotFoundError(f"No file `{source}`. Give the name that it was saved under.")
    if source.is_file() and _seal_is_broken(source):
        raise damaged(source, "its bytes are others")
    try:
        with (
            ctrl_c_held(),
            xr.open_dataset(source, engine="h5netcdf", decode_times=False) as stored,
        ):
            return stored.load()
    except Exception as error:  # h5py and xarray raise whatever the damage led to
        raise ValueError(
            f"File `{source}` cannot be read as netCDF: it is truncated or of another format "
            f"({type(error).__name__}: {error}). Take a copy of it, or compute it anew."
        ) from error


def checked(source: Path, table: xr.Dataset) -> xr.Dataset:
    """Return what a file holds, once it is known to be what was written, without the checksums."""
    text = table.attrs.pop(_CHECKSUMS, None)
    if text is None:
        raise ValueError(
            f"File `{source}` holds no checksums: it was not written by `save_dataset` or `save`. "
            "Read it with xarray.open_dataset, which does not ask for them."
        )
    now = _checksums(table)
    try:
        then = json.loads(text)
        names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    except (ValueError, TypeError, AttributeError):
        names = [_CHECKSUMS]
    if names:
        listed = ", ".join(f"`{name}`" for name in sorted(names))
        raise damaged(source, f"other values or none in {listed}")
    return table


def damaged(source: Path, what: str) -> ValueError:
    """Return the error for a file that is not what was written."""
    return ValueError(
        f"File `{source}` is damaged: it is not what was written ({what}). Take a copy of it, or "
        "compute it anew."
    )


def _checksums(table: xr.Dataset) -> dict[str, str]:
    """Return a digest of each variable, and of the attributes."""
    checksums = {"attributes": _short(_text(table.attrs).encode())}
    for name, variable in table.variables.items():
        checksums[f"variable {name}"] = _checksum(variable)
    return checksums


def _checksum(variable: xr.Variable) -> str:
    values = np.asarray(variable.values)
    if values.dtype.kind in "biufc":
        kind = f"{values.dtype.kind}{values.dtype.itemsize}"
        data = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    else:
        kind, data = "text", json.dumps([str(text) for text in values.ravel().tolist()]).encode()
    head = f"{kind} {list(variable.dims)} {values.shape} {_text(variable.attrs)}:"
    return _short(head.encode() + data)


def _text(attributes: Mapping[Any, Any]) -> str:
    """Return attributes as text, the same before a file as after it, where they are arrays."""
    values = {str(name): np.asarray(value).tolist() for name, value in attributes.items()}
    return json.dumps(values, sort_keys=True, default=repr)


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _seal_is_broken(file: Path) -> bool:
    """Return whether there is a seal, of other bytes than there are."""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _SEAL_LENGTH))
        seal = _SEAL.search(stream.read())
    return seal is not None and seal[1].decode() != _digest(file, size - _SEAL_LENGTH)


def _digest(file: Path, size: int) -> str:
    """Return the SHA-256 of the first bytes of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while size > 0 and (part := stream.read(min(size, _AT_ONCE))):
            digest.update(part)
            size -= len(part)
    return digest.hexdigest()
