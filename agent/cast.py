"""Who takes part in a conversation, as the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from agent.chat_models import chat_model, sees
from agent.conversation_tools import conversation_tools
from agent.crash_log import CrashLog
from agent.offline.lexicon import Lexicon
from agent.offline.planner import RulePlanner
from agent.settings import Settings
from agent.workshop import TALKERS
from knowledge.gallery import Gallery
from knowledge.lora_files import LoraShelf
from tools.toolbox import Bench, Tool


@dataclass(frozen=True)
class Cast:
    """`model` talks, `planner` takes over when it fails; both may be the same. `models` are those that may draw."""

    model: BaseChatModel
    planner: BaseChatModel
    tools: Sequence[Tool]
    gallery: Gallery
    shelf: LoraShelf
    log: CrashLog
    seeing: bool = False
    models: frozenset[str] = frozenset(("picturebook",))


def cast(settings: Settings, bench: Bench) -> Cast:
    """Raises `GiveUp` if the chat model cannot be asked."""
    styles = [name for card in bench.shelf.cards() for name in (card.name, *card.tags)]
    planner = RulePlanner(world=Lexicon().extended(styles=styles), draws_with=settings.model)
    model = chat_model(settings, TALKERS) or planner
    return Cast(
        model,
        planner,
        conversation_tools(bench, settings.model),
        bench.gallery,
        bench.shelf,
        CrashLog(settings.data / "logs"),
        model is not planner and sees(settings, model),
        frozenset(("picturebook", settings.model)),
    )
