"""The examples of README.md run as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fake import FakeDaemon
from support import Daemon
from test_sessions import daemon_like

README = Path(__file__).parents[1] / "README.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_runs(code: str, daemon: Daemon, fake: FakeDaemon, tmp_path: Path) -> None:
    environment = daemon.environment
    file = tmp_path / ("test_it.py" if "def test_" in code else "example.py")
    file.write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"] if "def test_" in code else [sys.executable]
    if "create_agent_session" in code:
        # Its template is no other's business; see test_real_sessions.py.
        fake.answers = [daemon_like]
        environment["BERTH_SOCKET"] = str(fake.path)
    outcome = subprocess.run(
        [*command, str(file)], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stderr == ""
    assert daemon.active() == []
