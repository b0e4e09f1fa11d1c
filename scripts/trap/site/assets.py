"""Static files that the page does not copy from `page/`: the theme as CSS variables, and `index.html` with the post."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from trap.figures.theme import DARK, LIGHT, Theme
from trap.files import InputError
from trap.report.html import linked
from trap.report.templates import environment
from trap.site.files import TEMPLATE, modules
from trap.site.panels import Panels

# Meanings that only the page has, with the figure role whose colour each one takes.
SIGNS = {"good": "hard", "bad": "leak"}
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_REMARK = re.compile(r"^(?://.*|/\*[\s\S]*?\*/)?\n", re.MULTILINE)
_PICTURE = re.compile(r"<picture[^>]*>.*?</picture>", re.DOTALL)


def _variables(theme: Theme) -> str:
    named = {"paper": theme.paper, "ink": theme.ink, "muted": theme.muted, "faint": theme.faint}
    named |= {f"role-{role}": color for role, color in theme.roles.items()}
    named |= {f"role-{name}": theme.color(role) for name, role in SIGNS.items()}
    lines = [f"  --{name}: {color};" for name, color in named.items()]
    return "\n".join([f"  color-scheme: {theme.name};", *lines])


def theme_css() -> str:
    """The style sheet with all colours as custom properties. Dark follows the reader's system or the page's switch."""
    dark = _variables(DARK)
    return (
        "/* Written by scripts/build_page.py from scripts/trap/figures/theme.py. */\n"
        f":root {{\n{_variables(LIGHT)}\n}}\n"
        f':root[data-theme="dark"] {{\n{dark}\n}}\n'
        f'@media (prefers-color-scheme: dark) {{\n:root:not([data-theme="light"]) {{\n{dark}\n}}\n}}\n'
    )


def lean(code: str) -> str:
    """JavaScript or CSS without comments that fill whole lines and without indentation, for a page to load.

    A text in backticks that goes over several lines would lose its indentation; a test holds that no module has one.
    """
    return _REMARK.sub("", re.sub(r"^[ \t]+", "", code, flags=re.MULTILINE))


def about_html(markdown: str, wanted: Sequence[str] = (), origin: str = "the post") -> Markup:
    """The post as HTML for the tab About: its opening and the sections `wanted`, or all sections.

    The title and the figures are left out. HTML inside the Markdown is escaped, so that text from data cannot become
    markup. Raises InputError, naming `origin`, if a wanted section is missing.
    """
    text = _PICTURE.sub("", markdown)
    heads = list(_SECTION.finditer(text))
    starts = [*(head.start() for head in heads), len(text)]
    sections = {head[1]: text[start:end] for head, (start, end) in zip(heads, pairwise(starts), strict=True)}
    opening = re.sub(r"^# .+\n", "", text[: starts[0]])
    for name in wanted:
        if name not in sections:
            raise InputError(f"{origin}: no section {name!r}, which the page shows")
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    html = reader.render("\n".join([opening, *(sections[name] for name in wanted or sections)]))
    html = html.replace("<table>", '<div class="wide" tabindex="0"><table>').replace(
        "</table>", "</table></div>"
    )
    html = linked(html)
    # headings move down one level, because the page has the h1 and the tab the h2
    return Markup(re.sub(r"<(/?)h([23])>", lambda found: f"<{found[1]}h{int(found[2]) + 1}>", html))


def index_html(source: Path, panels: Panels, about: Markup, title: str, **head: Any) -> str:
    """`index.html` from its template in `source`. head: `finding`, `links`, `address`, `preview`, `preview_alt`.

    Raises InputError if there is no template.
    """
    if not (source / TEMPLATE).is_file():
        raise InputError(f"{source / TEMPLATE}: no such file")
    template = environment(str(source)).get_template(TEMPLATE)
    return template.render(
        about=about, title=title, panels=panels, modules=modules(source, panels)[1:], **head
    )
