"""The scheduler's sentence about all nodes, by group."""

from __future__ import annotations

from graph.scheduler_words import cordoned, lacks, no_victims

SAID = (
    "0/9 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint {dedicated: gpu}, "
    "5 Insufficient cpu, 1 node(s) had volume node affinity conflict. preemption: 0/9 nodes are available: "
    "4 Preemption is not helpful for scheduling, 5 No preemption victims found for incoming pod."
)


def test_each_group_of_nodes_says_what_it_lacks() -> None:
    """With its number, and without what is said of preemption."""
    assert lacks(SAID) == (
        "of 9 nodes 1 is cordoned, 2 keep it off by taint dedicated, 5 lack cpu, 1 is not where its volume is"
    )
    assert cordoned(SAID)
    assert no_victims(SAID)
    assert lacks("0/3 nodes are available: 3 Insufficient memory.") == "all 3 nodes lack memory"
    assert (
        lacks("0/1 nodes are available: 1 Too many pods.")
        == "the only node has all the pods that it may have"
    )


def test_words_that_are_not_known_stay() -> None:
    """Quoted, and a sentence of another form as a whole."""
    assert (
        lacks("0/2 nodes are available: 1 node(s) are too far away.")
        == 'of 2 nodes 1: "node(s) are too far away"'
    )
    assert lacks("no nodes available to schedule pods") == '"no nodes available to schedule pods"'
    assert lacks("") == "the scheduler has not said why"
