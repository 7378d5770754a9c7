"""A Kubernetes API served over HTTP from this process, for the demo, replay, evaluation and fast tests."""

from __future__ import annotations

from tools.sandbox.sandbox import Sandbox
from tools.sandbox.switches import Switch

__all__ = ["Sandbox", "Switch"]
