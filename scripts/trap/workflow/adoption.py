"""Committed results: which files they are, what they were made by, and whether they stand for their runs.

A clone holds no run folders. For each size with committed results (the full one, grids, the comparison of
model sizes) the manifest says what code, settings and graph source made its items; while they are the same,
the items are taken as they are and nothing is trained for them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from trap.files import InputError
from trap.workflow.plan import (
    COLLECTED,
    ERROR_TABLES,
    FIGURES,
    PUBLISHED_AUDIT,
    READ,
    RESULTS,
    TABLES,
    Plan,
    canonical,
    without_reader,
)
from trap.workflow.provenance import closure, code_hashes, sha256_bytes, sha256_file

MANIFEST = "results/manifest.json"
# Sizes in which it is mapped where these arms' models look, as far as they are run there.
LOOKED_AT = ("way_out", "positions")
LOOKING = ("sft_long", "way_out_rsft", "way_out_demos_rsft")
# Their files hold while the fingerprint of the runs does, which counts more than the code of their scripts.
OF_RUNS = ("collect_runs", "repeat_run")
# These as well, and the code that reads the runs counts besides: it is not a part of the fingerprint.
READ_OF_RUNS = ("collect_traces", "map_attention")


@dataclass(frozen=True)
class Step:
    """Committed files of one rule, the rules they rest on, and the other files they are made of."""

    files: list[str]
    after: list[str]
    sources: list[str] = field(default_factory=list)


def committed(plan: Plan, size: str) -> dict[str, Step]:
    """The results of a size that are committed, by the rule that makes them, in order."""
    evidence, config = plan.size(size).evidence, plan.config
    data, tables = f"{RESULTS}/{config.study}/data", f"{evidence}/tables"
    sheets = list(dict.fromkeys([config.arms, plan.sheet(size)]))
    steps = {
        "build_graph": Step([f"{data}/kg.json"], [], plan.graph_sources()),
        "sample_questions": Step(
            [f"{data}/{pool}.jsonl" for pool in _scored(plan)],
            ["build_graph"],
        ),
        "audit_questions": Step([f"{data}/audit.json"], ["sample_questions"]),
    }
    if plan.collected(size):
        steps["collect_runs"] = Step(
            [*(f"{tables}/{name}.parquet" for name in COLLECTED), f"{evidence}/seconds.json"],
            ["build_graph"],
        )
    if size == "scaling":
        shared = len(plan.collected(size)) < len(plan.runs(size))
        return steps | {
            "compare_sizes": Step(
                [
                    *(f"{evidence}/scaling.{kind}" for kind in ("parquet", "md")),
                    *_four(f"{evidence}/scaling"),
                ],
                [*steps],
                [config.claims, *([f"{RESULTS}/tables/items.parquet"] if shared else [])],
            )
        }
    steps["repeat_run"] = Step(
        [f"{tables}/repeat_{model}.parquet" for model in plan.repeats(size)], ["build_graph"]
    )
    steps["collect_traces"] = Step([f"{tables}/{name}.parquet" for name in READ], ["sample_questions"])
    if size in LOOKED_AT:
        steps["map_attention"] = Step(attention_files(evidence), ["sample_questions"])
    provenance = f"{evidence}/provenance.json"
    if size == "full" or Path(provenance).is_file():  # grids have one where somebody asked for it
        steps["record_provenance"] = Step([provenance], ["collect_runs"])
    steps["tabulate_results"] = Step(
        [f"{tables}/{name}.{kind}" for name in TABLES for kind in ("parquet", "md")],
        ["collect_runs"],
        [config.claims, *sheets],
    )
    steps["tabulate_errors"] = Step(
        [f"{tables}/{name}.{kind}" for name in ERROR_TABLES for kind in ("parquet", "md")],
        ["collect_runs", "collect_traces"],
        [config.claims, *sheets],
    )
    beside = grid_ledgers(plan) if size == "full" else []
    looked = ["map_attention"] if size in LOOKED_AT else []
    steps["tabulate_claims"] = Step(
        [f"{evidence}/claims.json"],
        ["collect_runs", "repeat_run", "tabulate_results", *looked],
        [config.claims, *sheets, *([PUBLISHED_AUDIT] if Path(PUBLISHED_AUDIT).is_file() else []), *beside],
    )
    if size != "full":
        for rule, files in own_files(size, evidence).items():
            steps[rule] = Step(
                files, ["tabulate_results", "tabulate_claims", *looked], [config.claims, *sheets]
            )
        return steps
    for name in FIGURES:
        tabulated = ["tabulate_results", "tabulate_claims"]
        if name in ERROR_TABLES:
            tabulated.append("tabulate_errors")
        steps[f"plot_{name}"] = Step(_four(f"{evidence}/figures/{name}"), tabulated)
    steps["render_post"] = Step(
        [f"{evidence}/report/post.md", f"{evidence}/report/post.html"],
        [*steps],
        [path.as_posix() for path in sorted(Path("report").glob("*.j2"))],
    )
    return steps


def grid_ledgers(plan: Plan) -> list[str]:
    """Ledgers of the grids that have one here: what the main sheet does not test, they may."""
    sizes = plan.config.sizes.values()
    paths = [f"{size.evidence}/claims.json" for size in sizes if size.arms]
    return [path for path in paths if Path(path).is_file()]


def attention_files(evidence: str) -> list[str]:
    """What map_attention writes."""
    return [f"{evidence}/tables/{name}" for name in ("attention.parquet", "pointers.parquet", "pointers.md")]


def own_files(size: str, evidence: str) -> dict[str, list[str]]:
    """What a grid has beside claims and tables, by rule."""
    return {
        "grpo": {"tabulate_rewards": [f"{evidence}/tables/rewards.{kind}" for kind in ("parquet", "md")]},
        "ignition": {"plot_ignition": _four(f"{evidence}/figures/ignition")},
        "way_out": {"plot_attention": _four(f"{evidence}/figures/attention")},
    }.get(size, {})


def _four(stem: str) -> list[str]:
    return [f"{stem}.{theme}.{kind}" for theme in ("light", "dark") for kind in ("svg", "png")]


def _scored(plan: Plan) -> list[str]:
    """Pools that runs are evaluated on; those that end in _random are only trained on."""
    return [
        pool for pool in plan.config.data.counts if pool.startswith("eval_") and not pool.endswith("_random")
    ]


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
        for pool in sorted({*_scored(plan), *(pool for arm in arms for pool in plan.data_pools(arm))})
    }
    if far := plan.size(size).far:
        settings["far"] = canonical(far)
    if plan.searching(size):
        settings["search"] = canonical(msgspec.to_builtins(plan.size(size).search))
        files += plan.search_files()
    settings["runs"] = sha256_bytes(canonical(sorted(run.folder for run in runs)).encode())
    source = {path: sha256_file(path) for path in plan.graph_sources()}
    return {"code": code_hashes(files), "settings": settings, "graph": source}


def adopted(plan: Plan) -> frozenset[str]:
    """Folders of evidence whose committed items stand for their runs: same code, same settings, same bytes.

    Then no rule makes these items: they are source files, and a missing run folder is no reason to train.
    """
    manifest = read_manifest() if plan.config.adopt else None
    sizes = manifest["sizes"] if manifest else {}
    return frozenset(
        plan.size(size).evidence for size, entry in sizes.items() if not adoption_obstacles(plan, size, entry)
    )


def files_of_runs(entry: dict) -> dict[str, str]:
    """Hashes of the committed files that stand for a size's runs, by path."""
    return {
        path: sha
        for rule in (*OF_RUNS, *READ_OF_RUNS)
        if rule in entry["rules"]
        for path, sha in entry["rules"][rule]["files"].items()
    }


def adoption_obstacles(plan: Plan, size: str, entry: dict) -> list[str]:
    """Why the committed items of a size cannot be taken as they are: a line per reason, none when they can."""
    if size not in plan.config.sizes:
        return [f"{size}: no such size in the settings"]
    recorded = files_of_runs(entry)
    problems = file_problems(recorded)
    if problems:
        return [*partly_committed(size, entry), *problems]
    try:
        present = fingerprint(plan, size)
    except InputError as error:  # the sheets of two sizes clash, or a file of the code does not parse
        return [f"{size}: {error}"]
    return [f"{size}: {line}" for line in compare_tables(entry["training"], present)]


def partly_committed(size: str, entry: dict) -> list[str]:
    """One line where some of the files that stand for a size's runs are here and some are not."""
    recorded = files_of_runs(entry)
    missing = [path for path in recorded if not Path(path).is_file()]
    if not missing or len(missing) == len(recorded):
        return []
    return [
        f"{size}: only part of it is committed: {len(missing)} of the {len(recorded)} files that stand for its"
        f" runs are missing ({', '.join(missing)}), so that its runs have to be made again"
    ]


def file_problems(recorded: dict[str, str]) -> list[str]:
    """Files that are missing or not as recorded, a line each."""
    problems = []
    for path, sha in recorded.items():
        if not Path(path).is_file():
            problems.append(f"{path}: missing")
        elif sha256_file(path) != sha:
            problems.append(f"{path}: not the committed bytes")
    return problems


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
    """The manifest of committed results, or None where there is none.

    `sizes` holds an entry per committed size: `training`, the fingerprint of its runs, and `rules`, the files
    of each rule with the code and the sources that they were made of. Version 1 knew the full size alone.
    """
    file = Path(path)
    if not file.is_file():
        return None
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        if manifest["version"] == 1:
            full = {key: manifest[key] for key in ("commit", "training_hash", "training", "rules")}
            manifest = {"version": 2, "sizes": {"full": full}}
        if all({"training", "rules"} <= set(entry) for entry in manifest["sizes"].values()):
            return manifest
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise InputError(f"{path}: not a manifest (write one with scripts/verify_results.py --write)")
