"""Worlds in files: one netCDF file each, with a version of its format and a checksum in it.

NetCDF 3 (64-bit offsets) through xarray and SciPy, which are here anyway: every program that works
with grids reads it, and numbers come back bit by bit. A mark of fixed length among its attributes
holds the SHA-256 of all other bytes, so that damage is found before anything is believed.
"""

from __future__ import annotations

import hashlib
import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from detente.errors import WorldError
from detente.writing import whole_file

FORMAT = 1
"""Version of the format that is written, and the newest that is read."""

SUFFIX = ".nc"

_MAGIC = b"CDF\x02"
_MARK = "detente world, format {:04d}, sha256 {}"
_WRITTEN = re.compile(rb"detente world, format (\d{4}), sha256 ([0-9a-f]{64})")
_BLANK = "0" * 64
_ABOUT = "about"
_NAMED = re.compile(r"(.+\.nc)((?:\+[^+]*)*)", re.IGNORECASE)


class WorldFile(str):
    """Name of a world that is a file, with the folder it is in; shown by its name alone.

    Attributes
    ----------
    path
        Of the file.
    commodities
        Split off the world, as in `mine.nc+potash`.
    """

    path: Path
    commodities: tuple[str, ...]

    @classmethod
    def of(cls, name: str, folder: Path | None = None) -> WorldFile | None:
        """The file that a name means, seen from a folder; None if it names no file.

        >>> WorldFile.of("tables/mine.nc+potash"), WorldFile.of("icio2022+potash")
        ('mine.nc+potash', None)
        """
        if isinstance(name, cls):
            return name
        named = _NAMED.fullmatch(name)
        if named is None:
            return None
        path = (folder or Path()) / Path(named[1]).expanduser()
        file = cls(path.name + named[2])
        file.path = path.resolve()
        file.commodities = tuple(named[2].split("+")[1:])
        return file

    @property
    def state(self) -> tuple[int, int]:
        """When the file was last changed, and its size; a `WorldError` where there is none."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise WorldError(f"no world file {str(self.path)!r}: {error.strerror}") from error
        return found.st_mtime_ns, found.st_size


def save(data: xr.Dataset, path: Path) -> None:
    """Write the data of a world to a file, whole or not at all.

    Raises
    ------
    WorldError
        The name does not end with `.nc`.
    OSError
        The file cannot be written.

    Examples
    --------
    >>> import detente, tempfile
    >>> world = detente.load_world("icio2022+potash")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     world.save(f"{folder}/mine.nc")
    ...     detente.load_world(f"{folder}/mine.nc") == world
    True
    """
    if path.suffix.casefold() != SUFFIX:
        raise WorldError(f"{path.name}: worlds are saved to files that end with {SUFFIX}")
    with whole_file(path) as partial:
        partial.write_bytes(_stamped(_encoded(data)))


def read(path: Path) -> xr.Dataset:
    """Read the data of a world from a file.

    Raises
    ------
    WorldError
        No such file; one of something else, of a newer format, or damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WorldError(f"{path}: cannot be read: {error.strerror}") from error
    _check(content, path)
    with xr.open_dataset(BytesIO(content), engine="scipy") as stored:
        data = stored.load()
    words = [name for name, v in data.variables.items() if v.dtype.kind in "OS"]
    data = data.assign_coords({name: data[name].astype(str) for name in words})
    return data.drop_attrs().assign_attrs(json.loads(data.attrs[_ABOUT]))


def _encoded(data: xr.Dataset) -> bytearray:
    about = json.dumps(data.attrs, ensure_ascii=False, default=_plain)
    attrs = {
        "detente": _MARK.format(FORMAT, _BLANK),
        "title": str(data.attrs.get("name", "")),
        "units": str(data.attrs.get("units", "")),
        _ABOUT: about,
    }
    whole = xr.Dataset({str(k): v.drop_attrs() for k, v in data.data_vars.items()}, attrs=attrs)
    exact = {str(name): {"_FillValue": None} for name in whole.data_vars}
    written = whole.to_netcdf(engine="scipy", format="NETCDF3_64BIT", encoding=exact)
    return bytearray(written)


def _plain(value: Any) -> Any:
    """What NumPy holds, as JSON has it."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise WorldError(f"an attribute of a world to be saved must be plain data, not {value!r}")


def _stamped(content: bytearray) -> bytearray:
    """Put the checksum of a file where its mark is still blank."""
    found = _WRITTEN.search(content)
    assert found is not None, "the mark was written with the attributes"
    content[slice(*found.span(2))] = hashlib.sha256(content).hexdigest().encode()
    return content


def _check(content: bytes, path: Path) -> None:
    found = _WRITTEN.search(content) if content.startswith(_MAGIC) else None
    if found is None:
        raise WorldError(f"{path}: no world that detente saved, or its beginning is damaged")
    if int(found[1]) > FORMAT:
        raise WorldError(
            f"{path}: saved by a newer detente, in format {int(found[1])}; this one reads up to "
            f"{FORMAT}: update it"
        )
    blank = content[: found.start(2)] + _BLANK.encode() + content[found.end(2) :]
    if hashlib.sha256(blank).hexdigest().encode() != found[2]:
        raise WorldError(f"{path}: damaged (its checksum does not fit): save or copy it again")
