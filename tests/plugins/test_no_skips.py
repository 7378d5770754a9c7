"""A skipped test fails the run where FAIL_ON_SKIP=1 says so, and only there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPS = """
import pytest

def test_fine():
    pass

@pytest.mark.skip(reason="not here")
def test_gone():
    pass
"""
WHOLE = "import pytest\n\npytest.skip('not here', allow_module_level=True)\n"
EXPECTED = "import pytest\n\n@pytest.mark.xfail\ndef test_known():\n    assert False\n"


@pytest.mark.parametrize(
    ("source", "asked", "code"),
    [
        (SKIPS, "1", 1),
        (SKIPS, "0", 0),
        (WHOLE, "1", 1),
        (EXPECTED, "1", 0),
    ],
)
def test_a_skip_fails_only_where_it_is_forbidden(tmp_path: Path, source: str, asked: str, code: int) -> None:
    """One test, a whole module, and an expected failure, which is no skip."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_it.py").write_text(source)
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.plugins.no_skips",
            "-p",
            "no:cacheprovider",
            str(tmp_path),
        ],
        cwd=ROOT,
        env=os.environ | {"FAIL_ON_SKIP": asked, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == code, run.stdout
    assert ("which FAIL_ON_SKIP=1 does not allow" in run.stdout) is bool(code)
