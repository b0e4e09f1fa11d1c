"""The verdict in plain words: what the findings mean together, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trap.audit.claims import Finding, percent, points


@dataclass(frozen=True)
class Verdict:
    """level: bad, look or fine. says: sentences. next: what to do, the most urgent first."""

    level: str
    says: tuple[str, ...]
    next: tuple[str, ...]


_PLAIN = {
    "bad": "The files cannot be judged by: see what to do next.",
    "look": "Nothing speaks of a leak here; the points below want a look.",
    "fine": "Nothing in these files speaks against them.",
}


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """Judge the findings together."""
    by_id = {finding.id: finding for finding in findings}
    says: list[str] = []
    says += _of_overlap(by_id)
    says += _of_ceilings(findings)
    says += _of_runs(findings)
    level = "bad" if any(f.level == "bad" for f in findings) else "look" if any(f.level == "look" for f in findings) else "fine"  # fmt: skip
    urgent = sorted(
        (f for f in findings if f.next and f.level in ("bad", "look")), key=lambda f: f.level != "bad"
    )
    advice = list(dict.fromkeys(f.next for f in urgent))
    if "overlap.near" in by_id and not any(f.part == "runs" for f in findings):
        advice.append("Give --samples of two runs on the same questions to have them compared.")
    return Verdict(level, tuple(says) or (_PLAIN[level],), tuple(advice))


def _of_overlap(by_id: dict[str, Finding]) -> list[str]:
    whole = by_id.get("overlap.item") or by_id.get("overlap.normalised")
    if whole is None:
        return []
    if not whole.n:
        return ["The evaluation has no rows to look for."]
    k = whole.more["count"]
    if not k:
        text = by_id["overlap.normalised"].more["count"]
        near = by_id["overlap.near"].more["count"]
        more = f" {text:,} share the text of the question but not the options." if text else ""
        close = (
            f" {near:,} have a near duplicate there: read them."
            if near
            else " None has a near duplicate there."
        )
        return [f"No evaluation question stands in training with its options.{more}{close}" if "overlap.item" in by_id else f"No evaluation question stands in training.{close}"]  # fmt: skip
    answered = by_id.get("overlap.answer")
    memory = (
        f", {answered.more['count']:,} shared texts with the right answer" if answered is not None else ""
    )
    return [
        f"Training holds {k:,} of the {whole.n:,} evaluation questions ({percent(whole.value)}){memory}. On these, a right"
        " answer may be memory, and no score on the whole evaluation tells what was learned."
    ]


def _of_ceilings(findings: Sequence[Finding]) -> list[str]:
    high = [
        f
        for f in findings
        if f.part == "ceilings" and f.level == "look" and f.value is not None and f.unit == "share"
    ]
    if not high:
        return []
    best = max(high, key=lambda f: f.value or 0.0)
    return [
        f"Without reading a question, {percent(best.value)} can be had: {best.says[:1].lower()}{best.says[1:]}."
    ]


def _of_runs(findings: Sequence[Finding]) -> list[str]:
    says = []
    for found in findings:
        if ".minus." in found.id and found.value is not None:
            name, base = found.id.removeprefix("runs.").split(".minus.", 1)
            if found.level == "fine":
                side = "more" if found.value > 0 else "fewer"
                size = points(abs(found.value)).lstrip("+")
                says.append(f"{name} is right on {size} {side} of the items than {base}, which luck in the choice of items does not explain.")  # fmt: skip
            else:
                says.append(
                    f"Between {base} and {name} no difference is shown; that is not the same as none."
                )
        if ".unseen_minus." in found.id and found.value is not None:
            shown = "" if found.level == "fine" else ", which may be none"
            says.append(f"{found.says}: {points(found.value)}{shown}.")
        if found.id.endswith(".leak") and found.level == "bad":
            says.append(f"{found.says}: {points(found.value or 0.0)}. The score of the whole is raised by what training has shown.")  # fmt: skip
    return says
