"""Downloading the OECD's tables: goes on where it stopped, and checks what came.

The standard library: pooch, which checks and shows progress, starts anew after every interruption,
and these archives are some 170 MB from a server that drops connections.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from zipfile import BadZipFile, ZipFile

from detente.errors import DetenteError, WorldError, nearest
from detente.world.tables.text import Progress

FOLDER = "https://webfs-sti.oecd.org/files/STI-PIE/ICIO/2025/"
"""Where the OECD keeps the archives of the 2025 edition, five to seven years each."""
PAGE = "https://www.oecd.org/en/data/datasets/inter-country-input-output-tables.html"
"""Where a person finds them."""

SPANS = ((1995, 2000), (2001, 2005), (2006, 2010), (2011, 2015), (2016, 2022))
EDITIONS = {"regular": "SML", "extended": "EXT"}
TRIES = 5
PIECE = 1 << 18
PATIENCE = 30.0
"""Seconds without a byte after which a connection is given up."""


class FetchError(DetenteError, OSError):
    """A download that did not succeed."""


def archive_of(year: int, edition: str = "regular") -> str:
    """Name of the archive that holds a year.

    >>> archive_of(2022), archive_of(2000, "extended")
    ('2016-2022_SML.zip', '1995-2000_EXT.zip')
    """
    if edition not in EDITIONS:
        raise WorldError(f"unknown edition {edition!r}: {nearest(edition, EDITIONS)}")
    for first, last in SPANS:
        if first <= year <= last:
            return f"{first}-{last}_{EDITIONS[edition]}.zip"
    raise WorldError(f"no table of {year}: the OECD has {SPANS[0][0]} to {SPANS[-1][1]}")


def fetch_icio(
    folder: Path,
    year: int = 2022,
    edition: str = "regular",
    *,
    progress: Progress | None = None,
    source: str = FOLDER,
) -> Path:
    """Download the archive with a year of the OECD's tables; one that is there whole is kept.

    Parameters
    ----------
    folder
        Where it goes; made where there is none.
    year, edition
        Which: `regular` or `extended`.
    progress
        Called with the bytes that are here, and those there are.
    source
        Address of the folder of archives.

    Raises
    ------
    WorldError
        No such year or edition.
    FetchError
        No network, or no archive there; says the address where a person can get it. What came is
        kept, and the next call goes on from there.
    """
    name = archive_of(year, edition)
    path = folder / name
    if path.exists() and _whole(path):
        return path
    folder.mkdir(parents=True, exist_ok=True)
    download = _Download(source + name, folder / f"{name}.part")
    try:
        download.run(progress)
    except (HTTPError, URLError, HTTPException, OSError) as error:
        raise FetchError(
            f"{name} could not be downloaded ({_reason(error)}{download.kept}): get it from {PAGE} "
            f"({source}{name})"
        ) from error
    if not _whole(download.part):
        download.forget()
        raise FetchError(f"{name} came damaged and was removed: try again, or get it from {PAGE}")
    download.part.replace(path)
    download.forget()
    return path


@dataclass
class _Download:
    """A download in a file beside which stands which version of the archive it is of."""

    address: str
    part: Path

    @property
    def _version(self) -> Path:
        return self.part.with_suffix(".version")

    @property
    def kept(self) -> str:
        """What is here already, in words."""
        here = self.part.stat().st_size if self.part.exists() else 0
        return f"; {here / 1e6:,.1f} MB are kept, run it again to go on" if here else ""

    def forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)

    def run(self, progress: Progress | None) -> None:
        """Download, going on where a connection broke off, as long as anything comes."""
        for attempt in range(TRIES):
            try:
                if self._go_on(progress):
                    return
            except HTTPError:
                raise
            except (URLError, HTTPException, OSError):
                if attempt == TRIES - 1 or not self.part.exists():
                    raise
            time.sleep(min(2**attempt, 8) / 4)
        raise ConnectionError("the connection broke off")

    def _go_on(self, progress: Progress | None) -> bool:
        """Take what is missing; whether it is all here then."""
        with urlopen(self._request(), timeout=PATIENCE) as answer:
            rest = answer.status == 206
            start = self.part.stat().st_size if rest else 0
            total = start + int(answer.headers.get("Content-Length") or 0)
            version = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            self._version.write_text(version, encoding="utf-8")
            with self.part.open("ab" if rest else "wb") as file:
                for piece in _pieces(answer):
                    file.write(piece)
                    if progress is not None:
                        progress(file.tell(), total)
                return file.tell() >= total

    def _request(self) -> Request:
        """Ask for what is missing, unless the archive has changed since; then for all of it."""
        headers = {"User-Agent": "Mozilla/5.0 (detente)"}
        version = self._version.read_text("utf-8") if self._version.exists() else ""
        if version and self.part.exists() and self.part.stat().st_size:
            headers |= {"Range": f"bytes={self.part.stat().st_size}-", "If-Range": version}
        return Request(self.address, headers=headers)


def _pieces(answer: HTTPResponse) -> Iterator[bytes]:
    while piece := answer.read1(PIECE):
        yield piece


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"the server answers {error.code}"
    reason = error.reason if isinstance(error, URLError) else error
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__)


def _whole(path: Path) -> bool:
    """Whether an archive is whole: every file in it has the checksum it was packed with."""
    try:
        with ZipFile(path) as archive:
            return archive.testzip() is None
    except (BadZipFile, OSError, ValueError, EOFError):
        return False
