"""Link, train or evaluate an arm of a pretrained model, asked and trained as the settings say of it.

    python scripts/run_pretrained.py train_base --config config/config.yaml --model smollm2_135m_instruct ...
    python scripts/run_pretrained.py train_adapter --config config/config.yaml --model smollm2_135m_instruct ...
    python scripts/run_pretrained.py evaluate_adapter ...

The named program with its own arguments. What it adds, under `models.NAME` of the settings: every prompt goes
through the model's chat template (`chat`), nothing is cut to fit (`too_long`), and the model's hyperparameters are
laid over the sets (`hyper`); a linked model has its chat template with it. Models that are trained here need none of
it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import evaluate_adapter
import train_adapter
import train_base
from trap.cli import run_main
from trap.files import InputError
from trap.models.prompted import prompted
from trap.platforms import load_platform
from trap.workflow.config import Config, Model, load_config, with_model_hyper

TEMPLATE = "chat_template.jinja"
PROGRAMS = {"train_base": train_base, "train_adapter": train_adapter, "evaluate_adapter": evaluate_adapter}


class Asked:
    """A platform whose models are asked as the settings say."""

    def __init__(self, name: str, spec: Model) -> None:
        self.name, self.spec = name, spec

    def load(self, chain: Sequence[Path], device: str) -> Any:
        """As the platform's; the chain's first folder is the whole model."""
        model = load_platform(self.name).load(chain, device)
        return prompted(model, described(chain[0], self.spec), self.spec.chat, self.spec.too_long)


def with_template(spec: Model, folder: Path, link: Callable = train_base.link_model) -> dict[str, Any]:
    """As `train_base.link_model`, and the chat template beside it where that is a file of its own."""
    saved = link(spec, folder)
    source = described(folder, spec)
    if source != folder:
        shutil.copyfile(source / TEMPLATE, folder / TEMPLATE)
    return saved


def described(linked: Path, spec: Model) -> Path:
    """The folder that says how a model is asked.

    The base run's copy of the model, unless its chat template is a file of its own that this copy does not have:
    then the folder, or the snapshot in the hub's cache, that it was copied from.
    """
    if (linked / TEMPLATE).is_file():
        return linked
    if Path(spec.source).is_dir():
        return Path(spec.source) if Path(spec.source, TEMPLATE).is_file() else linked
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(spec.source, TEMPLATE, revision=spec.revision)
    return Path(found).parent if isinstance(found, str) else linked


def no_memory(error: Exception) -> str:
    """What to do where a model does not fit, with the platform's own words."""
    words = (str(error).strip() or type(error).__name__).splitlines()[0]
    return f"not enough memory ({words}); scripts/list_models.py says what each model needs"


@contextmanager
def reading(program: ModuleType, **functions: Callable) -> Iterator[ModuleType]:
    """The program with other functions to read settings and load platforms.

    Its own text stays as it is, since that decides which runs of the other models are out of date.
    """
    before = {name: getattr(program, name) for name in functions}
    try:
        for name, function in functions.items():
            setattr(program, name, function)
        yield program
    finally:
        for name, function in before.items():
            setattr(program, name, function)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, add_help=False
    )
    parser.add_argument("program", choices=sorted(PROGRAMS))
    parser.add_argument("--config", required=True)
    parser.add_argument("--model", required=True, help="a name under `models` in the settings")
    if not argv and len(sys.argv) < 3:
        parser.error("name a program and its arguments")
    args, rest = parser.parse_known_args(argv)

    def settings(path: str) -> Config:
        return with_model_hyper(load_config(path), args.model)

    def body() -> int:
        models = load_config(args.config).models
        if args.model not in models:
            raise InputError(f"{args.config}: no model `{args.model}` (known: {', '.join(models)})")
        spec = models[args.model]

        def platform(name: str) -> Asked:
            return Asked(name, spec)

        other = {"load_config": settings, "load_platform": platform}
        if args.program == "train_base":
            other = {"load_config": settings, "link_model": with_template}
        with reading(PROGRAMS[args.program], **other) as program:
            try:
                return program.main(["--config", args.config, "--model", args.model, *rest])
            except (MemoryError, RuntimeError) as error:  # torch has no other type on a processor
                if isinstance(error, MemoryError) or "memory" in str(error):
                    raise InputError(f"models.{args.model}: {no_memory(error)}") from None
                raise

    return run_main(body)


if __name__ == "__main__":
    sys.exit(main())
