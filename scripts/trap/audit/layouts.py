"""Files of common tools, laid out as plain rows: id, question, options, answer, response, predicted, correct, score.

A layout adds these fields to a row and keeps the row's own, so that a mapping may still name any of them. Formats:
lm-evaluation-harness (`--log_samples`), inspect (`.json` and `.eval`); rollouts of TRL and verifiers and this project's
own items are plain rows already and are only told by name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

Row = dict[str, Any]
_QUESTIONS = ("question", "query", "problem", "ctx", "goal", "sentence", "text", "prompt", "input")
_METRICS = ("acc", "exact_match", "correct", "acc_norm", "score", "prompt_level_strict_acc", "f1", "em")
_RIGHT = {
    "C": 1.0,
    "I": 0.0,
    "P": 0.5,
    "N": 0.0,
}  # what inspect writes: correct, incorrect, partial, no answer


def layout_of(names: Collection[str]) -> str:
    """Whose file it is, by the outer names of its fields; "" for nobody's in particular."""
    names = set(names)
    if {"doc_id", "doc"} <= names and names & {"resps", "filtered_resps"}:
        return "lm-evaluation-harness"
    if {"id", "epoch", "input", "target"} <= names:
        return "inspect"
    if {"prompt", "completion", "reward"} <= names and names & {"task", "example_id", "info"}:
        return "verifiers"
    if {"prompt", "completion"} <= names and names & {"advantage", "advantages"}:
        return "TRL"
    if {"arm", "seed", "pool", "correct", "format"} <= names:
        return "this project's items"
    if {"ex_id", "phase", "prompt", "completion", "parsed"} <= names:
        return "published episodes"
    return ""


def message_text(value: Any, role: str) -> str | None:
    """The last message of a role in a chat, as text; None where it is no chat. roles: user, assistant."""
    if not isinstance(value, list) or not value or not all(isinstance(part, dict) for part in value):
        return None
    spoken = {"user": ("user", "human"), "assistant": ("assistant", "gpt", "model")}[role]
    for message in reversed(value):
        said = message.get("role", message.get("from"))
        content = message.get("content", message.get("value"))
        if said in spoken:
            return content_text(content)
    return None


def content_text(content: Any) -> str:
    """The text of a message: a string, or parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n".join(part for part in parts if isinstance(part, str))
    return ""


def _lm_eval(row: Row) -> Row:
    doc = row.get("doc") if isinstance(row.get("doc"), dict) else {}
    calls = _calls(row.get("arguments"))
    laid: Row = {"id": row.get("doc_id"), "answer": row.get("target"), "filter": row.get("filter")}
    question = next((doc[name] for name in _QUESTIONS if isinstance(doc.get(name), str) and doc[name]), None)
    laid["question"] = question or (calls[0][0] if calls else None)
    said = row.get("filtered_resps") or row.get("resps")
    said = said if isinstance(said, list) else []
    pairs = [_first(one) for one in said]
    if len(calls) > 1 and len({prompt for prompt, _ in calls}) == 1 and len(pairs) == len(calls):
        laid["options"] = [more.strip() for _, more in calls]
        chances = [_number(pair[0]) if isinstance(pair, list) and pair else None for pair in pairs]
        if all(chance is not None for chance in chances):
            laid["predicted"] = max(range(len(chances)), key=lambda n: chances[n])  # type: ignore[arg-type,return-value]
    elif said:
        laid["response"] = _deep_text(said)
    metrics = row.get("metrics")
    names = [*metrics, *_METRICS] if isinstance(metrics, list) else list(_METRICS)
    laid["correct"] = next(
        (row[name] for name in names if isinstance(name, str) and isinstance(row.get(name), (int, float))),
        None,
    )
    return {**row, **laid}


def _calls(arguments: Any) -> list[tuple[str, str]]:
    """(prompt, continuation) of each request; newer files have objects, older ones lists."""
    if isinstance(arguments, dict):
        arguments = [list(one.values()) if isinstance(one, dict) else one for one in arguments.values()]
    if not isinstance(arguments, list):
        return []
    found = []
    for one in arguments:
        if isinstance(one, (list, tuple)) and one and isinstance(one[0], str):
            found.append((one[0], one[1] if len(one) > 1 and isinstance(one[1], str) else ""))
    return found


def _first(value: Any) -> Any:
    """The innermost list that holds no list: responses are nested once more for each repetition."""
    while isinstance(value, list) and value and isinstance(value[0], list):
        value = value[0]
    return value


def _deep_text(value: Any) -> str | None:
    while isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _inspect(row: Row) -> Row:
    asked, target = row.get("input"), row.get("target")
    laid: Row = {
        "question": asked if isinstance(asked, str) else message_text(asked, "user"),
        "options": row.get("choices"),
        "answer": target[0] if isinstance(target, list) and len(target) == 1 else target,
    }
    output = row.get("output") if isinstance(row.get("output"), dict) else {}
    choices = output.get("choices")
    message = (
        choices[0].get("message")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict)
        else {}
    )
    said = output.get("completion") or (
        content_text(message.get("content")) if isinstance(message, dict) else ""
    )
    laid["response"] = said if isinstance(said, str) else None
    if (
        row.get("error") is not None
    ):  # the run broke off here: nothing was answered, and nothing can be scored
        laid |= {"response": None, "answer": None}
    scores = row.get("scores")
    for name, score in scores.items() if isinstance(scores, dict) else ():
        if isinstance(score, dict):
            value = score.get("value")
            laid["correct"] = _RIGHT.get(value, value) if isinstance(value, str) else value
            laid["predicted"] = score.get("answer")
            laid["scorer"] = name
            break
    return {**row, **laid}


LAYOUTS: Mapping[str, Callable[[Row], Row]] = {"lm-evaluation-harness": _lm_eval, "inspect": _inspect}
# what is certain in a tool's files; roles that are not named here are guessed
FIELDS: Mapping[str, Mapping[str, str]] = {
    "lm-evaluation-harness": {
        "id": "id", "question": "question", "options": "options", "answer": "answer", "response": "response",
        "predicted": "predicted", "correct": "correct", "run": "filter",
    },
    "inspect": {
        "id": "id", "question": "question", "options": "options", "answer": "answer", "response": "response",
        "predicted": "predicted", "correct": "correct",
    },
    "this project's items": {
        "id": "id", "correct": "correct", "format": "format", "predicted": "answer", "seed": "seed", "group": "cluster",
        "kept": "kept", "question": "prompt", "response": "completion", "answer": "",
    },
    "published episodes": {
        "id": "ex_id", "question": "prompt", "response": "completion", "predicted": "parsed.answer",
        "format": "parsed.valid_format", "kept": "kept", "answer": "",
    },
}  # fmt: skip
