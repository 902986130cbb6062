"""Try everything that the OpenAPI document allows and forbids, and see that the service keeps to it.

    python -m tests.reliability.schema_storm [--examples 200] [--seed 1]

Schemathesis makes the requests, for every operation by itself and in sequences that follow from each other,
with all its checks. Everything else is what a clinic runs.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from pathlib import Path

from service import Settings
from service.access import SCOPES
from service.console import add_key
from tests.api.service_helpers import Server

# One of the checks shows wrong keys, more often than a person mistypes: their limit has a test of its own.
SERVE = """
import sys
from pathlib import Path
from service import Settings, door, run
door._WRONG_KEYS_PER_MINUTE = 10**9
settings = Settings(data=Path(sys.argv[1]), port=0, workers=2, queue=200, min_free_bytes=0)
run(settings, ready=lambda url: print(url, flush=True))
"""
MOST_READS = 100_000  # in a minute: what a key may be given, so that nothing is refused as too often
PHASES = ("examples", "coverage", "fuzzing", "stateful")

# 410 says of an id, like 404, that it was understood and leads to nothing any more: the checks know only 404.
# It may also come before the rest of a request is looked at. What follows an answer is said by the document's
# links; guessed from names alone, a strip's number passes for the id of a reading.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 410, 429, "5xx"]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 410, 415, 422, 428, 429, "5xx"]
[phases.stateful.inference]
algorithms = ["location-headers"]
"""


@contextlib.contextmanager
def serving(data):
    """Run a server with one key that opens everything; give its address and the key."""
    _, secret = add_key(
        Settings(data=data), label="storm", site="main", scopes=SCOPES, reads_per_minute=MOST_READS
    )
    command = [sys.executable, "-c", SERVE, str(data)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=Server.environment()
    )
    try:
        yield process.stdout.readline().strip().rstrip("/"), secret
    finally:
        process.terminate()
        process.communicate(timeout=60)


def storm(place, *, examples, phases=PHASES, seed=1, output=None):
    """Try a service in an empty folder; return how Schemathesis ended, 0 without failures."""
    config = place / "schemathesis.toml"
    config.write_text(CONFIG)
    environment = {**Server.environment(), "SCHEMATHESIS_HOOKS": "tests.reliability.schema_hooks"}
    with serving(place / "data") as (url, secret):
        command = [Path(sys.executable).with_name("st"), f"--config-file={config}", "--no-color", "run"]
        command += [f"{url}/v1/openapi.json", f"--header=Authorization: Bearer {secret}"]
        command += ["--checks=all", f"--phases={','.join(phases)}", f"--max-examples={examples}"]
        command += [f"--seed={seed}", "--generation-database=none", "--continue-on-failure"]
        return subprocess.run(
            command, cwd=place, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        sys.exit(storm(Path(place), examples=options.examples, seed=options.seed))


if __name__ == "__main__":
    main()
