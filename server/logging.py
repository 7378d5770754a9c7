"""Logs as one JSON object per line (or readable lines on a terminal), request ids and incident ids included.

What the standard library and other packages log takes the same form.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal, TextIO

import structlog
from structlog.typing import Processor

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(level: str, form: Literal["json", "console"], stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (standard error by default)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(form)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def to_stderr() -> None:
    """Keep log lines out of what a command prints on standard output, unless logging is configured already."""
    if not structlog.is_configured():
        structlog.configure(logger_factory=lambda *names: structlog.PrintLogger(sys.stderr))


def _rendering(form: Literal["json", "console"]) -> tuple[Processor, ...]:
    if form == "console":
        return (structlog.dev.ConsoleRenderer(colors=False),)
    return (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False))
