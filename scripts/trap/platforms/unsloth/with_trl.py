"""A transformers model that TRL trains: the platform without Unsloth's loader, which is where a card begins.

Sampling and scoring are those of `torch/generic.py`: what is drawn is a function of a prompt's key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from peft import PeftModel
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from trap.models.encoding import check_lengths, encode, tokens_of
from trap.platforms import Example, Fit, Probe
from trap.platforms.torch.generic import GenericModel
from trap.platforms.unsloth.fitting import fit_with_trl

CACHE_BYTES = 2**31  # of keys and values that are sampled with at once


def peer_tokenizer(tokenizer: Tokenizer, end: int, pad: int) -> PreTrainedTokenizerFast:
    """The tokenizer as TRL wants to see it; it encodes nothing."""
    named = {"eos_token": tokenizer.id_to_token(end), "pad_token": tokenizer.id_to_token(pad)}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)


def rows_at_once(raw: dict[str, Any], tokens: int, number: int = 2) -> int:
    """Rows whose keys and values fit CACHE_BYTES, `tokens` long, `number` bytes each."""
    heads = raw["num_attention_heads"]
    width = (raw.get("head_dim") or raw["hidden_size"] // heads) * (raw.get("num_key_value_heads") or heads)
    return max(1, CACHE_BYTES // (2 * number * raw["num_hidden_layers"] * width * max(1, tokens)))


class TrlModel(GenericModel):
    """As GenericModel, fitted by TRL."""

    half: str | None = None

    def for_training(self, settings: Fit, seed: int) -> None:
        """Make what is to be trained trainable: an adapter, the same one in a later fit, or everything."""
        raise NotImplementedError

    def for_sampling(self) -> None:
        """Undo it."""

    def sample(
        self,
        prompts: Sequence[str],
        *,
        num_generations: int,
        temperature: float,
        max_completion_length: int,
        keys: Sequence[int],
    ) -> list[list[str]]:
        """As `Model.sample`, in pieces that a card's memory holds."""
        self.for_sampling()
        sizes = [len(ids) for ids in encode(self.tokenizer, prompts)]
        order = sorted(range(len(prompts)), key=lambda i: (sizes[i], i))
        rows = rows_at_once(self.model.config.to_dict(), max(sizes, default=0) + max_completion_length)
        piece = max(1, rows // num_generations)
        answers: list[list[str]] = [[] for _ in prompts]
        for start in range(0, len(order), piece):
            some = order[start : start + piece]
            drawn = super().sample(
                [prompts[i] for i in some], num_generations=num_generations, temperature=temperature, max_completion_length=max_completion_length,
                keys=[keys[i] for i in some],
            )  # fmt: skip
            for i, texts in zip(some, drawn, strict=True):
                answers[i] = texts
        return answers

    def logprobs(self, examples: Sequence[Example], batch: int = 32) -> list[float]:
        """As `Model.logprobs`."""
        self.for_sampling()
        return super().logprobs(examples, batch)

    def fit(
        self, examples: Sequence[Example], settings: Fit, seed: int, log: Callable[[dict], None], probe: Probe = None
    ) -> None:  # fmt: skip
        """As `Model.fit`."""
        pairs = tokens_of(self.tokenizer, examples, self.eos[0])
        check_lengths(pairs, settings.max_length)
        self.for_training(settings, seed)

        def probed(step: int) -> None:
            probe(step)
            self.for_training(settings, seed)

        fit_with_trl(
            self.model, pairs, settings, tokenizer=peer_tokenizer(self.tokenizer, self.eos[0], self.pad), pad=self.pad,
            seed=seed, log=log, probe=probe and probed, half=self.half,
        )  # fmt: skip
        self.for_sampling()

    @property
    def adapted(self) -> bool:
        """Whether the last fit was LoRA, so that the model has an adapter of its own."""
        return isinstance(self.model, PeftModel)

    def save(self, folder: Path, base: str = "") -> dict[str, Any]:
        """As `Model.save`, with the versions of what trained it."""
        from importlib.metadata import version

        facts = super().save(folder, base)
        return {**facts, "versions": {name: version(name) for name in ("trl", "transformers", "peft")}}
