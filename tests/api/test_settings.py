"""Settings from the environment."""

from dataclasses import fields
from pathlib import Path

import pytest

from reader import errors
from service import Settings
from service.settings import settings_from_environment


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in fields(Settings):
        monkeypatch.delenv(f"LFA_{field.name.upper()}", raising=False)


def test_an_empty_environment_says_nothing() -> None:
    assert settings_from_environment() == Settings()


def test_every_kind_of_setting_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "LFA_DATA": "/srv/lfa",
        "LFA_PORT": "8080",
        "LFA_READ_TIMEOUT_S": "12.5",
        "LFA_ALLOWED_HOSTS": "clinic.example, 192.0.2.7",
        "LFA_DATABASE": "postgresql://lfa@db/lfa",
        "LFA_BLOBS": "s3://bucket/pictures",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    assert settings_from_environment() == Settings(
        data=Path("/srv/lfa"),
        port=8080,
        read_timeout_s=12.5,
        allowed_hosts=("clinic.example", "192.0.2.7"),
        database="postgresql://lfa@db/lfa",
        blobs="s3://bucket/pictures",
    )


def test_what_is_given_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LFA_PORT", "no port at all")
    assert settings_from_environment(port=9000).port == 9000


@pytest.mark.parametrize(
    ("wrong", "meant"), [("LFA_WORKER", "LFA_WORKERS"), ("LFA_KEEP_IMAGE_DAYS", "LFA_KEEP_IMAGES_DAYS")]
)
def test_a_misspelt_variable_is_told_and_not_passed_over(
    monkeypatch: pytest.MonkeyPatch, wrong: str, meant: str
) -> None:
    monkeypatch.setenv(wrong, "2")
    with pytest.raises(errors.OptionError, match=f"no setting {wrong}. Did you mean {meant}"):
        settings_from_environment()


@pytest.mark.parametrize("name", ["LFA_KEY", "LFA_URL", "LFA_BACKUP", "LFA_VERSION"])
def test_a_variable_of_another_program_is_left_alone(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    assert settings_from_environment() == Settings()


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LFA_PORT", "")
    assert settings_from_environment().port == 8000


@pytest.mark.parametrize(("name", "value"), [("LFA_PORT", "a-secret"), ("LFA_WORKERS", "1.5")])
def test_a_value_without_meaning_is_refused_by_name_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(errors.OptionError, match=name) as told:
        settings_from_environment()
    assert value not in str(told.value)


def test_a_password_in_the_databases_address_is_not_shown() -> None:
    assert "secret" not in repr(Settings(database="postgresql://lfa:secret@db/lfa"))
