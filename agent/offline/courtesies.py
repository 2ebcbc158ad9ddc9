"""Ways of asking, by their grammar: 'could I trouble you for', 'I should so love', 'might you add'."""

from __future__ import annotations

import re

MAY = r"(?:can|could|may|might|would|will|shall|should)"
ADVERBS = (
    r"(?:(?:please|kindly|maybe|perhaps|possibly|also|just|so|really|very much|still|rather|ever|then|now|actually|"
    r"quickly|simply) )*"
)
KIND = (
    r"(?:(?:be (?:so (?:very )?(?:kind|good|nice)|kind enough|good enough|able|willing)(?: as)? to|mind|try to|"
    r"have the goodness to|do me (?:a|the) favou?r (?:and|of)|help me(?: to)?|manage to|consider) )?"
)
WANT = (
    r"(?:love|like|want|wish|need|fancy|prefer|appreciate|be (?:happy|glad|delighted|grateful) "
    r"(?:to (?:have|see)|with|for|"
    r"if you))"
)
SEE = r"(?:to )?(?:have|get|see|look at|request|ask for|order|try|be shown|trouble you for|bother you for|ask you for)"
AFTER_WANT = rf"(?: (?:{ADVERBS}{SEE}|for|that you|you to|if you(?: could| would)?|it if you(?: could| would)?))?"
FRAMES: tuple[tuple[str, str], ...] = (
    (rf"{MAY} there (?:also |please |maybe )?be ", "add "),
    (
        r"(?:is|would) (?:it|there) (?:be )?(?:possible|any way|a way|any chance)(?: (?:to|of|that|for "
        r"you to)(?: you)?)? ",
        "",
    ),
    (
        rf"(?:i|we)(?:'m| am|'re| are| was| were) (?:just )?wondering (?:if|whether) (?:it (?:is|was|"
        rf"would be) possible to|(?:you|we|i) {MAY}(?: {KIND})?) ?",
        "",
    ),
    (
        r"(?:(?:can|could|shall|may) (?:we|i|you) |let's |i want to |let us )?(?:start|begin|kick "
        r"off)(?: out| off)? with ",
        "draw ",
    ),
    (
        r"(?:my|our) [\w-]+ (?:wants?|needs?|would like|'d like|would love|asks? for|asked for|is "
        r"asking for|wished for)(?: (?:to (?:see|have)|me to draw))? ",
        "i want ",
    ),
    (r"(?:need|looking for|in need of|requesting|request|wanted|wish for|craving) (?=an? |some |the |\d)", "i want "),
    (r"(?:surprise|delight|amaze) me with ", "draw "),
    (r"(?:show me |i wonder )?(?:what|how) (?=(?:an? |the |some ).* (?:looks?|would look)(?: like)?[.!?]*$)", "draw "),
    (rf"{MAY} (?:i|we) {ADVERBS}(?:trouble|bother|ask) you (?:for|to) ", ""),
    (rf"{MAY} (?:i|we) {ADVERBS}{SEE} {ADVERBS}", "i want "),
    (rf"{MAY} (?:you|u) {ADVERBS}{KIND}{ADVERBS}", ""),
    (rf"(?:i|we)(?:'d| would| should| do|'ll| will)? {ADVERBS}{WANT}{AFTER_WANT} {ADVERBS}", "i want "),
    (
        r"(?:i|we)(?:'m| am|'re| are|'ve been| was| were) (?:thinking(?: of| about)?|looking for|after|"
        r"hoping (?:for|to see)|"
        r"picturing|imagining|in the mood for|dreaming of|asking for) ",
        "i want ",
    ),
    (
        r"(?:i (?:had|have|was having) (?:this|a|the) (?:dream|vision|idea|picture)|i (?:dreamt|"
        r"dreamed|thought)) (?:with|of|about) ",
        "draw ",
    ),
    (r"(?:what|how) (?:would|will|does) (?:it|this|that|she|he) (?:look|be)(?: like)?(?: if| with)? ", ""),
    (r"(?:be so kind|be kind enough|have the goodness)(?: as)? (?:to|and) ", ""),
    (
        r"(?:please )?(?:do )?(?:go ahead and|feel free to|remember to|make sure (?:to|that)|see if "
        r"you can|try to|try and|proceed to) ",
        "",
    ),
    (
        r"(?:in|from) (?:the|my|this|that) (?:dream|story|memory|film|movie|book|head|mind|original|"
        r"real(?:ity)?)(?: version)?,? (?=it |he |she |there |the )",
        "",
    ),
    (r"(?:based on|starting (?:from|with)|building on|from) (?:here|there|this|that|this one|that one),? ", ""),
    (r"please to ", ""),
    (r"(?:never mind(?: that| then)?[,.]?|(?:forget (?:that|it|about it|what i said)|scratch that)[,.]) ", ""),
    (
        r"no(?:[, ]+no)*[,!]? (?=(?:the|it|that|this|i|go|back|undo|make|put|in|on|at|he|she|his|her|"
        r"my|we|take|give|add|remove)\b)",
        "",
    ),
    (r"(?:this|that) time (?:around )?,? ", ""),
    (r"(?:ok|okay|right|alright|well|so|now|then|next|there|anyway|first|also|yes|hey|hi|hello),? (?=\w)", ""),
)
"""How a wish begins, and what says the same in one word or none."""
STARTS = tuple((re.compile(rf"(?:please,? )?{start}", re.IGNORECASE), plain) for start, plain in FRAMES)
MEDIUM = r"(?:picture|image|drawing|illustration|scene|something|sketch)"
PICTURE_OF = re.compile(
    rf"^(?:(?:i want|draw|make|show me|give me|create|paint|generate)(?: me)? )?(?:an? |one |some |"
    rf"the )?(?:(?!of\b)\w+ )?{MEDIUM}"
    r"(?: (?:of|with|showing|that shows|where|in which|depicting|containing|like) )",
    re.IGNORECASE,
)
TITLED = re.compile(
    r"^(?:i want |draw )?(?:something|anything|an? (?:picture|image|poster|card)|(?:two|three|four) of them)[\w' ]*: ?",
    re.IGNORECASE,
)
NICE = re.compile(r"\b(?:nice|lovely|quick|simple|new|beautiful) (?=(?:picture|image|drawing|sketch)\b)", re.IGNORECASE)
DRAW_IT = re.compile(
    r"[,.;]? *(?:(?:and )?(?:please |now )?(?:can|could|will|would) you |please |now |just |and |then )*"
    r"(?:draw|paint|make|create|generate|show|render)(?: me)? (?:that|it|this)(?: (?:for me|please|one))*[.!?]*$",
    re.IGNORECASE,
)
COMMAND = re.compile(
    r"(?:i want )(?=(?:make|add|remove|draw|paint|show|give|change|turn|replace|swap|keep|use|put|take|get rid|move|go|"
    r"undo|delete|recolou?r)\b)",
    re.IGNORECASE,
)
IDLE = re.compile(
    r"^(?:(?:just )?(?:let me (?:think|see|have a think)|hold on|hang on|one (?:moment|second|sec)|wait|"
    r"give me a (?:moment|second|sec|minute)|i(?: do not| don't)? (?:really )?(?:know|am not sure|"
    r"'m not sure)|i'm not sure|"
    r"not sure|no idea|i have no idea|i can't decide|who knows|whatever)(?: (?:yet|about that|now|"
    r"please|a bit|what .*))*|"
    r"(?:i (?:want|need|would like) )?(?:an?|some|one)? ?(?:new |nice |other |different )?"
    r"(?:picture|image|drawing|pictures|images|art|artwork)|test(?:ing)?|stop|quit|exit|draw|paint|"
    r"go|start|begin|create|"
    r"(?:(?:draw|paint|make|create|show)(?: me)? )?(?:something|anything)(?: (?:nice|cool|pretty|"
    r"beautiful|good|new|else|funny|for me|please))*)[.!?… ]*$",
    re.IGNORECASE,
)
"""Nothing to draw is said."""


def direct(text: str) -> str:
    """Each sentence without the way it asks: what is wanted, or the command itself."""
    sentences = re.split(r"(?<=[.!?;])(\s+)", text)
    said = "".join(_direct(one) if at % 2 == 0 else one for at, one in enumerate(sentences))
    if not IDLE.match(text) and len(shorter := DRAW_IT.sub("", said)) > 12:
        said = (
            re.sub(r"^(?!draw|paint|imagine|i want)", "draw ", shorter, flags=re.IGNORECASE)
            if shorter != said
            else said
        )
    return said


def _direct(sentence: str) -> str:
    found = True
    while found:
        found = False
        for start, plain in STARTS:
            if (match := start.match(sentence)) and (rest := sentence[match.end() :]) and re.match(r"\w", rest):
                plain = "add " if plain and re.search(r"\balso\b", match[0]) else plain
                found, sentence = not plain, plain + rest
                break
    sentence = COMMAND.sub("", NICE.sub("", sentence))
    return PICTURE_OF.sub("draw ", TITLED.sub("draw ", sentence))
