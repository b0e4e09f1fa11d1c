"""Train a nano base model from scratch on the study's base corpus, or link one from a hub, a package or a folder.

    python scripts/train_base.py --config config/config.yaml --study NAME --model nano --platform torch \\
        --seed 1 --corpus results/NAME/data/corpus.jsonl --output results/NAME/runs/nano/torch/base/s1

A pretrained model whose settings say `corpus: true` goes on with the base corpus, with all weights.
Writes `adapter/` (the whole model in Hugging Face format), `log.jsonl` and `meta.json`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from trap.cli import run_main
from trap.files import InputError, read_jsonl, replacing
from trap.models.loading import link_model
from trap.models.memory import enough_memory
from trap.models.merging import INDEX
from trap.models.tokenizer import EOS, PAD, build_tokenizer, write_tokenizer_config
from trap.platforms import Example, Fit, load_platform
from trap.studies.base import BaseStudy, Text
from trap.training.checkpoint import Keeper
from trap.workflow.config import Config, hyper_of, load_config, model_of, origin_of
from trap.workflow.opening import open_study, study_settings
from trap.workflow.running import Log, file_hash, fix_threads, folder_hash, source_hashes, write_meta
from trap.workflow.sheet import load_arms


def fresh_model(spec: Any, study: BaseStudy, seed: int, device: str) -> Any:
    """A model with fresh weights whose tokenizer knows the study's words."""
    from trap.platforms.torch import create
    from trap.platforms.torch.decoder import nano_config

    tokenizer = build_tokenizer(*study.vocabulary())
    rope = (
        {"all": [1] * spec.layers, "none": [0] * spec.layers}.get(spec.rope, spec.rope)
        if isinstance(spec.rope, str)
        else spec.rope
    )
    raw = nano_config(
        vocab_size=tokenizer.get_vocab_size(), hidden=spec.hidden, layers=spec.layers, heads=spec.heads,
        kv_heads=spec.kv_heads, intermediate=spec.intermediate, rope=list(rope), theta=10000.0,
        eos=tokenizer.token_to_id(EOS), pad=tokenizer.token_to_id(PAD),
    )  # fmt: skip
    return create(raw, tokenizer, seed, device)


def fit_stages(model: Any, rows: list[Text], hyper: Any, seed: int, log: Log, output: Path) -> None:
    """Fit each stage in turn, with its share of the steps.

    A stage that takes minutes keeps its state in a checkpoint of its own in `output`, where the platform can, so that a killed process
    goes on from there; a stage that it had ended is fitted again.
    """

    def keep(stage: int) -> Keeper:
        return Keeper(output / f"checkpoint{stage}.npz", lambda: log.rows, log.go_on)

    keeps = getattr(model, "keeps", False)
    settings = Fit(**{name: getattr(hyper, name) for name in Fit.__dataclass_fields__})
    done = 0
    for stage in sorted({row.stage for row in rows}):
        examples = [Example(row.prompt, row.completion) for row in rows if row.stage == stage]
        steps = max(1, round(settings.max_steps * len(examples) / len(rows)))
        before = done
        model.fit(
            examples,
            replace(settings, max_steps=steps),
            seed,
            lambda row, before=before: log(row | {"step": row["step"] + before}),
            **({"keep": keep(stage)} if keeps else {}),
        )
        done += steps


def read_corpus(path: str) -> list[Text]:
    """The texts of a base corpus. Raises InputError where it has none."""
    if not (rows := read_jsonl(path, Text)):
        raise InputError(f"{path}: no texts")
    return rows


def go_on_with_corpus(
    args: argparse.Namespace, config: Config, hyper: Any, rows: list[Text], log: Log, folder: Path
) -> dict[str, Any]:
    """Write a pretrained model that has learned the base corpus besides, as plain text; gives facts for meta.json."""
    if hyper.tune != "full":
        raise InputError(
            f"models.{args.model}: corpus: its base learns with all weights: tune: full, in its set `base`"
        )
    spec, linked = model_of(config, args.model), folder.parent / "linked"
    known = link_model(spec, linked, origin_of(config, args.model))
    with enough_memory(args.model):
        model = load_platform(args.platform).load([linked], config.device)
        fit_stages(model, rows, hyper, args.seed, log, Path(args.output))
    saved = model.save(folder)
    for path in linked.iterdir():  # the chat template, and what says where the weights come from
        if (
            path.suffix != ".safetensors"
            and not path.name.endswith(INDEX)
            and not (folder / path.name).exists()
        ):
            shutil.copyfile(path, folder / path.name)
    return {**known, **saved}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("config", "study", "model", "platform", "corpus", "output"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--data", help="folder of the study's shared files (default results/STUDY/data)")
    args = parser.parse_args(argv)

    def body() -> None:
        fix_threads()
        config = load_config(args.config)
        study = open_study(config, args.study, args.data)
        sheet = load_arms(study_settings(config, args.study).sheet, type(study))
        arm = next(a for a in sheet.values() if a.method == "base")
        spec, hyper = model_of(config, args.model), hyper_of(config, args.study, args.model, arm.hyper)
        output = Path(args.output)
        log = Log(f"{args.model} base s{args.seed}", hyper.max_steps)
        if spec.source == "train":
            rows = read_corpus(args.corpus)
            model = fresh_model(spec, study, args.seed, config.device)
            fit_stages(model, rows, hyper, args.seed, log, output)
            with replacing(output / "adapter") as folder:
                saved = model.save(folder)
                write_tokenizer_config(folder)
            data = {"n_train": len(rows), "steps": hyper.max_steps}
            sources = {"corpus": file_hash(args.corpus), **source_hashes(study)}
        elif spec.corpus:
            rows = read_corpus(args.corpus)
            with replacing(output / "adapter") as folder:
                saved = go_on_with_corpus(args, config, hyper, rows, log, folder)
            data = {"n_train": len(rows), "steps": hyper.max_steps}
            sources = {"corpus": file_hash(args.corpus), **source_hashes(study)}
        else:
            with replacing(output / "adapter") as folder:
                saved = link_model(spec, folder, origin_of(config, args.model))
            data, sources = {"n_train": 0, "steps": 0}, {}
        seconds = log.write(output / "log.jsonl")
        write_meta(
            output, study=args.study, model=args.model, platform_name=args.platform, arm=arm, seed=args.seed, hyper=hyper,
            data=data, adapter=saved, seconds=seconds,
            hashes={"adapter": folder_hash(output / "adapter"), **sources},
        )  # fmt: skip

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
