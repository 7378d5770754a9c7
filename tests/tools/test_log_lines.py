"""Which lines of a log decide, in the forms in which programs write them."""

from __future__ import annotations

import random

import pytest

from tools.excerpts import LOG_BUDGET, deciding_line, excerpt_log
from tools.log_lines import plain_json

PYTHON = (
    "2026-01-05 12:00:00,123 INFO starting\n"
    "Traceback (most recent call last):\n"
    '  File "/app/main.py", line 3, in <module>\n'
    "    connect()\n"
    "psycopg2.OperationalError: could not connect to server: Connection refused\n"
)
JAVA = (
    "2026-01-05 12:00:00.123  INFO 1 --- [main] c.e.App : Starting\n"
    "2026-01-05 12:00:01.456 ERROR 1 --- [main] o.s.boot : Application run failed\n"
    "java.lang.IllegalStateException: Failed to load\n"
    "\tat com.example.App.main(App.java:10)\n"
    "Caused by: java.net.UnknownHostException: db\n"
    "\tat java.net.InetAddress.getAllByName(InetAddress.java:1)\n"
    "\t... 21 more\n"
)
GO = (
    "I0105 12:00:00.1 1 main.go:1] starting\n"
    "panic: runtime error: invalid memory address or nil pointer dereference\n"
    "[signal SIGSEGV: segmentation violation code=0x1]\n\n"
    "goroutine 1 [running]:\nmain.main()\n\t/app/main.go:10 +0x1d\nexit status 2\n"
)
NODE = (
    "node:internal/modules/cjs/loader:1080\n  throw err;\n  ^\n\n"
    "Error: Cannot find module '/app/server.js'\n    at Module._resolveFilename (node:internal:1)\n"
    "    at Module._load (node:internal:2)\n\nNode.js v20.1.0\n"
)
RUBY = "/app/run.rb:3:in `connect': no route to host (SocketError)\n\tfrom /app/run.rb:9:in `<main>'\n"
DOTNET = (
    "info: Startup[0]\n      Now listening\nUnhandled exception. System.IO.FileNotFoundException: no appsettings.json\n"
    "   at Program.Main(String[] args)\n"
)
RUST = "thread 'main' panicked at src/main.rs:2:5:\ncalled `Option::unwrap()` on a `None` value\n"
KLOG = "I0105 12:00:00.1 1 a.go:1] 0 errors so far\nE0105 12:00:01.1 1 reflector.go:1] failed to list: forbidden\n"
LOGFMT = 'level=info msg="retries after error: 0"\nlevel=error msg="open /etc/app/config.yml: no such file"\n'
JSON = (
    '{"time":"2026-01-05T12:00:00Z","level":"info","msg":"no error so far","failed":0}\n'
    '{"time":"2026-01-05T12:00:01Z","level":"error","msg":"cannot connect","error":"dial tcp: refused"}\n'
)
CHAINED = (
    "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nKeyError: 'DB_URL'\n\n"
    "During handling of the above exception, another exception occurred:\n\n"
    'Traceback (most recent call last):\n  File "a.py", line 3, in g\nRuntimeError: not configured\n'
)


@pytest.mark.parametrize(
    ("log", "decides"),
    [
        (PYTHON, "OperationalError: could not connect"),
        (JAVA, "UnknownHostException: db"),
        (GO, "panic: runtime error: invalid memory"),
        (NODE, "Cannot find module '/app/server.js'"),
        (RUBY, "no route to host (SocketError)"),
        (DOTNET, "FileNotFoundException: no appsettings.json"),
        (RUST, "panicked at src/main.rs"),
        (KLOG, "failed to list: forbidden"),
        (LOGFMT, "no such file"),
        (JSON, "cannot connect error=dial tcp: refused"),
        (CHAINED, "RuntimeError: not configured"),
        ("FATAL: password authentication failed\nbye\n", "password authentication failed"),
        ("12:00 ok\nSegmentation fault (core dumped)\n", "Segmentation fault"),
        ("INFO retrying after error\nall well\n", ""),
        ("serving\n", ""),
        ("", ""),
    ],
)
def test_what_a_log_comes_down_to(log: str, decides: str) -> None:
    """The cause in one line, whatever wrote it; in the excerpt too, under any noise before and after it."""
    noise = "".join(f"GET /items/{word} served\n" for word in "abcdefgh" for _ in range(40))
    for text in (log, noise + log, log + noise):
        found = deciding_line(text)
        assert decides in found
        assert bool(found) is bool(decides)
        assert decides in excerpt_log(text)


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        ('{"level":"warn","message":"slow","ts":1,"ms":3}', "WARN slow ms=3"),
        ('{"severity":"ERROR","error":{"code":7},"time":"x"}', 'ERROR error={"code":7}'),
        ('{"a":1}', '{"a":1}'),
        ('{"msg":', '{"msg":'),
        ("[1]", "[1]"),
        ('{"msg":"a\\nb","stack":"Error: x\\n  at y"}', "a b stack=Error: x at y"),
        ('{"msg":"' + "x" * 20_000 + '"}', '{"msg":"' + "x" * 20_000 + '"}'),
    ],
)
def test_a_line_of_json_says_its_message_first(line: str, plain: str) -> None:
    """What is no message, or too long to be read, stays as it is."""
    assert plain_json(line) == plain


HOSTILE = {
    "binary": random.Random(1).randbytes(65536).decode("utf-8", "replace"),
    "latin": ("Fehler: Datenbank l\xe4uft nicht\n" * 50).encode("latin-1").decode("utf-8", "replace"),
    "utf-16": "Error: no database\n".encode("utf-16").decode("utf-8", "replace"),
    "control": "".join(map(chr, range(32))) * 100 + "\x1b]0;title\x07\x1b[31mError\x1b[0m: no database\r\n",
    "one line": "x" * 65536,
    "nested": "[" * 30_000,
    "nested json": '{"msg":' + "[" * 16_000,
    "quotes": '"' * 65536,
    "spaces": " " * 65536,
    "equal signs": "a=" * 32768,
    "progress": "".join(f"\r{n}% Error" for n in range(3000)),
    "nul": "\0" * 65536,
    "blank": "\n" * 65536,
    "hidden": "\u202e\u200b" * 20_000 + "Error: no database",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_text_makes_a_short_clean_excerpt(text: str) -> None:
    """Nothing that a terminal or a reader would obey is left, and the size is bounded."""
    excerpt = excerpt_log(text)
    marks = 40 * (excerpt.count("omitted]") + 1)
    assert len(excerpt.encode()) <= LOG_BUDGET + marks
    assert not any(ord(char) < 32 and char not in "\n\t" for char in excerpt)
    assert "\u202e" not in excerpt
    assert len(deciding_line(text)) <= 160
