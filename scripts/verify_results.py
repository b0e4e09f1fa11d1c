"""Check committed results against their manifest, and mark what is right as current.

    python scripts/verify_results.py            check everything; exit status 1 if anything differs
    python scripts/verify_results.py --touch    mark the verified files current, so that nothing reruns
    python scripts/verify_results.py --write    record the results of a finished full run
    python scripts/verify_results.py --write --size ignition    record those of a finished grid

The manifest has an entry for each size with committed results: the SHA-256 of every file, grouped by the rule
that made it, of the code that made it (comments and docstrings do not count), and of everything that decides
the trained runs.
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
from trap.files import InputError, write_json
from trap.workflow.adoption import (
    MANIFEST,
    OF_RUNS,
    READ_OF_RUNS,
    adoption_obstacles,
    committed,
    file_problems,
    fingerprint,
    read_manifest,
)
from trap.workflow.closure import closure, code_hashes, combined_hash, sha256_file
from trap.workflow.config import load_config
from trap.workflow.plan import Plan

CONFIG = "config/config.yaml"
POST = "render_post"  # shows figures of several sizes, so that it is younger than any of them


def making(size: str) -> str:
    """The command that makes a size."""
    return "make paper-full" if size == "full" else f"snakemake --cores all {size}"


def _code(rule: str) -> dict[str, str]:
    try:
        return code_hashes(closure(f"{rule}.py"))
    except InputError:
        return {}


def _rule_problems(rule: str, entry: dict) -> list[str]:
    """Why the files of one rule do not hold, one line each."""
    problems = file_problems(entry["files"])
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


def check(plan: Plan, size: str, entry: dict) -> tuple[list[str], dict[str, list[str]]]:
    """(what keeps a size's committed items from standing for their runs, problems by rule)."""
    problems = {rule: _rule_problems(rule, made) for rule, made in entry["rules"].items()}
    return adoption_obstacles(plan, size, entry), problems


def verified_rules(entry: dict, obstacles: list[str], problems: dict[str, list[str]]) -> list[str]:
    """Rules of a size whose files hold and rest on rules whose files hold, in order."""
    held: list[str] = []
    for rule, made in entry["rules"].items():
        own = [*obstacles, *problems[rule]] if rule in (*OF_RUNS, *READ_OF_RUNS) else problems[rule]
        if not own and all(other in held for other in made["after"]):
            held.append(rule)
    return held


def touch(rules: list[dict]) -> None:
    """Give the files of verified rules dates in their order, a millisecond apart.

    A file of several sizes (the questions) gets the first date only, so that no size's tables are older.
    Safe to repeat: a rule whose code or sources were edited is not verified, so it keeps its old date.
    """
    now = time.time_ns()
    step = {path: number for number, rule in reversed([*enumerate(rules)]) for path in rule["files"]}
    for path, number in step.items():
        os.utime(path, ns=(now + number * 1_000_000, now + number * 1_000_000))


def unrecorded(plan: Plan, manifest: dict) -> list[str]:
    """A line for each size that has results here and no entry in the manifest."""
    lines = []
    for size in plan.config.sizes:
        if size == "default" or size in manifest["sizes"]:
            continue
        own = [
            path
            for step in committed(plan, size).values()
            for path in step.files
            if path.startswith(f"{plan.size(size).evidence}/{'tables/' if size == 'full' else ''}")
        ]
        present = [path for path in own if Path(path).is_file()]
        if present:
            lines.append(
                f"{size}: {len(present)} of its {len(own)} files are here, and the manifest has none of them"
                f" (a finished size is recorded by --write --size {size})"
            )
    return lines


def pending_jobs(size: str) -> list[str]:
    """What Snakemake would still run for a size: lines of its summary, none when up to date."""
    command = [sys.executable, "-m", "snakemake", size, "--dry-run", "--cores", "1", "--quiet", "rules"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode != 0:
        raise InputError(f"snakemake --dry-run {size}: {output.strip().splitlines()[-1]}")
    if "Nothing to be done" in output:
        return []
    lines = output.split("Job stats:")[1].split("\n\n")[0].splitlines() if "Job stats:" in output else []
    return [" ".join(line.split()) for line in lines[3:]] or ["unknown jobs"]


def entry_of(plan: Plan, size: str, force: bool = False) -> dict:
    """The manifest's entry of a finished size, from the files as they are now.

    Raises InputError where a file is missing or, but for `force`, Snakemake would still run a job.
    """
    plan.size(size)  # a size of this name
    if size == "default":
        raise InputError("default: everyone makes it anew (make paper); it is not committed")
    jobs = [] if force else pending_jobs(size)
    if jobs:
        raise InputError(f"{size}: its runs are not finished: {'; '.join(jobs)} ({making(size)})")
    rules = {}
    for rule, step in committed(plan, size).items():
        missing = [path for path in [*step.files, *step.sources] if not Path(path).is_file()]
        if missing:
            raise InputError(f"{size}: {missing[0]}: missing; finish its runs first ({making(size)})")
        rules[rule] = {
            "after": step.after,
            "files": {path: sha256_file(path) for path in step.files},
            "code": _code(rule),
            "sources": {path: sha256_file(path) for path in step.sources},
        }
    training = fingerprint(plan, size)
    hashes = {f"{kind}/{key}": value for kind, table in training.items() for key, value in table.items()}
    return {
        "commit": _commit(),
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
    parser.add_argument("--write", action="store_true", help="record the results of finished sizes")
    parser.add_argument("--force", action="store_true", help="with --write: even if Snakemake would run jobs")
    parser.add_argument(
        "--size",
        action="append",
        metavar="NAME",
        help="with --write: the size to record (default: full and those in the manifest that are finished);"
        " else: only this one decides the exit status. May be given several times",
    )
    return parser


def write(plan: Plan, args: argparse.Namespace) -> int:
    """Record sizes; one that is neither named nor finished keeps its entry."""
    manifest = read_manifest(args.manifest) or {"sizes": {}}
    entries = {size: entry for size, entry in manifest["sizes"].items() if size in plan.config.sizes}
    for size in sorted({*(args.size or ["full", *entries])}, key=lambda size: size != "full"):
        try:
            entries[size] = entry_of(plan, size, args.force)
        except InputError as error:
            if args.size or size == "full":
                raise
            print(f"{size}: its entry stays as it was: {error}", file=sys.stderr)
    # What rests on other sizes comes after them: the full ledger on those of grids, a comparison on its items.
    order = sorted(plan.config.sizes, key=lambda name: (not plan.size(name).arms, name != "full"))
    entries = {size: entries[size] for size in order if size in entries}
    write_json(args.manifest, {"version": 2, "sizes": entries})
    for size, entry in entries.items():
        files = sum(len(rule["files"]) for rule in entry["rules"].values())
        print(f"{args.manifest}: {size}: {files} files of {len(entry['rules'])} rules")
    return 0


def verify(plan: Plan, args: argparse.Namespace) -> int:
    """Check every size in the manifest, say what differs, and mark what holds if that is asked for."""
    manifest = read_manifest(args.manifest)
    if manifest is None:
        raise InputError(f"{args.manifest}: no such file: no full run is committed here (make paper-full)")
    sizes = manifest["sizes"]
    for size in args.size or ():
        if size not in sizes:
            raise InputError(f"{args.manifest}: nothing of `{size}` is committed (it has {', '.join(sizes)})")
    held: list[dict] = []
    posts: list[dict] = []
    stale, differing = [], []
    for size, entry in sizes.items():
        obstacles, problems = check(plan, size, entry)
        lines = [*obstacles, *(line for found in problems.values() for line in found)]
        for line in dict.fromkeys(lines):
            print(line, file=sys.stderr)
        for rule in verified_rules(entry, obstacles, problems):
            (posts if rule == POST else held).append(entry["rules"][rule])
        stale += [size] if obstacles else []
        differing += [size] if lines else []
    held += posts
    for line in unrecorded(plan, manifest):
        print(line, file=sys.stderr)
    if args.touch:
        touch(held)
    decisive = args.size or list(sizes)
    for size in stale:
        print(
            f"{'error' if size in decisive else 'note'}: the committed items of `{size}` are not what this code"
            f" and these settings give; {making(size)} trains anew what changed",
            file=sys.stderr,
        )
    if {*stale} & {*decisive}:
        return 1
    verified = {path for rule in held for path in rule["files"]}
    known = {path for entry in sizes.values() for rule in entry["rules"].values() for path in rule["files"]}
    print(f"{args.manifest}: {len(verified)} of {len(known)} committed files verified")
    return 1 if {*differing} & {*decisive} and not args.touch else 0


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)

    def body() -> int:
        plan = Plan.of(load_config(args.config))
        return write(plan, args) if args.write else verify(plan, args)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
