"""Markdown of the report to one HTML file: pictures inside, no request to anywhere, light and dark."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

from trap.files import InputError, read_text
from trap.report.prose import environment

KINDS = {".svg": "image/svg+xml", ".png": "image/png"}
_PICTURE = re.compile(r'\b(src|srcset)="([^"]*)"')
_HEADING = re.compile(r"<h([23])>(.*?)</h\1>", re.DOTALL)


def data_uri(path: Path) -> str:
    """The bytes of an SVG or PNG as a `data:` URI."""
    if path.suffix not in KINDS:
        raise InputError(f"{path}: only SVG and PNG pictures can be put inside the page")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return f"data:{KINDS[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _slug(html: str) -> str:
    words = re.sub(r"<[^>]*>|&\w+;", "", html).lower()
    return re.sub(r"[^\w]+", "-", words).strip("-")


def self_contained(markdown: str, page: Path, beside: Path) -> str:
    """The whole page. Relative pictures are read from `beside`; one from elsewhere is an InputError."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)

    def inside(match: re.Match[str]) -> str:
        name, target = match.groups()
        if re.match(r"[a-z]+:|//|/", target):
            raise InputError(f"report: picture {target} is not a relative path")
        return f'{name}="{data_uri(beside / target)}"'

    html = _PICTURE.sub(inside, html)
    html = _HEADING.sub(lambda m: f'<h{m[1]} id="{_slug(m[2])}">{m[2]}</h{m[1]}>', html)
    html = html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    title = re.search(r"<h1>(.*?)</h1>", html, re.DOTALL)
    plain_title = re.sub(r"<[^>]*>", "", title[1]) if title else "Report"
    read_text(page)  # one clear line when the template is missing
    template = environment(str(page.parent)).get_template(page.name)
    return template.render(title=Markup(plain_title), body=Markup(html))
