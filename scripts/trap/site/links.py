"""What a page links outside of itself: `config/page.yaml`, all keys optional. Unknown keys are errors."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from trap.files import InputError
from trap.workflow.config import checked, read_yaml

POST, PREVIEW = "post.html", "preview.png"


class Links(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """address: where the page will lie, or "". links: {name: address} of what else it links, such as a film."""

    address: str = ""
    links: dict[str, str] = {}

    def preview(self) -> str:
        """The address of the picture that a preview of the page shows: whole where the page's address is known."""
        return f"{self.address.rstrip('/')}/{PREVIEW}" if self.address else PREVIEW

    def shown(self, *, post: bool) -> list[dict[str, str]]:
        """{name, address} of every link, the post first. post: whether it lies beside the page."""
        found = [{"name": "Read the post", "address": POST}] if post else []
        return [*found, *({"name": name, "address": address} for name, address in self.links.items())]

    def around(self) -> list[dict[str, str]]:
        """{name, address} of every link of a post: the page, where its address is known, and all other links."""
        page = [{"name": "Page", "address": self.address}] if self.address else []
        return [*page, *({"name": name, "address": address} for name, address in self.links.items())]


def read_links(path: Path | None) -> Links:
    """The settings of a file; without one, the defaults. Raises InputError, naming file and key, for what is no link."""
    if path is None or not path.is_file():
        return Links()
    found = checked(read_yaml(path) or {}, Links, str(path))
    named = {"address": found.address, **{f"links.{name}": one for name, one in found.links.items()}}
    for key, address in named.items():
        if address and not address.startswith(("https://", "http://")):
            raise InputError(f"{path}: {key}: {address!r} is no address that starts with https:// or http://")
    return found
