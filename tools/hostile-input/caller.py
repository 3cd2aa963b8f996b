"""One run of schemathesis against a daemon, as one caller."""

import http.client
import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from berth_host import Daemon

HERE = Path(__file__).resolve().parent
VENV = HERE.parents[1] / ".build" / "schemathesis-venv"
PACKAGE = "schemathesis==4.32.5"

CONFIGURATION = """
seed = {seed}
workers = 1
continue-on-failure = true
request-timeout = 20
max-stream-events = 3
hooks = "{hooks}"
[warnings]
fail-on = {fatal}
{authentication}
[generation]
database = "none"
max-examples = {examples}
# Broken tokens would be most of the broken requests, and hide the others; ignored_auth sends some of its own.
with-security-parameters = false
# What stands here is found again by its seed; secrets are the daemon's of this run.
[output.sanitization]
enabled = false
# An endless stream; what it says in this time is checked. On a busy host its head may come later, hence the repeats.
[[operations]]
include-path = "/v1/events"
request-timeout = 0.3
request-retries = 5
"""


@dataclass
class Outcome:
    """What a run came to."""

    faults: list[str] = field(default_factory=list)
    tally: dict[str, int] = field(default_factory=dict)


@dataclass
class Caller:
    """Who asks: by no token, by one, or by several in turn that must not see each other's."""

    name: str
    daemon: Daemon
    seed: int
    examples: int
    tokens: dict[str, str]
    # Further arguments of schemathesis.
    further: tuple[str, ...] = ()
    # Whether the document is told to say something wrong, which must be noticed.
    is_lied_to: bool = False

    def run(self, end: float) -> Outcome:
        """Asks until all has been asked, or the time is over."""
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="berth-hostile-") as folder:
            place = Path(folder)
            base = f"http://127.0.0.1:{self.daemon.port()}"
            line = [VENV / "bin" / "schemathesis", "--config-file", self.configure(place), "run",
                    f"{base}/openapi.json", "--url", base, "--no-color", *self.further]
            try:
                done = subprocess.run(line, cwd=place, env=self.environment(place), capture_output=True, text=True,
                                      timeout=max(1, end - time.monotonic()), check=False)
            except subprocess.TimeoutExpired:
                return Outcome()
            tally = place / "tally.json"
            outcome = Outcome(tally=json.loads(tally.read_text(encoding="utf-8")) if tally.exists() else {})
        said = f"{self.name}, seed {self.seed}: {time.monotonic() - start:.0f} s"
        links = [line.strip() for line in done.stdout.splitlines() if line.startswith("     API Links:")]
        print(said, *links, sep="; ", flush=True)
        if done.returncode != 0:
            outcome.faults.append(f"{said}, status {done.returncode}\n{done.stdout[-60000:]}{done.stderr[-5000:]}")
        return outcome

    def is_let_in(self, token: str) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.daemon.port(), timeout=30)
        try:
            connection.request("GET", "/v1/pools", headers={"Authorization": f"Bearer {token}"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def configure(self, place: Path) -> Path:
        """Writes the configuration; tokens stand in it and not in the arguments, which others could read."""
        authentication = ""
        if len(self.tokens) == 1:
            (token,) = self.tokens.values()
            authentication = f'[auth.openapi.bearer]\nbearer = "{token}"\n'
        elif self.tokens:
            users = [{"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
                     for name, token in self.tokens.items()]
            (place / "users.json").write_text(json.dumps({"auth": users}), encoding="utf-8")
            authentication = f'[auth.wfc]\npath = "{place}/users.json"\npeers = {json.dumps(list(self.tokens))}\n'
        file = place / "schemathesis.toml"
        file.write_text(CONFIGURATION.format(
            seed=self.seed, hooks=HERE / "hooks.py", examples=self.examples, authentication=authentication,
            # An administrator who is let in nowhere would make all of it pass.
            fatal='["missing_auth"]' if len(self.tokens) == 1 else "false",
        ), encoding="utf-8")
        return file

    def environment(self, place: Path) -> dict[str, str]:
        backups = place / "backups"
        backups.mkdir()
        return {
            **os.environ,
            "BERTH_HOSTILE_SEED": str(self.seed),
            "BERTH_HOSTILE_TALLY": str(place / "tally.json"),
            "BERTH_HOSTILE_BACKUPS": str(backups),
            "BERTH_HOSTILE_PORTS": "%d-%d" % self.daemon.range,
            "BERTH_HOSTILE_SOCKET": self.daemon.socket,
            "BERTH_HOSTILE_LIE": "yes" if self.is_lied_to else "",
            "NO_PROXY": "127.0.0.1",
            "PYTHONPATH": str(HERE.parent / "torture"),
        }
