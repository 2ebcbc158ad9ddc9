"""The words of asking: courtesies that say nothing, and the verbs that say what is to be done."""

from __future__ import annotations

from typing import Literal

from agent.offline import english

Verb = Literal["add", "draw", "keep", "make", "remove", "replace", "swap", "use"]


def phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.split("|"))


OPENINGS = phrases(
    "please|it's|it is|it is now|can i get|could i get|can i see|could i see|may i see|can we have|could we have|"
    "can we get|how would it look|what would it look like|how would that look|love it|like it|tho|same|"
    "same thing|the same thing|same again|"
    "i want something completely different|something completely different|something different|"
    "now for something completely different|could|can|the same|the same one|same one|the same picture|"
    "could you|can you|would you|will you|could you please|can you please|would you please|would you mind|"
    "i would like you to|i'd like you to|i want you to|i need you to|i'd love you to|let's|lets|let us|now|ok|okay|"
    "hmm|hm|mm|um|uh|well|so|then|also|maybe|perhaps|just|actually|alright|right|sure|yes|yeah|yep|hey|hi|hello|"
    "cool|wow|nice|great|lovely|perfect|good|excellent|awesome|beautiful|thanks|thank you|but|and|plus|next|oh|ah|"
    "very nice|very good|looks good|looks great|looks nice|not bad|almost|nearly|good start|nice one|well done|"
    "i like it|i love it|that's nice|that's great|that's good|that's lovely|this is nice|this is great|it's nice|"
    "it's great|it's good|it looks good|it looks great|kindly|try to|go ahead and|how about|what about|what if|"
    "what if you|how about you|i think|i think you should|i guess|instead|rather|could we|can we|shall we|we could|"
    "i wonder if you could|is it possible to|would it be possible to|do you think you could|you could|you can|too much|"
    "i meant|i mean|no i meant|no i mean|sorry|oops|wait|one more thing|finally|first of all|after that|"
    "could i also have|can i also have|could i have|can i have|may i have|i also want|i'd also like|let me see|"
    "this time|i prefer|i'd prefer|i would prefer|i said|only|that's|to|simply|again but|same but|the same but|"
    "same picture but|the same picture but|everything the same but|similar but|like this but|like that but|"
    "not quite|close|dear|buddy|same thing but|the same thing but|for the next one|let's try|try|same seed but|"
    "the same seed but|with the same seed|keep the seed but|i'd like to see|but then|it would be nice to|i want to|"
    "i would like to|i'd like to|i'd love to|i'd rather|that is|pretty|really nice|great job|good job|amazing"
)
ENDINGS = phrases(
    "tho|please|thanks|thank you|thanks a lot|thank you very much|for me|if possible|if you can|this time|"
    "now|too|as well|"
    "will you|would you|could you|okay|ok|somehow|maybe|perhaps|though|instead|rather|right away|then|a bit|a little|"
    "a little bit|slightly|again please|in it|in the picture|to the picture|in the image|to the image|"
    "from the picture|from it|from the image|of the picture|there|here|also|actually|cheers|at all|anymore|any more|"
    "if you don't mind|and nothing else|only|and leave the rest|and keep the rest|and everything else the same|"
    "and leave everything else|leave everything else|leave the rest|keep the rest|keep everything else|"
    "everything else the same|nothing else|but nothing else|the rest stays|don't change anything else|"
    "the rest can stay|keep everything else the same|leave everything else as it is|leave the rest alone|"
    "and nothing more|from there|in there|completely|entirely|immediately|quickly|my friend|dear"
)
VERBS: dict[str, Verb] = {
    **dict.fromkeys(
        phrases(
    "make|makes|making|turn|turning|colour|recolour|colouring|dye|let|change|changing|set|setting|give|"
    "giving|have|want|get|repaint|tint|modify|adjust|render|convert|transform|call|would like|i want|"
    "i'd like|i would like|i need|i'd love|do|follow|stick to|listen to|be|should be|must be|let it be|"
    "improve|enhance|enlarge|shrink|resize|lets make"
), "make"),
    **dict.fromkeys(
        phrases(
    "add|adding|put|putting|move|moving|shift|slide|place|include|insert|stick|throw in|with|plus|and add|"
    "position|plant|hang|"
    "attach|need|needs|there should be|let there be|there must be|there could be|bring in|bring"
), "add"),
    **dict.fromkeys(
        phrases(
    "remove|removing|delete|deleting|drop|lose|without|no|erase|get rid of|getting rid of|take out|"
    "take away|taking out|taking away|hide|minus|omit|eliminate|leave out|leaving out|cut|cut out|rid of|"
    "no more|i don't want|i do not want|don't want|don't draw|avoid|not|there should be no|"
    "there shouldn't be|stop|end|kill|scrap|clear|i don't like|undraw|exclude|take off|banish"
), "remove"),
    **dict.fromkeys(phrases("replace|replacing|substitute|exchange|trade|replace with"), "replace"),
    **dict.fromkeys(phrases("swap|swapping|switch|switching|flip|exchange"), "swap"),
    **dict.fromkeys(
        phrases(
    "keep|keeping|leave|leaving|preserve|don't change|don't touch|do not change|do not touch|don't move|"
    "do not move|except|not changing|without changing|without touching|not touching|protect|freeze|lock|"
    "everything but|save"
), "keep"),
    **dict.fromkeys(
        phrases(
    "draw|drawing|paint|painting|show|show me|draw me|paint me|create|creating|generate|generating|"
    "sketch|imagine|make me|give me|render me|picture|illustrate|design|produce|let's see|see|create me|"
    "i want to see|new picture|new image|new wish|start over with|start again with|begin with|"
    "another picture of|a new picture of|a new picture|make a picture of|make an image of|"
    "make me a picture of|draw me a picture of|draw a picture of|draw an image of|paint a picture of|"
    "create an image of|create a picture of|generate an image of|generate a picture of|"
    "show me a picture of|give me a picture of|i want a picture of|i'd like a picture of|"
    "i would like a picture of|create a new image of|draw something new"
), "draw"),
    **dict.fromkeys(phrases("use|using|take|choose|select|apply|run|go with|go for|pick"), "use"),
}  # fmt: skip
WHOLE = english.words("picture image drawing scene whole everything painting photo result thing canvas format")
"""What names the picture rather than a thing in it."""
PRONOUNS = english.words("it this that one its he him she her")
ALL = english.words("them both all they their these those everything each")
REFERRING = PRONOUNS | ALL | {"other", "instead", "also", "too"}
PRAISE = phrases(
    "never mind|nevermind|all good|no worries|no problem|that's fine|the best|thanks|thank you|thx|cheers|"
    "nice|great|lovely|perfect|beautiful|good|cool|wow|awesome|excellent|amazing|ok|okay|"
    "i like it|i love it|that's it|well done|fine|brilliant|fantastic|very nice|looks good|looks great|bye|goodbye|"
    "good night|yes|yeah|great work|good job|super|wonderful|done|that's all|neat|sweet|pretty|gorgeous|hmm|hm|oh|ah"
)
HELLO = phrases("hello|hi|hey|good morning|good evening|good afternoon|hi there|hello there|hey there|greetings|howdy")
LOUDER = {"stronger": 0.25, "more": 0.25, "heavier": 0.25, "weaker": -0.25, "less": -0.25, "subtler": -0.25,
    "lighter": -0.25,
          "softer": -0.25, "increase": 0.25, "decrease": -0.25, "reduce": -0.25, "strengthen": 0.25,
          "weaken": -0.25}  # fmt: skip
CLOSER = english.words("strictly closely closer literally exactly stricter faithfully accurately precisely")
LOOSER = english.words("loosely freely freer looser creatively creative")
OPPOSITES = {
    "dark": "bright", "bright": "dark", "light": "dark", "pale": "bright", "big": "small", "large": "small",
    "small": "big", "tiny": "big", "huge": "small", "tall": "short", "short": "tall", "long": "short",
    "wide": "narrow", "narrow": "wide", "old": "new", "new": "old", "fat": "thin", "thin": "fat",
}  # fmt: skip
