"""Patterns of other ways to say a change, each with how the planner's own grammar says it."""

from __future__ import annotations

BEGIN = r"(?P<begin>^|[,.;:!?]\s+|\b(?:and|then|but|also|please|now|just|can you|could you) )"
END = r"(?=\s*(?:$|[,.;!?]|\b(?:and|but|then|please|now|instead|too)\b))"
THING = (
    r"(?P<thing>(?:the|that|this|his|her|their|its|all|those|these|any|my)(?: (?!and\b|"
    r"but\b)[\w'-]+){1,5}?|it|them|him|both)"
)
NUMBER = r"(?P<number>one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}|an?)"
MADE = {
    "shrink": "smaller", "scale down": "smaller", "enlarge": "bigger", "grow": "bigger", "scale up": "bigger",
    "blow up": "bigger", "widen": "wider", "lengthen": "longer", "shorten": "shorter", "darken": "darker",
    "brighten": "brighter", "lighten": "brighter", "whiten": "white", "blacken": "black", "redden": "red",
    "blur": "blurry", "sharpen": "sharper", "age": "older", "fatten": "fatter", "thicken": "thicker",
    "straighten": "straight", "soften": "softer",
}  # fmt: skip
ENOUGH = r"(?:is|are|will be|would be|'s)? ?(?:enough|plenty|sufficient|will do|would do|suffices?|is fine|are fine)"
LEAVING = r"(?:take|leave|cut|throw|get|edit|crop|put|rub|wipe|kick|chuck|toss|scrap|move|cross|paint)"
PUTTING = r"(?:put|throw|toss|pop|chuck|drop|stick|squeeze|sneak|work|slip|bring|paint|draw|get|mix)"
STAYS = (
    r"(?:must|should|can|may|has to|have to|is to|needs? to|shall)? ?(?:stays?|remains?|be kept|is kept)"
    r"(?: (?:as (?:it is|is|it was|they are)|there|where (?:it is|it was)|put|in|the same|"
    r"unchanged|untouched|please|though))*"
)
REST = (
    r"(?:[,.;]| and| but)* *(?:please )?(?:(?:leave|keep|with|but|and) )*(?:(?:all )?the rest|"
    r"everything else|all else|nothing else|"
    r"all the others?|the others?)(?: of it| of the (?:picture|image))?(?: (?:should|must|can|may|"
    r"has to|is to|to|shall))?"
    r"(?: (?:stays?|remains?|be|is|are|changes?|unchanged|untouched|the same|as (?:it|they)? "
    r"?(?:is|was|are|were)|alone|intact|"
    r"in place|put|exactly|just|like (?:it|that)|fine|kept|how it (?:is|was)|good|okay?|perfect|please))*[.!]*$"
)
RULES: tuple[tuple[str, str], ...] = (
    (REST, ""),
    (
        rf"{BEGIN}{LEAVING} {THING} (?:out|off|away)(?: of (?:it|there|here|the (?:picture|image|"
        rf"scene)))?{END}",
        r"\g<begin>remove \g<thing>",
    ),
    (
        rf"{BEGIN}{LEAVING} (?:out|off|away) (?P<thing>(?:the|all|that|those|his|her|any) )",
        r"\g<begin>remove \g<thing>",
    ),
    (
        rf"{BEGIN}{PUTTING} (?P<thing>(?:an?|some|another|two|three|four|five|\d+) (?:[\w-]+ "
        rf"){{1,3}}?)(?:in|into (?:it|the (?:picture|scene|image)))(?: there)?{END}",
        r"\g<begin>add \g<thing>",
    ),
    (
        rf"{BEGIN}{PUTTING} in(?:to it)? (?P<thing>an?|some|another|two|three|four|five|more)\b",
        r"\g<begin>add \g<thing>",
    ),
    (
        rf"{BEGIN}(?:ditch|bin|dump|nix|wipe|chuck|toss|axe|discard|dispose of|do away with|do without|"
        rf"lose|skip|forget about|throw (?:away|out)|strike|dismiss) {THING}{END}",
        r"\g<begin>remove \g<thing>",
    ),
    (
        rf"{BEGIN}{THING} (?:has|have|needs?|ought|is|are|wants?) to (?:go|disappear|vanish|leave|be "
        rf"removed|be gone)(?: away)?{END}",
        r"\g<begin>remove \g<thing>",
    ),
    (rf"{BEGIN}{THING} {STAYS}{END}", r"\g<begin>keep \g<thing>"),
    (
        rf"{BEGIN}(?:hands off|mind|do not lose|don't lose|hold on to|stick with|retain|maintain) "
        rf"{THING}{END}",
        r"\g<begin>keep \g<thing>",
    ),
    (
        r"^(?:everything|all)(?: (?:else|things))? (?:but|except(?: for)?|besides|apart from) "
        r"(?P<thing>.+?) (?:can|may|should|must|has to|have to|needs to)? ?(?:go|disappear|vanish|"
        r"leave|be removed|be gone)[.!]*$",
        r"remove everything except \g<thing>",
    ),
    (
        r"^(?:remove|delete|drop|lose|take away|get rid of) (?:everything|all)(?: (?:else|that))? "
        r"(?:but|besides|apart from|that is(?: not|n't)|that's not) ",
        "remove everything except ",
    ),
    (
        rf"{BEGIN}{NUMBER} (?:of the |of them |of those )?(?P<noun>[\w-]+ ?[\w-]*?) {ENOUGH}{END}",
        r"\g<begin>make it \g<number> \g<noun>",
    ),
    (
        r"^(?P<number>two|three|four|five|six|seven|eight|nine|ten|\d+) (?P<noun>[\w -]+?), not "
        r"(?:just )?(?:some|a few|one|two|three|four|five|six|seven|a|\d+)(?: [\w-]+)?[.!]*$",
        r"make it \g<number> \g<noun>",
    ),
    (
        rf"^(?:make it |i want |draw )?{NUMBER} (?P<noun>[\w -]+?) (?:instead of|rather than|not) "
        rf"(?:just |only )?(?:one|two|three|four|five|six|a|\d+)(?: (?P=noun)s?)?[.!]*$",
        r"\g<number> \g<noun>",
    ),
    (r"\bdress (?P<who>him|her|it|them|the [\w-]+) (?:in|with|as)\b", r"give \g<who>"),
    (
        rf"{BEGIN}(?P<thing>he|she|it|they|the [\w-]+(?: [\w-]+)?) (?:could use|would look (?:good|"
        rf"nice|better|great) (?:with|in)|(?:is|are) missing|lacks?|wants?) (?=an? |some )",
        r"\g<begin>give \g<thing> ",
    ),
    (
        r"^(?:i'd|i would|i'll|we'd) (?:rather|prefer|sooner)(?: to)?(?: (?:have|see|get|like|want|"
        r"take))? (?P<new>.+?) (?:than|over|to|instead of|rather than) (?P<old>(?:the |an? ).+)$",
        r"\g<new> instead of \g<old>",
    ),
    (
        r"\bi (?:don't|do not) (?:want|like|need) (?P<thing>(?:the|his|her|my) [\w-]+) (?:to be |being "
        r"|in |so |that )?(?P<look>[\w-]+)[,.;]+ (?:but )?(?:please )?(?:make it|i want it|it should "
        r"be|rather|let it be) ",
        r"make \g<thing> ",
    ),
    (r"^(?P<old>[\w ]+?) ?(?:->|=>|→|-->) ?(?P<new>[\w ]+)$", r"replace the \g<old> with \g<new>"),
    (
        r"^(?:wait|hey|so|but|and|[, ])*why (?:is|are) (?:it|this|that|there|they|these|those) "
        r"(?P<old>an? [\w-]+|[\w-]+s),? (?:and not|instead of|rather than|not) "
        r"(?P<new>an? [\w-]+|[\w-]+s)\b(?:[,.;?!]+ .*(?P=new))?[.!?]*$",
        r"replace \g<old> with \g<new>",
    ),
    (r"\brather (?P<new>.+?) than (?P<old>.+)", r"\g<new> instead of \g<old>"),
    (
        r"^(?P<new>(?:an?|the) .+?) (?:in exchange|as a substitute|as a replacement) for (?P<old>.+)",
        r"replace \g<old> with \g<new>",
    ),
    (r"\b(?:from|of|in|with|having) (?:the |a )?colou?r (?:of )?(?=\w)", ""),
    (r"\bought to\b", "should"),
    (r"^no (?P<old>[\w-]+(?: [\w-]+)?),? but (?P<new>an? [\w -]+)$", r"replace the \g<old> with \g<new>"),
    (
        r"^(?:i want |draw |add |show me |make )?(?:exactly )?the (?:exact |very )?same(?: (?:thing|"
        r"one|picture|image|scene))?(?: again)?,? "
        r"(?:but |just |only )*(?=(?:with|in|on|at|without|as|under|from)\b)",
        "",
    ),
    (r"\b(?P<who>they|he|she|it)'(?:re|s) (?=(?!raining|snowing|storming)\w{3,}ing\b)", r"\g<who> should be "),
    (
        r"^(?P<rest>(?:no|remove|without|lose|drop|delete) .+?),? (?:and )?(?:just|only) the [\w-]+(?: "
        r"[\w-]+)?[.!]*$",
        r"\g<rest>",
    ),
    (
        r",? (?:for|as) (?:my|the|an?|our|his|her) (?:\w+ )?(?:phone|desktop|computer|laptop|screen|"
        r"wallpaper|instagram|story|website|blog|poster|"
        r"banner|print(?:er)?|fridge|bedroom|office|card|invitation|profile|channel|presentation|"
        r"slides?|mum|mom|mother|dad|father|wife|"
        r"husband|kids?|children|daughter|son|friend|grandma|grandmother|grandson|granddaughter|niece|"
        r"nephew|boss|class|birthday)"
        r"(?: (?:wallpaper|background|picture|party|card|room))?(?=\s*(?:$|[,.;!?]))",
        "",
    ),
    (
        r" than (?:that|this|it|now|before|what it|they)(?: (?:is|was|are|were))?(?: now| before| "
        r"currently)?(?=\s*(?:$|[,.;!?]))",
        "",
    ),
    (r"\b(?P<verb>have|has|wear|wears|hold|holds|get|gets|need|needs) (?:also|too) ", r"\g<verb> "),
    (r"\b(?:was|were) (?:supposed|meant) to\b", "should"),
    (
        r"(?:,? (?:anywhere|whatsoever|at all|in sight|to be seen|visible|around it|all around|around|"
        r"everywhere|nearby))+(?=\s*(?:$|[,.;!?]))",
        "",
    ),
    (
        r"^(?:and |then |so )?(?:there (?:is|was|are|were|should be|must be|could be|has to be|ought "
        r"to be)|there's|also there (?:is|was)) (?!no\b|too\b)",
        "add ",
    ),
    (
        r"^(?:and |then |but )?it (?:was|is|'s|gets?|becomes?) (?=(?:at |by |in )?(?:the )?(?:night|"
        r"day|dawn|dusk|sunset|sunrise|evening|morning|winter|summer|autumn|spring|raining|snowing|"
        r"foggy|sunny|stormy)\b)",
        "",
    ),
    (r"\bthe other (?:one|picture),? (?=(?:number|#|picture|no\.?) ?\d)", ""),
    (
        r"^(?:let's )?(?:start over|start again|begin again|forget (?:that|it|this)|something (?:new|"
        r"different|else)|new (?:picture|idea|one|wish|topic|subject)|next (?:picture|one)|now for "
        r"something (?:new|completely different|different))(?: with something (?:new|else|"
        r"different))?\s*[:,.!-]+\s*",
        "draw ",
    ),
)
