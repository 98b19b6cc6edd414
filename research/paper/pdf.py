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

    template: Any = (TEMPLATES / "paper.typ").read_bytes()
    try:
        return typst.compile(
            template,
            root=str(folder),
            sys_inputs={"said": json.dumps(said, ensure_ascii=False)},
            ignore_system_fonts=True,  # its own fonts look the same everywhere
            timestamp=0,
        )
    except typst.TypstError as error:
        raise ValueError(f"cannot set paper.typ: {error}") from error
