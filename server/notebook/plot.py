"""A picture in a notebook, with the words for whoever does not see it.

matplotlib comes with the extra `notebooks` alone and is imported when a picture is looked at. Without it the words are
shown, with how to install it, and the tables beside the plots stay. No window is opened and no backend is chosen: each
figure is drawn into memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, GREY, PALE = "#0072B2", "#D55E00", "#009E73", "#595959", "#D0D0D0"
"""Of the palette of Okabe and Ito, which people who see fewer colours tell apart; marks differ in form as well."""
MISSING = "No picture: matplotlib is not installed here (pip install -e '.[notebooks]')."
DOTS = 144
"""An inch, for screens with small dots."""
SHOWN = 96
"""Dots of a page to an inch."""
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    # a dollar sign in a name begins no formula
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Plot:
    """What is drawn when somebody looks, and `said`, which holds without the picture."""

    said: str
    draw: Callable[[Figure], None]
    inches: tuple[float, float] = (7.5, 4.2)

    def figure(self) -> Figure:
        """Drawn anew. Raises ImportError without matplotlib."""
        with _quiet():
            from matplotlib import rc_context
            from matplotlib.figure import Figure
        with rc_context(STYLE):
            figure = Figure(figsize=self.inches, layout="constrained", facecolor="white")
            self.draw(figure)
        return figure

    def png(self) -> bytes:
        """The picture. Raises ImportError without matplotlib."""
        file = BytesIO()
        self.figure().savefig(file, format="png", dpi=DOTS)
        return file.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, object], dict[str, object]]:
        """Asked for by Jupyter."""
        try:
            picture = self.png()
        except ImportError:
            return {"text/plain": f"{self.said}\n{MISSING}"}, {}
        size = dict(zip(("width", "height"), (round(each * SHOWN) for each in self.inches), strict=True))
        return {"image/png": picture, "text/plain": self.said}, {"image/png": size}

    def __repr__(self) -> str:
        return self.said


def explained_below(figure: Figure, columns: int = 2) -> None:
    """What the marks mean, where it covers none of them."""
    figure.legend(loc="outside lower center", ncols=columns)


@contextmanager
def _quiet() -> Iterator[None]:
    """A home that cannot be written is no news: matplotlib then keeps its list of fonts in a folder that goes away."""
    logger = logging.getLogger("matplotlib")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
