"""Options that more than one folder of tests understands."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--server",
        choices=("sandbox", "controlplane"),
        default="sandbox",
        help="what the contract suite runs against: the sandbox, or the real control plane",
    )
    parser.addoption(
        "--broken",
        default="",
        help="strictness of the sandbox to break (tools/sandbox/switches.py), to see the contract suite fail",
    )
