"""`config/STUDY/claims.yaml`, typed and checked: what is measured, against what, and when a claim holds.

Everything in it is declared before the runs. Unknown keys are errors, and so are rules that do not
parse, references to what is not declared, and ids that occur twice.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from trap.analysis.cells import metrics_of
from trap.analysis.extension import extension_of
from trap.analysis.verdicts import Rule, parse_rule
from trap.files import InputError, read_text
from trap.studies.base import BaseStudy


class Published(Struct, kw_only=True, forbid_unknown_fields=True):
    """A published figure: a share (or other number) with its exact 95 % interval where it is a count."""

    value: float | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


class Measure(Struct, kw_only=True, forbid_unknown_fields=True):
    """One number to compute. Exactly one of arm, contrast, dose, runs, study, repeat.

    arm [- minus]: the mean of `metric` on `pool` (at `levels`, when given), or a paired difference; `minus`
    may name another arm, a "baseline:..." or the same arm on `minus_pool` or of `minus_model`.
    `net_of`, with `minus_pool`, takes off what another arm differs by between the two pools.
    contrast: a declared contrast of this file. dose: the slope of a declared dose family.
    runs: a column of runs.parquet for `arm`. repeat: agreement with a repeated run.
    study: the name of a measure that the study brings (`trap.analysis.extension`); `of` is its argument.
    model, platform, pool: without them, those of `defaults`.
    """

    arm: str | None = None
    minus: str | None = None
    minus_model: str | None = None
    minus_pool: str | None = None
    net_of: str | None = None
    model: str = ""
    platform: str = ""
    metric: str = "accuracy"
    pool: str = ""
    levels: list[int] | None = None
    contrast: str | None = None
    dose: str | None = None
    runs: str | None = None
    study: str | None = None
    of: str | int | None = None
    repeat: bool = False


class Contrast(Struct, kw_only=True, forbid_unknown_fields=True):
    """A decisive contrast: arm - minus, on the same questions and seeds, in a family for Holm."""

    name: str
    arm: str
    minus: str
    statement: str
    pool: str = ""
    metric: str = "accuracy"
    family: str = "decisive"
    margin: float | None = None


class Dose(Struct, kw_only=True, forbid_unknown_fields=True):
    """A dose-response: arms and their doses. scale: linear, or log2 for the slope per doubling.

    samples: the dose is the number of samples per prompt, so that the hit rate of one draw predicts that of several.
    """

    label: str
    arms: dict[str, float]
    scale: str = "linear"
    pools: list[str] = []
    samples: bool = False


class Defaults(Struct, kw_only=True, forbid_unknown_fields=True):
    """The model, platform and pool of a measure or contrast, and the pools of a dose family, that name none."""

    model: str
    platform: str
    pool: str
    pools: list[str]


class ClaimSpec(Struct, kw_only=True, forbid_unknown_fields=True):
    """A claim, what tests it, and the rules of its verdict; or the reason why it is not tested here."""

    id: str
    source: str
    statement: str
    published: Published | None = None
    measure: Measure | None = None
    also: dict[str, Measure] = field(default_factory=dict)
    reproduced: str | list[str] = field(default_factory=list)
    not_reproduced: str | list[str] = field(default_factory=list)
    margin: float | None = None
    reason: str = ""  # why it is not tested, or what its test leaves open
    over: dict[str, list[str]] = field(default_factory=dict)

    @property
    def yes(self) -> list[Rule]:
        return _rules(self.reproduced)

    @property
    def no(self) -> list[Rule]:
        return _rules(self.not_reproduced)


Kind = Literal["published", "own", "audit"]


class ClaimsFile(Struct, kw_only=True, forbid_unknown_fields=True):
    """The file as a whole, with `over` expanded and `defaults` filled in by `load_claims`."""

    confidence: float
    replicates: int
    margin: float  # of equivalence, for shares; a contrast or claim may declare its own
    minimum_seeds: int  # fewer seeds give no verdict on trained models
    sources: dict[str, str]
    kinds: dict[str, Kind] = {}  # by source; one that is not named has published what it claims
    defaults: Defaults
    names: dict[str, str]  # ids of models and arms -> how a sentence names them
    doses: dict[str, Dose]
    contrasts: list[Contrast]
    claims: list[ClaimSpec]


KINDS = ("contrast", "dose", "runs", "study", "repeat")


def run_measures(study: type[BaseStudy]) -> dict[str, str]:
    """Columns of runs.parquet that claims may name, with their units."""
    units = {"any_correct": "share", "winner_faithful": "share", "winner_correct": "share"}
    for measure in study.measures:
        if measure.type != "text":
            units[f"winner_{measure.name}"] = "share" if measure.type == "flag" else measure.unit
    return units


def load_claims(path: Path | str, study: type[BaseStudy]) -> ClaimsFile:
    """Read, expand and check the claims of a study. Raises InputError that names the file and the claim."""
    try:
        file = msgspec.yaml.decode(read_text(path), type=ClaimsFile)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {error}") from None
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    try:
        expanded = [claim for spec in file.claims for claim in _expand(spec, file.names)]
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(f"{path}: a placeholder in braces is not declared: {error}") from None
    file = _filled(msgspec.structs.replace(file, claims=expanded))
    _check(file, str(path), study)
    return file


def _filled(file: ClaimsFile) -> ClaimsFile:
    """The file with `defaults` put in where a measure, contrast or dose family names nothing."""
    given, replace = file.defaults, msgspec.structs.replace

    def filled(measure: Measure) -> Measure:
        values = {
            name: getattr(measure, name) or getattr(given, name) for name in ("model", "platform", "pool")
        }
        return replace(measure, **values)

    return replace(
        file,
        doses={name: replace(dose, pools=dose.pools or given.pools) for name, dose in file.doses.items()},
        contrasts=[replace(contrast, pool=contrast.pool or given.pool) for contrast in file.contrasts],
        claims=[
            replace(
                claim,
                measure=filled(claim.measure) if claim.measure else None,
                also={name: filled(measure) for name, measure in claim.also.items()},
            )
            for claim in file.claims
        ],
    )


def _rules(rules: str | list[str]) -> list[Rule]:
    return [parse_rule(rule) for rule in ([rules] if isinstance(rules, str) else rules)]


def _expand(spec: ClaimSpec, names: dict[str, str]) -> list[ClaimSpec]:
    """One claim for every combination of `over`, with {key} replaced by the value, {key_name} by its name."""
    if not spec.over:
        return [spec]
    claims = []
    for combination in itertools.product(*spec.over.values()):
        words = dict(zip(spec.over, combination, strict=True))
        words |= {f"{key}_name": names.get(value, value) for key, value in words.items()}
        filled = _fill(msgspec.to_builtins(spec) | {"over": {}}, words)
        claims.append(msgspec.convert(filled, ClaimSpec))
    return claims


def _fill(value: Any, words: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format(**words)
    if isinstance(value, list):
        return [_fill(part, words) for part in value]
    if isinstance(value, dict):
        return {key: _fill(part, words) for key, part in value.items()}
    return value


def _check(file: ClaimsFile, path: str, study: type[BaseStudy]) -> None:
    for name, dose in file.doses.items():
        if len(set(dose.arms.values())) < 2 or dose.scale not in ("linear", "log2"):
            raise InputError(
                f"{path}: doses.{name}: two different doses and the scale linear or log2, please"
            )
        if dose.scale == "log2" and min(dose.arms.values()) <= 0:
            raise InputError(f"{path}: doses.{name}: a log2 scale needs doses above zero")
    if unknown := sorted(set(file.kinds) - set(file.sources)):
        raise InputError(f"{path}: kinds.{unknown[0]}: unknown source")
    contrasts = [contrast.name for contrast in file.contrasts]
    for contrast in file.contrasts:
        if contrast.metric not in metrics_of(study):
            raise InputError(f"{path}: contrasts.{contrast.name}.metric: unknown metric {contrast.metric!r}")
    for what, ids in (("contrast", contrasts), ("claim", [claim.id for claim in file.claims])):
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise InputError(f"{path}: {what} {twice[0]!r} is declared twice")
    for claim in file.claims:
        where = f"{path}: claims.{claim.id}"
        if claim.source not in file.sources:
            raise InputError(f"{where}.source: unknown source {claim.source!r}")
        try:
            rules = [*claim.yes, *claim.no]
        except ValueError as error:
            raise InputError(f"{where}: {error}") from None
        if claim.measure is None:
            if not claim.reason or rules or claim.also:
                raise InputError(f"{where}: without a measure it needs a reason, and no rules")
            continue
        if not claim.yes or not claim.no:
            raise InputError(
                f"{where}: a measured claim needs a rule for reproduced and one for not_reproduced"
            )
        for name in {name.partition(".")[0] for rule in rules for name in rule.names if "." in name}:
            if name not in claim.also:
                raise InputError(f"{where}: a rule reads {name!r}, which is not under `also`")
        for key, measure in (("measure", claim.measure), *claim.also.items()):
            _check_measure(measure, file, contrasts, study, f"{where}.{key}")


def _check_measure(
    measure: Measure, file: ClaimsFile, contrasts: list[str], study: type[BaseStudy], where: str
) -> None:
    kinds = [kind for kind in KINDS if getattr(measure, kind)]
    if len(kinds) > 1 or (not kinds and not measure.arm):
        raise InputError(f"{where}: exactly one of arm, {', '.join(KINDS)}, please")
    if measure.metric not in metrics_of(study):
        raise InputError(f"{where}.metric: unknown metric {measure.metric!r}")
    if measure.net_of and not measure.minus_pool:
        raise InputError(f"{where}.net_of: only with minus_pool")
    if measure.contrast and measure.contrast not in contrasts:
        raise InputError(f"{where}.contrast: unknown contrast {measure.contrast!r}")
    if measure.dose and measure.dose not in file.doses:
        raise InputError(f"{where}.dose: unknown dose family {measure.dose!r}")
    if measure.runs and (measure.runs not in run_measures(study) or not measure.arm):
        raise InputError(f"{where}.runs: an arm and one of {', '.join(run_measures(study))}, please")
    if measure.of is not None and not measure.study:
        raise InputError(f"{where}.of: only with `study`")
    if measure.study:
        own = extension_of(study).measures
        if measure.study not in own:
            raise InputError(f"{where}.study: unknown {measure.study!r} (known: {', '.join(own) or 'none'})")
        if wrong := own[measure.study].check(measure):
            raise InputError(f"{where}: {wrong}")
