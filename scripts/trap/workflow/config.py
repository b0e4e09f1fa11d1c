"""The settings, typed: `config/config.yaml` and, for each study, `config/STUDY/study.yaml` and `experiments.yaml`.

They are read strictly: an unknown key, a wrong type or a name of nothing raises InputError with one line that says the
file and the key. Nothing in here trains or draws; methods receive the structs. `sheet.py` reads experiment sheets.
`docs/configuration.md` explains each key to those who write the files.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml
from msgspec import Struct

from trap.files import InputError, read_text, write_text
from trap.studies.base import study_class
from trap.workflow.keys import (  # noqa: F401 programs take all of them from here
    Chat,
    Count,
    Grpo,
    Hyper,
    Model,
    Natural,
    Package,
    Positive,
)
from trap.workflow.registry import members

# results/STUDY/NAME holds an experiment. These folders lie there too, so that no experiment may have their names.
TAKEN = ("data", "extra", "runs", "published")
ITEMS = ("newest", "released", "local")
ROOT = Path(__file__).resolve().parents[3]
# Every program reads the settings. The parser that is written in C takes a fifteenth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Search(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which arms also choose among several sampled answers, among how many, and on which pools."""

    arms: list[str]
    samples: list[Count]
    pools: list[str]
    temperature: Positive = 1.0


Items = Literal["newest", "released", "local", "extended"]


class Experiment(Struct, kw_only=True, forbid_unknown_fields=True):
    """A section of `config/STUDY/experiments.yaml`: which runs, and what is made of their items.

    `models` names the groups or arms of the sheet that each model runs (`all`: every row), with seeds 1 to `seeds`, which
    is one number, or one for each model.
    `extra` gives the number of items of further pools that all its runs answer. `beside` names experiments whose
    ledgers count where this one tests nothing, and whose figures its post may show. `with_items_of` names experiments
    that supply the runs that both name; as a mapping it names the models of which each does. `own` names what the study makes besides.
    `weights` names arms, by model, whose weights its release holds; `page_beside` experiments whose answers its page shows too.
    """

    title: str = ""
    sheet: str | None = None
    seeds: Count | dict[str, Count]
    models: dict[str, list[str]]
    platform: str | None = None
    extra: dict[str, Count] = {}
    search: Search | None = None
    beside: list[str] = []
    with_items_of: dict[str, list[str]] | list[str] = []
    weights: dict[str, list[str]] = {}
    page_beside: list[str] = []
    own: list[str] = []
    figures: list[str] = []
    post: bool = False
    repeat: bool = True
    compare: Literal["sizes", "platforms"] | None = None
    items: Items | None = None

    def seeds_of(self, model: str) -> int:
        """How many seeds a model gets."""
        return self.seeds[model] if isinstance(self.seeds, dict) else self.seeds


class StudyConfig(Struct, kw_only=True, forbid_unknown_fields=True):
    """`config/STUDY/study.yaml`, with `experiments.yaml` as `experiments`; paths are those of files.

    `module` is the folder of the study's code, where that has another name than the study. `options` are the study's
    own; its class says which. `counts` gives the number of items of each pool. `asked` names models that answer fewer,
    because each answer takes them long: by model and pool, how many items from its end; a pool that is not named, they
    are not asked. `models` holds models as this study asks and trains them, with the keys of the settings' models.
    """

    module: str | None = None
    title: str = ""
    options: dict[str, Any] = {}
    seed: Natural = 0
    counts: dict[str, Count]
    asked: dict[str, dict[str, Count]] = {}
    models: dict[str, dict[str, Any]] = {}
    sheet: str = "arms.tsv"
    claims: str = "claims.yaml"
    figures: str | None = None  # the file that says what its figures show
    published: str | None = None  # a folder of published files to audit as well
    hyper: dict[str, Hyper]
    experiments: dict[str, Experiment]


class Config(Struct, kw_only=True, forbid_unknown_fields=True):
    """`config/config.yaml`, with the settings of every study that it names."""

    study: str  # the study of targets that name none
    studies: dict[str, StudyConfig]
    catalogue: str | None = None  # a file of more models; `models` may change their keys
    models: dict[str, Model]
    platform: str = "torch"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    all_cores_from: Count = 20_000_000  # weights from which a job of a model takes all cores
    items: Items = "newest"  # which items tables, figures and posts are made from


def _plain(value: Any) -> Any:
    """Plain dicts and lists in place of the types that a loader made."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def merged(below: Any, above: Any) -> Any:
    """`above` laid over `below`: mappings are joined key by key, anything else is replaced."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return {
        **below,
        **{key: merged(below[key], value) if key in below else value for key, value in above.items()},
    }


def parse_config(values: Any, origin: str = "config") -> Config:
    """A checked Config from plain values. Raises InputError with one line naming `origin` and the key."""
    values = _plain(values)
    if not isinstance(values, dict) or not isinstance(values.get("studies"), dict):
        raise InputError(
            f"{origin}: names of studies, with a mapping each (config/STUDY/ has the rest) - at `studies`"
        )
    values = values | {
        "studies": {name: _study(name, given, origin) for name, given in values["studies"].items()}
    }
    known = _catalogue(origin, values["catalogue"]) if values.get("catalogue") else {}
    for study in values["studies"].values():
        known = merged(known, study.get("models", {}))
    values["models"] = _alike(merged(known, values.get("models", {})), origin)
    config = checked(values, Config, origin)
    for name in config.models:
        _check_model(config, name, origin)
    for name in config.studies:
        _check_study(config, name, origin)
    _known(origin, "study", config.study, config.studies)
    _known(origin, "platform", config.platform, members("platform"))
    return config


def _alike(models: Any, origin: str) -> Any:
    """Models as plain values; one that says `like: OTHER` has the keys of that one which it does not give itself."""
    found: dict[str, Any] = {}

    def of(name: str, through: tuple[str, ...]) -> Any:
        given = models[name]
        if not isinstance(given, dict) or "like" not in given:
            return given
        other = given["like"]
        if not isinstance(other, str) or other not in models or other in (*through, name):
            raise InputError(f"{origin}: `{other!s:.60}` is no other model - at `models.{name}.like`")
        own = {key: value for key, value in given.items() if key != "like"}
        return merged(of(other, (*through, name)), own)

    for name in models if isinstance(models, dict) else ():
        found[name] = of(name, ())
    return found if isinstance(models, dict) else models


def _study(name: str, given: Any, origin: str) -> dict[str, Any]:
    """The values in a study's folder, with `given` laid over them."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in ("released", "logs", "benchmarks", "models"):
        raise InputError(f"{origin}: `{name}` cannot be the name of a study - at `studies`")
    folder = study_folder(name)
    values = _mapping(read_yaml(folder / "study.yaml"), folder / "study.yaml")
    values = {**values, "experiments": read_yaml(folder / "experiments.yaml")}
    values = merged(values, _mapping(given or {}, f"{origin}: studies: {name}"))
    for key in ("sheet", "claims", "figures"):  # a bare name is a file of the study's folder
        path = values.get(key, StudyConfig.__struct_defaults__[_DEFAULTS.index(key)])
        if isinstance(path, str) and "/" not in path:
            path = (folder / path).as_posix()
        values[key] = path
    sections = values["experiments"]
    for section in sections.values() if isinstance(sections, dict) else ():
        sheet = section.get("sheet") if isinstance(section, dict) else None
        if isinstance(sheet, str) and sheet and "/" not in sheet:
            section["sheet"] = (folder / sheet).as_posix()
    checked(values, StudyConfig, folder.as_posix())
    return values


def _mapping(values: Any, where: Path | str) -> dict[str, Any]:
    """The values, which must be a mapping. Raises InputError naming the place."""
    if not isinstance(values, dict):
        raise InputError(f"{where}: a mapping of settings, not {str(values)[:40]!r}")
    return values


def study_folder(name: str) -> Path:
    """`config/STUDY` of the working directory, else of this repository. Raises InputError if there is none."""
    for folder in (Path("config", name), ROOT / "config" / name):
        if folder.is_dir():
            return folder
    raise InputError(f"config/{name}: no such folder, so there is no study `{name}` - at `studies`")


def checked(values: Any, kind: type, origin: str) -> Any:
    """Plain values as `kind`. Raises InputError naming `origin` and the key."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{origin}: {_at_key(error)}") from None


def _known(origin: str, key: str, value: str, allowed: Any) -> None:
    if value not in allowed:
        raise InputError(f"{origin}: unknown {key} `{value}` (known: {', '.join(allowed)}) - at `{key}`")


_DEFAULTS = StudyConfig.__struct_fields__[-len(StudyConfig.__struct_defaults__) :]


def _catalogue(origin: str, path: Any) -> dict[str, dict[str, Any]]:
    """The models of a file like config/models.yaml by name, as plain values."""
    if not isinstance(path, str):
        raise InputError(f"{origin}: the path of a file, not {path!r:.60} - at `catalogue`")
    values = read_yaml(path if Path(path).exists() else ROOT / path)
    checked(values, dict[str, Model], path)
    return values


def model_of(config: Config, name: str) -> Model:
    """What the settings say of a model. Raises InputError where they do not name it."""
    if name not in config.models:
        raise InputError(f"config: no model `{name}` (known: {', '.join(config.models)}) - at `models`")
    return config.models[name]


def origin_of(config: Config, name: str) -> str:
    """The first model of the settings that has the source of this one: what is fetched for it serves both."""
    spec = model_of(config, name)
    what = (spec.source, spec.revision)
    return next(other for other, one in config.models.items() if (one.source, one.revision) == what)


def hyper_of(config: Config, study: str, model: str, name: str) -> Hyper:
    """A study's set `name` of hyperparameters, with what the model lays over it."""
    laid_over = model_of(config, model).hyper or {}
    values = msgspec.to_builtins(config.studies[study].hyper[name])
    return msgspec.convert({**values, **laid_over.get("all", {}), **laid_over.get(name, {})}, Hyper)


def _check_model(config: Config, name: str, origin: str) -> None:
    model = config.models[name]
    where = f"models.{name}"
    if isinstance(model.rope, list) and len(model.rope) != model.layers:
        raise InputError(
            f"{origin}: rope lists {len(model.rope)} layers, the model has {model.layers} - at `{where}.rope`"
        )
    if model.hidden % model.heads or model.heads % model.kv_heads:
        raise InputError(f"{origin}: hidden, heads and kv_heads do not divide - at `{where}`")
    for key in ("chat", "too_long", "corpus"):
        if model.source == "train" and getattr(model, key) is not None:
            raise InputError(f"{origin}: {key} is for pretrained models - at `{where}.{key}`")
    known = {set_name for study in config.studies.values() for set_name in study.hyper}
    for set_name, values in (model.hyper or {}).items():
        at = f"{where}.hyper.{set_name}"
        if set_name != "all" and set_name not in known:
            raise InputError(f"{origin}: unknown hyper `{set_name}` - at `{at}`")
        if "replay" in values:  # it decides which pools a job reads
            raise InputError(f"{origin}: replay belongs to the arm, not to the model - at `{at}`")
        for study, settings in config.studies.items():
            for one in settings.hyper if set_name == "all" else {set_name} & set(settings.hyper):
                try:
                    hyper_of(config, study, name, one)
                except msgspec.ValidationError as error:
                    raise InputError(f"{origin}: {_at_key(error).split(' - at')[0]} - at `{at}`") from None


def _check_study(config: Config, name: str, origin: str) -> None:
    study = config.studies[name]
    _known(origin, "studies", study.module or name, members("study"))
    pools = {pool.name for pool in study_class(study.module or name).pools}
    for pool in study.counts:
        _known(origin, f"studies.{name}.counts", pool, sorted(pools))
    for model, wanted in study.asked.items():
        _known(origin, f"studies.{name}.asked", model, config.models)
        for pool in wanted:
            _known(origin, f"studies.{name}.asked.{model}", pool, study.counts)
    searches = [experiment.search for experiment in study.experiments.values() if experiment.search]
    for title, experiment in study.experiments.items():
        where = f"studies.{name}.experiments.{title}"
        if not re.fullmatch(r"[a-z][a-z0-9_]*", title) or title in (*TAKEN, *config.models):
            raise InputError(f"{origin}: an experiment of this name has no folder of its own - at `{where}`")
        for key in ("models", "weights"):
            for model in getattr(experiment, key):
                _known(origin, f"{where}.{key}", model, config.models)
        if isinstance(experiment.seeds, dict) and (lacks := set(experiment.models) ^ set(experiment.seeds)):
            raise InputError(
                f"{origin}: `{min(lacks)}` is in one of `seeds` and `models` only - at `{where}.seeds`"
            )
        if experiment.platform:
            _known(origin, f"{where}.platform", experiment.platform, members("platform"))
        for pool in experiment.extra:
            _known(origin, f"{where}.extra", pool, sorted(pools))
        for pool in experiment.search.pools if experiment.search else ():
            _known(origin, f"{where}.search.pools", pool, study.counts)
        for other in (*experiment.beside, *experiment.with_items_of, *experiment.page_beside):
            _known(origin, where, other, study.experiments)
        if experiment.search and experiment.search != searches[0]:
            raise InputError(f"{origin}: another search than the first of this study - at `{where}.search`")


RENAMED = {  # what hyperparameters were called before they took TRL's names
    "lr": "learning_rate", "steps": "max_steps", "batch": "batch_size", "warmup": "warmup_ratio", "optimizer": "optim",
    "max_tokens": "max_length", "k": "num_generations", "max_new_tokens": "max_completion_length",
    "epochs": "num_iterations", "minibatches": "steps_per_generation", "clip": "epsilon", "clip_high": "epsilon_high",
    "kl": "beta", "level": "importance_sampling_level", "average": "loss_type", "scale": "scale_rewards",
}  # fmt: skip


def _at_key(error: msgspec.ValidationError) -> str:
    told = str(error).replace(" - at `$.", " - at `").replace(" - at `$`", "")
    found = re.search(r"unknown field `(\w+)`", told)
    if found and found[1] in RENAMED and ("hyper" in told or " - at" not in told):
        told = told.replace(found[0], f"{found[0]}, which is called `{RENAMED[found[1]]}` now")
    return told


def read_yaml(path: Path | str) -> Any:
    """One YAML document. Raises InputError naming file and line."""
    try:
        return yaml.load(read_text(path), LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InputError(f"{place}: not YAML: {getattr(error, 'problem', error)}") from None
    except (
        ValueError,
        RecursionError,
        OverflowError,
    ) as error:  # a date that is none; lists in lists in lists
        raise InputError(f"{path}: not YAML: {error}") from None


def load_config(path: Path | str) -> Config:
    """`config/config.yaml` (or any YAML or JSON file of that form), checked."""
    return parse_config(read_yaml(path), str(path))


def settings_file(config: Config, written: str) -> str:
    """The path of a file that holds exactly this configuration: `written` if it does, else one named by its content.

    The second kind keeps what the command line overrode, so that every program sees the same settings.
    `write_settings` writes it when jobs start.
    """
    try:
        if load_config(written) == config:
            return written
    except InputError:
        pass
    return Path(".snakemake/settings", f"{hashlib.sha256(_text(config)).hexdigest()[:16]}.json").as_posix()


def _text(config: Config) -> bytes:
    return msgspec.json.format(msgspec.json.encode(config), indent=2) + b"\n"


def write_settings(config: Config, path: str) -> None:
    """Write the settings to the path that `settings_file` gave, unless that file is there already."""
    if path.startswith(".snakemake/") and not Path(path).is_file():
        write_text(path, _text(config).decode())
