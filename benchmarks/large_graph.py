"""Questions of graphs up to the size of UMLS: what they cost on one core, and how that grows.

    python benchmarks/large_graph.py [--entities 30000 300000 3000000] [--questions 25000] [--output FOLDER]

A graph has five edges an entity: 60 relations and 120 types of very different frequency, and targets of which a few are
named very often. For each size a fresh process reads the triples (TSV), checks and sorts them, writes what the study
reads, loads it, makes the questions, half of them easy and half hard, and audits each. Seconds are those of the
processor, so that other programs do not count; peak is the largest memory of the process. Nothing of a large graph
stays in the folder but the results.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
SIZES, QUESTIONS, DEGREE, RELATIONS, TYPES = (30_000, 300_000, 3_000_000), 25_000, 5, 60, 120
ONE_CORE = dict.fromkeys(
    ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)
GOAL_SECONDS, GOAL_GIB = 60, 4
STEPS = ("read", "load", "make", "audit")


def write_graph(folder: Path, entities: int, seed: int = 0) -> tuple[Path, Path]:
    """Triples and a table of entities, as TSV. The same bytes for the same numbers."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(seed)
    edges = entities * DEGREE
    ids = pl.Series([f"C{number:07d}" for number in range(entities)])
    # a few are named very often: the density falls as one over the square root
    src = (entities * rng.random(edges) ** 1.3).astype(np.int64)
    dst = (entities * rng.random(edges) ** 2).astype(np.int64)
    place = rng.permutation(entities)
    rel = np.minimum((RELATIONS * rng.random(edges) ** 2).astype(np.int64), RELATIONS - 1)
    kinds = (TYPES * rng.random(entities) ** 2).astype(np.int64)
    relations = pl.Series([f"relation_{number}" for number in range(RELATIONS)])
    triples = folder / "triples.tsv"
    pl.DataFrame({"src": ids[place[src]], "rel": relations[rel], "dst": ids[place[dst]]}).write_csv(
        triples, separator="\t"
    )
    table = folder / "entities.tsv"
    types = pl.Series([f"type {number}" for number in range(TYPES)])
    labels = pl.Series([f"concept number {number}" for number in range(entities)])
    pl.DataFrame({"id": ids, "label": labels, "type": types[kinds]}).write_csv(table, separator="\t")
    return triples, table


def peak() -> float:
    """The largest memory of this process in GiB. Linux counts what the parent had into `ru_maxrss`, so not that there."""
    status = Path("/proc/self/status")
    if status.is_file():
        found = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(found.split()[1]) / 2**20
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**30 if sys.platform == "darwin" else most / 2**20


def measure(folder: Path, questions: int) -> dict[str, Any]:
    """Processor seconds of each step, and the peak in GiB. Raises RuntimeError for a question that is ill posed."""
    import build_graph
    from trap.studies.hops.audit import Reach, audit_questions
    from trap.studies.hops.graph import load_graph
    from trap.studies.hops.questions import QuestionMaker

    spent, wall, before = {}, time.perf_counter(), time.process_time()

    def done(step: str) -> None:
        nonlocal before
        spent[step], before = time.process_time() - before, time.process_time()

    files = ["--graph", str(folder / "triples.tsv"), "--entities", str(folder / "entities.tsv")]
    if build_graph.main([*files, "--output", str(folder / "kg.json")]):
        raise RuntimeError("the graph could not be read")
    done("read")
    graph = load_graph(folder / "kg.json")
    maker = QuestionMaker(graph)
    done("load")
    pools = {pool: list(maker.questions(pool, questions // 2)) for pool in ("easy", "hard")}
    done("make")
    reach = Reach(graph)
    for pool, made in pools.items():
        audit = audit_questions(graph, made, f"{pool}.jsonl", pool, reach)
        if audit.problems:
            raise RuntimeError(f"{audit.problems[0]}")
    done("audit")
    return {
        "entities": len(graph.entities), "edges": len(graph.edges), "questions": sum(map(len, pools.values())),
        **{f"{step}_seconds": round(value, 2) for step, value in spent.items()},
        "seconds": round(sum(spent.values()), 2), "wall_seconds": round(time.perf_counter() - wall, 1),
        "peak_gib": round(peak(), 2),
        "distinct_pairs": len({(q.start, *q.chain) for made in pools.values() for q in made}),
    }  # fmt: skip


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Seconds and memory by the number of edges."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "trap"
    from matplotlib import pyplot as plt

    edges = [row["edges"] for row in rows]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    below = [0.0] * len(rows)
    for step, colour in zip(STEPS, ("#4477AA", "#66CCEE", "#CCBB44", "#AA3377"), strict=True):
        top = [low + row[f"{step}_seconds"] for low, row in zip(below, rows, strict=True)]
        left.fill_between(edges, below, top, color=colour, alpha=0.85, label=step)
        below = top
    left.axhline(GOAL_SECONDS, color="black", linestyle=":", linewidth=1)
    left.set(xscale="log", xlabel="edges", ylabel="seconds of one core", ylim=0)
    left.set_title(f"{rows[0]['questions']:,} audited questions", fontsize=10)
    left.legend(frameon=False, fontsize=8)
    right.plot(edges, [row["peak_gib"] for row in rows], color="#4477AA", marker="o")
    right.axhline(GOAL_GIB, color="black", linestyle=":", linewidth=1)
    right.set(xscale="log", xlabel="edges", ylabel="peak memory, GiB", ylim=0)
    right.set_title("dotted: the goals", fontsize=10)
    figure.savefig(path, metadata={"Date": None})


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entities", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)  # the folder, in the fresh process
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.questions)))
        return 0
    rows = []
    for entities in args.entities:
        with tempfile.TemporaryDirectory() as folder:
            write_graph(Path(folder), entities)
            command = [sys.executable, __file__, "--measure", folder, "--questions", str(args.questions)]
            done = subprocess.run(
                command, env={**os.environ, **ONE_CORE}, stdout=subprocess.PIPE, text=True, check=True
            )
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], file=sys.stderr)
        rows.sort(key=lambda row: row["edges"])
        args.output.mkdir(parents=True, exist_ok=True)
        (args.output / "large_graph.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    draw(rows, args.output / "large_graph.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
