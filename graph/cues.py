"""The turns of phrase that tell what a question asks for. Data for `graph/intents.py`; words are in `vocabulary.py`."""

from __future__ import annotations

import re

from graph.vocabulary import ACT_VERBS, PAST_ACTS


def words(*patterns: str) -> re.Pattern[str]:
    """Any of these as whole words."""
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b")


POD_WORDS = r"pods?|po|replicas?|instances?|copies"
WORKLOAD_WORDS = (
    r"workloads?|apps?|applications?|microservices?|deployments?|deploy|stateful ?sets?|sts|daemon ?sets?|ds"
    r"|cron ?jobs?|jobs?"
)
YOU = r"\b(?:you|your|agent|sre-agent|the bot|automation)\b"

ASKS = re.compile(
    r"^(?:so |and |but |ok |okay |well )*"
    r"(?:why|when|who|whose|how|which|what|whats|where|did|do|does|have|has|had|was|were|is|are|any|anything"
    r"|show|list|tell|explain|describe|give|get|see)\b"
)
"""Begins as a question, not as an order."""
ABOUT_ACTING = re.compile(
    r"\b(?:open|create|raise|file|start)\b (?:an? |the |new )*(?:incident|ticket|alert|case)\b|"
    rf"^(?:how (?:do|can|could|would|should|to)\b|why (?:not|don'?t)|what if|is it (?:ok|safe|possible) to)"
    rf".*\b(?:{ACT_VERBS})\b"
    rf"|\b(?:how about|what about|consider|suggest|try|recommend)\s+(?:{ACT_VERBS})ing\b"
)
_LEADS = (
    r"please|then|and|just|now|also|kindly|go ahead and|let'?s|let us|should|must|instructions? and"
    r"|(?:can|could|would|will|should|shall|must|may|might) (?:you|i|we)|you (?:must|should|have to|need to)"
    r"|i(?:'d| would)? (?:want|like|need) (?:you )?to|(?:want|like|need|tell|ask) (?:you|it|the agent) to"
)
_SOFTLY = r"(?:(?:please|kindly|just|now|immediately|quickly|really|first)\s+)*"
_NO_ORDER = (
    r"(?!\s*(?:counts?|polic|histor|reasons?|loops?|times?|numbers?|on\b|about|states?|events?|status\b))"
)
ORDER = re.compile(
    rf"(?:^|[.;:!?,]\s*|\b(?:{_LEADS})\s+){_SOFTLY}(?P<verb>{ACT_VERBS})\b{_NO_ORDER}",
)
"""An action verb where an order has it: `restart`, `please restart`, `can you restart`, `… and restart`."""

_DONE = (
    r"(?:restart|reboot|recycl|redeploy|scal|delet|remov|kill|evict|drain|cordon|fix|repair|resolv|updat|upgrad)ed"
    r"|rolled back|reverted|stopped|undone"
)
WANTED = re.compile(
    rf"\bneeds? (?:to be |a |an |another )?(?:{ACT_VERBS}|{_DONE})\b"
    rf"|^(?:please )?(?:i |we )?(?:want|need|would like|'d like|get|have|see) (?:\S+ ){{1,4}}?(?:to be )?(?:{_DONE})\b"
)
"""A wish for a change: `web needs a restart`, `I want web restarted`."""

_PAST = "|".join(f"(?:{pattern})" for pattern in PAST_ACTS.values())
_TELLING_PAST = "|".join(f"(?:{pattern})" for name, pattern in PAST_ACTS.items() if name)
BY_AGENT = re.compile(rf"{YOU}.*\b(?:{_PAST})\b|\b(?:{_PAST})\b.*{YOU}")
PASSIVE = re.compile(
    rf"\b(?:was|were|been|being|got|who|is|are)\b(?:\s+\S+){{0,4}}?\s+(?:{_TELLING_PAST})(?=\W|$)(?! pods?\b)"
)
NOTHING_DONE = re.compile(r"\bnothing (?:was|has been|is being|got|gets) done\b")
CONCLUDED = re.compile(
    r"\bhow (?:sure|certain|confident)\b|\bconfidence\b(?! threshold)|\bconclu(?:de|ded|sions?)\b"
)
WHO_DECIDED = re.compile(r"\bwho\b.*\b(?:approv|reject)ed\b")
ACTIONS = re.compile(
    r"\bactions?\b.*\b(?:taken|performed|done|execut\w*|carried|recent\w*|last|today|did|have|has)\b"
    r"|\b(?:what|which|list|show|any|recent|last)\b.{0,20}\bactions?\b"
    rf"|{YOU}.*\b(?:do|done|did|been doing|doing|take|took|taken|up to)\b"
    r"|\bautomat\w+ (?:fix|action|remediat)\w*"
    r"|\b(?:did|has|have) (?:the |that |this |it |your |a )?(?:last )?"
    r"(?:(?:restart|roll ?back|scaling|scale-?up|eviction|cordon|undo|fix|action) ?(?:(?:of|on|for) \S+ )?)?"
    r"(?:help|work|succeed|mend)(?:ed)?\b"
)
APPROVALS = re.compile(
    r"\bapprovals?\b|\bproposals?\b|\bto (?:approve|decide|confirm|sign off)\b"
    r"|\bpending (?:decisions?|actions?|proposals?)\b"
    r"|\b(?:wait\w*|need\w*|pending)\b.{0,25}?\b(?:(?:for|on|from) (?:me|us|my|a person|a human|someone|somebody)"
    r"|sign-?off|decisions?)\b"
)
CONDUCT_OF_YOU = re.compile(
    r"\b(?:may|can|do|will|are) you (?:allowed|able|permitted)\b|\bon your own\b|\bby yourself\b|\bkill switch\b"
    r"|\b(?:which|what) (?:model|llm|ai)\b|\bare (?:you|actions|you still) paused\b|\bmode\b"
)
NOTHING_HAPPENS = re.compile(
    r"\bnothing (?:is |being |gets? |seems to (?:be )?)*(?:happen\w*|mov(?:es?|ing)|going on|written)\b"
    rf"|{YOU}.*\b(?:does|do|doing|did) nothing\b|\b(?:does|do|doing|did) nothing\b.*{YOU}"
    r"|\b(?:aren'?t|isn'?t|don'?t|doesn'?t|are|is|do|does) (?:you|the agent|sre-agent)(?: not)? (?:acting|act"
    r"|doing anything|do anything)\b|\bwhat (?:stops|holds|keeps|blocks) (?:you|the agent|sre-agent|everything)\b"
)
"""Asks why the agent keeps still."""
CONDUCT = re.compile(
    r"\bon hold\b|\b(?:global|an?y?|the|no|there) holds?\b(?! (?:back|up|of))|^holds\b|\bholding (?:still|off)\b"
    r"|\b(?:change|code|deploy(?:ment)?|any|a|no|the|in) freeze\b|\bfreeze windows?\b|\bfrozen\b|"
    r"\bpaused?\b|\bmode\b|\bkill switch\b|\bread-?only\b|\bautomatic(?:ally)?\b|\bautonom\w*"
    r"|\b(?:may|can|do|will|are) you (?:allowed|act|write|change|able to)\b"
)
LOGS = re.compile(
    r"\blogs?\b|\blogged\b|\blogging\b|\bstd(?:out|err)\b|\bstack ?traces?\b|\btracebacks?\b|\boutput\b"
    r"|\btail\b|\b\d+ lines\b|\blast (?:words|lines?)\b|\bprint(?:s|ed|ing)?\b"
    r"|\bwhat (?:did|does|has|was|is)\b.*\b(?:say|said|saying|print\w*|writ\w*)\b"
)
ENDED_RUN = words(
    r"crash\w*",
    r"previous\w*",
    "last run",
    "before",
    "died",
    "dead",
    "prior",
    "ended",
    "killed",
    "terminated",
)
PRESENT_RUN = words(r"current\w*", r"present\w*", "right now", "live", "running", "newest run", "this run")
EVENTS = words("events?", "warnings?")
WARNINGS = words("warnings?")
INCIDENTS = words(
    "incidents?", "alerts?", "alarms?", "paged", "firing", "outages?", r"escalat\w*", r"post-?mortems?"
)
OPEN = words(
    "open",
    "firing",
    "active",
    "ongoing",
    "on-going",
    r"current\w*",
    "unresolved",
    "still",
    "now",
    "in progress",
)
STORY = words(r"happen\w*", "going on", "goes on", "what'?s up", "story")
CHANGES = words(
    "(?:recent|latest|last|newest|previous) (?:deployments?|releases?|rollouts?|deploys?)",
    *(r"chang\w*", "deploy(?:s|ed|ing)?", "roll(?:ed|ing)? ?outs?", "roll(?:ed)? out", r"releas\w*"),
    *(
        "updat(?:e|ed|es|ing)",
        r"upgrad\w*",
        r"modif\w*",
        "shipped",
        "pushed",
        r"differ\w*",
        "edit(?:ed|s)",
        "scaled",
    ),
    *("new (?:versions?|revisions?|in|deployments?|releases?)", "what(?:'s| is) new", "revisions?"),
)
ROLLOUT_STATE = re.compile(
    r"\broll(?:ed|ing)?[ -]?outs?\b.*\b(?:success\w*|finish\w*|complet\w*|done|stuck|ok|okay|fail\w*|well|hang\w*)\b"
    r"|\b(?:stuck|unfinished|incomplete|failed) roll[ -]?outs?\b"
)
"""Asks how a rollout stands, not what was rolled out."""
IMAGES = words("images?", "versions?", "tags?")
WHICH_IMAGE = words("(?:which|what|current) (?:images?|versions?|tags?)")
HOW_MANY = words("how many", "number of", "count", "total", "how much", "quantity", "amount of")
TO_DO = re.compile(
    r"\bwhat (?:do|must|should|can|shall) (?:i|we) (?:have to |need to )?(?:do|look at)"
    r"(?: first| now| next| today)*\W*$"
    r"|\b(?:any|some)thing (?:left )?for (?:me|us) to do\b"
)
WHICH_ARE = re.compile(
    r"^(?:(?:are|is|was|were) there |(?:do|did) (?:we|you) (?:have|see) |show (?:me )?|list )?"
    r"(?:any|anything|which|what)\b"
)
"""Asks for things in a state, not how the state came about."""
REASONS = frozenset({"oom", "image", "config"})
"""States of pods that are a reason, and not only an ill."""
_ASKS_WHICH = r"^(?:is|are|any|which|what|list|show|do we have)\b.*"
CORDONED = re.compile(
    rf"{_ASKS_WHICH}\b(?:nodes?|machines?)\b.*\b(?:cordoned|schedulable|unschedulable)\b"
    rf"|{_ASKS_WHICH}\b(?:cordoned|unschedulable) (?:nodes?|machines?)\b"
)
WHERE = re.compile(
    r"\bwhere\b|\b(?:which|what) nodes?\b.*\b(?:runs?|running|hosts?|hosting|on|scheduled|lives?)\b"
)
HAS_RUNNING = re.compile(r"(\b(?:do|does)\b.*?)\brun\b")
"""`How many pods does web run?` asks for all of them, not for those in a state."""
RESTARTS = re.compile(
    r"\brestarts\b|\brestart counts?\b|\b(?:how (?:many times|often)|times)\b.*\brestart\w*"
    r"|\brestarted\b.*\bpods?\b|\bpods?\b.*\brestarted\b"
)
WHY = words(
    *(
        "why",
        "reasons?",
        "cause[sd]?",
        "how come",
        r"explain\w*",
        "what (?:made|led)",
        "because",
        "rationale",
    ),
    *(r"justif\w*", "behind", "root ?cause", r"diagnos\w*"),
)
HOW_IS = re.compile(r"\buptime\b|\bhow (?:is|are|does|do)\b|\bhow'?s\b")
ONLY_SAYS_WHERE = re.compile(
    r"\b(?:per|each|every|by|across|all|in|of|on|from|for|inside|within) (?:all |the |each |every |our |my )*$"
)
OF_SOMETHING_NAMED = re.compile(
    r"\b(?:in|of|on|from|for|is|about|the|did|does|has|why) (?:the |my |our )?[a-z0-9][\w.-]* $"
)
FOLLOWS_UP = re.compile(r"^(?:and|also|what about|how about|what of|same for|same|now|then|ok and|but)\b")
PRONOUN = words(
    "it", "its", "that", "this", "these", "those", "they", "them", "their", "there", "one", "same"
)
NO_PRONOUN = re.compile(
    r"\b(?:is|are|was|were|be|anything|nothing) there\b|\bthere (?:is|are|was|were|any)\b|\bhow many\b.*\bthere\b"
    r"|\b(?:this|that) (?:cluster|week|morning|hour|evening|month)\b"
)
WHOLE_CLUSTER = words(
    *(
        "cluster",
        "everything",
        "anything",
        "everywhere",
        "overall",
        "any",
        "all",
        "whole",
        "every",
        "anybody",
        "anywhere",
    ),
)
"""A question that says so is about the whole cluster, whatever the one before was about."""
FEW = re.compile(
    r"\b(?:last|latest|newest|most recent|recent|top|first)\s+(\d{1,2}|two|three|four|five|ten)\b"
    r"(?!\s*(?:min|hour|day|sec|week|h\b|m\b|d\b))"
)
NEWEST = re.compile(r"\b(?:last|latest|newest|most recent) (?:incident|alert)\b")
NAMES = re.compile(
    r"(?!(?:sre-agent|roll-?back|read-only|post-mortems?|on-going|crash-loop\w*|re-start\w*|out-of-memory|auto-mode"
    r"|image-pull\w*|follow-up|stand-by|un-?ready)\b)[a-z0-9]+(?:[-./][a-z0-9]+)+"
)
"""Words that only names look like: they hold no cue, whatever their parts mean."""
NOT_READ = words("secrets?", "passwords?", "credentials?", "config ?maps?")
"""What the agent has no right to read, or reads nothing of."""
USAGE = words(
    "cpu",
    "memory",
    "ram",
    "usage",
    "utili[sz]ation",
    r"consum\w*",
    "cores?",
    "load",
    "top pods?",
    "resources?",
)
OUTCOMES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (
        words(
            "(?:not|never) (?:been )?(?:recovered|resolved|mended|fixed)", "did(?:n't| not) (?:recover|help)"
        ),
        ("escalated", "inconclusive"),
    ),
    (words("recovered", "resolved", "mended", "fixed"), ("recovered", "provisional")),
    (words("escalated", "handed over"), ("escalated",)),
    (words("inconclusive"), ("inconclusive",)),
    (words("rejected"), ("rejected",)),
    (words("expired"), ("expired",)),
    (words("withdrawn"), ("withdrawn",)),
)
"""How a question says that incidents ended, and the statuses that it means; the more telling first."""
ANY_OF = re.compile(r"\b(?:any|an?|another|every|each|which|what|how many|no|all) $")
KUBECTL_READS = re.compile(r"\bkubectl (?=get|describe|logs?|top|events?|explain)")
KUBECTL_FLAGS = (
    (re.compile(r"(?:^|\s)(?:-n|--namespace)[ =]([a-z0-9.-]+)"), r" in \1"),
    (re.compile(r"(?:^|\s)(?:-a|--all-namespaces)\b"), " of all namespaces"),
    (re.compile(r"(?:^|\s)(?:-c|--container)[ =]([a-z0-9.-]+)"), r" container \1"),
    (re.compile(r"(?:^|\s)(?:-p|--previous)\b"), " previous"),
    (re.compile(r"(?:^|\s)--?[a-z][a-z-]*(?:=\S+)?"), " "),
)
INCIDENT_ID = re.compile(r"\b[0-9a-f]{16}\b")
