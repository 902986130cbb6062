"""A short run of the check, and the check's own tests."""

from __future__ import annotations

import pytest

from reader.errors import CorruptImage
from reader.photo import open_bytes
from tests.fuzz.mutated_images import check, main, mutated_images
from tests.fuzz.seeds import whole_pictures


@pytest.mark.parametrize("name", sorted(whole_pictures()))
def test_an_undamaged_picture_is_read(name: str) -> None:
    assert open_bytes(whole_pictures()[name]).pixels.size


def test_damaged_pictures_are_read_or_refused_and_nothing_else() -> None:
    result = check(open_bytes, mutated_images(400, seed=1))
    assert result.failures == []
    assert result.read + result.refused.total() == 400
    assert len(result.refused) >= 3


def test_the_same_seed_does_the_same_damage() -> None:
    assert list(mutated_images(60, seed=7)) == list(mutated_images(60, seed=7))
    assert list(mutated_images(60, seed=7)) != list(mutated_images(60, seed=8))


def test_damage_changes_nearly_every_picture() -> None:
    whole = set(whole_pictures().values())
    assert sum(data in whole for _, data in mutated_images(300)) < 30


def test_another_exception_is_a_failure_with_its_name() -> None:
    def careless(data: bytes) -> object:
        if len(data) % 2:
            raise CorruptImage
        raise IndexError("no such tile")

    result = check(careless, mutated_images(20))
    assert result.refused.total() + len(result.failures) == 20
    assert all("IndexError: no such tile" in failure for failure in result.failures)


def test_the_command_says_what_came_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "50", "--seed", "2"]) == 0
    assert "50 damaged pictures" in capsys.readouterr().out
    assert main(["--count", "5", "--read", "json:loads"]) == 1
    assert "Error" in capsys.readouterr().out
