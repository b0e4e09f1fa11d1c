"""What is said of runs: accuracy, answers that can be read, pass@k, selection against blind guesses, differences."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from trap.analysis.statistics import pass_at_k
from trap.audit.claims import Finding, percent, points, rare, share_of
from trap.audit.pairing import Paired, compare, mean_of, over_seeds
from trap.audit.samples import Answers
from trap.audit.tables import Table

MOST_RUNS = 40  # runs of one report; more are counted and left out


def run_findings(
    answers: Answers, evaluation: Table | None, seen: np.ndarray | None, ceiling: Finding | None
) -> list[Finding]:
    """Findings of all runs. seen: which evaluation rows stand in training; ceiling: the highest one without a question."""
    names = answers.frame["run"].unique(maintain_order=True).to_list()
    findings = []
    for path, k in answers.unknown.items():
        findings.append(Finding("runs.unscored", "runs", f"{path}: answers that could not be scored and count nowhere", "look", float(k), None, None, k, "count", "See that ids agree with the evaluation, or name the field in a mapping file."))  # fmt: skip
    if len(names) > MOST_RUNS:
        findings.append(Finding("runs.many", "runs", f"{len(names)} runs; the first {MOST_RUNS} are judged", "look", float(len(names)), n=len(names), unit="count", next="Choose with `where` in a mapping file."))  # fmt: skip
    frames = {
        name: _with_groups(answers.frame.filter(pl.col("run") == name), evaluation)
        for name in names[:MOST_RUNS]
    }
    for name, frame in frames.items():
        findings += _one(name, frame, evaluation, seen, ceiling)
    findings += _differences(frames)
    if evaluation is not None and seen is not None and seen.any():
        findings += _unseen({name: _split(frame, evaluation, seen)[1] for name, frame in frames.items()})
    return findings


def _with_groups(frame: pl.DataFrame, evaluation: Table | None) -> pl.DataFrame:
    """Groups of the evaluation, for samples that name none."""
    if evaluation is None or not evaluation.has("group") or (frame["group"] != 0).any():
        return frame
    known = pl.DataFrame({"item": evaluation["id"], "of": evaluation["group"]}).unique("item", keep="first")
    return frame.join(known, on="item", how="left", maintain_order="left").with_columns(pl.col("of").fill_null(0).alias("group")).drop("of")  # fmt: skip


def _cluster(frame: pl.DataFrame) -> np.ndarray:
    group = frame["group"].to_numpy()
    return np.where(group != 0, group, frame["item"].to_numpy())


def _mean(ident: str, says: str, frame: pl.DataFrame, column: str, **more: object) -> Finding:
    """The mean of a column of 0 to 1: exact where each cluster has one answer, right or wrong; else clustered."""
    values, cluster = frame[column].cast(pl.Float64).to_numpy(), _cluster(frame)
    n = len(values)
    if n and np.isin(values, (0, 1)).all() and len(np.unique(cluster)) == n:
        return share_of(ident, "runs", says, int(values.sum()), n, **more)
    if not n:
        return Finding(ident, "runs", says, **more)  # type: ignore[arg-type]
    value, low, high, _ = over_seeds(frame, column) or mean_of(values, cluster)
    low, high = rare(value, low, high, len(np.unique(cluster)))
    return Finding(ident, "runs", says, value=value, low=low, high=high, n=n, **more)  # type: ignore[arg-type]


def _one(
    name: str, frame: pl.DataFrame, evaluation: Table | None, seen: np.ndarray | None, ceiling: Finding | None
) -> list[Finding]:
    scored = frame.filter(pl.col("right").is_not_null())
    items = scored["item"].n_unique()
    if not scored.height:
        return [Finding(f"runs.{name}.accuracy", "runs", f"{name}: no answer could be scored", "look")]
    accuracy = _mean(f"runs.{name}.accuracy", f"{name}: right answers ({items:,} items)", scored, "right")
    findings = [_against(accuracy, ceiling)]
    formed = scored.filter(pl.col("readable").is_not_null())
    if formed.height:
        readable = _mean(f"runs.{name}.readable", f"{name}: answers that could be read", formed, "readable")
        findings.append(readable)
        given = formed.filter(pl.col("readable"))
        if 0 < given.height < formed.height:
            findings.append(_mean(f"runs.{name}.given_readable", f"{name}: right answers among those that could be read", given, "right"))  # fmt: skip
    if evaluation is not None and seen is not None:
        findings += _seen(name, *_split(scored, evaluation, seen))
    findings += _several(name, scored, frame, evaluation)
    return findings


def _against(accuracy: Finding, ceiling: Finding | None) -> Finding:
    if ceiling is None or ceiling.value is None or accuracy.low is None or accuracy.low > ceiling.value:
        return accuracy
    return Finding(
        accuracy.id, accuracy.part, accuracy.says, "look", accuracy.value, accuracy.low, accuracy.high, accuracy.n,
        next=f"The interval reaches down to what needs no question read ({percent(ceiling.value)}, {ceiling.says[:1].lower()}{ceiling.says[1:]}).",
    )  # fmt: skip


def _split(frame: pl.DataFrame, evaluation: Table, seen: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Answers to questions that stand in training, and to those that do not. Items are ids, or questions without one."""
    names = np.concatenate([evaluation["id"], evaluation["question"]])
    twice = np.concatenate([seen, seen])
    shown = np.isin(frame["item"].to_numpy(), names[twice & (names != 0)])
    known = np.isin(frame["item"].to_numpy(), names[names != 0])
    return frame.filter(pl.Series(shown)), frame.filter(pl.Series(known & ~shown))


def _seen(name: str, *parts: pl.DataFrame) -> list[Finding]:
    """Accuracy on the questions that training has shown and on the others."""
    if not all(part.height for part in parts):
        return []
    words = ("questions that stand in training", "questions that do not")
    findings = [
        _mean(f"runs.{name}.{key}", f"{name}: right answers on {what}", part, "right")
        for key, what, part in zip(("seen", "unseen"), words, parts, strict=True)
    ]
    sums = [mean_of(part["right"].to_numpy(), _cluster(part)) for part in parts]
    value, error = sums[0][0] - sums[1][0], math.hypot(sums[0][3], sums[1][3])
    low, high = value - 1.96 * error, value + 1.96 * error
    findings.append(
        Finding(
            f"runs.{name}.leak", "runs", f"{name}: seen questions minus unseen ones", "bad" if low > 0 else "note",
            value, max(-1.0, low), min(1.0, high), sum(part.height for part in parts), "difference",
            "Report the unseen questions alone: the others measure memory." if low > 0 else "",
        )
    )  # fmt: skip
    return findings


def _several(name: str, scored: pl.DataFrame, frame: pl.DataFrame, evaluation: Table | None) -> list[Finding]:
    """pass@k and selection, where items have several samples (of one seed)."""
    unit = ["item", "seed"]
    counts = (
        scored.group_by(unit).agg(
            pl.len().alias("n"), (pl.col("right") >= 1).sum().alias("c"), pl.col("group").max(),
            pl.col("kept").any().alias("kept"), pl.col("kept").is_not_null().any().alias("told"),
        )
        .sort(unit)
    )  # fmt: skip
    fewest = int(counts["n"].min())
    if int(counts["n"].max()) < 2:
        return []
    findings, k = [], 1
    while k <= fewest:
        table = {pair: pass_at_k(*pair, k) for pair in counts.select("n", "c").unique().rows()}
        values = np.array([table[pair] for pair in counts.select("n", "c").rows()])
        value, low, high, _ = mean_of(values, _cluster(counts))
        low, high = rare(value, low, high, len(np.unique(_cluster(counts))))
        says = f"{name}: pass@{k}, at least one of {k} samples right"
        findings.append(Finding(f"runs.{name}.pass@{k}", "runs", says, value=value, low=low, high=high, n=counts.height))  # fmt: skip
        k *= 2
    return findings + _selected(name, counts, evaluation)


def _selected(name: str, counts: pl.DataFrame, evaluation: Table | None) -> list[Finding]:
    """Questions with a winner among their samples, against what blind guesses would give."""
    told = bool(counts["told"].any())
    won = (counts["kept"].fill_null(False) if told else counts["c"] > 0).to_numpy()
    what = "with a sample that was kept" if told else "with a right sample to keep"
    found = share_of(
        f"selection.{name}.kept", "selection", f"{name}: questions {what}", int(won.sum()), counts.height
    )
    if evaluation is None or not (evaluation["options"] > 0).any():
        return [found]
    chance = float((1 / evaluation["options"][evaluation["options"] > 0]).mean())
    blind = float((1 - (1 - chance) ** counts["n"].to_numpy()).mean())
    luck = min(1.0, blind / found.value) if found.value else 1.0
    level = "look" if luck > 0.5 else "note"
    advice = "Keeping by the right option alone keeps lucky guesses: ask for valid reasons, or more options." if luck > 0.5 else ""  # fmt: skip
    says = f"{name}: of blind guesses as many samples would give a winner for {percent(blind)} of the questions, {percent(luck)} of what was found"
    return [found, Finding(f"selection.{name}.blind", "selection", says, level, blind, blind, blind, counts.height, next=advice)]  # fmt: skip


def _differences(frames: dict[str, pl.DataFrame]) -> list[Finding]:
    """Each run against the first one before it that answered the same items."""
    findings: list[Finding] = []
    pairs: list[tuple[str, str, Paired]] = []
    names = list(frames)
    for number, name in enumerate(names):
        for base in names[:number]:
            if (found := compare(frames[base], frames[name])) is not None:
                pairs.append((base, name, found))
                break
    for base, name, found in pairs:
        findings.append(_difference(base, name, found, len(pairs)))
    if len(names) > 1 and not pairs:
        findings.append(Finding("runs.apart", "runs", "The runs share no item, so that they cannot be compared", "look", next="Give both the same ids, or name the id in a mapping file."))  # fmt: skip
    return findings


def _unseen(frames: dict[str, pl.DataFrame]) -> list[Finding]:
    """The first run against each other one, on the questions that training has not shown."""
    base, *others = frames
    findings = []
    for name in others:
        if (found := compare(frames[base], frames[name])) is not None:
            says = f"{name} minus {base}, on the questions alone that training has not shown"
            level = "fine" if found.low > 0 or found.high < 0 else "look"
            findings.append(
                Finding(f"runs.{name}.unseen_minus.{base}", "runs", says, level, found.value, found.low, found.high, found.n, "difference")
            )  # fmt: skip
    return findings


def _difference(base: str, name: str, found: Paired, tests: int) -> Finding:
    p = min(1.0, found.p * tests)
    test = (
        "exact McNemar test"
        if found.exact
        else "bootstrap over questions" + (" and seeds" if found.seeds > 1 else "")
    )
    clustered = f" in {found.clusters:,} groups" if found.clusters < found.n else ""
    often = f", times {tests} comparisons" if tests > 1 else ""
    p_text = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    says = f"{name} minus {base}, on the same items{clustered}: {p_text} ({test}{often}); they differ on {percent(found.disagreement)} of the items"
    shown = found.low > 0 or found.high < 0
    if shown and p < 0.05:
        level, advice = "fine", ""
    else:
        needed = (
            f"; a difference as large as this one takes about {found.needed:,} items" if found.needed else ""
        )
        level = "look"
        advice = f"No difference is shown. These items would show {points(found.detectable).lstrip('+')} four times in five{needed}."
    return Finding(
        f"runs.{name}.minus.{base}", "runs", says, level, found.value, found.low, found.high, found.n, "difference", advice,
        more={"p": round(p, 6), "exact": found.exact, "clusters": found.clusters, "seeds": found.seeds,
              "disagreement": round(found.disagreement, 6), "needed": found.needed, "detectable": round(found.detectable, 6)},
    )  # fmt: skip
