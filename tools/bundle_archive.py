"""Bundles as one file, `.tar.gz`: written in memory, and read without trust in what somebody else has packed.

Only regular files come out, below the folder; what leads outside, and every link and device, is refused. The standard
library's filter for foreign archives would do, but Python 3.11 has it only since 3.11.4, and Debian 12 has 3.11.2.
What unpacks to more than `MOST_BYTES` is refused before anything is written.
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
            for entry in tar:
                _unpack(path, tar, entry, folder.resolve())
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BundleError(
            f"{path}: not a bundle: it is no folder and no .tar.gz that can be read ({error})"
        ) from error
    inside = sorted(place.parent for place in folder.rglob("meta.yaml"))
    if len(inside) != 1:
        raise BundleError(f"{path}: holds {len(inside)} files called meta.yaml; a bundle has one")
    return inside[0]


def _unpack(path: Path, tar: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path) -> None:
    place = (folder / entry.name.lstrip("/")).resolve()
    if not place.is_relative_to(folder) or not (entry.isreg() or entry.isdir()):
        raise BundleError(
            f"{path}: refused, it would write outside of its folder or make a link: {entry.name}"
        )
    source = tar.extractfile(entry)
    if source is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(source.read())


def _check_size(path: Path, tar: tarfile.TarFile) -> None:
    files, size = 0, 0
    for entry in tar:
        files, size = files + 1, size + entry.size
        if files > MOST_FILES or size > MOST_BYTES:
            limit = f"{MOST_FILES} files or {MOST_BYTES // 1024 // 1024} MiB"
            raise BundleError(f"{path}: refused, it unpacks to more than {limit}")
