"""Committed results: which files they are, what they were made by, and whether they stand for their runs.

A clone holds no run folders. The manifest says what code, settings and graph source made the committed
items; while they are the same, the items are taken as they are and nothing is trained for them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from trap.files import InputError
from trap.plan import COLLECTED, FIGURES, PUBLISHED_AUDIT, RESULTS, TABLES, Plan, canonical, without_reader
from trap.provenance import closure, code_hashes, sha256_bytes, sha256_file

MANIFEST = "results/manifest.json"


@dataclass(frozen=True)
class Step:
    """Committed files of one rule, the rules they rest on, and the other files they are made of."""

    files: list[str]
    after: list[str]
    sources: list[str] = field(default_factory=list)


def committed(plan: Plan) -> dict[str, Step]:
    """The committed results by the rule that makes them, in order."""
    data, tables = f"{RESULTS}/{plan.config.study}/data", f"{RESULTS}/tables"
    steps = {
        "build_graph": Step([f"{data}/kg.json"], [], plan.graph_sources()),
        "sample_questions": Step(
            [
                f"{data}/{pool}.jsonl"
                for pool in plan.config.data.counts
                if pool.startswith("eval_") and not pool.endswith("_random")  # those are trained on only
            ],
            ["build_graph"],
        ),
        "audit_questions": Step([f"{data}/audit.json"], ["sample_questions"]),
        "collect_runs": Step(
            [*(f"{tables}/{name}.parquet" for name in COLLECTED), f"{RESULTS}/seconds.json"],
            ["build_graph"],
        ),
        "repeat_run": Step(
            [f"{tables}/repeat_{model}.parquet" for model in plan.repeats("full")], ["build_graph"]
        ),
        "record_provenance": Step([f"{RESULTS}/provenance.json"], ["collect_runs"]),
        "tabulate_results": Step(
            [f"{tables}/{name}.{kind}" for name in TABLES for kind in ("parquet", "md")],
            ["collect_runs"],
            [plan.config.claims, plan.config.arms],
        ),
        "tabulate_claims": Step(
            [f"{RESULTS}/claims.json"],
            ["collect_runs", "repeat_run", "tabulate_results"],
            [
                plan.config.claims,
                plan.config.arms,
                *([PUBLISHED_AUDIT] if Path(PUBLISHED_AUDIT).is_file() else []),
            ],
        ),
    }
    for name in FIGURES:
        files = [
            f"{RESULTS}/figures/{name}.{theme}.{kind}"
            for theme in ("light", "dark")
            for kind in ("svg", "png")
        ]
        steps[f"plot_{name}"] = Step(files, ["tabulate_results", "tabulate_claims"])
    steps["render_post"] = Step(
        [f"{RESULTS}/report/post.md", f"{RESULTS}/report/post.html"],
        [*steps],
        [path.as_posix() for path in sorted(Path("report").glob("*.j2"))],
    )
    return steps


def fingerprint(plan: Plan, size: str) -> dict[str, dict[str, str]]:
    """Hashes of everything that decides a size's trained runs: code, settings, graph source.

    Code counts without comments and docstrings. Two equal fingerprints mean that training again
    could give nothing new.
    """
    runs = plan.runs(size)
    arms = sorted({run.arm for run in runs} | {a for run in runs for a in plan.ancestors(run.arm)})
    files = [path for arm in arms for path in plan.training_files(arm)]
    files += plan.evaluation_files()
    for script in ("build_graph.py", "sample_questions.py", "write_facts.py", "collect_runs.py"):
        files += without_reader(closure(script))
    settings = {
        f"{model}/{arm}": sha256_bytes(plan.settings(model, arm).encode())
        for model in sorted({run.model for run in runs})
        for arm in arms
    }
    settings |= {
        f"data/{pool}": sha256_bytes(plan.data_settings(pool).encode())
        for pool in sorted(plan.config.data.counts)
    }
    settings["runs"] = sha256_bytes(canonical(sorted(run.folder for run in runs)).encode())
    source = {path: sha256_file(path) for path in plan.graph_sources()}
    return {"code": code_hashes(files), "settings": settings, "graph": source}


def adopted(plan: Plan) -> bool:
    """Whether the committed full-size items stand for their runs: same code, same settings, same bytes.

    Then no rule makes them: they are source files, and a missing run folder is no reason to train.
    """
    return plan.config.adopt and not adoption_obstacles(plan)


def adoption_obstacles(plan: Plan, manifest_path: str = MANIFEST) -> list[str]:
    """Why the committed items cannot be taken as they are: one line per reason, none when they can."""
    manifest = read_manifest(manifest_path)
    if manifest is None:
        return [f"{manifest_path}: no such file (nothing was committed yet)"]
    problems = []
    for name in COLLECTED:
        path = f"{RESULTS}/tables/{name}.parquet"
        recorded = manifest["files"].get(path)
        if not Path(path).is_file():
            problems.append(f"{path}: missing")
        elif recorded != sha256_file(path):
            problems.append(f"{path}: not the committed bytes")
    if problems:
        return problems
    return compare_tables(manifest["training"], fingerprint(plan, "full"))


def compare_tables(old: dict[str, dict[str, str]], new: dict[str, dict[str, str]]) -> list[str]:
    """What differs between two fingerprints, one line each."""
    lines = []
    for kind in sorted(set(old) | set(new)):
        before, after = old.get(kind, {}), new.get(kind, {})
        for key in sorted(set(before) | set(after)):
            if before.get(key) != after.get(key):
                change = "removed" if key not in after else "new" if key not in before else "changed"
                lines.append(f"{kind} {key}: {change} since the committed run")
    return lines


def read_manifest(path: str = MANIFEST) -> dict | None:
    """The manifest of committed results, or None where there is none."""
    file = Path(path)
    if not file.is_file():
        return None
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        if {"files", "training"} <= set(manifest):
            return manifest
    except (ValueError, TypeError):
        pass
    raise InputError(f"{path}: not a manifest (write one with scripts/verify_results.py --write)")
