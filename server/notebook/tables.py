"""Tables as plain HTML in a notebook, and as text where there is none. Everything in them is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from markupsafe import Markup

CELL = Markup('<td style="text-align:left;vertical-align:top;white-space:pre-wrap">{}</td>')


@dataclass(frozen=True)
class Table:
    """Rows under heads. Without rows it says so in a sentence."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[object]] = field(default_factory=list)
    empty: str = "Nothing."

    def _repr_html_(self) -> str:
        """Asked for by Jupyter."""
        title = Markup("<h4>{}</h4>").format(self.title)
        if not self.rows:
            return title + Markup("<p>{}</p>").format(self.empty)
        head = Markup("").join(
            Markup('<th style="text-align:left">{}</th>').format(name) for name in self.heads
        )
        body = Markup("\n").join(_row(row) for row in self.rows)
        return title + Markup("<table><tr>{}</tr>\n{}</table>").format(head, body)

    def __repr__(self) -> str:
        if not self.rows:
            return f"{self.title}\n  {self.empty}"
        rows = [[str(cell).splitlines() or [""] for cell in row] for row in self._with_heads()]
        widths = [max(len(line) for row in rows for line in row[column]) for column in range(len(self.heads))]
        return "\n".join((self.title, *(line for row in rows for line in _lines(row, widths))))

    def _with_heads(self) -> Sequence[Sequence[object]]:
        return (self.heads, *self.rows) if any(self.heads) else self.rows


def pairs(title: str, rows: Iterable[tuple[str, object]]) -> Table:
    """A table of names and what they are; those that are empty are left out."""
    return Table(title, ("", ""), [(name, value) for name, value in rows if value not in (None, "", ())])


def listed(texts: Iterable[object]) -> str:
    """One text to a line."""
    return "\n".join(map(str, texts))


def arguments(args: dict[str, object]) -> str:
    """`name=value`, one to a line."""
    return listed(f"{name}={value}" for name, value in args.items())


def _row(cells: Sequence[object]) -> Markup:
    return Markup("<tr>{}</tr>").format(Markup("").join(CELL.format(str(cell)) for cell in cells))


def _lines(row: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """A row is as high as its highest cell."""
    for parts in zip_longest(*row, fillvalue=""):
        padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
        yield f"  {'  '.join(padded)}".rstrip()
