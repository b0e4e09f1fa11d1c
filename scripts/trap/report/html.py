"""Turn the Markdown of a post into one HTML file: pictures embedded, no network requests, light and dark."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

from trap.files import InputError, read_text
from trap.report.templates import environment

TAGS = frozenset(
    [
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "a",
        "em",
        "strong",
        "code",
        "pre",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "ul",
        "ol",
        "li",
        "blockquote",
        "hr",
        "br",
        "picture",
        "source",
        "img",
        "div",
        "details",
        "summary",
    ]
)
ATTRIBUTES = frozenset(["href", "title", "id", "class", "style", "alt", "src", "srcset", "media", "start"])
KINDS = {".svg": "image/svg+xml", ".png": "image/png"}
_PICTURE = re.compile(r'\b(src|srcset)="([^"]*)"')
_LINK = re.compile(r'<a href="([^"#:]+)(#[^"]*)?">(.*?)</a>', re.DOTALL)
_HEADING = re.compile(r"<h([23])>(.*?)</h\1>", re.DOTALL)


class _Checker(HTMLParser):
    """Refuses elements, attributes and links that no post needs, such as scripts."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        odd = [tag] if tag not in TAGS else [name for name, _ in attrs if name not in ATTRIBUTES]
        for name, value in attrs:
            if name == "style" and not re.fullmatch(r"text-align:\w+", value or ""):
                odd.append(f"style={value!r:.40}")
            if name == "href" and not re.match(r"https?://|#|[\w./-]+$", value or ""):
                odd.append(f"href={value!r:.40}")
        if odd:
            raise InputError(
                f"report: <{tag}>: {odd[0]} is not allowed in a post; did it come from a text in the data?"
            )


def check_markup(html: str) -> None:
    """Raises InputError for markup that no post needs: the last guard against texts from data that became markup."""
    reader = _Checker(convert_charrefs=True)
    reader.feed(html)
    reader.close()


def data_uri(path: Path) -> str:
    """An SVG or PNG as a `data:` URI. Raises InputError for another kind of file and for a missing one."""
    if path.suffix not in KINDS:
        raise InputError(f"{path}: only SVG and PNG pictures can be put inside the page")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return f"data:{KINDS[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _slug(html: str) -> str:
    words = re.sub(r"<[^>]*>|&\w+;", "", html).lower()
    return re.sub(r"[^\w]+", "-", words).strip("-")


def _beside(link: re.Match[str]) -> str:
    """A link to another post leads to its HTML. One to another file stays as text: the post may lie without that file."""
    target, anchor, words = link.groups()
    if not re.fullmatch(r"[\w-]+\.md", target):
        return words
    return f'<a href="{target.removesuffix(".md")}.html{anchor or ""}">{words}</a>'


def linked(html: str) -> str:
    """HTML whose links to other posts lead to their HTML files, and whose links to other files are text."""
    return _LINK.sub(_beside, html)


def self_contained(markdown: str, page: Path, beside: Path) -> str:
    """The HTML file of a post.

    page: the HTML template. beside: the folder that the pictures' paths are relative to. Raises InputError for other
    pictures and for markup that no post needs.
    """
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    check_markup(html)

    def inside(match: re.Match[str]) -> str:
        name, target = match.groups()
        if re.match(r"[a-z]+:|//|/", target):
            raise InputError(f"report: picture {target} is not a relative path")
        return f'{name}="{data_uri(beside / target)}"'

    html = _PICTURE.sub(inside, html)
    html = linked(html)
    html = _HEADING.sub(lambda m: f'<h{m[1]} id="{_slug(m[2])}">{m[2]}</h{m[1]}>', html)
    html = html.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    title = re.search(r"<h1>(.*?)</h1>", html, re.DOTALL)
    plain_title = re.sub(r"<[^>]*>", "", title[1]) if title else "Report"
    read_text(page)  # raises InputError, a clearer message than Jinja's
    template = environment(str(page.parent)).get_template(page.name)
    return template.render(title=Markup(plain_title), body=Markup(html))
