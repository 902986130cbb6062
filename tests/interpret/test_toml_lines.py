"""Line numbers of keys, against documents whose lines are counted by hand or by construction."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.interpret.toml_lines import key_lines, line_of

DOCUMENT = '''# a comment with [brackets] and = signs
title = "has # and ] and \\" inside"

[owner.address]
city = 'it''s'
"quoted key" = 1979-05-27 07:32:00
a.b.c = 3

[[lines]]
name = "C"
note = """
[[lines]]
not = "a key" \\""" still
"""

  [[lines]]
  name = """one""" # trailing
  nested = [
    1, # one
    { x = 1, y = [
        2,
        3 ] },
    'two',
  ]
  [lines.codes]
  loinc = "94558-4"

[[lines.marks]]
at = 1
[[lines.marks]]
at = 2
[[other]]
deep = { a = { b = "c" } }
'''.replace("it''s", "its")


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("title",), 2),
        (("owner", "address"), 4),
        (("owner", "address", "city"), 5),
        (("owner", "address", "quoted key"), 6),
        (("owner", "address", "a", "b", "c"), 7),
        (("lines",), 9),
        (("lines", 0), 9),
        (("lines", 0, "name"), 10),
        (("lines", 0, "note"), 11),
        (("lines", 1), 16),
        (("lines", 1, "name"), 17),
        (("lines", 1, "nested"), 18),
        (("lines", 1, "nested", 0), 19),
        (("lines", 1, "nested", 1, "y"), 20),
        (("lines", 1, "nested", 1, "y", 1), 22),
        (("lines", 1, "nested", 2), 23),
        (("lines", 1, "codes", "loinc"), 26),
        (("lines", 1, "marks"), 28),
        (("lines", 1, "marks", 0, "at"), 29),
        (("lines", 1, "marks", 1), 30),
        (("lines", 1, "marks", 1, "at"), 31),
        (("other", 0, "deep", "a", "b"), 33),
    ],
)
def test_every_kind_of_key_is_found_on_its_line(path, line):
    tomllib.loads(DOCUMENT)
    assert key_lines(DOCUMENT)[path] == line


def test_a_key_that_is_not_there_is_reported_at_the_table_around_it():
    lines = key_lines(DOCUMENT)
    assert line_of(lines, ("lines", 1, "position")) == 16
    assert line_of(lines, ("nothing", "at", "all")) == 1


def test_windows_line_ends_do_not_move_the_lines():
    assert key_lines(DOCUMENT.replace("\n", "\r\n")) == key_lines(DOCUMENT)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "a = 1", "a = '''\n'''"])
def test_a_document_may_be_nearly_empty(text):
    assert key_lines(text)[()] == 1


_names = st.from_regex(r"[a-z][a-z0-9_-]{0,6}", fullmatch=True)
_values = st.one_of(
    st.integers(-99, 99).map(str),
    st.sampled_from(
        ["true", "'a ] } # ,'", '"\\""', "1.5e3", "[1, [2, 3], {}]", "{ p = 1, q = '}' }", "07:32:00"]
    ),
    st.sampled_from(["[\n1,\n2 # two ]\n]", '"""\na = 1\n"""', "'''\n[x]\n'''"]),
)


@given(st.lists(st.tuples(_names, _values), unique_by=lambda pair: pair[0], max_size=8))
def test_the_line_of_a_key_starts_with_that_key(pairs):
    text = "".join(f"{key} = {value}\n" for key, value in pairs)
    lines = key_lines(text)
    assert set(tomllib.loads(text)) <= {path[0] for path in lines if path}
    for key, _ in pairs:
        assert text.splitlines()[lines[key,] - 1].startswith(f"{key} =")


@pytest.mark.parametrize("text", ["= 1", "a = \n", "a = 1\n]"])
def test_what_is_not_toml_is_not_scanned(text):
    with pytest.raises(ValueError, match="unexpected character"):
        key_lines(text)
