"""The list of a folder as a page."""

from __future__ import annotations

from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined

from ralhe.sizes import format_size
from ralhe.web.folder import Folder


def listing(folder: Folder) -> str:
    """HTML; names of files are untrusted and escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"size": format_size, "quoted": lambda text: quote(text, safe="")}
    template = environment.from_string(files("ralhe.web").joinpath("listing.html.jinja").read_text("utf-8"))
    return template.render(folder=folder.name, scenes=folder.scenes(), most=folder.most_listed)
