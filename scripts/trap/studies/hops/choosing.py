"""One answer out of several sampled ones, by what the question itself shows: neither graph nor key is asked.

Self-consistency (Wang et al. 2022, arXiv 2203.11171) with a filter before the vote: a trace must end on the option
whose letter it gives. A model that writes a chain step by step cannot look ahead; that a walk ended beside all
options shows that a branch was the wrong one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from trap.studies.hops.completions import parse_completion
from trap.studies.hops.records import Question

_WORD = re.compile(r"\w+")


def ends_on_option(question: Question, completion: str) -> str | None:
    """The letter of a completion whose trace ends on the option of that letter, else None."""
    parsed = parse_completion(completion)
    if parsed is None:
        return None
    words, option = parsed[0].split(), question.options.get(parsed[1], "")
    if words and words[-1].strip(".,;") == option:
        return parsed[1]
    if _WORD.fullmatch(option):  # nothing but the whole last word can be it
        return None
    text = " ".join(words)
    ends = option and any(
        said.endswith(option) and not _WORD.search(said[: -len(option)][-1:] if _WORD.match(option) else "")
        for said in (text, text.rstrip(" .,;"))
    )
    return parsed[1] if ends else None


def choose(question: Question, completions: Sequence[str]) -> str:
    """The commonest completion of the commonest letter among those that end on their option.

    Ties go to what was sampled first; where none ends on its option, the first completion is the answer.
    Raises ValueError for no completions.
    """
    if not completions:
        raise ValueError("nothing to choose from")
    kept = [(letter, text) for text in completions if (letter := ends_on_option(question, text))]
    if not kept:
        return completions[0]
    [(letter, _)] = Counter(letter for letter, _ in kept).most_common(1)
    return Counter(text for other, text in kept if other == letter).most_common(1)[0][0]
