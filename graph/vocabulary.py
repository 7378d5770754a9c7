"""The words of questions: which of them ask for what, and which can only be the name of something.

Plain English about Kubernetes, as data. What is not here may be a name, and is then looked for among what exists.
"""

from __future__ import annotations

import re

KINDS = {
    "Namespace": r"namespaces?|ns|projects?",
    "Node": r"nodes?|machines?|hosts?|servers?",
    "Pod": r"pods?|po",
    "Deployment": r"deployments?|deploy",
    "StatefulSet": r"stateful ?sets?|sts",
    "DaemonSet": r"daemon ?sets?|ds",
    "CronJob": r"cron ?jobs?|cj",
    "Job": r"jobs?",
    "Service": r"services?|svc",
}
"""How kinds are called."""
LOOSE_KINDS = (
    r"workloads?|apps?|applications?|microservices?|components?|containers?|clusters?|environments?|envs?"
)
ANY_KIND = "|".join([*KINDS.values(), LOOSE_KINDS])

ACT_VERBS = (
    r"restart|reboot|bounce|recycle|redeploy|roll ?back|rollback|revert|undo|scale|resize|delete|remove|kill|destroy"
    r"|terminate|evict|drain|cordon|uncordon|apply|patch|edit|modify|fix|repair|heal|mend|remediate|resolve|deploy"
    r"|upgrade|downgrade|update|increase|decrease|raise|lower|bump|set|exec|execute|run|approve|reject|pause|resume"
    r"|suspend|stop|start|create|install|uninstall|wipe|purge|drop|disable|enable|rollout|kubectl|helm|shut ?down"
)
"""Imperatives that ask for a change."""
PAST_ACTS = {
    "restart": r"restart(?:ed|s)?|reboot(?:ed)?|bounced?",
    "rollback": r"roll(?:ed|ing)? ?back|rolled .{1,40}? back|rollbacks?|revert(?:ed)?",
    "scale": r"scal(?:e|ed|ing)|resized?",
    "delete": r"delet(?:e|ed|ing)|evict(?:ed)?|remov(?:e|ed)|kill(?:ed)?",
    "cordon": r"cordon(?:ed)?|uncordon(?:ed)?|drain(?:ed)?",
    "": r"act(?:ed)?|touch(?:ed)?|chang(?:e|ed)|fix(?:ed)?|decid(?:e|ed)|undo|undid|undone"
    r"|d(?:o|id|one) (?:that|it|this)",
}
"""What the agent may have done, by the first word of the action's name."""

STATES = (
    ("oom", r"oom\w*|out of memory|memory kill\w*"),
    (
        "image",
        r"image ?pull\w*|err ?image\w*|pull(?:ing)? (?:its |their |the )?images?|images? (?:cannot|can't|fail)\w*",
    ),
    ("config", r"config ?errors?|createcontainer\w*|misconfigured"),
    ("crashing", r"crash\w*"),
    ("not_ready", r"not (?:be |being )?ready|un-?ready|aren't ready|isn't ready|never ready"),
    ("pending", r"pending|unscheduled|unschedulable|not scheduled|waiting to (?:be )?schedul\w*"),
    ("terminating", r"terminating|being deleted"),
    ("completed", r"completed?|succeeded|finished"),
    ("failed", r"failed|evicted"),
    ("restarted", r"restart(?:s|ed|ing)?"),
    ("ready", r"ready|healthy|available"),
    ("running", r"running|run|alive|up"),
)
"""States of pods, the more telling first."""
TROUBLE = (
    r"problem\w*|broken|fail(?:s|ed|ing|ures?)?|crash\w*|unhealthy|ill|sick|bad|wrong|trouble\w*|errors?|erroring"
    r"|issues?|stuck|degraded|suffer\w*|misbehav\w*|unready|down|oom\w*|image ?pull\w*|evicted|struggling|dying|dead"
    r"|not (?:be )?(?:ready|well|healthy|working|running|ok|okay|fine|up)|flapping|attention|worr\w+|concern\w*"
    r"|weird|strange|odd|unusual|abnormal\w*|anomal\w*|suspicious|on fire|burning|red|outages?"
)
WELL = (
    r"health\w*|ok|okay|fine|well|good|alright|all right|status|state|doing|working|alive|up|condition|overview|summary"
    r"|shape|green|situation|happening|going on|up to"
)
COMMON = frozenset(
    """
    a able about above across act acted action actions actual actually add after again agent agents ago alert
    alerts alive all allowed along alright also always am among amongst an and answer any anybody anymore anyone
    anything anywhere apart app application approval approvals approve approved approver apps are aren arent
    around as aside ask at attention auto available away back bad be because been before began begin behind
    being belong belonging belongs below best better between big bit both brief briefly broke broken busy but by
    cache call called came can cannot cause caused causes change changed changes changing chat check cheers
    clear cluster clusters come comes compare compared complete completed container containers control could
    couldn count couple cpu crash crashed crashes crashing crashloop crashloopbackoff current currently d day
    days dead decide decided decision default degraded delete deleted deleting deploy deployed deploying
    deployments deploys detail details did didn died dies diff different disk do does doesn doesnt doing don
    done dont down dozen due during dying each eight either else end ended enough entire entirely errimagepull
    error errors escalated etc even event events ever every everybody everyone everything evict evicted exactly
    exist existing exists explain explanation failed failing fails failure far fast few fewer find fine fire
    fired firing first five flapping following for found four fresh from full further general get gets give
    given gives go goes going gone good got great had half happen happened happening happens happily has hasn
    have haven having he health healthy hello help helpful hence her here hereby hers hey hi him his history
    hold hour hours how however hows hundred i id if ignore ill im image imagepullbackoff images immediately in
    incident incidents info information inside instance instances instead instruction instructions into is isn
    isnt issue issues it its itself ive job jobs just k8s keep keeps kill killed killing kind kindly kinds know
    known kube kubernetes large last lately latest least left less let lets like line lines list listing little
    live living ll log logs long look looking looks lot m machine machines made main major make makes many
    matter matters may maybe me mean memory message messages might mine minor minute minutes mode modified
    moment month months more morning most mostly much must my name named names namespace namespaces near need
    needed needs network never new newest next night nine no node nodes none noon normal normally not note
    nothing notice now ns number numbers occurred odd of off often ok okay old older oldest on once one ones
    only oom oomkilled open or order other others otherwise ought our out outage outages output outside over
    overall overview own page part past pause paused pending per perhaps period permission permissions piece
    place please pod pods point possible present pretty previous previously print printed prior probably problem
    problematic problems produce pull pulled pulling pulls put quantity question quick quickly quite rather re
    ready real really reason reasons reboot recent recently record recovered regarding related release released
    releases replica replicas report reported resolved resource resources respect respective restart restarted
    restarting restarts result results revert reverted right roll rollback rolled rolling rollout rollouts
    roughly run running runs s safe safely said same saw say says scale scaled scaling scheduled second seconds
    see seem seems seen sent service services set seven several shall she shipped should shouldn show showing
    shows sick side since single situation six small so some somebody someone something sometime somewhere soon
    sorry sort specific spin sre stand standing start started starting state states statistics stats status
    stays still stop stopped str strange stuck succeeded such suddenly suffering sum summarise summarize summary
    sure suspicious svc system t tag tags tail take taken takes talk task tasks tell telling tells ten
    terminating text than thank thanks that the their them then there these they thing things think this those
    though thousand three through thus tick time times to today together told tomorrow tonight too took top
    total touch touched touching traceback traffic trouble try two type under undid undo undone unhealthy
    unready unschedulable until unusual up update updated updates upgraded uptime us usage use used user users
    uses using usual utc ve version versions versus very via view visible vs wait waiting want wants warning
    warnings was wasn watch way we week weeks weird well went were weren what whatever whats when where wheres
    whether which while who whole whom whos whose why wild will with within without won word worker workers
    working workload workloads works worse worst worth would wouldn wrong year years yes yesterday yet you your
    yours zero
    """.split()  # noqa: SIM905
)
"""Words that are no names where nothing marks them as one."""
GREETING = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|evening|afternoon|day)|thanks?|thank you|yo|ok|okay)\b[\s!.,]*$"
)
HELP = re.compile(
    r"^(?:help|\?+|usage)\s*[?!.]*$"
    r"|\bwhat (?:can|could|do) you (?:do|answer|know|help)\b(?: with| me| for me)*\s*[?.!]*$"
    r"|\bhow (?:do|can) i use\b|\bwho are you\b|\bwhat (?:questions|kind of questions)\b|\bwhat are you\b\s*[?.!]*$"
)


def kind_of(word: str) -> str:
    """The kind that a word names, or an empty string."""
    return next((kind for kind, pattern in KINDS.items() if re.fullmatch(pattern, word)), "")
