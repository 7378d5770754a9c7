"""Made by `sre-agent evaluate DIR --calibrate DIR --write FILE`; not edited by hand.

Learnt from 227 decisions on stored incidents: the sum of the parts, and the share that was right.
"""

from __future__ import annotations

from graph.calibration import Table

TABLE = Table(
    proposals=(
        (0.495, 0.827),
        (0.79, 0.968),
        (0.86, 0.985),
        (0.895, 0.985),
        (0.925, 0.995),
        (0.975, 0.995),
        (1.0, 1.0),
    ),
    explanations=(
        (0.0, 0.814),
        (0.34, 0.814),
        (0.42, 0.96),
        (0.56, 0.96),
        (0.65, 0.971),
        (0.69, 0.971),
        (0.7, 0.989),
        (0.79, 0.989),
        (0.86, 0.989),
        (0.895, 0.989),
        (0.9, 0.998),
        (0.967, 0.998),
        (1.0, 1.0),
    ),
)
