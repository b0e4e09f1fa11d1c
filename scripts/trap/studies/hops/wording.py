"""The words of a question: relation phrases, question texts, prompts, reference traces.

Entities are always named by id, so that a grader can match them. The filler between relations is one
fixed phrase: a question costs few tokens and differs from the next only in what it asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trap.files import InputError
from trap.studies.hops.records import LETTERS

PHRASES: dict[str, str] = {
    "caused_by": "is caused by",
    "leads_to": "leads to",
    "diagnosed_by": "is diagnosed by",
    "fixed_by": "is fixed by",
    "uses_tool": "uses",
    "related_to": "is related to",
}

# The published output-format instructions, word for word (softwarewrighter/multi-hop-reasoning).
FULL_HEADER = (
    "You must follow the exact output format.\n\n"
    "OUTPUT FORMAT:\n"
    "TRACE: <one or two sentences explaining your reasoning>\n"
    "ANSWER: <A|B|C|D>\n\n"
)
HEADERS: dict[str, str] = {"full": FULL_HEADER, "minimal": ""}

# The rules that published references carry.
STYLE_RULES: list[str] = [
    "Mention at least 2 path entities.",
    "Do not list all options.",
    "Do not repeat an entity more than twice.",
]

# Questions in the published style name the start and, by their template, the first relation; nothing
# else. The first template of each relation is the published wording, kept so that the style is
# recognised; the others are ours.
PUBLISHED_TEMPLATES: dict[str, tuple[str, ...]] = {
    "caused_by": (
        "A user reports {start}. What is the root cause?",
        "{start} came up again last night. What lies behind it?",
        "The dashboard shows {start}. Where does it come from?",
        "What would you suspect first when {start} appears?",
    ),
    "leads_to": (
        "What issue does {start} typically lead to?",
        "Nobody has looked at {start} yet. What will follow from it?",
        "{start} is left alone over the weekend. What goes wrong next?",
        "What should the team expect after {start}?",
    ),
    "diagnosed_by": (
        "What's the best way to diagnose {start}?",
        "{start} is suspected. How would you confirm it?",
        "Which check tells you that it really is {start}?",
        "You are on call and see {start}. What do you look at?",
    ),
    "fixed_by": (
        "How should you fix {start}?",
        "{start} must be gone by tomorrow. What do you do?",
        "Which remedy helps against {start}?",
        "What makes {start} go away for good?",
    ),
    "uses_tool": (
        "What tool is used for {start}?",
        "What do you open to carry out {start}?",
        "{start} is the next step. Which tool does it need?",
    ),
    "related_to": (
        "What is {start} related to?",
        "Which topic is close to {start}?",
        "{start} rarely comes alone. What goes with it?",
    ),
}

_PARTICLES = ("by", "to", "of", "in", "on", "with", "from", "for", "at")


def phrase_of(relation: str, label: str = "") -> str:
    """The verb phrase of a relation; an unknown one is worded from its label.

    "blocked by" becomes "is blocked by"; "depends on" is a verb already (its first word ends in s).
    """
    known = PHRASES.get(relation)
    if known is not None:
        return known
    words = (label or relation.replace("_", " ")).strip().lower().split()
    if not words:
        raise InputError(f"relation {relation!r} has an empty label")
    if words[-1] in _PARTICLES and not words[0].endswith("s"):
        words.insert(0, "is")
    return " ".join(words)


def distinct(phrases: Mapping[str, str], source: str = "") -> dict[str, str]:
    """Relation id -> verb phrase, as given.

    Raises InputError if two relations read the same, since a question could not tell them apart. Case does not count:
    a grader does not look at it.
    """
    owner: dict[str, str] = {}
    for relation, words in phrases.items():
        other = owner.setdefault(words.lower(), relation)
        if other != relation:
            where = f"{source}: " if source else ""
            raise InputError(f"{where}relations {other!r} and {relation!r} are both worded {words.lower()!r}")
    return dict(phrases)


def chain_question(start: str, chain_phrases: Sequence[str]) -> str:
    """One sentence that names the start and the whole chain of relations.

    >>> chain_question("DiskFull", ["leads to", "is fixed by"])
    'DiskFull leads to something that is fixed by what?'
    """
    return f"{start} {' something that '.join(chain_phrases)} what?"


def published_question(start: str, relation: str, phrase: str, choice: int) -> str:
    """A question in the published style: the start, the first relation, and nothing of the rest."""
    templates = PUBLISHED_TEMPLATES.get(relation) or (f"{{start}} {phrase} what?",)
    return templates[choice % len(templates)].format(start=start)


def prompt_text(question: str, options: Mapping[str, str], prompt_style: str) -> str:
    """The prompt of a question: `full` carries the published instructions, `minimal` does not."""
    if prompt_style not in HEADERS:
        raise InputError(f"unknown prompt style {prompt_style!r}; use {' or '.join(HEADERS)}")
    lines = "".join(f"{letter}) {options[letter]}\n" for letter in LETTERS)
    return f"{HEADERS[prompt_style]}Question: {question}\n{lines}"


def trace_text(entities: Sequence[str], chain_phrases: Sequence[str], letter: str) -> str:
    """A completion: one clause per hop, so every inner entity is named twice, then the answer line."""
    clauses = [
        f"{src} {phrase} {dst}"
        for src, phrase, dst in zip(entities[:-1], chain_phrases, entities[1:], strict=True)
    ]
    return f"TRACE: {', and '.join(clauses)}\nANSWER: {letter}"
