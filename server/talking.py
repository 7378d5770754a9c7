"""Puts together what people do beside deciding: ask, open incidents by hand, mark decisions, follow runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint

from graph import chat as chat_graph
from graph.chat import ChatServices
from graph.chat_services import ChatModels
from graph.services import Services
from server import by_hand, chat, following, marking, synthetic
from server.asking import Asker
from server.auth import Auth
from server.by_hand import ByHand
from server.requested_action import Wishes
from server.settings import Settings
from server.settings_fields import KNOWN_ACTIONS
from server.worker import Chore
from tools.clock import Clock
from tools.conversations import Conversations, SqlConversations
from tools.database import Database
from tools.inbox import Inbox
from tools.listing import SqlListing
from tools.manual_alerts import ManualAlerts
from tools.marks import Marks, SqlMarks
from tools.readonly import ReadOnlyCluster
from tools.record_reader import RecordViews, RevisionsView
from tools.requested_actions import SqlRequestedActions
from tools.timeline_feed import SqlTimelineFeed, TimelineFeed

ANSWERED_SECONDS = 15.0
PRUNE_SECONDS = 3600.0


@dataclass(frozen=True)
class Talk:
    """What the routes of this module's story work with."""

    asker: Asker
    conversations: Conversations
    marks: Marks
    by_hand: ByHand
    feed: TimelineFeed
    clock: Clock
    timer: Callable[[], float]

    def blueprints(self, auth: Auth) -> list[Blueprint]:
        """All of their routes."""
        return [
            chat.blueprint(self.asker, self.conversations, auth),
            by_hand.blueprint(self.by_hand, auth),
            synthetic.blueprint(self.by_hand, auth),
            marking.blueprint(self.marks, self.clock, auth, KNOWN_ACTIONS),
            following.blueprint(self.feed, auth, timer=self.timer),
        ]


def models_of(services: Services) -> ChatModels | None:
    """The models that decide may be asked by people too. None without a key: nothing of them is loaded then."""
    if services.adviser is None:
        return None
    from tools.llm import GroqLLM
    from tools.llm_chat import GroqChatModels

    return GroqChatModels(services.adviser) if isinstance(services.adviser, GroqLLM) else None


def chores(database: Database, inbox: Inbox, clock: Clock) -> list[Chore]:
    """Requests of people that are answered, and conversations that nobody goes on with."""
    manual = ManualAlerts(database, inbox, clock)
    conversations = SqlConversations(database)
    return [
        Chore("requests", ANSWERED_SECONDS, manual.settle),
        Chore("conversations", PRUNE_SECONDS, lambda: conversations.prune(clock.now())),
    ]


def talk(
    settings: Settings,
    services: Services,
    database: Database,
    inbox: Inbox,
    wake: Callable[[str | None], None],
    timer: Callable[[], float],
) -> Talk:
    """Everything over this store. Raises Invalid for a reader's token that cannot be used."""
    reader = ReadOnlyCluster(services.cluster)
    conversations, marks = SqlConversations(database), SqlMarks(database)
    record = RecordViews(
        incidents=services.incidents,
        listing=SqlListing(database),
        approvals=services.approvals,
        ledger=services.ledger,
        controls=services.controls,
        marks=marks,
        holds=services.holds,
        autonomy=services.autonomy,
    )
    chat_services = ChatServices(
        clock=services.clock,
        cluster=reader,
        record=record,
        revisions=RevisionsView(services.revisions),
        mode=settings.mode,
        models=models_of(services),
        metrics=services.metrics,
        policy=services.policy,
    )
    wishes = Wishes(reader, SqlRequestedActions(database), services.policy.enabled_actions)
    return Talk(
        asker=Asker(chat_graph.build(), chat_services, conversations),
        conversations=conversations,
        marks=marks,
        by_hand=ByHand(inbox, reader, services.clock, wake, wishes),
        feed=SqlTimelineFeed(database),
        clock=services.clock,
        timer=timer,
    )
