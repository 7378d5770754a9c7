"""Debian's Chromium without a window, and a visitor who keeps an eye on what each page asks for.

The browser is the machine's own, never one that playwright downloads. No name resolves in it: what a page asked of
another server would fail, and is counted too.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

PATIENCE = 30_000
"""Milliseconds for anything to appear: never asserted, only the difference between slow and never."""
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@contextmanager
def started() -> Iterator[Browser]:
    """A browser; skips by name where none is installed."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: apt-get install --no-install-recommends chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """One person with a clean profile on one server."""

    def __init__(self, browser: Browser, address: str, *, scripts: bool = True, guarded: bool = True) -> None:
        """Without `scripts` the browser runs none. Not `guarded`: it ignores the Content-Security-Policy."""
        self.address = address
        self._context = browser.new_context(
            base_url=address, java_script_enabled=scripts, bypass_csp=not guarded
        )
        self._context.set_default_timeout(PATIENCE)
        self.asked: list[str] = []
        """Every address that the browser asked for."""
        self.complaints: list[str] = []
        """What the browser found wrong with a page: script errors, refused resources."""
        self._context.on("request", lambda request: self.asked.append(request.url))
        self._context.on("console", self._hear)
        self._context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page: Page = self._context.new_page()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def elsewhere(self) -> list[str]:
        """Addresses outside the server that were asked for."""
        return [url for url in self.asked if not url.startswith(f"{self.address}/")]

    def close(self) -> None:
        """Close its pages; streams end with them."""
        self._context.close()


@contextmanager
def visiting(
    browser: Browser, address: str, *, scripts: bool = True, guarded: bool = True
) -> Iterator[Visitor]:
    """A visitor for as long as the block runs."""
    visitor = Visitor(browser, address, scripts=scripts, guarded=guarded)
    try:
        yield visitor
    finally:
        visitor.close()
