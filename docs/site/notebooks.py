"""Pages of the notebooks, with the outputs that they are stored with."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

FOLDER = Path(__file__).parents[1] / "notebooks"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page a notebook, and its pictures."""
    from mkdocs.structure.files import File

    for path in sorted(FOLDER.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        text = f"*A notebook: `docs/notebooks/{path.name}`.*\n\n"
        section = path.stem.replace("_", " ")
        for i, cell in enumerate(notebook["cells"]):
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                title, _, rest = source.partition("\n")
                section = (re.findall(r"^#+ (.+)$", source, re.MULTILINE) or [section])[-1]
                heads = title.startswith("# ")
                text = f"{title}\n\n{text}{rest}\n\n" if heads else f"{text}{source}\n\n"
                continue
            text += f"```python\n{source}\n```\n\n"
            for j, (kind, content) in enumerate(shown(cell)):
                if kind == "png":
                    name = f"notebooks/{path.stem}_{i}_{j}.png"
                    files.append(File.generated(config, name, content=base64.b64decode(content)))
                    text += f"![{section}: drawn by the code above]({Path(name).name})\n\n"
                elif kind == "html":
                    text += f'<div class="output">{" ".join(content.split())}</div>\n\n'
                else:
                    text += f"```text\n{content.rstrip()}\n```\n\n"
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=text))
    return files


def shown(cell: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a cell printed and returned: its kind (png, html, text) and content.

    >>> list(shown({"outputs": [{"output_type": "stream", "name": "stdout", "text": ["one"]}]}))
    [('text', 'one')]
    """
    for output in cell["outputs"]:
        if output["output_type"] == "stream" and output["name"] == "stdout":
            yield "text", "".join(output["text"])
        data = output.get("data", {})
        for kind, mime in (("png", "image/png"), ("html", "text/html"), ("text", "text/plain")):
            if mime in data:
                yield kind, "".join(data[mime])
                break
