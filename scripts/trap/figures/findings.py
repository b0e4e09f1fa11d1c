"""Which of the declared findings the ledger supports: titles that state a result only where its claims do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trap.figures.settings import Finding


def committed_verdict(claim: Mapping[str, Any]) -> str:
    """The verdict of the committed runs, where a ledger of fewer seeds carries it; empty where it carries none."""
    given = claim.get("committed") or ""
    return str((given.get("verdict") or "") if isinstance(given, Mapping) else given)


def settled(claim: Mapping[str, Any]) -> str:
    """The verdict of a claim: that of these runs, or of the committed ones where these decide nothing."""
    verdict = str(claim.get("verdict") or "")
    return (committed_verdict(claim) or verdict) if verdict == "inconclusive" else verdict


def words_of(claim: Mapping[str, Any] | None) -> set[str]:
    """What may be said of a claim: its verdict, and `floor` or `ceiling` where a metric leaves it no room.

    Where these runs are too few for a verdict, that of the committed ones counts.
    """
    if not claim:
        return set()
    given = claim.get("committed")
    room = claim.get("room") or (given.get("room") if isinstance(given, Mapping) else "")
    return {word for word in (settled(claim), str(room or "")) if word}


def headline(
    findings: Sequence[Finding], claims: Mapping[str, Mapping[str, Any]], undecided: str
) -> tuple[str, bool]:
    """(text, whether a verdict of committed runs was needed) of the first finding that holds, else `undecided`."""
    for finding in findings:
        if all(words_of(claims.get(name)) & set(words) for name, words in finding.when.items()):
            own = all(
                {str(claims[name].get("verdict")), str(claims[name].get("room") or "")} & set(words)
                for name, words in finding.when.items()
            )
            return finding.says, not own
    return undecided, False
