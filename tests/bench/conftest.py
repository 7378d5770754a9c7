"""Figures are shown when the run has ended."""

from __future__ import annotations

from tests.plugins.figures import figures, pytest_terminal_summary

__all__ = ["figures", "pytest_terminal_summary"]
