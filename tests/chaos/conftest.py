"""Figures of chaos tests, shown when the run has ended: how often what was killed."""

from __future__ import annotations

from tests.plugins.figures import figures, pytest_terminal_summary

__all__ = ["figures", "pytest_terminal_summary"]
