"""The configuration, typed: `config/config.yaml`.

It is read strictly: an unknown key, a wrong type or a dangling name is one line that says the file and the
key. Nothing in here trains or draws; methods receive the structs. `sheet.py` reads the experiment sheet.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from trap.files import InputError, read_text, write_text
from trap.workflow.registry import members

Count = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]

# results/NAME holds the evidence of a size, so that no size may have the name of another folder there.
TAKEN = (
    "benchmarks", "data", "figures", "logs", "models", "page", "platforms", "published", "report", "tables", "video",
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[3]


class Data(Struct, kw_only=True, forbid_unknown_fields=True):
    """How many questions each pool holds, and how they are asked."""

    seed: Natural = 0
    style: Literal["well_posed", "published"] = "well_posed"
    prompt: Literal["minimal", "full"] = "minimal"
    counts: dict[str, Count]


class Chat(Struct, kw_only=True, forbid_unknown_fields=True):
    """How a model is asked: the system message (none: the template's own), and values its template knows."""

    system: str | None = None
    variables: dict[str, Any] = {}


class Model(Struct, kw_only=True, forbid_unknown_fields=True):
    """A model: trained here (`source: train`, SmolLM3 architecture), a hub id, or a local folder.

    Shapes make a model that is trained here; of any other they say how much memory it needs.
    """

    source: str = "train"
    revision: str | None = None
    chat: Chat | None = None  # asked through its chat template; without: as plain text
    too_long: Share | None = None  # of a fit's examples, how many may be left out because they do not fit
    hyper: dict[str, dict[str, Any]] | None = None  # laid over the sets of `hyper`, by name or `all`
    sha256: dict[str, str] | None = None  # of its files, checked when it is fetched
    vocabulary: Count | None = None
    tied: bool | None = None  # one matrix is embedding and output
    biases: bool | None = None  # on queries, keys and values
    hidden: Count = 192
    layers: Count = 6
    heads: Count = 6
    kv_heads: Count = 6
    intermediate: Count = 512
    rope: Literal["all", "none"] | list[Annotated[int, Meta(ge=0, le=1)]] = "all"  # 1: rotary in that layer
    spread: Annotated[float, Meta(ge=1)] | None = (
        None  # trained on positions with gaps, this much longer at most
    )


class Grpo(Struct, kw_only=True, forbid_unknown_fields=True):
    """Settings of the policy gradient (`trap.methods.grpo` gives formulas and sources).

    A rollout batch has batch / k x minibatches prompts; epochs x minibatches gradient steps follow, each on
    `batch` completions. With one of each, training is on policy.
    """

    epochs: Count = 1  # passes over a rollout batch
    minibatches: Count = 1  # parts that it is split into, a gradient step on each
    clip: Annotated[float, Meta(gt=0, lt=1)] = 0.2  # the ratio's gain ends at 1 - clip and 1 + clip_high
    clip_high: Positive | None = None  # none: as clip
    kl: Annotated[float, Meta(ge=0)] = 0.0  # weight of the divergence from the policy at the start
    level: Literal["token", "sequence"] = "token"  # what a ratio is of
    average: Literal["sequence", "token", "constant"] = "sequence"  # of token losses: see methods/grpo.py
    baseline: Literal["group", "batch", "running", "none"] = "group"
    scale: Literal["group", "batch", "none"] = "group"  # the standard deviation that divides advantages


class Hyper(Struct, kw_only=True, forbid_unknown_fields=True):
    """One named set of hyperparameters; a method uses the fields it knows.

    lr is the peak rate; warmup is the share of steps that it takes to get there; batch counts examples
    per step; k samples per prompt; top winners kept per prompt; replay is the share of SFT examples in
    what a fit sees; prompts is how many questions of its pool a method may use (none: all); probes is how
    often a fit is watched on the validation pools.
    """

    tune: Literal["full", "lora"] = "full"
    lr: Positive
    weight_decay: Annotated[float, Meta(ge=0)] = 0.0
    warmup: Share = 0.05
    optimizer: Literal["adamw", "muon"] = "adamw"
    max_tokens: Count = 512
    steps: Count
    batch: Count = 64
    lora_r: Count = 16
    lora_alpha: Count = 32
    k: Count = 8
    temperature: Positive = 1.0
    top: Count = 1
    min_reward: float | None = None
    replay: Share = 0.0
    max_new_tokens: Count = 96
    prompts: Count | None = None
    probes: Natural = 4
    grpo: Grpo | None = None


class Search(Struct, kw_only=True, forbid_unknown_fields=True):
    """Arms that also answer by choosing among several sampled answers, how many of them, and on which pools."""

    arms: list[str]
    samples: list[Count]
    pools: list[str]
    temperature: Positive = 1.0


class Size(Struct, kw_only=True, forbid_unknown_fields=True):
    """A size of the study: where its evidence goes, seeds 1..n, and per model the groups or arms to run.

    Evidence goes to `results` for the size `full` and to `results/NAME` for any other. `arms` is a sheet of
    its own, which grids of experiments have; none: that of the configuration. `far` are pools of longer
    chains than any arm trains on (eval_hop6, …) and their numbers of questions, asked of all its runs.
    What `search` says is the same for all sizes that say it.
    """

    evidence: str
    arms: str | None = None
    seeds: Count
    models: dict[str, list[str]]
    far: dict[str, Count] = {}
    search: Search | None = None


class Config(Struct, kw_only=True, forbid_unknown_fields=True):
    """`config/config.yaml`."""

    study: str = "hops"
    graph: str | None = None  # another kg.json instead of the one built from config/graph
    arms: str = "config/arms.tsv"
    claims: str = "config/claims.yaml"
    data: Data
    catalogue: str | None = None  # more models, of which `models` may change keys
    models: dict[str, Model]
    hyper: dict[str, Hyper]
    platform: str = "torch"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    sizes: dict[str, Size]
    published: str | None = None  # a folder with the published files, to audit them as well
    adopt: bool = True  # use committed results whose code and settings are unchanged


def _plain(value: Any) -> Any:
    """Mapping and list types of any loader as plain ones."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def parse_config(values: Any, origin: str = "config") -> Config:
    """A checked Config from plain values. Raises InputError with one line naming `origin` and the key."""
    values = _plain(values)
    try:
        config = msgspec.convert(values, Config)
        if config.catalogue:
            models = _catalogue(config.catalogue)
            for name, given in values["models"].items():
                models[name] = {**models.get(name, {}), **given}
            config = msgspec.convert({**values, "models": models}, Config)
    except msgspec.ValidationError as error:
        raise InputError(f"{origin}: {_at_key(error)}") from None
    _check_config(config, origin)
    return config


def _catalogue(path: str) -> dict[str, dict[str, Any]]:
    """Models of a file like config/models.yaml, by name, as they are written there."""
    values = read_yaml(path if Path(path).exists() else ROOT / path)
    try:
        msgspec.convert(values, dict[str, Model])
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {_at_key(error)}") from None
    return values


def hyper_of(config: Config, model: str, name: str) -> Hyper:
    """The set `name` of hyperparameters as this model wants it."""
    laid_over = config.models[model].hyper or {}
    values = msgspec.to_builtins(config.hyper[name])
    return msgspec.convert({**values, **laid_over.get("all", {}), **laid_over.get(name, {})}, Hyper)


def with_model_hyper(config: Config, model: str) -> Config:
    """The settings as the programs read them for one model: every set of hyperparameters as it wants it."""
    if not config.models[model].hyper:
        return config
    sets = {name: hyper_of(config, model, name) for name in config.hyper}
    return msgspec.structs.replace(config, hyper=sets)


def _check_model_hyper(config: Config, model: str, origin: str) -> None:
    for name, values in (config.models[model].hyper or {}).items():
        where = f"models.{model}.hyper.{name}"
        if name != "all" and name not in config.hyper:
            raise InputError(f"{origin}: unknown hyper `{name}` - at `{where}`")
        if "replay" in values:  # decides which pools a job reads
            raise InputError(f"{origin}: replay belongs to the arm, not to the model - at `{where}`")
        try:
            for one in config.hyper if name == "all" else [name]:
                hyper_of(config, model, one)
        except msgspec.ValidationError as error:
            raise InputError(f"{origin}: {str(error).split(' - at')[0]} - at `{where}`") from None


def _at_key(error: msgspec.ValidationError) -> str:
    return str(error).replace(" - at `$.", " - at `").replace(" - at `$`", "")


def _check_config(config: Config, origin: str) -> None:
    def known(key: str, value: str, allowed: Any) -> None:
        if value not in allowed:
            raise InputError(f"{origin}: unknown {key} `{value}` (known: {', '.join(allowed)}) - at `{key}`")

    known("study", config.study, members("study"))
    known("platform", config.platform, members("platform"))
    for name, model in config.models.items():
        if isinstance(model.rope, list) and len(model.rope) != model.layers:
            raise InputError(
                f"{origin}: rope lists {len(model.rope)} layers, the model has {model.layers}"
                f" - at `models.{name}.rope`"
            )
        if model.source != "train" and model.spread is not None:
            raise InputError(f"{origin}: spread is for models trained here - at `models.{name}.spread`")
        if model.hidden % model.heads or model.heads % model.kv_heads:
            raise InputError(f"{origin}: hidden, heads and kv_heads do not divide - at `models.{name}`")
        for key in ("chat", "too_long"):
            if model.source == "train" and getattr(model, key) is not None:
                raise InputError(f"{origin}: {key} is for pretrained models - at `models.{name}.{key}`")
        _check_model_hyper(config, name, origin)
    for name, size in config.sizes.items():
        folder = "results" if name == "full" else f"results/{name}"
        if size.evidence != folder or not name.isidentifier() or name in (*TAKEN, *members("study")):
            raise InputError(
                f"{origin}: evidence of `{name}` must be {folder}, where nothing else lies - at `sizes.{name}.evidence`"
            )
        for model in size.models:
            known(f"sizes.{name}.models", model, config.models)
        for pool in size.search.pools if size.search else ():
            known(f"sizes.{name}.search.pools", pool, config.data.counts)
    searches = [name for name, size in config.sizes.items() if size.search]
    for name in searches:
        if config.sizes[name].search != config.sizes[searches[0]].search:
            raise InputError(
                f"{origin}: another search than that of `{searches[0]}` - at `sizes.{name}.search`"
            )


def read_yaml(path: Path | str) -> Any:
    """One YAML document. Raises InputError naming file and line."""
    try:
        return yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InputError(f"{place}: not YAML: {getattr(error, 'problem', error)}") from None


def load_config(path: Path | str) -> Config:
    """`config/config.yaml` (or any YAML or JSON file of that form), checked."""
    return parse_config(read_yaml(path), str(path))


def effective_config(config: Config, written: str) -> str:
    """A file that holds exactly this configuration: `written` if it does, else a copy named by its content.

    The copy keeps what the command line overrode, so that every script sees the same settings.
    """
    try:
        if load_config(written) == config:
            return written
    except InputError:
        pass
    text = msgspec.json.format(msgspec.json.encode(config), indent=2) + b"\n"
    path = Path(".snakemake/settings") / f"{hashlib.sha256(text).hexdigest()[:16]}.json"
    if not path.is_file():
        write_text(path, text.decode())
    return path.as_posix()
