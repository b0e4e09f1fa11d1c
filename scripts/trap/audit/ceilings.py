"""What can be had without reading the question: chance, one answer for all, a position, a length, the first words."""

from __future__ import annotations

import math

import numpy as np
import polars as pl

from trap.analysis.statistics import mean_interval
from trap.audit.claims import Finding, percent, rare, share_of
from trap.audit.tables import Table

MARGIN = 0.05  # above chance, with the whole interval, a ceiling is worth a look
BLIND = (1, 4, 8, 16)


def chance_of(table: Table) -> np.ndarray:
    """The chance of a blind guess on each row with options, float (rows,)."""
    counts = table["options"]
    return 1.0 / counts[counts > 0]


def ceiling_findings(evaluation: Table, train: Table | None) -> list[Finding]:
    """Ceilings of the evaluation. Where training is given, answers and first words are learned there."""
    known = evaluation["answer"] != 0
    n = int(known.sum())
    if not n:
        return [
            Finding(
                "ceilings.none", "ceilings", "No key was read, so that no ceiling can be told", level="look"
            )
        ]
    findings = []
    chance = 0.0
    if evaluation.fields.kind == "choice":
        findings.append(
            _mean("ceilings.chance", "Chance: a blind guess among the options", chance_of(evaluation))
        )
        chance = findings[0].value or 0.0
        findings += _places(evaluation, chance)
        for end in ("longest", "shortest"):
            scores = evaluation[end][~np.isnan(evaluation[end])]
            if len(scores):
                findings.append(_judged(_mean(f"ceilings.{end}", f"Always the {end} option", scores), chance))
        findings += _blind(chance_of(evaluation))
    findings += _answers(evaluation, train, known, chance)
    return findings


def _mean(ident: str, says: str, scores: np.ndarray) -> Finding:
    value, low, high = mean_interval(scores.astype(float))  # type: ignore[arg-type]
    if ident != "ceilings.chance":  # chance is known and not estimated
        low, high = rare(value, low, high, len(scores))
    return Finding(
        ident, "ceilings", says, value=value, low=max(0.0, low), high=min(1.0, high), n=len(scores)
    )


def _judged(found: Finding, chance: float) -> Finding:
    """The finding, with a level: a ceiling well above chance means that the question need not be read."""
    above = found.low is not None and found.low > chance + MARGIN
    advice = "A score counts from here and not from chance; balance this in the data, or report it beside every score."
    return Finding(
        found.id, found.part, found.says, "look" if above else "note", found.value, found.low, found.high, found.n,
        next=advice if above else "", more=found.more,
    )  # fmt: skip


def _places(evaluation: Table, chance: float) -> list[Finding]:
    places = evaluation["key"][evaluation["key"] >= 0]
    if not len(places):
        return []
    counts = np.bincount(places)
    best = int(counts.argmax())
    label = evaluation.letters[best] if best < len(evaluation.letters) else str(best + 1)
    constant = share_of(
        "ceilings.constant", "ceilings", f"Always the same place ({label})", int(counts[best]), len(places),
        more={"places": counts.tolist()},
    )  # fmt: skip
    findings = [_judged(constant, chance)]
    sizes = np.unique(evaluation["options"][evaluation["key"] >= 0])
    if len(sizes) == 1:
        from scipy import stats  # slow to import, and only needed here

        full = np.bincount(places, minlength=int(sizes[0]))
        p = float(stats.chisquare(full).pvalue)
        spread = ", ".join(percent(count / len(places)) for count in full)
        findings.append(
            Finding(
                "ceilings.position",
                "ceilings",
                f"The right option stands at the places in shares of {spread}; p that they are equally likely",
                "look" if p < 0.001 else "note",
                p,
                None,
                None,
                len(places),
                "number",
                "Shuffle the options, or report accuracy by place." if p < 0.001 else "",
            )
        )
    return findings


def _blind(chances: np.ndarray) -> list[Finding]:
    """What selection would keep of blind guesses: 1 - (1 - p)^K of the questions give a winner."""
    shares = {k: float((1 - (1 - chances) ** k).mean()) for k in BLIND}
    words = ", ".join(
        f"{percent(share)} with {k} sample{'s' if k > 1 else ''}" for k, share in shares.items()
    )
    return [
        Finding(
            "selection.blind", "selection", f"Of blind guesses, selection by the right option would keep a winner for {words}",
            "note", shares[4], shares[4], shares[4], len(chances),
            next="Where winners are kept by the option alone, this share of them may be luck: judge reasons too.",
            more={"k": 4, "by_k": {str(k): round(share, 6) for k, share in shares.items()}},
        )
    ]  # fmt: skip


def _answers(evaluation: Table, train: Table | None, known: np.ndarray, chance: float) -> list[Finding]:
    answers, first = evaluation["answer"][known], evaluation["first"][known]
    n = len(answers)
    values, counts = np.unique(answers, return_counts=True)
    best = int(values[counts.argmax()])
    word = evaluation.words.get(best, "…")  # words are kept of the first rows alone
    majority = share_of(
        "ceilings.majority", "ceilings", f"Always the most frequent answer of the evaluation itself (“{word[:60]}”)",
        int(counts.max()), n, more={"answers": len(values)},
    )  # fmt: skip
    findings = [_judged(majority, chance)]
    if train is not None and (train["answer"] != 0).any():
        # questions of the evaluation itself would turn a cue into memory
        fresh = ~np.isin(train["item"], evaluation["item"]) & (train["answer"] != 0)
        if not fresh.any():
            return findings
        learned = pl.DataFrame({"first": train["first"][fresh], "answer": train["answer"][fresh]})
        top = learned.group_by("answer").len().sort(["len", "answer"], descending=[True, False])
        usual = int(top["answer"][0])
        right = answers == np.uint64(usual)
        says = f"Always the most frequent answer of training (“{train.words.get(usual, '…')[:60]}”)"
        findings.append(
            _judged(share_of("ceilings.train_majority", "ceilings", says, int(right.sum()), n), chance)
        )
        by_first = (
            learned.group_by("first", "answer").len()
            .sort(["len", "answer"], descending=[True, False])
            .unique("first", keep="first", maintain_order=True)
        )  # fmt: skip
        asked = pl.DataFrame({"first": first}).join(by_first, on="first", how="left", maintain_order="left")
        guess = asked["answer"].fill_null(usual).to_numpy()
        right = guess == answers
        says = "The usual answer in training to questions with the same first three words"
        findings.append(
            _judged(share_of("ceilings.first_words", "ceilings", says, int(right.sum()), n), chance)
        )
    else:
        scores = left_out(first, answers)
        says = "The usual answer to the other questions with the same first three words"
        findings.append(_judged(_mean("ceilings.first_words", says, scores), chance))
    return findings


def left_out(cues: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Score of guessing each row's answer as the most frequent one among the other rows with its cue, float (n,).

    Ties count half; a row whose cue is alone scores 0.
    """
    frame = pl.DataFrame({"cue": cues, "answer": answers})
    counts = frame.group_by("cue", "answer").len("own")
    tops = counts.group_by("cue").agg(
        pl.col("own").max().alias("most"),
        (pl.col("own") == pl.col("own").max()).sum().alias("ties"),
        pl.col("own").sort(descending=True).slice(1, 1).first().fill_null(0).alias("second"),
    )
    rows = frame.join(counts, on=["cue", "answer"], how="left", maintain_order="left").join(
        tops, on="cue", how="left", maintain_order="left"
    )
    alone_on_top = (rows["own"] == rows["most"]) & (rows["ties"] == 1)
    other = np.where(alone_on_top.to_numpy(), rows["second"].to_numpy(), rows["most"].to_numpy()).astype(
        np.int64
    )
    mine = rows["own"].to_numpy().astype(np.int64) - 1
    return np.where(mine > other, 1.0, np.where((mine == other) & (mine > 0), 0.5, 0.0))


def best_ceiling(findings: list[Finding]) -> Finding | None:
    """The highest ceiling that needs no question read; chance and the blind guesses are among them."""
    ceilings = [f for f in findings if f.part == "ceilings" and f.unit == "share" and f.value is not None]
    return max(ceilings, key=lambda f: f.value if f.value is not None else -math.inf, default=None)
