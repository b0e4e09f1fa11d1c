"""Which way to the pairs of a graph: all of them where that takes seconds, else as many as are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trap.files import InputError
from trap.studies.hops.arrays import arrays_of
from trap.studies.hops.drawn import DrawnPools
from trap.studies.hops.pools import STYLES, Pools, check_settings

WAYS = ("auto", "all", "drawn")


def open_pools(
    graph: Any,
    pairs: str = "auto",
    *,
    seed: int = 0,
    style: str = "well_posed",
    max_reachable: int = 6,
    easy_shares: Sequence[int],
    source: str = "graph",
) -> Pools | DrawnPools:
    """The pools of a graph. Raises InputError for an unknown way or style, and for a style that cannot be drawn."""
    if pairs not in WAYS:
        raise InputError(f"pairs: {', '.join(WAYS)}, not {pairs!r}")
    check_settings(style, max_reachable, easy_shares)
    if pairs == "all" or (pairs == "auto" and graph.small):
        return Pools(
            graph, seed=seed, style=style, max_reachable=max_reachable, easy_shares=easy_shares, source=source
        )
    if style != STYLES[0]:
        raise InputError(
            f"{source}: style: only {STYLES[0]} questions are asked of a graph of this size, not {style}"
        )
    arrays = getattr(graph, "arrays", None) or arrays_of(graph)
    return DrawnPools(
        graph, arrays, seed=seed, max_reachable=max_reachable, easy_shares=easy_shares, source=source
    )
