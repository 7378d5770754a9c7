"""Whom a question is about: its words looked for among the names of what exists.

A common word is a name only where the question marks it as one (`in default`, `the monitoring namespace`). A word
that is marked and that nothing is called is unknown, and an answer about everything else would be a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from graph.intents import plain
from graph.vocabulary import ACT_VERBS, COMMON, KINDS, LOOSE_KINDS, PAST_ACTS, STATES, TROUBLE, WELL, kind_of
from tools.subjects import Census, Found, Subject
from tools.workload_key import workload_of

_WORD = re.compile(r"[a-z0-9](?:[a-z0-9._/-]*[a-z0-9])?(?:'s\b)?|[?!,;:]")
_PLACES = frozenset({"in", "inside", "within", "into", "across"})
_MARKS = frozenset({"of", "for", "on", "about", "from", "named", "called", "with", "to", "at"})
_SUBJECT_AFTER = frozenset({"is", "was", "does", "did", "has", "why", "are", "were"})
_ENDS = frozenset("?!,;:")
_ARTICLES = frozenset({"the", "my", "our", "your", "a", "an", "this", "that", "some", "any"})
_NO_NAME = re.compile(
    "|".join(
        [TROUBLE, WELL, ACT_VERBS, LOOSE_KINDS, *KINDS.values(), *PAST_ACTS.values()]
        + [pattern for _, pattern in STATES]
        + [
            r"crash-?loop\w*(?:-\w+)*",
            r"\d+(?:[smhdw]|min|am|pm|%)?",
            r"\d{1,4}[-:]\d\d(?:[-:]\d\d)?.*",
            r"[0-9a-f]{16}",
        ]
        + [
            rf"(?:{ACT_VERBS})(?:ing|s)?",
            r"non-\w+|re-\w+|pre-\w+|\w+-(?:time|wide|level|hour|day|minute|free)",
        ]
    )
)
_LONGEST_NAME = 4
"""Words of a name that was written with blanks."""


@dataclass
class Linked:
    """What a question is about."""

    subjects: list[Subject] = field(default_factory=list)
    guesses: dict[str, str] = field(default_factory=dict)
    """What was written, and the name that it was taken for."""
    unknown: list[str] = field(default_factory=list)
    """Marked as names, and nothing is called so."""
    unknown_places: list[str] = field(default_factory=list)
    """Likewise, where the question says `in` them."""
    words: list[str] = field(default_factory=list)
    """Words that may still be the name of a container."""


def may_name(question: str) -> bool:
    """Whether there is a word in it that may be a name, so that it is worth looking at what exists."""
    words = _words(question)
    return any(
        _marked(words, index) or _unusual(word) or _after_a_mark(words, index)
        for index, word in enumerate(words)
    )


def link(question: str, census: Census) -> Linked:
    """Find the subjects. Workloads are narrowed to a namespace that is named beside them."""
    words = _words(question)
    linked = Linked()
    index = 0
    while index < len(words):
        index += _take(words, index, census, linked)
    if not any(subject.namespace for subject in linked.subjects):
        _take_common(words, census, linked)
    _narrow(linked, census)
    return linked


def _words(question: str) -> list[str]:
    return [word.removesuffix("'s") for word in _WORD.findall(plain(question))]


def _take(words: Sequence[str], index: int, census: Census, linked: Linked) -> int:
    """Look at one place; returns how many words it took."""
    for length in range(min(_LONGEST_NAME, len(words) - index), 1, -1):
        phrase = "-".join(words[index : index + length])
        found = census.named(phrase)
        if found.subjects and found.match == "exact":
            _add(linked, _of_kind(words, index, length, found.subjects))
            return length
    word = words[index]
    if not _may_be_name(words, index):
        return 1
    if "/" in word:
        _take_path(word, census, linked)
        return 1
    _take_word(words, index, census, linked)
    return 1


def _take_common(words: Sequence[str], census: Census, linked: Linked) -> None:
    """Where nothing else is named: a common word that is somebody's name, in the place of a name (`restart cache`)."""
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        place = (
            len(words) == 1
            or before in _MARKS | _ARTICLES | _SUBJECT_AFTER
            or re.fullmatch(ACT_VERBS, before)
        )
        if word in COMMON and place and (found := census.named(word)).match == "exact":
            places = _after_a_mark(words, index)
            _add(linked, [s for s in found.subjects if s.is_workload or (places and s.kind == "Namespace")])


def _after_a_mark(words: Sequence[str], index: int) -> bool:
    """`about default`, at the end: where a namespace stands that is called by a common word."""
    following = words[index + 1] if index + 1 < len(words) else "?"
    return index > 0 and words[index - 1] in _MARKS and following in _ENDS


def _take_word(words: Sequence[str], index: int, census: Census, linked: Linked) -> None:
    word = words[index]
    linked.words.append(word)
    found = census.named(word)
    if word in COMMON and found.match != "exact":
        return
    if found.subjects:
        _add(linked, _of_kind(words, index, 1, found.subjects))
        return
    guess = census.named(former_owner(word)) if former_owner(word) else Found()
    guess = guess if guess.match == "exact" and guess.subjects else census.guessed(word)
    if guess.subjects:
        linked.guesses[word] = guess.subjects[0].name
        _add(linked, _of_kind(words, index, 1, guess.subjects))
    elif word not in COMMON and _marked(words, index):
        place = _says_where(words, index)
        (linked.unknown_places if place else linked.unknown).append(word)


def former_owner(word: str) -> str:
    """Whose a pod of this name was, going by the shape of its name: such a pod may be gone."""
    owner = workload_of({"pod": word})[1]
    return owner if owner != word else ""


def _take_path(word: str, census: Census, linked: Linked) -> None:
    """`shop/web`, `deployment/web`, `shop/deployment/web`."""
    *before, last = word.split("/")
    kind = next((kind for part in before if (kind := kind_of(part))), "")
    place = next((part for part in before if not kind_of(part)), "")
    found = census.named(last, place)
    subjects = [s for s in found.subjects if not kind or s.kind == kind] or list(found.subjects)
    if subjects:
        _add(linked, subjects)
    else:
        linked.unknown.append(word)


def _may_be_name(words: Sequence[str], index: int) -> bool:
    return _unusual(words[index]) or _marked(words, index)


def _unusual(word: str) -> bool:
    return len(word) > 1 and word not in COMMON and not _NO_NAME.fullmatch(word)


def _marked(words: Sequence[str], index: int) -> bool:
    """A kind's name or a preposition stands beside it, articles between them passed over."""
    word = words[index]
    if (
        len(word) < 2
        or kind_of(word)
        or re.fullmatch(LOOSE_KINDS, word)
        or word in _ARTICLES | _PLACES | _MARKS
    ):
        return False
    before = _before(words, index)
    following = words[index + 1] if index + 1 < len(words) else ""
    of_kind = _is_one(before) or _is_one(following)
    if word in COMMON or _NO_NAME.fullmatch(word):
        # `in default` and `the test namespace`, but not `about problem pods` or `of all`
        return (before in _PLACES and not following) or before in ("namespace", "ns") or _is_one(following)
    return of_kind or before in _PLACES or before in _MARKS


def _before(words: Sequence[str], index: int) -> str:
    place = index - 1
    while place >= 0 and words[place] in _ARTICLES:
        place -= 1
    return words[place] if place >= 0 else ""


def _is_one(word: str) -> bool:
    """The name of a kind in the singular: a plural (`pods belong to …`) marks nothing."""
    return word in ("ns", "sts", "ds") or (_is_kind(word) and not word.endswith("s"))


def _is_kind(word: str) -> bool:
    return bool(kind_of(word) or re.fullmatch(LOOSE_KINDS, word))


def _says_where(words: Sequence[str], index: int) -> bool:
    following = words[index + 1] if index + 1 < len(words) else ""
    before = _before(words, index)
    return before in _PLACES or "Namespace" in (kind_of(before), kind_of(following))


def _of_kind(words: Sequence[str], index: int, length: int, subjects: Sequence[Subject]) -> list[Subject]:
    """Of several things with one name, those of the kind that is named beside it; places after `in`."""
    following = words[index + length] if index + length < len(words) else ""
    before = _before(words, index)
    for kind in (kind_of(before), kind_of(following)):
        if chosen := [subject for subject in subjects if kind and subject.kind == kind]:
            return chosen
    places = [subject for subject in subjects if subject.kind == "Namespace"]
    others = [subject for subject in subjects if subject.kind != "Namespace"]
    return places if places and (before in _PLACES or not others) else others


def _add(linked: Linked, subjects: Sequence[Subject]) -> None:
    linked.subjects += [subject for subject in subjects if subject not in linked.subjects]


def _narrow(linked: Linked, census: Census) -> None:
    """`web in shop` is one workload: the namespace says which, and is no subject of its own."""
    places = [subject for subject in linked.subjects if subject.kind == "Namespace"]
    others = [subject for subject in linked.subjects if subject.namespace]
    if not places or not others:
        return
    names = {place.name for place in places}
    inside = [subject for subject in others if subject.namespace in names]
    if inside:
        linked.subjects = [
            s for s in linked.subjects if s.kind != "Namespace" and (not s.namespace or s in inside)
        ]
        return
    linked.unknown += [f"{subject.name} in {' or '.join(sorted(names))}" for subject in others[:1]]
    linked.subjects = places
