"""Write the weights that a release of an experiment holds, each checked against the released answers of its run.

    python scripts/release_weights.py --study hops --experiment full --evidence results/hops/full/collected \\
        --output results/hops/full/weights
    python scripts/release_weights.py --study hops --experiment full --evidence results/released/hops/full \\
        --runs results/hops/runs --output results/released/hops/full/weights

`weights` in config/STUDY/experiments.yaml names the models. One whose run folders are here is exported in float16, as the
page runs it. One whose run folders are not here is kept from --kept, the weights of the release so far. Without either
it is left out, and that is said. Nothing is trained.

Every model answers the run's stored questions greedily; `weights.json` says how many answers are the same as the stored
ones. The float32 weights of a run are refused below LEAST: then the items are of another run. The second command adds
weights to items that are released already. `trap.models.released_weights` explains the files.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from trap.cli import run_main
from trap.files import InputError, replacing, write_json
from trap.models.page_header import read_header
from trap.models.page_model import check_chain, load_chain, model_bytes, tokenizer_bytes, write_bytes
from trap.models.page_reading import read_page_model
from trap.models.released_weights import RECORD, Answers, Weights, checked, read_record, tokenizer_of
from trap.platforms.torch import TorchModel
from trap.workflow.closure import sha256_file
from trap.workflow.config import load_config
from trap.workflow.plan import Plan
from trap.workflow.running import fix_threads
from trap.workflow.runs import RESULTS, Run

LEAST = 0.9  # of the stored answers, the share that the weights of the same run give on any machine


class Stored(NamedTuple):
    """What a folder of evidence stores of a run: its row in `runs`, and its greedy answers with their prompts."""

    row: dict[str, Any]
    answers: pl.DataFrame


def stored(evidence: Path, run: Run) -> Stored:
    """Raises InputError where the evidence lacks the run or has none of its answers as texts."""
    keys = {"model": run.model, "platform": run.platform, "arm": run.arm, "seed": run.seed}
    rows = _table(evidence / "runs.parquet").filter(**keys)
    answers = _table(evidence / "episodes.parquet").filter(**keys, kind="eval")
    if rows.is_empty() or answers.is_empty():
        raise InputError(f"{evidence}: no stored answers of {run.name}, so its weights cannot be checked")
    return Stored(rows.row(0, named=True), answers)


def _table(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return pl.read_parquet(path)


def differing(model: TorchModel, known: Stored) -> list[str]:
    """POOL/ID of the stored answers that a model does not give, greedily, sign by sign."""
    hyper = json.loads(known.row["hyper"])
    prompts = known.answers["prompt"].unique(maintain_order=True).to_list()
    drawn = model.sample(
        prompts,
        num_generations=1,
        temperature=0.0,
        max_completion_length=hyper["max_completion_length"],
        keys=range(len(prompts)),
    )
    given = {prompt: texts[0] for prompt, texts in zip(prompts, drawn, strict=True)}
    rows = known.answers.select("pool", "id", "prompt", "completion").rows()
    return [f"{pool}/{name}" for pool, name, prompt, text in rows if given[prompt] != text]


def check_parent(evidence: Path, run: Run, adapter: str) -> None:
    """Raises InputError where runs that were trained on this one name another hash of its weights."""
    keys = {"model": run.model, "platform": run.platform, "seed": run.seed, "parent": run.arm}
    for row in _table(evidence / "runs.parquet").filter(**keys).iter_rows(named=True):
        if row["parent_hash"] not in (None, "", adapter):
            raise InputError(
                f"{evidence}/runs.parquet: {row['run_id']} was trained on other weights of {run.arm} than those here"
            )


def export(run: Run, chain: Sequence[Path], evidence: Path, output: Path) -> Weights:
    """Write a run's model file and tokenizer, and say what they are. Raises InputError where they are of another run."""
    meta, known = check_chain(chain), stored(evidence, run)
    check_parent(evidence, run, meta["hashes"]["adapter"])
    model = load_chain(chain)
    other, asked = differing(model, known), known.answers.height
    if len(other) > (1 - LEAST) * asked:
        raise InputError(
            f"{chain[-1]}: it gives {asked - len(other)} of {asked} answers of {run.name} in {evidence}: another run"
        )
    whole = [folder for folder in chain if (folder / "config.json").is_file()][-1]
    tokenizer = tokenizer_bytes(whole)
    write_bytes(output, model_bytes(model, meta, tokenizer, chain[-1]))
    write_bytes(tokenizer_of(output), tokenizer)
    return described(output, known, asked - len(other))


def described(path: Path, known: Stored, before: int) -> Weights:
    """The record of a model file, which answers the stored questions. before: see `Answers.same_before_rounding`."""
    header = read_header(path)
    other = differing(read_page_model(path, tokenizer_of(path)), known)
    asked = known.answers.height
    return Weights(
        **{key: header[key] for key in ("run_id", "model", "arm", "seed", "parameters")},
        sha256=sha256_file(path), bytes=path.stat().st_size, tokenizer=sha256_file(tokenizer_of(path)),
        answers=Answers(asked=asked, same=asked - len(other), same_before_rounding=before, other=other),
    )  # fmt: skip


def keep(source: Path, run: Run, evidence: Path, output: Path) -> Weights:
    """Copy a released model whose run is still the one of the evidence. Raises InputError where it is not."""
    told, known = checked(source), stored(evidence, run)
    shutil.copyfile(source, output)
    shutil.copyfile(tokenizer_of(source), tokenizer_of(output))
    found = described(output, known, told.answers.same_before_rounding)
    if found.answers.same < LEAST * told.answers.same / told.answers.asked * found.answers.asked:
        raise InputError(
            f"{source}: it gives {found.answers.same} of {found.answers.asked} answers of {run.name} in {evidence}, in its"
            f" own release {told.answers.same} of {told.answers.asked}: train the run anew (items=local) or remove the file"
        )
    return found


def release(
    plan: Plan, experiment: str, evidence: Path, runs: Path, kept: Path | None, output: Path
) -> dict[str, Weights]:
    """Write the folder of weights; what it holds, by MODEL.ARM."""
    found: dict[str, Weights] = {}
    old = read_record(kept) if kept else {}
    with replacing(output) as partial:
        partial.mkdir(parents=True)
        for run in plan.weighed(experiment):
            name = f"{run.model}.{run.arm}"
            chain = [
                runs / Path(folder).relative_to(f"{RESULTS}/{plan.study}/runs")
                for folder in plan.adapters(run)
            ]
            if all(folder.is_dir() for folder in chain):
                found[name] = export(run, chain, evidence, partial / f"{name}.bin")
            elif name in old:
                found[name] = keep(kept / f"{name}.bin", run, evidence, partial / f"{name}.bin")
            else:
                missing = next(folder for folder in chain if not folder.is_dir())
                print(f"{name}: left out: {missing} is not here", file=sys.stderr)
                continue
            told = found[name].answers
            print(
                f"{name}: {told.same} of {told.asked} stored answers ({told.same_before_rounding} before rounding)"
            )
        write_json(partial / RECORD, msgspec.to_builtins(found))
    return found


def main(argv: list[str] | None = None) -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--config", default="config/config.yaml", help="the settings")
    parser.add_argument("--study", required=True, help="a study of the settings")
    parser.add_argument("--experiment", required=True, help="an experiment of the study")
    parser.add_argument(
        "--evidence", type=Path, required=True, metavar="FOLDER", help="collected or released items"
    )
    parser.add_argument(
        "--runs", type=Path, metavar="FOLDER", help="the run folders (default: results/STUDY/runs)"
    )
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="weights of the release so far")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="the folder to write")
    args = parser.parse_args(argv)

    def body() -> None:
        fix_threads()
        plan = Plan.of(load_config(args.config), args.study)
        runs = args.runs or Path(RESULTS, args.study, "runs")
        release(plan, args.experiment, args.evidence, runs, args.kept, args.output)

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
