"""Variables that make no sense stop the start with one sentence, instead of meaning the default."""

import pytest

from posthog_clone import environment


@pytest.fixture
def set_to(monkeypatch):
    return lambda text: monkeypatch.setenv("X", text)


def refusal(read, *arguments, **options) -> str:
    with pytest.raises(SystemExit) as stopped:
        read("X", *arguments, **options)
    return str(stopped.value)


@pytest.mark.parametrize(
    ("text", "value"), [("", True), ("True", True), (" on ", True), ("0", False), ("no", False)]
)
def test_flags(set_to, text, value):
    set_to(text)
    assert environment.env_flag("X", default=True) is value


def test_flags_that_are_none(set_to):
    set_to("ture")
    assert refusal(environment.env_flag) == "X must be true or false, not 'ture'."


def test_numbers(set_to):
    set_to(" 12 ")
    assert environment.env_int("X", 7) == 12
    set_to("")
    assert environment.env_int("X", 7) == 7


@pytest.mark.parametrize("text", ["0", "-5", "1.5", "many", "²"])
def test_numbers_that_are_none(set_to, text):
    set_to(text)
    assert refusal(environment.env_int, 7) == f"X must be a whole number, 1 or more, not {text!r}."


def test_choices(set_to):
    set_to("debug")
    assert environment.env_choice("X", "INFO", "DEBUG") == "DEBUG"
    set_to("loud")
    assert refusal(environment.env_choice, "INFO", "DEBUG").startswith("X must be one of INFO, ")


@pytest.mark.parametrize(
    "url", ["mysql://u:secret@h/n", "secret", "postgres://u:se#cret@h/n", "postgres://u@h:secret/n"]
)
def test_a_database_that_cant_be_read_and_holds_a_password(set_to, url):
    set_to(url)
    said = refusal(environment.env_database, "sqlite:///x")
    assert "X must start with postgres://" in said or "X can't be read" in said
    assert "secret" not in said
