"""Unsloth's models behind the platforms' interface. Importing this imports Unsloth, which asks for a card."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from unsloth import FastLanguageModel, is_bfloat16_supported  # isort: skip  before what it changes
import torch

from trap.files import InputError, read_json
from trap.models.adapters import read_adapter
from trap.models.encoding import end_and_pad, read_tokenizer
from trap.models.hub import first_line
from trap.models.merging import check_fits, merge, weight_files
from trap.platforms import Fit, split_lineage
from trap.platforms.unsloth.arguments import adapter_arguments, load_arguments
from trap.platforms.unsloth.with_trl import TrlModel


class UnslothModel(TrlModel):
    """A model that Unsloth loads from a folder; adapters on the way to it are merged into that folder first.

    Merging happens in float32 on disk and is rounded once to the type of the base model's weights: in 4
    bits it would be rounded twice, and the parent's weights could not be told from the child's.
    """

    def __init__(self, lineage: Sequence[Path], four_bit: bool) -> None:
        self.source, adapters = split_lineage(lineage)
        self.four_bit, self.full = four_bit, False
        self.raw = read_json(self.source / "config.json", dict)
        self.tokenizer = read_tokenizer(self.source)
        self.eos, self.pad = end_and_pad(self.raw)
        self.device = torch.device("cuda")
        self.half = "bf16" if is_bfloat16_supported() else "fp16"
        self.held: list[tempfile.TemporaryDirectory] = []  # merged folders, removed with the model
        self.folder = self._merged(self.source, adapters) if adapters else self.source
        self.model = self._loaded(full=False)

    def _scratch(self) -> Path:
        """A folder that lives as long as the model."""
        self.held.append(tempfile.TemporaryDirectory(prefix="distribution_trap_"))
        return Path(self.held[-1].name) / "model"

    def _merged(self, base: Path, adapters: Sequence[Path]) -> Path:
        """A folder with the base model and the adapters in its weights."""
        read, files = [read_adapter(folder) for folder in adapters], weight_files(base)
        for adapter in read:
            check_fits(adapter, base, files)
        folder = self._scratch()
        merge(base, files, read, folder)
        return folder

    def _loaded(self, full: bool) -> Any:
        """Unsloth's model of `self.folder`. Raises InputError, in one line, where it cannot load it."""
        arguments = load_arguments(self.folder, self.raw, four_bit=self.four_bit, full=full)
        try:
            model, _ = FastLanguageModel.from_pretrained(**arguments)
        except Exception as error:  # Unsloth, transformers and bitsandbytes raise many types
            raise InputError(f"{self.source}: Unsloth cannot load it: {first_line(error)}") from None
        return model

    def for_training(self, settings: Fit, seed: int) -> None:
        """As `TrlModel.for_training`. Raises InputError where weights of 4 bits, or a part of all weights, are to be trained."""
        if settings.tune == "full" and settings.learns_in_part:
            raise InputError(
                "hyper tune: full: Unsloth trains all weights (no target_modules, no freeze_layers, or tune: lora)"
            )
        if settings.tune == "full" and not self.full:
            load_arguments(self.folder, self.raw, four_bit=self.four_bit, full=True)  # refuses 4 bits
            if self.adapted:
                with tempfile.TemporaryDirectory() as scratch:
                    self.model.save_pretrained(scratch)
                    self.folder = self._merged(self.folder, [Path(scratch)])
            del self.model
            torch.cuda.empty_cache()
            self.model, self.full = self._loaded(full=True), True
        elif settings.tune == "lora" and not self.adapted:
            if self.full:  # what was trained is the base of the adapter
                super().save(folder := self._scratch())
                self.folder, self.full = folder, False
            self.model = FastLanguageModel.get_peft_model(
                self.model, **adapter_arguments(settings, seed, self.raw["num_hidden_layers"])
            )
        FastLanguageModel.for_training(self.model)

    def for_sampling(self) -> None:
        """Switch to Unsloth's inference."""
        FastLanguageModel.for_inference(self.model)

    def save(self, folder: Path, base: str = "") -> dict[str, Any]:
        """As `Model.save`; says how many bits the weights under it had."""
        facts = super().save(folder, base)
        facts["versions"]["unsloth"] = version("unsloth")
        return {**facts, "bits": 4 if self.four_bit else 16, "dtype": self.half}
