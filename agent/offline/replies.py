"""What the planner says: in a sentence or two what was drawn, what changed and what stayed; or why it could not be."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from agent.offline.intents import Ask, Change, GoTo, Intent, Shown, Tell
from agent.offline.memory import Memory, Returned
from agent.offline.questions import NOTHING_YET
from agent.offline.tokens import tokens
from agent.told_results import FIELDS

CALLED = {
    "num_inference_steps": "steps", "guidance_scale": "guidance", "negative_prompt": "negative prompt",
    "loras": "style", "scheduler": "sampler",
}  # fmt: skip
HELP = (
    "Tell me what to draw, such as 'a red house and a green tree on the beach', and then change it by talking: "
    "'make it blue', 'add a moon', 'at night instead', 'in watercolour', 'keep the tree', 'four variations', 'seed 7', "
    "'undo'."
)
HELLO = "Hello! Tell me what to draw, such as 'a purple castle in the desert' or 'a fox in the snow, watercolour'."
THANKS = "You are welcome! Change it further, such as 'make it bigger' or 'at sunset', or wish for something new."


def reply(intent: Intent, memory: Memory) -> str:
    match intent:
        case Ask(question):
            return question
        case GoTo(target):
            back = quoted(_shown(memory, target).prompt)
            return f"We are back at picture {target}: {back}. The next change starts there."
        case Tell():
            return _told(intent, memory)
    return _drawn(intent, memory)


def _drawn(intent: Intent, memory: Memory) -> str:
    pictures = [picture for one in memory.returned for picture in one.pictures]
    problem = next(
        (one.problem for one in memory.returned if one.problem is not None and one.name != "pick_loras"), None
    )
    if not pictures:
        return f"I could not draw that: {problem}" if problem else "I cannot draw here: the tools for it are missing."
    said = _of_one(pictures[0]) if len(pictures) == 1 else _of_several(pictures)
    style = _style(intent, memory.returned)
    return " ".join(part for part in (said, style, f"Then it stopped: {problem}" if problem else "") if part)


def _style(intent: Intent, returned: Sequence[Returned]) -> str:
    picked = next((one for one in returned if one.name == "pick_loras"), None)
    if isinstance(intent, Change) and intent.style and not (picked and picked.told.get("loras")):
        return f"I have no LoRA for {quoted(intent.style)}, so the prompt alone asks for it."
    return ""


def _of_one(picture: Mapping[str, Any]) -> str:
    changed, number = picture.get("changed") or {}, picture.get("number")
    if picture.get("parent") is None:
        return f"Here is picture {number}: {quoted(picture.get('prompt', ''))}, with seed {picture.get('seed')}."
    what = "; ".join(_change(name, *pair) for name, pair in changed.items()) or "nothing else than before"
    kept = [f"the {thing}" for thing in picture.get("kept") or ()]
    still = f" {_listed(kept).capitalize()} did not move." if kept else ""
    if picture.get("only") and not kept:
        still = " Nothing around it moved." if len(picture["only"]) == 1 else " Nothing around them moved."
    seed = "" if "seed" in changed else f", seed {picture.get('seed')} too,"
    return f"Picture {number}, from picture {picture.get('parent')}: {what}.{still} Everything else{seed} stayed."


def _of_several(pictures: Sequence[Mapping[str, Any]]) -> str:
    first, last = pictures[0].get("number"), pictures[-1].get("number")
    parent = pictures[0].get("parent")
    origin = f" from picture {parent}" if parent else ""
    seeds = len({picture.get("seed") for picture in pictures}) > 1
    how = "with a seed of their own each" if seeds else "alike"
    pick = f"Say 'number {first}' to go on with one, or 'more like number {last}'."
    return f"Here are pictures {first} to {last}{origin}: {quoted(pictures[0].get('prompt', ''))}, {how}. {pick}"


def _change(name: str, before: Any, after: Any) -> str:
    if name in ("prompt", "negative_prompt"):
        return f"in the {CALLED.get(name, name)} {difference(str(before), str(after))}"
    if name == "loras":
        return f"the style is {_loras(after)}" if after else "the style is off"
    return f"{CALLED.get(name, name)} {before} became {after}"


def _loras(loras: Any) -> str:
    return _listed([f"{lora.get('name')} at {lora.get('weight', 1):g}" for lora in loras if isinstance(lora, Mapping)])


def difference(before: str, after: str) -> str:
    """'red' became 'blue', 'and a moon' came in: the words that differ."""
    old, new = [token.text for token in tokens(before)], [token.text for token in tokens(after)]
    said = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = quoted(_spaced(old[start:end])), quoted(_spaced(new[first:last]))
        match kind:
            case "replace":
                said.append(f"{gone} became {come}")
            case "delete":
                said.append(f"{gone} went")
            case "insert":
                said.append(f"{come} came in")
    return _listed(said) or "nothing"


def _spaced(words: Sequence[str]) -> str:
    text = " ".join(words)
    for sign in ",.:;)":
        text = text.replace(f" {sign}", sign)
    return text.replace("( ", "(").strip(" ,")


def _told(tell: Tell, memory: Memory) -> str:
    last = next((one for one in memory.told if one.get("number") == memory.current), None)
    if last is None and tell.topic not in ("hello", "help", "thanks"):
        return NOTHING_YET
    return _about(tell, memory, last or {})


def _about(tell: Tell, memory: Memory, last: Mapping[str, Any]) -> str:
    match tell.topic:
        case "hello":
            return HELLO
        case "help":
            return HELP
        case "thanks":
            return THANKS if last else HELLO
        case "nothing":
            return f"Picture {memory.current} stays as it is: it already says so. Try 'make it blue' or 'another one'."
        case "why":
            return _why(last)
        case "changed":
            return _of_one(last)
        case "compare":
            return _compared(tell.targets, memory)
    sizes = f"{last.get('width')}x{last.get('height')}"
    style = _loras(last.get("loras")) or "no style"
    return (
        f"Picture {memory.current}: seed {last.get('seed')}, {last.get('num_inference_steps')} steps, guidance "
        f"{last.get('guidance_scale')}, sampler {last.get('scheduler')}, {sizes}, {style}."
    )


def _why(picture: Mapping[str, Any]) -> str:
    why = "; ".join(str(reason) for reason in picture.get("why") or ())
    return f"Picture {picture.get('number')} came about so: {why or _of_one(picture)}"


def _compared(targets: Sequence[int], memory: Memory) -> str:
    numbers = [shown.number for shown in memory.pictures]
    there = [number for number in targets if number in numbers]
    if len(there) < 2:
        there = [_shown(memory, memory.current).parent or numbers[0], memory.current]
    one, other = (_shown(memory, number) for number in there)
    changes = [
        _change(name, was, now) for name in FIELDS if (was := getattr(one, name)) != (now := getattr(other, name))
    ]
    return f"From picture {one.number} to picture {other.number}: {'; '.join(changes) or 'nothing changed'}."


def _shown(memory: Memory, number: int) -> Shown:
    return next((shown for shown in memory.pictures if shown.number == number), memory.pictures[-1])


def quoted(text: str) -> str:
    return f"“{text}”"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part) if parts else ""
