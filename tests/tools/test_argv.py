"""The words of a command, and the list of those that are allowed: exact, never interpreted, never code."""

from __future__ import annotations

import fnmatch
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tools import argv
from tools.allowed_commands import AllowedCommand, CommandAsk, regular


@pytest.mark.parametrize(
    "words",
    [
        ["nginx", "-t"],
        ["/usr/sbin/nginx", "-s", "reload"],
        ["redis-cli", "CONFIG", "RESETSTAT"],
        ["python3", "manage.py", "check"],
        ["python", "-m", "http.server"],
        ["sh", "/scripts/reload.sh"],
        ["curl", "http://127.0.0.1:8080/reload?a=1&b=2"],
        ["printf", "a b  c", "", "*", "~", "ümlaut"],
    ],
)
def test_words_come_through_as_they_are(words: list[str]) -> None:
    """Blanks, wildcards and empty words are the program's business."""
    assert list(argv.words_of(argv.as_text(words))) == words


@pytest.mark.parametrize(
    "words",
    [
        ["sh", "-c", "id"],
        ["/bin/bash", "-lc", "id"],
        ["bash", "-x", "-ec", "id"],
        ["busybox", "sh", "-c", "id"],
        ["env", "A=1", "sh", "-c", "id"],
        ["timeout", "5", "/bin/dash", "-c", "id"],
        ["python3.12", "-c", "import os"],
        ["/usr/bin/python3", "-Ic", "import os"],
        ["python", "-cimport os"],
        ["perl", "-ne", "print"],
        ["ruby", "-e", "puts 1"],
        ["node", "--eval=1"],
        ["node", "-p", "1"],
        ["php", "-r", "1;"],
        ["deno", "eval", "1"],
        ["env", "-S", "sh id"],
        ["awk", "BEGIN { system(1) }"],
        ["busybox", "awk", "1"],
    ],
)
def test_a_program_that_is_handed_code_is_refused(words: list[str]) -> None:
    """A shell or an interpreter is every command, whatever stands before it."""
    with pytest.raises(ValueError, match=r"runs whatever|splits a text"):
        argv.require(words)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "one to 64 words"),
        (["a"] * 65, "one to 64 words"),
        ([""], "is no program"),
        (["-t"], "is no program"),
        (["./nginx"], "is no program"),
        (["bin/nginx"], "is no program"),
        (["/bin/./nginx"], "is no program"),
        (["nginx -t"], "is no program"),
        (["/usr/sbin/"], "is no program"),
        (["../bin/nginx"], "leads out of its folder"),
        (["/usr/../bin/nginx"], "leads out of its folder"),
        (["cat", "/var/log/../../etc/shadow"], "leads out of its folder"),
        (["cat", "--file=../x"], "leads out of its folder"),
        (["nginx", "-t", ";", "id"], "meant for a shell"),
        (["nginx", "&&", "id"], "meant for a shell"),
        (["nginx", ">", "/x"], "meant for a shell"),
        (["echo", "$(id)"], "meant for a shell"),
        (["echo", "${HOME}"], "meant for a shell"),
        (["echo", "$HOME"], "meant for a shell"),
        (["echo", "`id`"], "meant for a shell"),
        (["echo", "a\nb"], "nobody sees"),
        (["echo", "a\0b"], "nobody sees"),
        (["echo", "a\u202eb"], "nobody sees"),
        (["echo", "x" * 501], "501 characters"),
    ],
)
def test_what_is_no_plain_command_is_refused(words: list[str], problem: str) -> None:
    """Told with the word that is wrong."""
    with pytest.raises(ValueError, match=problem):
        argv.require(words)


@pytest.mark.parametrize(
    "text", ["nginx -t", "[]", '["a",1]', '{"a": 1}', '["nginx","-t"]', '["\\u006eginx"]', ""]
)
def test_a_text_that_is_no_list_or_is_spelled_in_another_way_is_refused(text: str) -> None:
    """One command has one spelling, so that what is shown, compared and run is the same."""
    with pytest.raises(ValueError, match="must be"):
        argv.words_of(text)


@settings(max_examples=40)
@given(st.lists(st.text(max_size=8), max_size=3))
def test_no_words_become_others(words: list[str]) -> None:
    """Whatever they are: refused, or exactly these."""
    try:
        found = argv.words_of(argv.as_text(words))
    except ValueError:
        return
    assert list(found) == words


ENTRY = AllowedCommand(namespace="shop-*", workload="web", container="web?", argv=("nginx", "-t"))
FITS = CommandAsk(workload="web", container="web1", argv=("nginx", "-t"), seconds=30)


def test_an_entry_allows_its_own_words_in_its_own_places() -> None:
    """And nothing that differs in one of them."""
    assert ENTRY.allows("shop-1", FITS)
    assert not ENTRY.allows("shop", FITS)
    changes = (
        {"workload": "web-2"},
        {"container": "web"},
        {"container": "web12"},
        {"argv": ("nginx",)},
        {"argv": ("nginx", "-t", "-q")},
        {"argv": ("nginx", "-T")},
        {"argv": ("nginx -t",)},
        {"argv": ()},
        {"seconds": 31},
    )
    for change in changes:
        assert not ENTRY.allows("shop-1", FITS.model_copy(update=change)), change
    assert not ENTRY.allows("shop-1", CommandAsk())


@pytest.mark.parametrize(
    "change",
    [
        {"argv": ("sh", "-c", "id")},
        {"argv": ()},
        {"namespace": ""},
        {"workload": "web[ab]"},
        {"container": "we b"},
        {"seconds": 0},
        {"seconds": 301},
        {"seconds": "30"},
        {"shell": True},
    ],
)
def test_an_entry_that_is_no_good_is_none(change: dict[str, object]) -> None:
    """Refused when it is read."""
    with pytest.raises(ValidationError):
        AllowedCommand.model_validate(ENTRY.model_dump() | change)


PATTERNS = st.text("ab-.*?", min_size=1, max_size=6)


@given(PATTERNS, st.text("ab-.c", max_size=6))
def test_the_fence_reads_a_pattern_as_the_rule_does(pattern: str, name: str) -> None:
    """The same names fit, in the regular expressions that CEL knows."""
    assert bool(re.search(regular(pattern), name)) == fnmatch.fnmatchcase(name, pattern)
    assert json.dumps(regular(pattern)).isascii()
