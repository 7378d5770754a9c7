"""What CoreDNS writes of those that it asks in turn, in its own forms."""

from __future__ import annotations

import pytest

from tools.records import UpstreamFacts
from tools.resolver_log import upstreams

ERROR = "[ERROR] plugin/errors: 2 "


def told(*lines: str) -> UpstreamFacts:
    """Of a log of these lines; of none where it says nothing."""
    return upstreams(["\n".join(lines)]) or UpstreamFacts()


@pytest.mark.parametrize(
    ("why", "silent"),
    [
        ("read udp 10.1.1.1:5->10.2.2.2:53: i/o timeout", ("10.2.2.2",)),
        ("read udp 10.1.1.1:5->10.2.2.2:53: read: connection refused", ("10.2.2.2",)),
        ("read udp 10.1.1.1:5->10.2.2.2:53: read: no route to host", ("10.2.2.2",)),
        ("dial tcp 10.2.2.2:53: connect: connection refused", ("10.2.2.2",)),
        ("dial udp 10.2.2.2:53: connect: network is unreachable", ("10.2.2.2",)),
        ("read tcp 10.1.1.1:5->10.2.2.2:853: read: connection reset by peer", ("10.2.2.2",)),
        ("read udp [fd00::1]:5->[fd00::53]:53: i/o timeout", ("fd00::53",)),
        ("no healthy proxies", ()),
        ("unreachable backend: no upstream host", ()),
    ],
)
def test_who_did_not_answer_for_which_name(why: str, silent: tuple[str, ...]) -> None:
    """Some failures name nobody."""
    found = told(f"{ERROR}db.Example. A: {why}")
    assert (found.silent, found.names, found.count) == (silent, ("db.example",), 1)
    assert found.line.endswith(why)


@pytest.mark.parametrize(
    "line",
    [
        '[INFO] 10.244.0.5:3333 - 1234 "A IN db.example. udp 40 false 512" NXDOMAIN qr,rd,ra 121 0.002s',
        '[INFO] 10.244.0.5:3333 - 1234 "A IN db.example. udp 40 false 512" NOERROR qr,rd,ra 56 0.002s',
        "[INFO] plugin/kubernetes: pkg/mod/client-go: failed to list: dial tcp 10.96.0.1:443: i/o timeout",
        "[WARNING] No files matching import glob pattern: /etc/coredns/custom/*.override",
        f"{ERROR}db.example. A: dns: overflow unpacking uint32",
        "CoreDNS-1.11.3",
        "",
    ],
)
def test_an_answer_and_what_concerns_nobody_behind_it_is_no_failure(line: str) -> None:
    """NXDOMAIN is an answer; the API server is no resolver."""
    assert upstreams([line]) is None


def test_names_are_counted_once_and_its_own_query_not_at_all() -> None:
    """A and AAAA of one name are one; HINFO of a random name is how CoreDNS looks for a loop."""
    found = told(
        f"{ERROR}730914486.4461302. HINFO: read udp 10.1.1.1:5->10.2.2.3:53: i/o timeout",
        f"{ERROR}db.example. A: read udp 10.1.1.1:5->10.2.2.2:53: i/o timeout",
        f"{ERROR}db.example. AAAA: read udp 10.1.1.1:6->10.2.2.2:53: i/o timeout",
        f"{ERROR}mail.example. A: read udp 10.1.1.1:7->10.2.2.2:53: i/o timeout",
    )
    assert found.silent == ("10.2.2.2", "10.2.2.3")
    assert (found.names, found.count) == (("db.example", "mail.example"), 2)


def test_servfail_is_an_answer_that_is_told_apart() -> None:
    """Who was asked did answer."""
    found = told('[INFO] 10.244.0.5:3 - 1 "A IN db.example. udp 40 false 512" SERVFAIL qr,rd 40 0.5s')
    assert (found.servfail, found.silent, found.count) == (("db.example",), (), 0)


def test_what_is_no_name_is_not_kept() -> None:
    """Anybody may ask for anything, and it would stand in a command."""
    assert upstreams([f"{ERROR}a;reboot. A: read udp 10.1.1.1:5->10.2.2.2:53: i/o timeout"]) is None
