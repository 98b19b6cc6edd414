"""Pages of the bench in Markdown, from templates."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, said: Mapping[str, Any]) -> str:
    """The text of a file in templates/ with the names in `said` filled in."""
    import jinja2

    how: dict[str, Any] = {"undefined": jinja2.StrictUndefined, "trim_blocks": True}
    pages = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), keep_trailing_newline=True, **how)
    return pages.get_template(template).render(said)
