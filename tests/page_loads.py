"""What a browser would do with a page that tests rendered, and a text that tries to become markup."""

from __future__ import annotations

from html.parser import HTMLParser

HOSTILE = "</td><script>alert(1)</script> | <img src=x onerror=y> `a` *b* [c](javascript:d) {{ 7*7 }} {% x %}"


class Loads(HTMLParser):
    """Everything that a browser would fetch, and every element that could run code."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.active: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loads += [
            given[name] or "" for name in ("src", "srcset", "data", "poster", "background") if name in given
        ]
        if tag in ("script", "iframe", "object", "embed", "link", "base", "form"):
            self.active.append(tag)
        self.active += [name for name in given if name.startswith("on")]
        if tag == "a":
            self.links.append(given.get("href") or "")
        if tag == "img":
            self.images.append(given)
