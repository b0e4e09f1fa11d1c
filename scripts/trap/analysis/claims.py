"""The ledger, `claims.json`: every declared claim with our number, its interval, a verdict, and its origin."""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from trap.analysis.claim_specs import ClaimsFile, ClaimSpec
from trap.analysis.measures import Evidence, Missing, Result, measure
from trap.analysis.resampling import DIGITS
from trap.analysis.statistics import benjamini_hochberg
from trap.analysis.verdicts import judge
from trap.files import InputError, read_json

NOT_TESTED = "not tested here"
LEDGER_WORDS = "Corrected over the whole ledger:"


def claim_rows(spec: ClaimsFile, evidence: Evidence, rule: str, commit: str) -> list[dict[str, Any]]:
    """One object per claim, in the order of the file. Only `commit` and `seconds` differ between equal runs."""
    return [_claim(claim, spec, evidence, rule, commit) for claim in spec.claims]


COMMITTED = ("value", "low", "high", "n", "seeds", "verdict", "text", "file")


def fill_in(
    claims: list[dict[str, Any]], others: Sequence[Path], minimum_seeds: int = 0
) -> list[dict[str, Any]]:
    """Replace claims that these runs do not test by those of another experiment's ledger, where it tests them.

    So is a claim that is inconclusive because these runs lack something that its rules read (`lacks`).
    The `file` of such a claim says which experiment its number comes from. A claim that these runs test, with fewer than
    `minimum_seeds`, keeps its number and verdict; its `committed` gets what the first ledger says that tests it with more
    seeds: experiment, value, low, high, n, seeds, verdict, text and file.
    Raises InputError for a ledger that cannot be read.
    """
    tested: dict[str, list[dict[str, Any]]] = {}
    for path in others:
        for claim in read_json(path, list[dict[str, Any]]):
            if claim["verdict"] != NOT_TESTED:
                tested.setdefault(claim["id"], []).append(claim | {"ledger": path.parent.name})
    return [_filled(claim, tested.get(claim["id"], []), minimum_seeds) for claim in claims]


def _filled(claim: dict[str, Any], others: list[dict[str, Any]], minimum_seeds: int) -> dict[str, Any]:
    whole = [other for other in others if not other.get("lacks")] if claim.get("lacks") else others
    if claim["verdict"] == NOT_TESTED or claim.get("lacks"):
        return {key: value for key, value in whole[0].items() if key != "ledger"} if whole else claim
    if not 0 < (claim.get("seeds") or 0) < minimum_seeds:
        return claim
    more = next((other for other in others if (other["seeds"] or 0) > claim["seeds"]), None)
    if more is None:
        return claim
    return claim | {"committed": {"experiment": _experiment(more)} | {key: more[key] for key in COMMITTED}}


def _experiment(claim: dict[str, Any]) -> str:
    """The experiment whose items a claim of a ledger rests on: that of its file, or of the ledger."""
    folder = Path(claim["file"] or "").parent
    folder = folder.parent if folder.name == "collected" else folder
    return folder.name or claim["ledger"]


def correct(claims: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give every claim with a p value its `p_ledger`, corrected over all tests of the ledger, whatever their family.

    Benjamini and Hochberg. A test that several claims rest on counts once. No verdict follows from it; a claim that is
    reproduced by an interval without zero, and whose p_ledger is not below 0.05, says so in its reason. One that is
    reproduced because nothing differs has a large p, as it should.
    """
    tests = {_test(claim): claim["p"] for claim in claims if claim["p"] is not None}
    corrected = dict(zip(tests, benjamini_hochberg(list(tests.values())), strict=True))
    return [_corrected(claim, corrected.get(_test(claim)), len(tests)) for claim in claims]


def _test(claim: dict[str, Any]) -> tuple[Any, ...]:
    return claim["file"], claim["row"], claim["p"]


def _corrected(claim: dict[str, Any], p: float | None, tests: int) -> dict[str, Any]:
    p = None if p is None else round(p, DIGITS)
    kept = (
        (claim["reason"] or "").split(LEDGER_WORDS)[0].strip()
    )  # without what another ledger said of itself
    effect = claim["low"] is not None and (claim["low"] > 0 or claim["high"] < 0)
    if claim["verdict"] == "reproduced" and effect and p is not None and p >= 0.05:
        kept = f"{kept} {LEDGER_WORDS} p = {p:.2g} over {tests} tests.".strip()
    return claim | {"p_ledger": p, "reason": kept or None}


def agreement(items: pl.DataFrame, repeated: pl.DataFrame) -> tuple[int, int]:
    """For runs that were done twice: (rows of items that are equal in every column, rows compared)."""
    key = ["study", "model", "platform", "arm", "seed", "pool", "id"]
    outcomes = [name for name in items.columns if name not in key]
    pairs = items.join(repeated, on=key, how="inner", suffix="_again")
    if pairs.is_empty():
        raise InputError("the repeated items share no run with the items")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_again")) for name in outcomes)
    return int(pairs.select(same.sum()).item()), pairs.height


def current_commit(folder: Path) -> str:
    """The commit of the code, or "unknown" outside a repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _claim(claim: ClaimSpec, spec: ClaimsFile, evidence: Evidence, rule: str, commit: str) -> dict[str, Any]:
    main, reason = None, claim.reason
    if claim.measure is not None:
        try:
            main = measure(claim.measure, evidence)
        except Missing as missing:
            reason = " ".join(part for part in (_sentence(str(missing)), claim.reason) if part)
    also: dict[str, Result] = {}
    for name, what in claim.also.items():
        try:
            also[name] = measure(what, evidence)
        except Missing:  # a supplement that was not run: rules that read it are false
            continue
    margin = claim.margin
    if margin is None:
        margin = (main.margin if main else None) or (
            spec.margin if main and main.unit in ("share", "points") else None
        )
    verdict, why = NOT_TESTED, ""
    if main is not None:
        verdict, why = _verdict(claim, main, also, margin, spec, learned(main.conditions, evidence.runs))
    lacks = sorted(_supplements(claim) - also.keys()) if verdict == "inconclusive" else []
    if lacks:
        why = f"{why} Not run in this experiment: {', '.join(lacks)}.".strip()
    rested = [result for result in (main, *also.values()) if result is not None]
    conditions = {condition for result in rested for condition in result.conditions}
    return {
        "id": claim.id,
        "source": spec.sources[claim.source],
        "statement": claim.statement,
        "published": msgspec.to_builtins(claim.published) if claim.published else None,
        "model": claim.measure.model if claim.measure and main and main.conditions else None,
        "arms": list(main.arms) if main else [],
        "contaminated": _contaminated(conditions, evidence.runs),
        "comparison": main.comparison if main else None,
        "value": main.value if main else None,
        "n": main.n if main else None,
        "seeds": main.seeds if main else None,
        "low": main.low if main else None,
        "high": main.high if main else None,
        "unit": main.unit if main else None,
        "text": main.text if main else None,
        "p": main.p if main else None,
        "p_holm": main.p_holm if main else None,
        "p_ledger": None,  # known once the ledger is whole: `correct`
        "family": main.family if main else None,
        "margin": margin,
        "room": main.room.place if main else "",
        "kind": spec.kinds.get(claim.source, "published"),
        "verdict": verdict,
        "lacks": lacks,
        "reason": " ".join(part for part in (why, reason) if part) or None,
        "verdict_rule": {
            "reproduced": _texts(claim.reproduced),
            "not_reproduced": _texts(claim.not_reproduced),
        },
        "also": {
            name: {
                "value": result.value,
                "low": result.low,
                "high": result.high,
                "n": result.n,
                "seeds": result.seeds,
                "unit": result.unit,
                "text": result.text,
                "comparison": result.comparison,
                "file": result.file,
                "row": result.row,
            }
            for name, result in also.items()
        },
        "file": main.file if main else None,
        "row": main.row if main else None,
        "rule": rule,
        "commit": commit,
        "seconds": _seconds(conditions, evidence.runs) if main else None,
        "committed": None,  # what runs of another experiment say, where these are too few: `fill_in`
    }


def _supplements(claim: ClaimSpec) -> set[str]:
    """Names of the supplements (`also`) that the rules of a claim read."""
    return {name.split(".")[0] for rule in (*claim.yes, *claim.no) for name in rule.names if "." in name}


def _verdict(
    claim: ClaimSpec,
    main: Result,
    also: Mapping[str, Result],
    margin: float | None,
    spec: ClaimsFile,
    learned: bool,
) -> tuple[str, str]:
    """(verdict, reason why a verdict is withheld or ""). learned: whether a run behind the claim took a step."""
    values: dict[str, float | None] = {
        "value": main.value,
        # a number without an interval (arithmetic, a count of everything) is its own interval
        "low": main.low if main.low is not None else main.value,
        "high": main.high if main.high is not None else main.value,
        "p": main.p,
        "p_holm": main.p_holm,
        "n": main.n,
        "seeds": main.seeds,
        "margin": margin,
        "published": claim.published.value if claim.published else None,
    }
    for name, result in also.items():
        for key in ("value", "low", "high", "p", "p_holm", "n", "seeds"):
            found = getattr(result, key)
            values[f"{name}.{key}"] = result.value if found is None and key in ("low", "high") else found
    withheld = []
    if main.trained and learned and (main.seeds or 0) < spec.minimum_seeds and main.conditions:
        seeds = f"{main.seeds} training seed{'s' if main.seeds != 1 else ''}"
        withheld.append(f"{seeds}: a verdict needs at least {spec.minimum_seeds}.")
    if main.room.place:
        withheld.append(main.room.reason)
    return ("inconclusive", " ".join(withheld)) if withheld else judge(claim.yes, claim.no, values)


def learned(conditions: Collection[tuple[str, str, str]], runs: pl.DataFrame) -> bool:
    """Whether any of these (model, platform, arm) was trained; a pretrained model as it comes was not, here."""
    if not conditions or "steps" not in runs.columns:
        return True
    keys = pl.DataFrame([*conditions], schema=["model", "platform", "arm"], orient="row")
    steps = runs.join(keys, on=["model", "platform", "arm"], how="semi")["steps"]
    return steps.is_empty() or bool((steps.fill_null(1) > 0).any())


def _contaminated(conditions: set[tuple[str, str, str]], runs: pl.DataFrame) -> bool:
    if not conditions:
        return False
    arms = {arm for _, _, arm in conditions}
    return bool(runs.filter(pl.col("arm").is_in(sorted(arms)))["contaminated"].any())


def _seconds(conditions: set[tuple[str, str, str]], runs: pl.DataFrame) -> float | None:
    """Wall-clock seconds of training and evaluation, summed over the runs behind a claim. Each run counts once."""
    if not conditions:
        return 0.0
    wanted = pl.DataFrame(sorted(conditions), schema=["model", "platform", "arm"], orient="row")
    chosen = runs.join(wanted, on=["model", "platform", "arm"], how="semi")
    spent = chosen.select(
        pl.sum_horizontal("seconds_train", "seconds_evaluate", ignore_nulls=True)
    ).to_series()
    known = chosen.filter(pl.col("seconds_train").is_not_null() | pl.col("seconds_evaluate").is_not_null())
    return round(float(spent.sum()), 1) if known.height else None


def _texts(rules: str | list[str]) -> list[str]:
    return [rules] if isinstance(rules, str) else list(rules)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
