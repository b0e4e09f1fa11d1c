"""A model that is asked in its own way, and in which nothing is ever cut.

It stands between methods and a platform's model: every prompt goes through the model's chat template (or
gets its first token), and what has no room is counted. A training example that does not fit is left out,
told in the log, and stops the run when more than the allowed share are; a prompt that leaves no room for
an answer always does, since a question that is not asked would change what is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trap.files import InputError, read_json
from trap.models.chat import as_chat, as_text
from trap.models.encoding import read_tokenizer
from trap.models.memory import enough_memory
from trap.platforms import Example, Fit, Model, Probe
from trap.training.policy_gradient import Learner, Rollout
from trap.training.progress import Progress
from trap.workflow.config import Chat

TOLD = 64  # prompts that are answered before a job says how far it is


class Prompted:
    """A platform's model whose every prompt is put into form first.

    asked: from a prompt to the text that the model continues. context: the most tokens that the model takes. share:
    of a fit's examples, how many may be left out because they do not fit. name: the model's, for errors; each method
    raises InputError, in one line, where memory does not suffice. Methods are written out, not handed on: one that
    passed prompts on as they are would be wrong without a word.
    """

    def __init__(
        self, model: Model, asked: Callable[[str], str], context: int | None, share: float, name: str = ""
    ) -> None:
        self.model, self.asked, self.context, self.share, self.name = model, asked, context, share, name

    def _examples(self, examples: Sequence[Example]) -> list[Example]:
        return [Example(self.asked(e.prompt), e.completion) for e in examples]

    def _sizes(self, examples: Sequence[Example]) -> list[int]:
        """Tokens of prompt, completion and end token."""
        prompts = self.model.lengths([e.prompt for e in examples])
        completions = self.model.lengths([e.completion for e in examples])
        return [p + c + 1 for p, c in zip(prompts, completions, strict=True)]

    def sample(
        self,
        prompts: Sequence[str],
        *,
        num_generations: int,
        temperature: float,
        max_completion_length: int,
        keys: Sequence[int],
    ) -> list[list[str]]:
        """As `Model.sample`. Raises InputError where a prompt and its answer exceed the model's context."""
        texts = [self.asked(prompt) for prompt in prompts]
        sizes = self.model.lengths(texts) if self.context else []
        if over := [size for size in sizes if size + max_completion_length > self.context]:
            raise InputError(
                f"{len(over)} of {len(texts)} prompts leave no room for {max_completion_length} new tokens in the model's"
                f" context of {self.context} (longest: {max(over)} tokens); nothing is cut"
            )
        drawn: list[list[str]] = []
        progress = Progress("answered", len(texts), "prompts")
        with enough_memory(self.name):
            for first in range(0, len(texts), TOLD):  # what is drawn for one does not depend on the others
                drawn += self.model.sample(
                    texts[first : first + TOLD],
                    num_generations=num_generations,
                    temperature=temperature,
                    max_completion_length=max_completion_length,
                    keys=keys[first : first + TOLD],
                )
                progress(len(drawn))
        return drawn

    def logprobs(self, examples: Sequence[Example]) -> list[float]:
        """As `Model.logprobs`. Raises InputError where an example exceeds the model's context."""
        made = self._examples(examples)
        if self.context and (over := [size for size in self._sizes(made) if size > self.context]):
            raise InputError(
                f"{len(over)} of {len(made)} texts to score exceed the model's context of {self.context} tokens"
                f" (longest: {max(over)})"
            )
        with enough_memory(self.name):
            return self.model.logprobs(made)

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as it is."""
        return self.model.lengths(texts)

    @property
    def keeps(self) -> bool:
        """Whether `fit` of the model beneath takes `keep`."""
        return getattr(self.model, "keeps", False)

    def fit(
        self, examples: Sequence[Example], settings: Fit, seed: int, log: Callable[[dict], None], probe: Probe = None,
        **keep: Any,
    ) -> None:  # fmt: skip
        """As `Model.fit`, without the examples that do not fit. Raises InputError where those are too many."""
        made = self._examples(examples)
        room = min(settings.max_length, self.context or settings.max_length)
        sizes = self._sizes(made)
        kept = [example for example, size in zip(made, sizes, strict=True) if size <= room]
        if (left := len(made) - len(kept)) and (left > self.share * len(made) or not kept):
            raise InputError(
                f"{left} of {len(made)} examples ({left / len(made):.1%}) do not fit {room} tokens (longest:"
                f" {max(sizes)}), and {self.share:.1%} may be left out: raise hyper max_length or models too_long"
            )
        if left:
            log({"kind": "left_out", "step": 0, "examples": left, "of": len(made), "longest": max(sizes)})
        with enough_memory(self.name):
            self.model.fit(kept, settings, seed, log, probe, **keep)

    def save(self, folder: Path, base: str = "") -> dict[str, Any]:
        """As `Model.save`."""
        return self.model.save(folder, base=base)


class PromptedLearner:
    """The same for `trap.training.policy_gradient.Learner`: it sees rollouts with their prompts in form."""

    def __init__(self, model: Prompted, learner: Learner) -> None:
        self.model, self.learner = model, learner

    def sync(self) -> None:
        """As `Learner.sync`."""
        self.learner.sync()

    def observe(self, rollouts: Sequence[Rollout], *, several: bool) -> None:
        """As `Learner.observe`."""
        made = [replace(rollout, prompt=self.model.asked(rollout.prompt)) for rollout in rollouts]
        with enough_memory(self.model.name):
            self.learner.observe(made, several=several)

    def measure(self, count: int) -> dict[str, float]:
        """As `Learner.measure`."""
        with enough_memory(self.model.name):
            return self.learner.measure(count)

    def step(self, chosen: Sequence[int], factor: float) -> dict[str, float]:
        """As `Learner.step`."""
        with enough_memory(self.model.name):
            return self.learner.step(chosen, factor)

    def state(self) -> dict[str, np.ndarray]:
        """As `Learner.state`."""
        return self.learner.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """As `Learner.restore`."""
        self.learner.restore(state)

    def close(self) -> None:
        """As `Learner.close`."""
        self.learner.close()


def learner_of(model: Any, make: Callable[[Any], Learner]) -> Learner:
    """`make(model)`; of a prompted model, a learner of the model behind it that is given prompts in form."""
    if isinstance(model, Prompted):
        return PromptedLearner(model, make(model.model))
    return make(model)


def prompted(
    model: Model, folder: Path, chat: Chat | None, too_long: float | None = None, name: str = ""
) -> Prompted:
    """`model`, asked as the model folder says: through its chat template with `chat`, else as plain text.

    too_long: the share of a fit's examples that may be left out because they do not fit; none by default. name: the
    model's in the settings. Raises InputError for a tokenizer of another model, and a chat template that is missing
    or cannot be read.
    """
    config = read_json(folder / "config.json", dict)
    known, largest = config.get("vocab_size"), max(read_tokenizer(folder).get_vocab().values(), default=0)
    if isinstance(known, int) and largest >= known:
        raise InputError(
            f"{folder / 'tokenizer.json'}: token {largest}, but config.json says vocab_size {known}: a tokenizer of"
            " another model"
        )
    context = config.get("max_position_embeddings")
    asked = as_chat(folder, chat) if chat is not None else as_text(folder)
    return Prompted(model, asked, context if isinstance(context, int) else None, too_long or 0.0, name)
