"""Titles that state a finding. A figure has one only if the verdicts of the ledger support it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trap.figures.settings import Finding


def committed_verdict(claim: Mapping[str, Any]) -> str:
    """The verdict of the committed runs, which a ledger of fewer seeds quotes; "" if it quotes none."""
    given = claim.get("committed") or ""
    return str((given.get("verdict") or "") if isinstance(given, Mapping) else given)


def settled(claim: Mapping[str, Any]) -> str:
    """The verdict of a claim from these runs; if it is `inconclusive`, that of the committed runs where there is one."""
    verdict = str(claim.get("verdict") or "")
    return (committed_verdict(claim) or verdict) if verdict == "inconclusive" else verdict


def words_of(claim: Mapping[str, Any] | None) -> set[str]:
    """The words that `when` of a finding can ask for: the settled verdict, and `floor` or `ceiling` without room."""
    if not claim:
        return set()
    given = claim.get("committed")
    room = claim.get("room") or (given.get("room") if isinstance(given, Mapping) else "")
    return {word for word in (settled(claim), str(room or "")) if word}


def headline(
    findings: Sequence[Finding], claims: Mapping[str, Mapping[str, Any]], undecided: str
) -> tuple[str, bool]:
    """(title, borrowed): the first finding that holds, else `undecided`.

    borrowed: whether the finding needs a verdict of the committed runs, because these runs have too few seeds.
    """
    for finding in findings:
        if all(words_of(claims.get(name)) & set(words) for name, words in finding.when.items()):
            own = all(
                {str(claims[name].get("verdict")), str(claims[name].get("room") or "")} & set(words)
                for name, words in finding.when.items()
            )
            return finding.says, not own
    return undecided, False
