"""Bundles as one file: packed, unpacked, and refused where an archive would reach outside of its folder."""

from __future__ import annotations

import gzip
import io
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools.bundle import Bundle, BundleError, BundleMeta, LogName
from tools.bundle_archive import archive, opened, unpacked

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
BUNDLE = Bundle(
    BundleMeta(now=NOW), ({"version": "4"},), logs={LogName("shop", "web-1", "web", True): "it crashed\n"}
)


def packed(path: Path, *entries: tarfile.TarInfo, text: bytes = b"now: 2026-01-05T12:00:00Z\n") -> Path:
    """An archive with a good meta.yaml and these entries."""
    with tarfile.open(path, "w:gz") as tar:
        for entry in (tarfile.TarInfo("case/meta.yaml"), *entries):
            if entry.isreg():
                entry.size = entry.size or len(text)
            tar.addfile(entry, io.BytesIO(text.ljust(entry.size)) if entry.isreg() else None)
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """An entry that points somewhere."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def test_what_is_packed_is_read_back(tmp_path: Path) -> None:
    """Every file; and the same bytes each time."""
    path = tmp_path / "case.tar.gz"
    path.write_bytes(archive(BUNDLE, "case"))
    with opened(path) as folder:
        loaded = Bundle.load(folder)
    assert (loaded.alerts, dict(loaded.logs), loaded.meta) == (BUNDLE.alerts, dict(BUNDLE.logs), BUNDLE.meta)
    assert archive(BUNDLE, "case") == path.read_bytes()
    assert not folder.exists()


def test_a_folder_is_opened_as_it_is(tmp_path: Path) -> None:
    """Nothing is copied."""
    with opened(tmp_path) as folder:
        assert folder == tmp_path


@pytest.mark.parametrize(
    "entry",
    [
        tarfile.TarInfo("../outside.yaml"),
        tarfile.TarInfo("case/../../outside.yaml"),
        link("case/logs", "/tmp"),
        link("case/logs", "../../outside"),
        link("case/cluster.yaml", "../../outside", tarfile.LNKTYPE),
        link("case/device", "", tarfile.CHRTYPE),
    ],
    ids=lambda entry: f"{entry.name}>{entry.linkname}",
)
def test_what_would_reach_outside_is_refused(tmp_path: Path, entry: tarfile.TarInfo) -> None:
    """Nothing is written beside the folder; the message names the archive."""
    inside = tmp_path / "deep" / "inside"
    inside.mkdir(parents=True)
    with pytest.raises(BundleError, match=r"case\.tar\.gz: refused"):
        unpacked(packed(tmp_path / "case.tar.gz", entry), inside)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case.tar.gz", "deep"]
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["inside"]


def test_an_absolute_path_stays_inside(tmp_path: Path) -> None:
    """Its leading slash is dropped, as tar does."""
    (tmp_path / "inside").mkdir()
    outside = tmp_path / "outside.yaml"
    unpacked(packed(tmp_path / "case.tar.gz", tarfile.TarInfo(str(outside))), tmp_path / "inside")
    assert not outside.exists()


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    """Before anything of it is written."""
    entry = tarfile.TarInfo("case/cluster.yaml")
    entry.size = 65 * 1024 * 1024
    (tmp_path / "inside").mkdir()
    with pytest.raises(BundleError, match="more than 5000 files or 64 MiB"):
        unpacked(packed(tmp_path / "case.tar.gz", entry), tmp_path / "inside")
    assert list((tmp_path / "inside").iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"no archive", gzip.compress(b"no tar"), archive(BUNDLE, "case")[:-40]],
    ids=["empty", "text", "compressed", "cut"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, body: bytes) -> None:
    """Cut short as well."""
    path = tmp_path / "case.tar.gz"
    path.write_bytes(body)
    with pytest.raises(BundleError, match=r"case\.tar\.gz: "), opened(path):
        pass


def test_an_archive_of_several_bundles_is_refused(tmp_path: Path) -> None:
    """Which of them is meant is not known."""
    path = packed(tmp_path / "case.tar.gz", tarfile.TarInfo("other/meta.yaml"))
    with pytest.raises(BundleError, match=r"2 files called meta\.yaml"), opened(path):
        pass


@pytest.mark.parametrize("pod", ["../web", "/web", "a/b", "", "."])
def test_a_log_whose_name_is_a_path_is_not_written(tmp_path: Path, pod: str) -> None:
    """Nor packed."""
    hostile = Bundle(BundleMeta(now=NOW), logs={LogName("shop", pod, "web"): "text"})
    with pytest.raises(BundleError, match="cannot name a log"):
        hostile.write(tmp_path / "case")
    with pytest.raises(BundleError, match="cannot name a log"):
        archive(hostile, "case")
    assert not (tmp_path / "case").exists()
