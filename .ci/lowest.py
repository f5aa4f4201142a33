"""Print the lowest versions that setup.cfg allows, as constraints for pip: make test-lowest.

A floor of ``name>=1.2`` becomes ``name==1.2``. torch keeps the version of constraints.txt: its old
builds bring gigabytes of CUDA, and a small one for processors alone is not everywhere to be had.
"""

from __future__ import annotations

import re
import sys
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEPT = ("torch",)
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)>=(?P<floor>[\d.]+)[^;]*(?P<marker>;.*)?")


def lowest(setup: str, constraints: str) -> list[str]:
    """Constraints from the text of setup.cfg; those of ``KEPT`` from that of constraints.txt."""
    config = ConfigParser()
    config.read_string(setup)
    lines = config["options"]["install_requires"].splitlines()
    floors = [match for line in lines if (match := REQUIREMENT.fullmatch(line.strip()))]
    names = {match["name"] for match in floors}
    asked = {line.strip() for line in lines if line.strip() and not line.startswith("#")}
    if len(floors) < len(asked):
        raise SystemExit("setup.cfg: every requirement needs a floor, name>=version")
    pinned = [
        f"{match['name']}=={match['floor']}{match['marker'] or ''}"
        for match in floors
        if match["name"] not in KEPT
    ]
    tested = [line for line in constraints.splitlines() if line.split("==")[0] in KEPT]
    assert names
    return pinned + tested


if __name__ == "__main__":
    sys.stdout.write(
        "\n".join(
            lowest(
                (ROOT / "setup.cfg").read_text(encoding="utf-8"),
                (ROOT / "constraints.txt").read_text(encoding="utf-8"),
            )
        )
        + "\n"
    )
