"""A model's own way to be asked: its chat template, or plain text with the tokens its tokenizer begins with.

A template is code from a model's folder: it runs in jinja's sandbox, as in transformers, whose additions
(`raise_exception`, `strftime_now`, loop controls, generation blocks) are here too; `tests/test_chat.py`
holds the two to the same text. Unlike there, `strftime_now` tells a fixed date: some templates write
today's into every prompt, and a run would differ from day to day.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

from trap.files import InputError, read_json, read_text
from trap.models.encoding import read_tokenizer
from trap.workflow.config import Chat

TODAY = datetime.date(2026, 1, 1)  # what a template is told when it asks for the date


class Generation(Extension):
    """`{% generation %}`, which marks what an assistant wrote: its content, unchanged."""

    tags = {"generation"}  # noqa: RUF012 jinja reads it so

    def parse(self, parser: Any) -> list[nodes.Node]:
        """The nodes between the tag and its end."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def template_of(folder: Path) -> str:
    """The chat template of a model folder. Raises InputError where it has none."""
    for name in ("chat_template.jinja", "chat_template.json"):
        if (folder / name).is_file():
            text = read_text(folder / name)
            return text if name.endswith(".jinja") else read_json(folder / name, dict)["chat_template"]
    where = folder / "tokenizer_config.json"
    found = read_json(where, dict).get("chat_template") if where.is_file() else None
    if isinstance(found, list):  # several, by name
        found = {row.get("name"): row.get("template") for row in found}.get("default")
    if not isinstance(found, str):
        raise InputError(f"{where}: chat_template: missing; a base model is asked without `chat`")
    return found


def named_tokens(folder: Path) -> dict[str, str]:
    """Texts of the tokenizer's special tokens by their names (bos_token, eos_token, …)."""
    tokens: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        values = read_json(folder / name, dict) if (folder / name).is_file() else {}
        for key, value in values.items():
            text = value.get("content") if isinstance(value, dict) else value
            if key.endswith("_token") and isinstance(text, str):
                tokens[key] = text
    return tokens


def _refuse(message: str) -> None:
    raise TemplateError(message)


def as_chat(folder: Path, chat: Chat) -> Callable[[str], str]:
    """A function from a question to the text that the model is to continue.

    Raises InputError, here for a template that cannot be read, there for one that refuses the question.
    """
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = lambda value, **how: json.dumps(value, ensure_ascii=False, **how)
    environment.globals |= {"raise_exception": _refuse, "strftime_now": TODAY.strftime}
    try:
        template = environment.from_string(template_of(folder))
    except TemplateSyntaxError as error:
        raise InputError(f"{folder}: chat_template: line {error.lineno}: {error.message}") from None
    known = named_tokens(folder)

    def asked(prompt: str) -> str:
        messages = [{"role": "user", "content": prompt}]
        if chat.system is not None:
            messages.insert(0, {"role": "system", "content": chat.system})
        try:
            return template.render(messages=messages, add_generation_prompt=True, **known, **chat.variables)
        except Exception as error:  # a template may raise whatever its code raises
            raise InputError(f"{folder}: chat_template: {type(error).__name__}: {error}") from None

    return asked


def beginning(folder: Path) -> str:
    """What the model's tokenizer puts before every text ("<s>" for Llama), as text; "" where it puts nothing."""
    tokenizer = read_tokenizer(folder)
    plain = tokenizer.encode("a", add_special_tokens=False).ids
    whole = tokenizer.encode("a", add_special_tokens=True).ids
    at = next((i for i in range(len(whole)) if whole[i : i + len(plain)] == plain), 0)
    return tokenizer.decode(whole[:at], skip_special_tokens=False) if at else ""


def as_text(folder: Path) -> Callable[[str], str]:
    """As `as_chat`, for a base model: the question as it is, after what its tokenizer begins with."""
    before = beginning(folder)
    return lambda prompt: before + prompt
