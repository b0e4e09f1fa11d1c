"""The data folder of the hops study, as its own rules make it: the graph, from its readable source."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def write_graph(data: Path) -> Path:
    """`kg.json` in a folder; gives the folder."""
    from trap.files import write_json
    from trap.studies.hops.source import read_source

    write_json(data / "kg.json", read_source(ROOT / "config/hops/graph"))
    return data
