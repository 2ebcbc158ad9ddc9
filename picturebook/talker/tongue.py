"""The talker's tokenizer: known words whole, unknown words in pieces, the frames of its calls as one token each."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from picturebook.scene import COLOURS, KINDS
from picturebook.talker import dialogues as taught
from picturebook.talker import lexicon
from picturebook.words import merged

TEMPLATE = Path(__file__).parent / "chat_template.jinja"
END = "<|im_end|>"
ROLES = ("<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_start|>tool\n")
CALL, CALLED = "<tool_call>", "</tool_call>"
_PATCH = ("num_inference_steps", "guidance_scale", "width", "height", "seed")
FRAMES = (
    *(
        f'\n{{"name": "{name}", "arguments": {{"{first}": "'
        for name, first in (("draw", "prompt"), ("refine", "picture_id"), ("pick_loras", "wish"), ("ask", "question"))
    ),
    *('", "patch": {', '"prompt": "', '"negative_prompt": "', '"scheduler": "', '"loras": [', '"names": ["'),
    *('", "negative_prompt": "', '", "scheduler": "', '", "loras": [', ', "scheduler": "', ', "loras": ['),
    *(f'"{name}": ' for name in _PATCH),
    *(f', "{name}": ' for name in _PATCH),
    *(f'", "{name}": ' for name in _PATCH),
    *('", "count": ', ', "negative_prompt": "', '", "size": [', ', "size": [', ', "steps": ', '", "steps": '),
    *(', "guidance": ', '", "guidance": ', '", "model": "picturebook"', ', "names": ["', '{"name": "'),
    *('", "sha256": "', '", "weight": ', '}, "keep": ["', '}, "only": ["', '"}, "keep": ["', '"}, "only": ["'),
    *('], "only": ["', '"], "only": ["', '", "', '"}}\n', '"}}}\n', "}}\n", "}}}\n", '"]}}\n', "]}}}\n", "]}}\n"),
)  # fmt: skip
"""Of calls as the tools' schemas want them written."""
HEX = r"[0-9a-f]{2}"
PIECES = (
    *(f"{HEX}(?={HEX}{HEX}{HEX})", f"(?<={HEX}){HEX}(?={HEX}{HEX})"),
    *(f"(?<={HEX}{HEX}){HEX}(?={HEX})", f"(?<={HEX}{HEX}{HEX}){HEX}"),
    *(r" ?\p{L}+", r"\p{N}", r" ?[^\s\p{L}\p{N}]", r"\s"),
)
"""Eight and more hexadecimal digits fall into pairs, of other numbers every digit counts."""
LESSONS = 4000
RARE = 8
"""Words said less often fall into pieces: so it learns to copy what it has never heard."""


def known_words() -> list[str]:
    """Every word of the lessons but those that mean nothing, sorted."""
    rng = random.Random("the talker's words")
    counts: Counter[str] = Counter()
    for _ in range(LESSONS):
        for message in taught.messages(taught.dialogue(rng)):
            counts.update(_words(message["content"]) if message["role"] in ("user", "assistant") else ())
    common = {word for word, count in counts.items() if count >= RARE}
    nouns = {plural for noun in (*KINDS, *lexicon.other("nouns")) for plural in (noun, lexicon.plural(noun))}
    return sorted(common | nouns | {*COLOURS, *lexicon.OTHER_COLOURS, *lexicon.other("adjectives"), *lexicon.SIZES})


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalpha() else " " for letter in text).split()


def learned(words: list[list[str]]) -> list[tuple[str, str]]:
    """Pairs merged until each word is whole (Sennrich et al. 2016); of equals, always the same first."""
    spelt, merges = words, []
    while counts := Counter(pair for word in spelt for pair in pairwise(word)):
        merges.append(min(counts, key=lambda pair: (-counts[pair], pair)))
        spelt = [merged(word, merges[-1]) for word in spelt if len(word) > 1]
    return merges


def build_tokenizer() -> PreTrainedTokenizerFast:
    """The same each time."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = known_words()
    merges = learned([*(list(word) for word in words), *(["Ġ", *word] for word in words)])
    digits = "0123456789abcdef"
    merges += [pair for pair in ((one, other) for one in digits for other in digits) if pair not in set(merges)]
    pieces = list(dict.fromkeys([*letters, *(one + other for one, other in merges)]))
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    split = pre_tokenizers.Split(Regex("|".join(PIECES)), "isolated")
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (END, *ROLES)])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in (CALL, CALLED, *dict.fromkeys(FRAMES))])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=END,
        chat_template=TEMPLATE.read_text("utf-8"),
        clean_up_tokenization_spaces=False,
        model_max_length=4096,
    )
