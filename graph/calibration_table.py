"""Made by `sre-agent evaluate DIR --calibrate DIR --write FILE`; not edited by hand.

Learnt from 151 decisions on stored incidents: the sum of the parts, and the share that was right.
"""

from __future__ import annotations

from graph.calibration import Table

TABLE = Table(
    proposals=(
        (0.495, 0.826),
        (0.79, 0.955),
        (0.86, 0.984),
        (0.895, 0.984),
        (0.925, 0.995),
        (0.975, 0.995),
        (1.0, 1.0),
    ),
    explanations=(
        (0.0, 0.79),
        (0.34, 0.79),
        (0.42, 0.956),
        (0.56, 0.956),
        (0.65, 0.957),
        (0.69, 0.957),
        (0.7, 0.986),
        (0.895, 0.986),
        (0.9, 0.995),
        (0.965, 0.995),
        (1.0, 1.0),
    ),
)
