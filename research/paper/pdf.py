"""The paper as a PDF in two columns with vector figures, typeset by the Python package of Typst without TeX."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from research.paper.content import TEMPLATES


def typeset(said: Mapping[str, Any], folder: Path) -> bytes:
    """The PDF of `content.content`; the same content and figures give the same bytes.

    Args:
        said: the content of the paper.
        folder: of the paper; has figures/ and references.bib.

    Raises:
        ValueError: Typst fails, for example because a figure or a reference is missing.
    """
    import typst

    # its own fonts look the same everywhere
    how: dict[str, Any] = {"root": str(folder), "ignore_system_fonts": True}
    template: Any = (TEMPLATES / "paper.typ").read_bytes()
    later: list[str] = []  # figures that do not fit where they would stand
    try:
        while True:
            how["sys_inputs"] = {"said": json.dumps({**said, "later": later}, ensure_ascii=False)}
            cut = json.loads(typst.query(template, "<cut>", field="value", one=True, **how))
            if set(cut) <= set(later):
                return typst.compile(template, timestamp=0, **how)
            later += [name for name in cut if name not in later]
    except BaseException as error:
        # a fault within Typst is a PanicException, which is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"cannot set paper.typ: {error}") from error
