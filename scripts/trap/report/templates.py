"""Jinja environments for templates. One escapes text from data as Markdown, the other as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from markupsafe import Markup

from trap.figures.findings import settled
from trap.report import prose

FILTERS = (
    "plain", "code", "block", "pct", "estimate", "points", "quantity", "quoted", "count", "decimal", "amount", "duration",
    "plural", "listing", "sample", "anchor", "committed", "small_p",
)  # fmt: skip
GLOBALS = (
    "interval", "direction", "status", "judged_elsewhere", "verdict_words", "why_unclear", "versus", "equivalent", "higher_lower",
    "verdict_phrase", "verdict_mark",
)  # fmt: skip


class _Markdown(CodeGenerator):
    """Compiles templates whose output `finalize` escapes, rather than Jinja.

    With autoescape on, Jinja marks the results of macros and filters as safe, which is wanted here. But then it also
    escapes constants and the parts of `a ~ b` as HTML. This class leaves these two to `finalize`.
    """

    def _output_child_to_const(self, node: nodes.Expr, frame: Any, finalize: Any) -> str:
        const = node.as_const(frame.eval_ctx)
        return str(const if isinstance(node, nodes.TemplateData) else finalize.const(const))

    def visit_Concat(self, node: nodes.Concat, frame: Any) -> None:
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _MarkdownEnvironment(jinja2.Environment):
    code_generator_class = _Markdown

    @staticmethod
    def joined(parts: Iterable[Any]) -> str:
        """The value of `a ~ b`. If one part is safe Markdown, the others are escaped and the result is safe."""
        found = list(parts)
        if any(hasattr(part, "__html__") for part in found):
            return Markup("".join(prose.escaped(part) for part in found))
        return "".join(map(str, found))


def markdown_environment(*folders: str) -> jinja2.Environment:
    """Jinja for Markdown. Undefined names raise; text is escaped as Markdown unless a filter formats it.

    `report.html` escapes HTML later, when it renders the Markdown.
    """
    return _made(_MarkdownEnvironment, folders, finalize=prose.escaped)


def environment(folder: str) -> jinja2.Environment:
    """Jinja for HTML. Undefined names raise; text is escaped as HTML unless a filter formats it."""
    return _made(jinja2.Environment, (folder,))


def _made(kind: type[jinja2.Environment], folders: Sequence[str], **options: Any) -> jinja2.Environment:
    made = kind(
        loader=jinja2.FileSystemLoader(list(folders)),
        **options,
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update({name: getattr(prose, name) for name in FILTERS})
    made.globals.update({name: getattr(prose, name) for name in GLOBALS}, settled=settled)
    return made
