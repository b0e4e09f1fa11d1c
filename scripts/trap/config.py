"""The configuration, typed: `config/config.yaml` and the experiment sheet `config/arms.tsv`.

Both are read strictly: an unknown key, a wrong type or a dangling name is one line that says the
file and the key. Nothing in here trains or draws; methods receive the structs.
"""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from trap.files import InputError, read_text, write_text
from trap.registry import members

Count = Annotated[int, Meta(ge=1)]
Natural = Annotated[int, Meta(ge=0)]
Positive = Annotated[float, Meta(gt=0)]
Share = Annotated[float, Meta(ge=0, le=1)]

# results/NAME holds the evidence of a size, so that no size may have the name of another folder there.
TAKEN = (
    "benchmarks", "data", "figures", "logs", "models", "page", "platforms", "published", "report", "tables", "video",
)  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent.parent
INCLUDES = "#includes "  # in a sheet: the rows of another one come first
STAGED = ("expert", "grpo")  # methods that take the questions of one hop count from a pool, `hard@5`
SELECTING = ("", "v1", "v2")  # rewards that can rank completions for selection
REWARDS = (  # what grpo can be rewarded by (`trap.studies.hops.shaping`)
    *SELECTING, "correctness", "path", "paper", "paper_correctness", "paper_path", "validity", "progress", "faithful", "similarity",
)  # fmt: skip


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


class Size(Struct, kw_only=True, forbid_unknown_fields=True):
    """A size of the study: where its evidence goes, seeds 1..n, and per model the groups or arms to run.

    Evidence goes to `results` for the size `full` and to `results/NAME` for any other. `arms` is a sheet of
    its own, which grids of experiments have; none: that of the configuration. `far` are pools of longer
    chains than any arm trains on (eval_hop6, …) and their numbers of questions, asked of all its runs.
    """

    evidence: str
    arms: str | None = None
    seeds: Count
    models: dict[str, list[str]]
    far: dict[str, Count] = {}


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


class Arm(Struct, kw_only=True, frozen=True):
    """One row of the experiment sheet: one way to train, compared with its neighbours."""

    study: str
    arm: str
    parent: str  # the arm whose weights it starts from; "" for base
    rollouts: str  # the arm whose model samples; "" when nothing is sampled or the parent samples
    method: str
    pool: str
    mixture: str
    reward: str
    selection: str
    rounds: int
    hyper: str
    contaminated: bool
    group: str
    label: str


ARM_COLUMNS = Arm.__struct_fields__
_TRUE = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


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


def pools_of(arm: Arm) -> list[str]:
    """Pools that an arm draws prompts from, in the order written.

    `pool` is a name or names joined by `+`; `mixture` is empty or `pool:share` pairs joined by `+`
    or a comma. `pool@5` is the part of a pool that asks five hops.
    """
    names = []
    for text in (arm.pool, arm.mixture):
        for part in text.replace(",", "+").split("+"):
            name = part.split(":")[0].split("@")[0].strip()
            if name and name not in names:
                names.append(name)
    return names


def load_arms(path: Path | str) -> dict[str, Arm]:
    """The experiment sheet by arm name, in file order.

    A line `#includes FILE` puts the rows of another sheet, named from this one's folder, before its own.
    Raises InputError naming file and line: wrong columns, unknown study, method or parent,
    duplicate names, a cycle of parents or of sheets.
    """
    arms: dict[str, Arm] = {}
    _read_sheet(Path(path), (), arms)
    if not arms:
        raise InputError(f"{path}: no arms")
    for arm in arms.values():
        _check_lineage(arm, arms, str(path))
    return arms


def _read_sheet(path: Path, through: tuple[Path, ...], arms: dict[str, Arm]) -> None:
    """Add a sheet's rows, and those of the sheets that it includes, to `arms`."""
    if path.resolve() in through:
        raise InputError(f"{path}: it includes itself")
    lines = read_text(path).split("\n")
    for line in lines:
        if line.startswith(INCLUDES):
            _read_sheet(path.parent / line.removeprefix(INCLUDES).strip(), (*through, path.resolve()), arms)
    text = "\n".join(line for line in lines if not line.startswith("#"))
    reader = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    columns = tuple(reader.fieldnames or ())
    if columns != ARM_COLUMNS:
        odd = sorted(set(columns) ^ set(ARM_COLUMNS)) or ["their order"]
        raise InputError(
            f"{path}:1: columns must be {' '.join(ARM_COLUMNS)} (see: {', '.join(map(str, odd))})"
        )
    for row in reader:
        if not any((value or "").strip() for value in row.values() if not isinstance(value, list)):
            continue
        arm = _arm(row, f"{path}: arm `{row.get('arm')}`")
        if arm.arm in arms:
            raise InputError(f"{path}: arm `{arm.arm}` is listed twice")
        arms[arm.arm] = arm


def _arm(row: dict[str, Any], where: str) -> Arm:
    if None in row or None in row.values():
        raise InputError(f"{where}: wrong number of columns")
    values: dict[str, Any] = {key: value.strip() for key, value in row.items()}
    values = {key: "" if value in ("-", "") else value for key, value in values.items()}
    if not values["arm"].replace("_", "").isalnum():
        raise InputError(f"{where}: a name has letters, digits and _ only")
    methods = ("base", *members("method"))  # base is no method: it starts from nothing
    base_reward = values["reward"].removesuffix("+length").removesuffix("-guards")
    for key, value, allowed in (
        ("study", values["study"], members("study")),
        ("method", values["method"], methods),
        ("reward", base_reward, REWARDS),
    ):
        if value not in allowed:
            raise InputError(
                f"{where}: unknown {key} `{values[key]}` (known: {', '.join(filter(None, allowed))})"
            )
    if values["method"] != "grpo" and values["reward"] not in SELECTING:
        raise InputError(f"{where}: reward `{values['reward']}` is for the method grpo; others take v1 or v2")
    if values["method"] not in STAGED and "@" in values["pool"] + values["mixture"]:
        raise InputError(f"{where}: pools with an @ are for the methods {' and '.join(STAGED)}")
    if values["contaminated"].lower() not in _TRUE:
        raise InputError(f"{where}: contaminated is yes or no, not `{values['contaminated']}`")
    try:
        values["rounds"] = int(values["rounds"] or 1)
    except ValueError:
        raise InputError(f"{where}: rounds is a whole number, not `{values['rounds']}`") from None
    return Arm(**{**values, "contaminated": _TRUE[values["contaminated"].lower()]})


def _check_lineage(arm: Arm, arms: dict[str, Arm], origin: str) -> None:
    for column in ("parent", "rollouts"):
        name = getattr(arm, column)
        if name and name not in arms:
            raise InputError(f"{origin}: arm `{arm.arm}`: unknown {column} `{name}`")
    if (arm.method == "base") != (not arm.parent):
        raise InputError(f"{origin}: arm `{arm.arm}`: every arm but base has a parent, and base has none")
    seen, queue = set(), [arm.parent, arm.rollouts]
    while queue:
        name = queue.pop()
        if name == arm.arm:
            raise InputError(
                f"{origin}: arm `{arm.arm}`: it is its own ancestor (a cycle of parents or rollouts)"
            )
        if name and name not in seen:
            seen.add(name)
            queue.extend((arms[name].parent, arms[name].rollouts) if name in arms else ())


def check_arms(
    arms: dict[str, Arm], config: Config, origin: str = "config/arms.tsv", sheet: str | None = None
) -> None:
    """Arms against the configuration: pools, hyperparameter sets, and what sizes of this sheet select."""
    for arm in arms.values():
        if arm.hyper not in config.hyper:
            raise InputError(
                f"{origin}: arm `{arm.arm}`: unknown hyper `{arm.hyper}` (see config.yaml, `hyper`)"
            )
        for pool in pools_of(arm):
            if arm.method != "base" and pool not in config.data.counts:
                raise InputError(
                    f"{origin}: arm `{arm.arm}`: unknown pool `{pool}` (see config.yaml, `data.counts`)"
                )
        leaked = any(pool.startswith("eval_") for pool in pools_of(arm)) or any(
            other in arms and arms[other].contaminated for other in (arm.parent, arm.rollouts)
        )
        if leaked and not arm.contaminated:
            raise InputError(
                f"{origin}: arm `{arm.arm}`: it trains on evaluation questions and does not say `contaminated`"
            )
    for name, size in config.sizes.items():
        for model, wanted in size.models.items() if size.arms == sheet else ():
            select_arms(arms, wanted, f"config: sizes.{name}.models.{model}")


def select_arms(arms: dict[str, Arm], wanted: list[str], where: str = "sizes") -> list[str]:
    """Arm names for a list of groups or arms (`all` means every one), in sheet order."""
    groups = {arm.group for arm in arms.values()}
    for name in wanted:
        if name != "all" and name not in groups and name not in arms:
            raise InputError(f"{where}: `{name}` is neither a group nor an arm of the sheet")
    return [arm.arm for arm in arms.values() if "all" in wanted or arm.group in wanted or arm.arm in wanted]


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
