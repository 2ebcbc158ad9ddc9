"""One noun as one or as many, its last word changed."""

from __future__ import annotations

ODD = {
    "man": "men", "woman": "women", "child": "children", "mouse": "mice", "goose": "geese", "foot": "feet",
    "tooth": "teeth", "person": "people", "cactus": "cacti", "leaf": "leaves", "wolf": "wolves", "knife": "knives",
    "fish": "fish", "sheep": "sheep", "deer": "deer", "glasses": "glasses", "sunglasses": "sunglasses", "wife": "wives",
    "fungus": "fungi", "die": "dice", "elf": "elves", "half": "halves", "life": "lives", "scarf": "scarves",
    "shelf": "shelves", "samurai": "samurai",
    "genie": "genies", "pixie": "pixies", "zombie": "zombies", "hoodie": "hoodies", "cookie": "cookies",
    "magpie": "magpies", "smoothie": "smoothies", "brownie": "brownies",
    "avalanche": "avalanches", "axe": "axes", "bikini": "bikinis", "chilli": "chillis",
    "hippopotamus": "hippopotamuses",
    "iris": "irises", "kiwi": "kiwis", "lotus": "lotuses", "minibus": "minibuses", "moustache": "moustaches",
    "mustache": "mustaches", "oasis": "oases", "octopus": "octopuses", "pegasus": "pegasuses", "platypus": "platypuses",
    "rhinoceros": "rhinoceroses", "ski": "skis", "taxi": "taxis", "tutu": "tutus", "tv": "tvs", "walrus": "walruses",
    "yeti": "yetis", "bonsai": "bonsai", "broccoli": "broccoli", "clothes": "clothes", "fries": "fries",
    "headphones": "headphones", "jeans": "jeans", "leggings": "leggings", "overalls": "overalls", "pyjamas": "pyjamas",
    "scissors": "scissors", "shorts": "shorts", "spaghetti": "spaghetti", "stairs": "stairs", "sushi": "sushi",
    "trousers": "trousers",
    "hero": "heroes", "potato": "potatoes", "tomato": "tomatoes", "volcano": "volcanoes",
}  # fmt: skip
SINGLE = {many: one for one, many in ODD.items()} | {
    "cactuses": "cactus",
    "leafs": "leaf",
    "fishes": "fish",
    "buses": "bus",
}


def many(noun: str) -> str:
    """The plural of a singular noun, its last word changed."""
    head, _, last = noun.rpartition(" ")
    lead = f"{head} " if head else ""
    small = last.lower()
    for one, more in ODD.items():
        if small == one or (len(one) > 2 and one in ("man", "woman") and small.endswith(one)):
            return lead + last[: len(last) - len(one)] + more
    if small.endswith(("s", "x", "z", "ch", "sh")):
        return f"{lead}{last}es"
    return f"{lead}{last[:-1]}ies" if small.endswith("y") and small[-2:-1] not in "aeiou" else f"{lead}{last}s"


def one(noun: str) -> str:
    """The singular of a noun in either number, its last word changed."""
    head, _, last = noun.rpartition(" ")
    lead = f"{head} " if head else ""
    small = last.lower()
    if small in SINGLE:
        return lead + SINGLE[small]
    if small.endswith("men") and small != "specimen":
        return f"{lead}{last[:-3]}man"
    if small in ODD or len(small) < 4 or small.endswith(("ss", "us", "is")) or not small.endswith("s"):
        return noun
    if small.endswith("ies") and len(small) > 4:
        return f"{lead}{last[:-3]}y"
    return lead + (last[:-2] if small.endswith(("sses", "xes", "zzes", "ches", "shes")) else last[:-1])
