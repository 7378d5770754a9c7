"""No secret survives redaction, and what helps a diagnosis does."""

from __future__ import annotations

import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.redaction import WITHHELD, redact, secret_key

SECRET = st.text(string.ascii_letters + string.digits + "!#$%^*_-+.~", max_size=40).map(
    lambda text: f"a{text}Zq9"
)
"""Never a word that stands in the text around it."""
TELLING = st.sampled_from(
    [
        "password",
        "DB_PASSWORD",
        "spring.datasource.password",
        "passwd",
        "api_key",
        "apiKey",
        "X-Api-Key",
        "secret",
        "clientSecret",
        "AWS_SECRET_ACCESS_KEY",
        "access_token",
        "token",
        "session_id",
        "private_key",
        "credentials",
        "connectionString",
        "pwd",
    ]
)
SHAPE = st.sampled_from(
    [
        "{key}={value}",
        "{key}: {value}",
        '{{"{key}": "{value}"}}',
        "{{'{key}': '{value}'}}",
        '{{\\"{key}\\":\\"{value}\\"}}',
        'level=info {key}="{value}" msg=done',
        "--{key}={value}",
        "--{key} {value}",
        "GET /login?user=bob&{key}={value}&next=/ HTTP/1.1",
        "export {key}={value}",
    ]
)


@given(
    key=TELLING,
    value=SECRET,
    shape=SHAPE,
    before=st.text(" \té€(){}[]<>|,;", max_size=20),
    after=st.sampled_from(["", "\nnext"]),
)
def test_values_of_telling_keys_are_taken_out(
    key: str, value: str, shape: str, before: str, after: str
) -> None:
    """Whatever the notation, the value does not survive."""
    text = shape.format(key=key, value=value)
    assert value not in redact(f"{before}{text}{after}")


@given(user=SECRET, password=SECRET)
def test_user_information_in_urls_is_taken_out(user: str, password: str) -> None:
    """The host stays, since a diagnosis needs it."""
    redacted = redact(f"dial postgres://{user}:{password}@db.shop:5432/orders failed")
    assert re.fullmatch(r"dial postgres://<redacted:userinfo:\w{8}>@db.shop:5432/orders failed", redacted)


@pytest.mark.parametrize(
    "alphabet", [string.ascii_letters + string.digits, string.ascii_lowercase + string.digits]
)
def test_random_tokens_are_taken_out_without_any_key(alphabet: str) -> None:
    """High entropy gives away all but a few of the random tokens that keys are made of."""
    chance = random.Random(1)
    tokens = ["".join(chance.choices(alphabet, k=40)) for _ in range(1000)]
    missed = [token for token in tokens if token in redact(f"got {token} from upstream")]
    assert len(missed) <= 3


@given(
    body=st.text(string.ascii_letters + string.digits + "+/=\n", min_size=10, max_size=200), cut=st.booleans()
)
def test_private_keys_are_taken_out_even_when_cut_off(body: str, cut: bool) -> None:
    """A PEM block without its end is one all the same."""
    end = "" if cut else "\n-----END RSA PRIVATE KEY-----"
    redacted = redact(f"-----BEGIN RSA PRIVATE KEY-----\n{body}{end}")
    assert redacted.startswith("<redacted:pem:")
    assert len(redacted) < 40


@given(st.text())
def test_any_text_is_redacted_without_an_error(text: str) -> None:
    """Nothing makes the redactor fail, and doing it twice changes nothing."""
    once = redact(text)
    assert once != WITHHELD
    assert redact(once) == once


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc123def456", "abc123def456"),
        ("authorization=Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("used eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_def-123 there", "eyJzdWIiOiIxMjM0In0"),
        ("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefghijklmnop"),
        ("glpat-abcdefghij0123456789", "glpat-abcdefghij"),
        ("xoxb-123456789012-abcdef", "xoxb-123456789012"),
        ("gsk_abcdefghij0123456789", "gsk_abcdefghij"),
        ("https://token123@github.example/x", "token123"),
        ("mail bob.smith+x@example.com now", "bob.smith"),
        ("card 4111 1111 1111 1111 declined", "4111 1111 1111 1111"),
        ("Cookie: sid=1; theme=dark", "theme=dark"),
        ("dsn=host=db user=x password=y sslmode=off", "user=x"),
        ("password: correct horse battery staple", "battery"),
        ("pass\u200bword=hunter22", "hunter22"),
    ],
)
def test_known_kinds_of_secrets_are_taken_out(text: str, secret: str) -> None:
    """Each kind that the specification names."""
    assert secret not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "pod checkout-service-7d4b9c6f5d-x2x4z restarted",
        "uid 3f2b8c1e-9a4d-4c55-8f00-1234567890ab",
        "registry.example/shop/web@sha256:" + "ab12" * 16,
        '  File "/usr/lib/python3.11/site-packages/urllib3/connectionpool.py", line 449',
        "at com.example.shop.checkout.CheckoutServiceImplV2Factory.create(CheckoutServiceImplV2Factory.java:42)",
        "dial tcp 10.0.0.7:5432: connect: connection refused",
        "Access denied for user 'shop'@'10.0.0.1' (using password: YES)",
        "Basic authentication failed",
        "secretName: web-tls",
        "tests passed: 12, bypass=true",
        "http://cart:8080/items?page=2",
        "2026-01-05T12:00:00.123456789Z INFO started in 3.2 s",
        "SyntaxError: Unexpected token: }",
        'secret "db-credentials" not found',
        "password authentication failed for user postgres",
        "failed to fetch oauth token: unexpected status from GET request to https://harbor.example/v2: 401",
        "ERROR agent.auth.handler: could not reach the directory",
        "Error: REDIS_NODES must be set when SESSION_STORE=redis-cluster",
        "    at connect (/app/lib/session.js:41:11)",
        "AUTH_MODE=oidc AUTH_HOST=login.example TOKEN_TIMEOUT=30s",
    ],
)
def test_what_a_diagnosis_needs_stays(text: str) -> None:
    """Names, ids, hosts, stack frames and messages about credentials are not secrets."""
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("password: correct horse battery staple", "password: "),
        ("client_secret: my very secret words", "client_secret: "),
        ("authorization: bearer abcdef ghijk lmn", "authorization: "),
        ("token: hunter two", "token: "),
        ("session: signed in with token=abcDEF123", "session: signed in with token="),
        ("auth: using old value AKIAABCDEFGHIJKLMNOP", "auth: using old value "),
        ("token: invalid value hunter2Secret", "token: invalid value "),
        ("auth: login failed for admin with Tr0ub4dor", "auth: login failed for admin with "),
        ("session: created new session 9f86d081884c7d65", "session: created new session "),
        ("authtoken: expected one got abc123DEF456", "authtoken: expected one got "),
        ("Auth: basic realm admin:hunter2", "Auth: basic realm "),
        ("auth_phrase: correct horse battery staple", "auth_phrase: "),
        (
            "token: asked of https://sso.example/v2/token?code=9f86d08188",
            "token: asked of https://sso.example/v2/token?",
        ),
    ],
)
def test_a_sentence_behind_a_telling_key_is_looked_at(text: str, kept: str) -> None:
    """Where a value may be made of words, as a password's, it goes whole; what a sentence holds goes by itself."""
    left = redact(text)
    assert left.startswith(f"{kept}<redacted:")
    assert left.endswith(">")


def test_the_same_secret_leaves_the_same_mark() -> None:
    """Repeats stay visible, different values differ."""
    assert redact("password=hunter22") == redact("password=hunter22")
    assert redact("password=hunter22") != redact("password=hunter23")


def test_long_hostile_text_takes_no_quadratic_time() -> None:
    """Runs that make patterns try again at every place are done with, here within the test's own time limit."""
    for piece in ("a", "://", "eyJ", "password=", "a.", "-", "\\", "@", "4", "-----BEGIN A-----"):
        redact(piece * (65536 // len(piece)))


def test_a_redactor_that_breaks_withholds_the_block() -> None:
    """Fails closed: what is not text gets no further."""
    assert redact(None) == WITHHELD  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["DB_PASSWORD", "apiKey", "X-Auth", "refreshToken", "SIG"])
def test_telling_keys(key: str) -> None:
    """Keys whose values have to be taken for secrets, in every spelling."""
    assert secret_key(key)


@pytest.mark.parametrize(
    "key", ["author", "compass", "tokenPath", "SECRET_NAME", "max_tokens", "bypass", "design"]
)
def test_keys_that_only_sound_so(key: str) -> None:
    """Keys that hold a word of a telling one but no secret."""
    assert not secret_key(key)
