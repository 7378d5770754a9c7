"""Take secrets out of text before it is stored, shown or sent (section 6.3 of the Kubernetes specification).

What is taken out leaves `<redacted:kind:hash8>`, the same for the same value, so that repeats stay visible.
Fails closed: a redactor that breaks withholds the whole block. Not a guarantee: a secret that looks like a
word and has no telling key beside it is not recognised.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable

WITHHELD = "<redacted:withheld>"

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL)
_JWT = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?")
_SCHEME = re.compile(r"\b(Bearer|Basic)([ \t]+)([\w.~+/=-]{6,})", re.IGNORECASE)
_PROVIDER = re.compile(
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|gh[pousr]_\w{20,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}"
    r"|xox[abeprs]-[\w-]{10,}"
    r"|\bsk-[\w-]{16,}|\b[sr]k_(?:live|test)_\w{16,}|\bgsk_\w{16,}"
    r"|AIza[\w-]{30,}"
)
_USERINFO = re.compile(r"(://)([^\s\"'<>@/:]{0,256}:[^\s\"'<>]{0,512}|[^\s\"'<>@/]{1,256})@")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_CARD = re.compile(r"(?<![\w-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])")
_TOKEN = re.compile(r"[A-Za-z0-9+/_=.-]{24,}")

_KEY_VALUE = re.compile(
    r"(?<!<redacted:)(?P<key>[A-Za-z_][\w.-]{0,79})(?P<close>\\*[\"']?)(?P<sep>[ \t]{0,3}(?::=|=>|[:=])[ \t]{0,3})"
    r"(?P<quote>\\*[\"'])?"
)
_FLAG = re.compile(r"(?P<key>--?[A-Za-z][\w.-]{0,79})(?P<sep>[ \t]+)(?P<value>[^\s-]\S*)")
_SECRET_KEY = re.compile(
    r"(?:^|[_.-])(?:auth|pwd|sig|pass)(?:[_.-]|$)"
    r"|passw|passphrase|passwd|secret|token|api[-_.]?key|access[-_.]?key|authorization|cookie|session"
    r"|private[-_.]?key|credential|signature|(?:^|[_.-])dsn(?:[_.-]|$)|conn(?:ection)?[-_.]?str(?:ing)?",
    re.IGNORECASE,
)
_SPOKEN_KEY = re.compile(
    r"^(?!.*(?:passw|pass[_.-]|passphrase|pwd|secret|key|cred|cookie|authorization|dsn|conn|phrase|seed|mnemonic))",
    re.IGNORECASE,
)
"""Of the telling keys those whose values are never words: `token`, `auth`, `session`, `signature`."""
_SENTENCE = re.compile(r"[A-Z]?[a-z]{2,15} [a-z]{2,15} \S")
_SPOKEN = re.compile(r"\S+")
_WORD = re.compile(
    r"[\W_]*(?:[A-Z]?[a-z]{1,19}(?:['-][a-z]{1,19})*|[A-Z]{2,10}|\d{1,3}|https?://[\w.-]+(?::\d{1,5})?(?:/(?:[a-z-]{0,20}|v\d{1,2}))*"
    r"|[a-z]{1,20}(?:[.-][a-z]{1,20}\d{0,3}){1,6}(?::\d{1,5})?)?[\W_]*"
)
_HARMLESS_KEY = re.compile(
    r"(?:^|[_.-]|(?<=[a-z]))(?:[Nn]ames?|NAMES?|[Rr]ef|REF|[Pp]ath|PATH|[Ff]ile|FILE|[Ss]econds|[Cc]ount|[Ll]ength"
    r"|[Tt]ype|TYPE|[Ee]xpir\w*|EXPIR\w*|[Tt]tl|TTL|[Vv]ersion|[Pp]olicy|[Ss]tore|STORE|[Bb]ackend|BACKEND"
    r"|[Dd]river|DRIVER|[Hh]ost|HOST|[Pp]ort|PORT|[Mm]ode|MODE|[Tt]imeout|TIMEOUT|[Ee]nabled|ENABLED)$"
    r"|\.(?:[cm]?[jt]sx?|py|go|java|kt|rb|php|cs|rs|scala|ex|c|cpp)$"
    r"|(?:max|min|num|total|prompt|completion|input|output)_tokens$"
)
_WHOLE_LINE_KEY = re.compile(r"authorization|cookie|dsn|conn(?:ection)?[-_.]?str", re.IGNORECASE)
_HARMLESS_VALUE = re.compile(
    r"(?:true|false|yes|no|null|none|nil|undefined|empty|\d{1,2}|<redacted:\S*|<nil>|\W+)[\s,;)}\].]*\Z",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_DIGEST = re.compile(r"sha(?:256|512):[0-9a-f]{32,128}")
_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
"""The alphabet of generated Kubernetes names."""
_POD_SUFFIX = re.compile(rf"-{_SAFE}{{6,10}}(?:-{_SAFE}{{5}})?(?![a-z0-9])")
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)

_SEPARATORS = re.compile(r"[/.=_+-]")
_PIECES = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])|\d+|[A-Za-z]")
"""Words as identifiers have them; a random string falls into many short ones."""
_DIGITS = frozenset("0123456789")

Replacer = Callable[[re.Match[str]], str]


def redact(text: str) -> str:
    """`text` without secrets; `WITHHELD` if that cannot be made sure."""
    try:
        return _redact(text)
    except Exception:  # noqa: BLE001 - fails closed: whatever broke, nothing gets out
        return WITHHELD


def placeholder(kind: str, value: str) -> str:
    """What stands for a value that was taken out."""
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return f"<redacted:{kind}:{digest[:8]}>"


def secret_key(key: str) -> bool:
    """Whether a value under this key (environment variable, flag, JSON key) has to be taken for a secret."""
    spaced = _CAMEL.sub("_", key)
    return bool(_SECRET_KEY.search(spaced)) and not _HARMLESS_KEY.search(key)


def strip_invisible(text: str) -> str:
    """Without zero-width, bidirectional and tag characters, which hide or split what a reader sees."""
    return _INVISIBLE.sub("", text)


def _redact(text: str) -> str:
    text = strip_invisible(text)
    text = _PEM.sub(_whole("pem"), text)
    text = _JWT.sub(_whole("jwt"), text)
    text = _PROVIDER.sub(_whole("key"), text)
    text = _USERINFO.sub(lambda match: f"{match[1]}{placeholder('userinfo', match[2])}@", text)
    text = _SCHEME.sub(_scheme, text)
    text = _key_values(text)
    text = _FLAG.sub(_flag, text)
    text = _EMAIL.sub(_whole("email"), text)
    text = _CARD.sub(_card, text)
    return _TOKEN.sub(_token, text)


def _whole(kind: str) -> Replacer:
    return lambda match: placeholder(kind, match[0])


def _scheme(match: re.Match[str]) -> str:
    if match[3].isalpha() and match[3].islower() and len(match[3]) < 20:
        return match[0]
    return f"{match[1]}{match[2]}{placeholder('auth', match[3])}"


def _key_values(text: str) -> str:
    """Replace the values of telling keys; the extent of a value depends on how it is quoted."""
    out: list[str] = []
    position = 0
    while match := _KEY_VALUE.search(text, position):
        key, start = match["key"], match.end()
        if not secret_key(key) or (end := _value_end(text, match)) == start:
            out.append(text[position : match.end("key")])
            position = match.end("key")
            continue
        value = text[start:end]
        out.append(text[position:start])
        if _is_sentence(text, match):
            out.append(_SPOKEN.sub(_spoken, _key_values(value)))
        else:
            out.append(value if _HARMLESS_VALUE.match(value) else placeholder("value", value))
        position = end
    return "".join([*out, text[position:]])


def _value_end(text: str, match: re.Match[str]) -> int:
    start = match.end()
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    if quote := match["quote"]:
        return _closing(text, start, line_end, quote)
    if _WHOLE_LINE_KEY.search(match["key"]) or _prose(match["sep"]):
        return line_end
    end = start
    while end < line_end and not text[end].isspace():
        end += 1
    return end


def _prose(separator: str) -> bool:
    """`password: correct horse`, as YAML and sentences write it: the value may hold spaces."""
    return separator.strip() == ":" and separator.endswith((" ", "\t"))


def _is_sentence(text: str, match: re.Match[str]) -> bool:
    """`oauth token: unexpected status from …: 401`: an error's or a logger's words."""
    spoken = _prose(match["sep"]) and not match["quote"] and not match["close"]
    return spoken and bool(_SPOKEN_KEY.match(match["key"]) and _SENTENCE.match(text, match.end()))


def _spoken(match: re.Match[str]) -> str:
    """Of a sentence behind a telling key only what can be no value of it stays: words, addresses, short numbers."""
    word, asked, query = match[0].partition("?")
    if "<redacted:" in match[0]:
        return match[0]
    kept = word if _WORD.fullmatch(word) else placeholder("value", word)
    return f"{kept}?{placeholder('value', query)}" if asked and query else f"{kept}{asked}"


def _closing(text: str, start: int, line_end: int, quote: str) -> int:
    """Position of the quote that ends a value, escaped ones passed over; the line's end if there is none."""
    position = start
    while (position := text.find(quote, position, line_end)) >= 0:
        if len(quote) > 1 or text[position - 1] != "\\":
            return position
        position += 1
    return line_end


def _flag(match: re.Match[str]) -> str:
    if not secret_key(match["key"].lstrip("-")) or _HARMLESS_VALUE.match(match["value"]):
        return match[0]
    return f"{match['key']}{match['sep']}{placeholder('value', match['value'])}"


def _card(match: re.Match[str]) -> str:
    digits = [int(char) for char in match[0] if char.isdigit()]
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    return placeholder("card", match[0]) if (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 else match[0]


def _token(match: re.Match[str]) -> str:
    return placeholder("token", match[0]) if _looks_random(match[0]) else match[0]


def _looks_random(token: str) -> bool:
    """High entropy and no words in it; identifiers, paths and object names are made of words."""
    rest = _POD_SUFFIX.sub("", _DIGEST.sub("", _UUID.sub("", token)))
    return _jumbled(rest) or any(_jumbled(part) or _one_case(part) for part in _SEPARATORS.split(rest))


def _jumbled(token: str) -> bool:
    return _dense(token) and len(_PIECES.findall(token)) / len(token) >= 0.34


def _one_case(part: str) -> bool:
    """No separator, one letter case, digits among it: base32 or base36, not a name."""
    return _dense(part) and len({*part} & _DIGITS) > 1 and (part.islower() or part.isupper())


def _dense(token: str) -> bool:
    return len(token) >= 24 and _entropy(token) > 4.0


def _entropy(token: str) -> float:
    counts = Counter(token).values()
    return -sum(count / len(token) * math.log2(count / len(token)) for count in counts)
