"""Function lengths, module sizes and broad excepts of the product, as JSON: `python -m tests.bench.code_shape`."""

from __future__ import annotations

import ast
import json
import statistics
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("graph", "tools", "server", "prompts")
BROAD = {"Exception", "BaseException"}


def main() -> None:
    """Print the figures."""
    files = [path for package in PACKAGES for path in Path(package).rglob("*.py")]
    lengths = sorted(length for path in files for length in _function_lengths(path))
    lines = {str(path): len(path.read_text().splitlines()) for path in files}
    broad = sum(_broad_excepts(path) for path in files)
    largest = max(lines, key=lambda name: lines[name])
    figures = {
        "files": len(files),
        "lines": sum(lines.values()),
        "functions": len(lengths),
        "function_median": statistics.median(lengths),
        "function_p90": lengths[int(len(lengths) * 0.9)],
        "function_longest": lengths[-1],
        "largest_module": [largest, lines[largest]],
        "modules_over_300": sorted(name for name, count in lines.items() if count > 300),
        "broad_excepts": broad,
        "broad_excepts_per_1000_lines": round(1000 * broad / sum(lines.values()), 2),
    }
    print(json.dumps(figures))  # noqa: T201


def _function_lengths(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield node.end_lineno - node.lineno + 1


def _broad_excepts(path: Path) -> int:
    handlers = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ExceptHandler)]
    return sum(h.type is None or (isinstance(h.type, ast.Name) and h.type.id in BROAD) for h in handlers)


if __name__ == "__main__":
    main()
