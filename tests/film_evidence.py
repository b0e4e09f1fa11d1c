"""Evidence for the tests of the film: tables and claims of the released items, made once in a run of the tests."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import tabulate_claims
import tabulate_results
from hops_data import write_graph
from trap.film.facts import Sources
from trap.film.opening import open_film

ROOT = Path(__file__).resolve().parent.parent
CONFIG, CUES = ROOT / "config/config.yaml", ROOT / "video/hops/cues.yaml"
RELEASED = ROOT / "results/released/hops"
COLLECTED = RELEASED / "full"


def write(folder: Path) -> Path:
    """`claims.json`, `tables/` and `data/kg.json` in a folder that all processes of a run share; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "claims.json").is_file():
            _make(folder)
    return folder


def _make(folder: Path) -> None:
    data = write_graph(folder / "data")
    shutil.copytree(RELEASED / "published", folder / "published")  # the audit, where claims look for it

    def run(program, name: str, sheet: str, **more: Path) -> None:
        given = {
            "config": CONFIG, "study": "hops", "sheet": ROOT / f"config/hops/{sheet}", "evidence": RELEASED / name,
            "data": data, **more,
        }  # fmt: skip
        assert program.main([word for key, value in given.items() for word in (f"--{key}", str(value))]) == 0

    run(tabulate_results, "full", "arms.tsv", output=folder / "tables")
    run(tabulate_claims, "way_out", "arms_way_out.tsv", output=folder / "way_out.json")
    run(tabulate_claims, "full", "arms.tsv", beside=folder / "way_out.json", output=folder / "claims.json")


def arguments(folder: Path, collected: Path = COLLECTED) -> list[str]:
    """What the programs of the film are told about evidence in a folder as `write` makes it."""
    told = {
        "config": CONFIG, "study": "hops", "experiment": "full", "claims": folder / "claims.json",
        "tables": folder / "tables", "evidence": collected, "data": folder / "data",
    }  # fmt: skip
    return [word for key, value in told.items() for word in (f"--{key}", str(value))]


def opened(folder: Path, collected: Path = COLLECTED, beside: dict[str, Path] | None = None) -> Sources:
    """The sources of such a folder. beside: folders of other experiments; by default the released ones."""
    return open_film(
        CONFIG, "hops", "full", folder / "claims.json", folder / "tables", collected, folder / "data", beside
    )
