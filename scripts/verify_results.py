"""Check committed results against their manifest, and mark what is right as current.

    python scripts/verify_results.py            check everything; exit status 1 if anything differs
    python scripts/verify_results.py --touch    mark the verified files current, so that nothing reruns
    python scripts/verify_results.py --write    record the results of a finished full run

The manifest holds the SHA-256 of every committed result, grouped by the rule that made it, of the code
that made it (comments and docstrings do not count), and of everything that decides the trained runs.
A clone has no dates to go by: marking gives verified files dates in the order of the rules, so that
Snakemake then reruns exactly what an edit reaches. A file that is not verified keeps its old date and is
rebuilt from the verified files before it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from trap.cli import run_main
from trap.config import load_config
from trap.files import InputError, write_json
from trap.plan import MANIFEST, Plan, adoption_obstacles, read_manifest
from trap.provenance import closure, code_hashes, combined_hash, sha256_file

CONFIG = "config/config.yaml"
# Their files hold while the plan's fingerprint does, which counts more than the code of their scripts.
OF_RUNS = ("collect_runs", "repeat_run")
# These as well, and the code that reads the runs counts besides: it is not a part of the fingerprint.
READ_OF_RUNS = ("collect_traces",)


def _code(rule: str) -> dict[str, str]:
    try:
        return code_hashes(closure(f"{rule}.py"))
    except InputError:
        return {}


def _rule_problems(rule: str, entry: dict) -> list[str]:
    """Why the files of one rule do not hold, one line each."""
    problems = []
    for path, recorded in entry["files"].items():
        if not Path(path).is_file():
            problems.append(f"{path}: missing")
        elif sha256_file(path) != recorded:
            problems.append(f"{path}: not the committed bytes")
    if rule in OF_RUNS:
        return problems
    present = _code(rule)
    changed = sorted(
        name for name in {*present, *entry["code"]} if present.get(name) != entry["code"].get(name)
    )
    if changed:
        problems.append(f"{rule}: its code changed since the committed run ({', '.join(changed)})")
    for path, recorded in entry["sources"].items():
        if not Path(path).is_file() or sha256_file(path) != recorded:
            problems.append(f"{rule}: {path} changed since the committed run")
    return problems


def check(plan: Plan, manifest: dict) -> tuple[list[str], dict[str, list[str]]]:
    """(what keeps the committed items from standing for their runs, problems by rule)."""
    problems = {rule: _rule_problems(rule, entry) for rule, entry in manifest["rules"].items()}
    return adoption_obstacles(plan), problems


def verified_rules(manifest: dict, obstacles: list[str], problems: dict[str, list[str]]) -> list[str]:
    """Rules whose files hold and rest on rules whose files hold, in order."""
    held: list[str] = []
    for rule, entry in manifest["rules"].items():
        own = [*obstacles, *problems[rule]] if rule in (*OF_RUNS, *READ_OF_RUNS) else problems[rule]
        if not own and all(other in held for other in entry["after"]):
            held.append(rule)
    return held


def touch(manifest: dict, rules: list[str]) -> None:
    """Give the files of verified rules dates in rule order, a millisecond apart.

    Safe to repeat: a rule whose code or sources were edited is not verified, so it keeps its old date.
    """
    now = time.time_ns()
    for step, rule in enumerate(rules):
        for path in manifest["rules"][rule]["files"]:
            os.utime(path, ns=(now + step * 1_000_000, now + step * 1_000_000))


def pending_jobs() -> list[str]:
    """What Snakemake would still run for the full size: lines of its summary, none when up to date."""
    command = [sys.executable, "-m", "snakemake", "full", "--dry-run", "--cores", "1", "--quiet", "rules"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode != 0:
        raise InputError(f"snakemake --dry-run full: {output.strip().splitlines()[-1]}")
    if "Nothing to be done" in output:
        return []
    lines = output.split("Job stats:")[1].split("\n\n")[0].splitlines() if "Job stats:" in output else []
    return [" ".join(line.split()) for line in lines[3:]] or ["unknown jobs"]


def manifest_of(plan: Plan) -> dict:
    """The manifest of the files as they are now."""
    rules = {}
    for rule, step in plan.committed().items():
        missing = [path for path in step.files if not Path(path).is_file()]
        if missing:
            raise InputError(f"{missing[0]}: missing; finish the full run first (make paper-full)")
        rules[rule] = {
            "after": step.after,
            "files": {path: sha256_file(path) for path in step.files},
            "code": _code(rule),
            "sources": {path: sha256_file(path) for path in step.sources},
        }
    training = plan.fingerprint("full")
    hashes = {f"{kind}/{key}": value for kind, table in training.items() for key, value in table.items()}
    return {
        "version": 1,
        "commit": _commit(),
        "files": {path: sha for entry in rules.values() for path, sha in entry["files"].items()},
        "training_hash": combined_hash(hashes),
        "training": training,
        "rules": rules,
    }


def _commit() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--manifest", default=MANIFEST, help=f"the manifest (default {MANIFEST})")
    parser.add_argument("--config", default=CONFIG, help=f"the settings (default {CONFIG})")
    parser.add_argument("--touch", action="store_true", help="mark verified files current")
    parser.add_argument("--write", action="store_true", help="write the manifest of a finished full run")
    parser.add_argument("--force", action="store_true", help="with --write: even if Snakemake would run jobs")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)

    def write(plan: Plan) -> int:
        jobs = [] if args.force else pending_jobs()
        if jobs:
            raise InputError(f"the full run is not finished: {'; '.join(jobs)} (make paper-full)")
        manifest = manifest_of(plan)
        write_json(args.manifest, manifest)
        print(f"{args.manifest}: {len(manifest['files'])} files of {len(manifest['rules'])} rules")
        return 0

    def body() -> int:
        plan = Plan.of(load_config(args.config))
        if args.write:
            return write(plan)
        manifest = read_manifest(args.manifest)
        if manifest is None:
            raise InputError(
                f"{args.manifest}: no such file: no full run is committed here (make paper-full)"
            )
        obstacles, problems = check(plan, manifest)
        shown = [*obstacles, *(line for lines in problems.values() for line in lines)]
        for line in dict.fromkeys(shown):
            print(line, file=sys.stderr)
        held = verified_rules(manifest, obstacles, problems)
        if args.touch and held:
            touch(manifest, held)
        if obstacles:
            print(
                "error: the committed items are not what this code and these settings give;"
                " make paper-full trains anew what changed",
                file=sys.stderr,
            )
            return 1
        files = sum(len(manifest["rules"][rule]["files"]) for rule in held)
        print(f"{args.manifest}: {files} of {len(manifest['files'])} committed files verified")
        return 1 if shown and not args.touch else 0

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
