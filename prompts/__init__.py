"""Every text that a model or an approver reads: Jinja files beside this one, undefined names are errors.

Text from clusters, alerts and logs is data: it is only ever put inside `_untrusted.md.j2`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


def render(name: str, **values: Any) -> str:
    """Fill the template `name`. Raises `jinja2.UndefinedError` for a value that is not given."""
    return _environment().get_template(name).render(**values).strip() + "\n"


@cache
def _environment() -> Environment:
    # only *.html.j2 is escaped: in plain text it would show
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
    )
