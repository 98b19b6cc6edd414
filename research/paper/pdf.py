"""The paper as a PDF, set by Typst from its Python package: two columns, figures as vectors, no TeX needed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from research.paper.content import TEMPLATES


def typeset(said: Mapping[str, Any], folder: Path) -> bytes:
    """The PDF of `content.content`; the same content and figures give the same bytes.

    Args:
        said: what the paper says.
        folder: of the paper; it holds figures/ and references.bib.

    Raises:
        ValueError: Typst cannot set it, for example because a figure or a reference is missing.
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
