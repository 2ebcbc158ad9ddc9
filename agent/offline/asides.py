"""Tells what is only said from what is asked for: praise, thanks and stories beside a wish are no part of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.offline.clauses import bare, verb
from agent.offline.options import MORE
from agent.offline.tokens import keys, tokens

JUDGED = (
    "nice|nicer|great|good|lovely|fine|perfect|beautiful|gorgeous|cute|sweet|adorable|amazing|"
    "awesome|cool|weird|strange|odd|"
    "funny|hilarious|silly|boring|dull|wrong|right|better|worse|best|worst|brilliant|fantastic|"
    "wonderful|super|excellent|"
    "impressive|charming|delightful|splendid|marvellous|marvelous|neat|terrible|awful|horrible|bad|meh|ok|okay|alright|"
    "all right|interesting|terrific|superb|magnificent|stunning|incredible|outstanding|fabulous|exquisite|spot on|"
    "ugly|not (?:quite |really )?(?:it|right|good|great|what .*|like (?:that|this))|no good|a "
    "(?:mess|mistake|shame|pity)|it|exactly (?:it|right|what .*)|just (?:right|what .*|like .*)|"
    "what i .*|done|enough|close enough|nice enough|"
    "good enough|fun|creative|clever|pretty|hot|sick|wild|crazy|mad|dope|lit|fire|unbelievable|"
    "promising|ideal|acceptable|"
    "not bad|my favou?rite|a (?:lovely|nice|good|great|beautiful|wonderful) .*|a "
    "(?:beauty|dream|masterpiece|winner)"
)
VERY = (
    r"(?:(?:so|very|really|quite|just|such|pretty|much|even|already|absolutely|totally|simply|"
    r"truly|rather|too|actually|"
    r"almost|all|now|still|way|far|a (?:bit|lot|little)|looking|turning out|getting|coming along) )*"
)
SUBJECT = (
    r"(?:that|this|it|they|those|these|he|she|you|everything|(?:the|my|your|his|her|that|this) "
    r"(?!previous|first|second|third|last|old|other|left|right|number|one\b|original)[\w-]+(?: "
    r"(?!one\b|version\b)[\w-]+)?)"
)
BEING = r"(?:'s|'re|s| is| are| was| were| looks?| looked| turned out| came out| seems?| feels?| sounds?| works?)"
TAIL = (
    r"(?: (?:at all|now|already|indeed|like that|like this|as (?:it is|is)|to me|for me|though|so "
    r"far|too|here|today|anyway|this way))*"
)
LOVE = r"(?:love|like|adore|enjoy|hate|dislike|appreciate|dig|fancy|prefer|am happy with|'m happy with)"
TALK = re.compile(
    rf"(?:{SUBJECT}{BEING} {VERY}(?:{JUDGED}){TAIL}|"
    rf"(?:so |very |really |too |how |what an? )?{VERY}(?:{JUDGED})(?: (?:work|job|one|stuff|"
    rf"picture|image|drawing|start|idea|effort))?{TAIL}|"
    rf"(?:looks?|looking|sounds|works) {VERY}(?:{JUDGED}){TAIL}|"
    rf"i (?:really |do |so |absolutely |just |quite |very much )*{LOVE} (?:it|this|that|them|him|"
    rf"her|these|those|how .*|what .*|the way .*|"
    rf"everything.*|(?:the|this|that|your) (?!previous|first|second|third|last|old|other|left|"
    rf"right|number|one\b|original)[\w-]+(?: [\w-]+)?)(?: (?:so much|a lot|very much|already|best|"
    rf"better|most)| [\w-]+ed it)?{TAIL}|"
    r"(?:many |a thousand )?(?:thanks|thank you|thank u|cheers|bless you|god bless(?: you)?|much "
    r"obliged|congratulations|congrats|bravo|"
    r"hooray|hurray|hurrah|kudos|respect|props|chapeau|well done|good job|nice job|great job|"
    r"nicely done|nailed it)\b.*|"
    r"(?:you(?:'re| are)|u r) (?:a |an |the |so |very |really )*(?:\w+)(?: (?:genius|star|artist|"
    r"helper|angel|hero|best))?|"
    r"(?:you|u) (?:did|made|got|nailed|are doing|'re doing|have done|'ve done|understood|rock|rule)\b.*|"
    r"i(?:'m| am) (?:so |very |really |quite |too )*(?:happy|glad|pleased|impressed|delighted|"
    r"satisfied|grateful|touched|amazed|done|"
    r"finished|in love|speechless|sorry|tired|bored|confused|sad)\b.*|"
    r"(?:that|this|it|which) (?:makes?|made|reminds?|loses?|lost|will do|would do|does|did|works|worked|helps?|helped|"
    r"means?|sums?|brings?|came|comes|goes|went)\b.*|"
    r"(?:we're|we are|i think we're|all) (?:done|finished|set|good)|that(?:'s| is| will be|'ll be) "
    r"all.*|no more changes.*|"
    rf"{SUBJECT} (?:needs?|could use|wants?|is missing|lacks?) (?:a friend|(?:some )?company|a "
    rf"companion|something(?: \w+)?|more life|"
    r"(?:some )?(?:life|fun|interest))|"
    r"(?:good)?bye.*|see you.*|good night.*|have a (?:nice|good|great|lovely) .*|take care.*|"
    r"(?:i )?can(?:'t|not) (?:believe|wait|complain|stop).*)",
    re.IGNORECASE,
)
COMPLAINT = re.compile(
    r"(?<!not )(?<!not too )\b(?:wrong|terrible|awful|horrible|bad|worse|worst|ugly|no good|mess|"
    r"not (?:quite |really )?(?:it|right|good|great|what|like))\b|"
    r"\bi (?:hate|dislike)\b",
    re.IGNORECASE,
)
GREETING = re.compile(
    r"(?:hello|hi|hey|hiya|yo|hallo|greetings|howdy|good (?:morning|evening|afternoon|day)|welcome back)"
    r"(?: (?:there|again|everyone|everybody|all|dear|friend|mate|buddy|atelier|sir|madam|you|"
    r"computer|bot|robot|ai|artist|assistant))*",
    re.IGNORECASE,
)
STORY = re.compile(
    r"(?:(?:my|our|when i|when we|as a child|once|back then|yesterday|last \w+|today|tomorrow|"
    r"tonight|it(?:'s| is| was) for|this is for|"
    r"we (?:had|have|were|are|used|live|will|'re)|i(?:'m| am| was| used| once| always| remember| "
    r"grew| live| saw| visited| met| work| know|"
    r" think that| never| have always|'ve always| had| have| wanted| hoped| expected| told| tried| "
    r"keep)|he|she|they|you|people|"
    r"everyone|nobody|someone|there(?:'s| is) (?:something|too))\b(?!'s (?:should|must)).*|"
    rf"(?P<who>{SUBJECT}) (?:looks?|looked|seems?|seemed|feels?|felt) .*)",
    re.IGNORECASE,
)
"""What happened or is so; a wish may begin alike, so that this alone decides nothing."""
WANTS = re.compile(
    r"\b(?:should|must|needs?|has to|have to|ought|wants?|would|'d|could|please|make|add|remove|"
    r"instead|wear(?:s|ing)?|hold(?:s|ing)?|"
    r"too (?:big|small|dark|bright|light|tall|short|long|old|young|pale|much|many|few|little|wide|"
    r"narrow|fat|thin|heavy|strong|weak))\b",
    re.IGNORECASE,
)
IT = re.compile(r"\b(?:it|him|them)\b", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?…;])\s+|\n+")


def sentences(text: str) -> list[str]:
    return [one for one in SENTENCE.split(text) if re.search(r"\w", one)]


def chats(part: str) -> bool:
    """Nothing but thanks, praise, a judgement or a greeting."""
    said = part.strip(" ,.!?;:…-–—()")
    said = re.sub(
        r"^(?:and|but|oh|ah|well|ok|okay|yes|yeah|no|wow|so|hmm?|now|please)[, ]+(?=\w)", "", said, flags=re.IGNORECASE
    )
    return bool(TALK.fullmatch(said) or GREETING.fullmatch(said))


def tells(part: str) -> bool:
    """A story or a judgement that asks for nothing."""
    said = part.strip(" ,.!?;:…-–—()")
    return chats(part) or bool(STORY.fullmatch(said) and not WANTS.search(said))


def only_chat(text: str) -> bool:
    return all(chats(part) or all(map(chats, _parts(part))) for part in sentences(text)) if text.strip() else False


def without_asides(text: str) -> str:
    """Only the sentences that ask for something, as long as one does; of these without praise before and after."""
    found = sentences(text)
    asking = [one for one in found if not tells(one)]
    if len(found) > 1 and asking and len(asking) < len(found):
        text = " ".join(asking)
    return " ".join(map(_trimmed, sentences(text))) or text


def _trimmed(sentence: str) -> str:
    parts = _parts(sentence)
    while len(parts) > 1 and chats(parts[0]):
        parts = parts[1:]
    if len(parts) > 1 and tells(parts[0]) and _commands(parts[1]):
        parts = [_named(parts[1], parts[0]), *parts[2:]]
    while len(parts) > 1 and tells(parts[-1]) and _commands(parts[-2]):
        parts = parts[:-1]
    return ", ".join(parts)


def _named(command: str, story: str) -> str:
    """'the tree looks dead, make it green' tells what 'it' is."""
    found = STORY.fullmatch(story.strip(" ,.!?;:…-–—()"))
    who = (found["who"] or "") if found else ""
    return IT.sub(who, command, count=1) if who.lower().startswith("the ") else command


def _parts(sentence: str) -> list[str]:
    return [part for part in re.split(r",\s+| - | – | — ", sentence) if part.strip()]


def _commands(part: str) -> bool:
    words = bare(tokens(part))
    return bool(words) and (
        (verb(words)[0] is not None and words[0].key not in ("no", "not"))
        or keys(words)[0] in ("undo", "back", "go", "again", *MORE)
    )


def clauses_of(text: str) -> Iterator[str]:
    """Every sentence and its parts between commas."""
    for sentence in sentences(text):
        yield from _parts(sentence)
