"""Draw what controllers read and write, into docs/controllers.md.

python tools/controllers.py
"""

from __future__ import annotations

from pathlib import Path

from wherry.controllers.drawing import document
from wherry.controllers.tests.test_catalog import ALL

PAGE = Path(__file__).parents[1] / "docs/controllers.md"


def main() -> int:
    PAGE.write_text(document(ALL))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
