"""`python -m tests.docs` rewrites the generated parts of the Markdown files.

`python -m tests.docs site` builds the documentation site, in `build/docs` unless another folder is named.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.docs.regions import ROOT, documents, rewritten


def main(arguments: list[str]) -> int:
    """Run the command and return its exit code."""
    if arguments[:1] not in ([], ["site"]) or len(arguments) > 2:
        print(__doc__)
        return 2
    if arguments:
        from tests.docs.site import build

        folder = Path(arguments[1]) if len(arguments) == 2 else ROOT / "build" / "docs"
        print(f"{build(folder)} pages in {folder}; open {folder / 'index.html'}")
        return 0
    for path in documents():
        old = path.read_text(encoding="utf-8")
        if (new := rewritten(old)) != old:
            path.write_text(new, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: rewritten")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
