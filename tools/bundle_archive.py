"""Bundles as one file, `.tar.gz`: written in memory, read through the standard library's filter for foreign archives.

The filter refuses absolute paths, paths and links that lead outside, and devices. What unpacks to more than
`MOST_BYTES` is refused before anything is written.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.bundle import Bundle, BundleError

MOST_BYTES = 64 * 1024 * 1024
MOST_FILES = 5000


def archive(bundle: Bundle, name: str) -> bytes:
    """All its files in a folder of that name; the same bytes for the same bundle. Raises BundleError."""
    import gzip

    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for place, text in bundle.files():
            body = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"{name}/{place}")
            entry.size, entry.mode, entry.mtime = len(body), 0o644, int(bundle.meta.now.timestamp())
            tar.addfile(entry, io.BytesIO(body))
    return out.getvalue()


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The folder of a bundle, unpacked for as long as it is used when `path` is an archive. Raises BundleError."""
    if not path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="sre-agent-bundle-") as folder:
        yield unpacked(path, Path(folder))


def unpacked(path: Path, folder: Path) -> Path:
    """Unpack an archive into this folder; the bundle's own folder in it. Raises BundleError."""
    try:
        with tarfile.open(path) as tar:
            _check_size(path, tar)
            tar.extractall(folder, filter="data")
    except tarfile.FilterError as error:
        raise BundleError(f"{path}: refused, it would write outside of its folder: {error}") from error
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BundleError(
            f"{path}: not a bundle: it is no folder and no .tar.gz that can be read ({error})"
        ) from error
    inside = sorted(place.parent for place in folder.rglob("meta.yaml"))
    if len(inside) != 1:
        raise BundleError(f"{path}: holds {len(inside)} files called meta.yaml; a bundle has one")
    return inside[0]


def _check_size(path: Path, tar: tarfile.TarFile) -> None:
    files, size = 0, 0
    for entry in tar:
        files, size = files + 1, size + entry.size
        if files > MOST_FILES or size > MOST_BYTES:
            limit = f"{MOST_FILES} files or {MOST_BYTES // 1024 // 1024} MiB"
            raise BundleError(f"{path}: refused, it unpacks to more than {limit}")
