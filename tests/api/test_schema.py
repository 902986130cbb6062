"""The service keeps to its OpenAPI document: a short form of `tests.reliability.schema_storm`."""

from pathlib import Path

from tests.reliability.schema_storm import storm


def test_the_service_keeps_to_its_description(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with log.open("w") as output:
        ended = storm(tmp_path, examples=2, phases=("fuzzing", "stateful"), output=output)
    assert ended == 0, log.read_text(errors="replace")[-20_000:]
