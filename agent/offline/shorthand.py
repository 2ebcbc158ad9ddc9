"""Spells out how people type to each other, and leaves out the sounds they make while thinking."""

from __future__ import annotations

import re

SHORT = {
    "u": "you", "ur": "your", "r": "are", "ya": "you", "pls": "please", "plz": "please", "plez": "please",
    "pleas": "please", "n": "and", "nd": "and", "wanna": "want to", "gimme": "give me", "lemme": "let me",
    "gonna": "going to", "gotta": "have to", "nvm": "never mind", "nm": "never mind", "prev": "previous",
    "pic": "picture", "pics": "pictures", "img": "image", "imgs": "images", "bg": "background", "bkg": "background",
    "thx": "thanks", "thnx": "thanks", "thanx": "thanks", "ty": "thanks", "tysm": "thanks", "k": "ok", "kk": "ok",
    "okey": "ok", "oki": "ok", "okie": "ok", "okay": "ok", "yea": "yes", "yup": "yes", "ye": "yes", "nope": "no",
    "naw": "no", "dunno": "don't know", "coz": "because", "cuz": "because", "rn": "right now", "abt": "about",
    "diff": "different", "rlly": "really", "rly": "really", "gr8": "great", "luv": "love", "em": "them",
    "cld": "could", "shld": "should", "wld": "would", "lil": "little", "nite": "night", "xtra": "extra",
    "alot": "a lot", "soo": "so", "awsome": "awesome", "whats": "what's", "hows": "how's", "wheres": "where's",
    "shes": "she's", "theres": "there's", "isnt": "isn't", "wasnt": "wasn't", "wont": "won't", "couldnt": "couldn't",
    "ment": "meant", "wouldnt": "wouldn't", "shouldnt": "shouldn't", "didnt": "didn't", "ive": "i've",
    "wat": "what", "dat": "that",
    "dis": "this", "da": "the", "bw": "black and white",
}  # fmt: skip
"""What is typed, in lower case, and what it stands for."""
SIGNED = ((r"\bw/o\b", "without"), (r"\bw/(?=\s?\w)", "with "), (r"\bb&w\b", "black and white"))
STRETCHED = re.compile(r"([a-z])\1{2,}", re.IGNORECASE)
SOUNDS = (
    r"lo+l|lmao|rofl|(?:ha)+h?|(?:he){2,}h?|omg|o{2,}h+|a+h{2,}|aw{2,}|o+h+|a+h+|e+r+m*|u+h*m+|u+h+|e+h+|h+m{2,}|"
    r"mm+|mhm|huh|whoa|yay|u+gh+|phew|jeez|gosh|golly|oops|ouch"
)
ASIDES = (
    r"(?:oh|ah|well),? (?:dear|my|boy|man|well|yes|no problem)(?: me)?|dear me|my goodness|goodness(?: me)?|good grief|"
    r"you know(?: what)?|you see|of course|by the way|btw|fyi|imh?o|tbh|to be (?:quite )?honest|honestly|frankly|"
    r"basically|obviously|certainly|so to speak|as it were|if you know what i mean|what's it called|how do you say|"
    r"what do you call it|what's the word|or something(?: like that)?|or whatever|and (?:so on|stuff)|i dare say|"
    r"asap|if you will|if you please|if it isn't too much (?:trouble|to ask)|if (?:it's|it is) not "
    r"too much (?:trouble|to ask)|"
    r"if (?:that's|that is|it's|it is) (?:ok|all right|alright|possible|fine)(?: with you)?|if i may(?: ask)?|"
    r"if you (?:don't mind|would|could|wouldn't mind|have (?:a moment|time))|when you (?:can|have (?:a moment|time))|"
    r"come to think of it|on second thoughts?|now that i think (?:of|about) it|i (?:suppose|guess|believe)|"
    r"k(?:inda|ind of)|sort(?:a| of)|my (?:friend|dear)"
)
EDGE = r"(?:(?<=[\s,;.!?…–—-])|^)"
NOISE = re.compile(rf"{EDGE}(?:{SOUNDS}|{ASIDES})(?=[\s,;.!?…–—:]|$)(?P<sign>[.!?…]*,?)", re.IGNORECASE)
BETWEEN = re.compile(rf",\s*(?:{SOUNDS}|{ASIDES})\s*,", re.IGNORECASE)
SORRY = re.compile(r"(?<=\w)[, ]+(?:sorry|my bad|my mistake|oops|typo)(?: about that)?[.!]*$", re.IGNORECASE)
WORD = re.compile(r"(?<![\w'’/&-])[a-z][a-z0-9]*(?![\w'’/&-])", re.IGNORECASE)


def spelled_out(text: str) -> str:
    """'can u add a pic' as 'can you add a picture'."""
    for short, full in SIGNED:
        text = re.sub(short, full, text, flags=re.IGNORECASE)
    text = STRETCHED.sub(r"\1\1", text)
    return WORD.sub(lambda word: SHORT.get(word[0].lower(), word[0]), text)


def quiet(text: str) -> str:
    """Without 'um', 'lol', 'you know' and the signs around them; the text itself where nothing else is said."""
    said = BETWEEN.sub("", text)
    said = SORRY.sub("", NOISE.sub(_sign, said))
    said = re.sub(r"\b(want|need|be|was|is|get) like (?=an? |some |\d)", r"\1 ", said, flags=re.IGNORECASE)
    said = re.sub(r"\bplease and thank you\b", "please", said, flags=re.IGNORECASE)
    said = re.sub(r"\s+([,;.!?])", r"\1", said)
    said = re.sub(r"(?:,\s*)+(?=[,.!?;])|(?<=[.!?;])\s*,", "", said)
    said = re.sub(r"\b(an?|the),? (?=(?:an?|the) )", "", said, flags=re.IGNORECASE)
    said = re.sub(r"[ \t]{2,}", " ", said).strip(" ,;\t")
    return said if re.search(r"\w", said) else text


def _sign(noise: re.Match[str]) -> str:
    """What still parts the sentences where the noise stood."""
    end = noise["sign"].strip(",")
    return end if end and not end.startswith("…") and "..." not in end else ""
