"""Tables of everyday English: colours, places, times, styles, sizes and the small words between them."""

from __future__ import annotations

from agent.offline import things


def words(text: str) -> frozenset[str]:
    """Names parted by spaces; an underscore is a space within a name."""
    return frozenset(name.replace("_", " ") for name in text.split())


COLOURS = words(
    "amber aqua azure beige black blonde blue bronze brown burgundy copper coral cream crimson cyan emerald fuchsia "
    "gold golden green grey indigo ivory khaki lavender lilac lime magenta maroon mauve navy olive orange peach pink "
    "purple red rose ruby salmon scarlet silver tan teal turquoise violet white yellow blue-green rainbow "
    "multicoloured colourful"
)
SHADES = words("light dark pale deep bright neon pastel hot sky navy royal baby electric blood lemon mint forest")
"""What may stand before a colour and belongs to it."""
TINTS = words(
    "blush chocolate midnight sea ash brick jet snow cherry wine coffee sand honey bubblegum candy "
    "steel slate ice powder "
    "dusty muted soft warm cool rich vivid dull dirty burnt hunter apple grass moss pea bottle racing canary mustard "
    "butter cornflower cobalt sapphire plum brownish reddish greenish bluish yellowish pinkish purplish greyish cold "
    "metallic shocking faded cotton milky snowy charcoal fire tomato strawberry duck-egg petrol "
    "dusky creamy antique icy "
    "fluorescent luminous blinding bold intense"
)
"""What belongs to a colour only right before one: 'chocolate brown'."""
COLOURED = words(
    "polar_bear panda panda_bear zebra snowman flamingo goldfish blackbird raven crow swan dalmatian rainbow skeleton"
)
"""Things that have a colour of their own, and take over none from what they come in the place of."""
THINGS = words(
    "angel apple arrow astronaut baby balloon ball bear bee bicycle bike bird boat book bottle boy bridge building "
    "bus bush butterfly cactus cake camel candle car castle cat chair child church city cloud clown cow crown cup "
    "deer dinosaur dog dolphin door dragon dress duck elephant eye face fairy fence fire fish flag flower fountain fox "
    "frog garden ghost girl giraffe glass guitar hair hat heart hill horse house island key king kite knight ladder "
    "lady lake lamp leaf lighthouse lion man mermaid monkey moon mountain mouse mushroom owl palace panda path "
    "penguin person pig pirate planet pond pumpkin queen rabbit rainbow road robot rocket roof rose sailboat "
    "samurai scarf sheep ship shark shoe skirt sky snail snake snowman spaceship star statue street suit sun sunflower "
    "sword table tent tiger tower train tree truck turtle umbrella unicorn vase village whale windmill window witch "
    "wizard wolf woman glasses sunglasses beard jacket coat shirt boot glove people crowd"
)
MANY_THINGS = words(things.EVERYDAY) - THINGS
PLACES = {
    "beach": "on the beach", "desert": "in the desert", "meadow": "in a meadow", "grass": "on grass",
    "sea": "under the sea", "ocean": "in the ocean", "forest": "in a forest", "woods": "in the woods",
    "jungle": "in the jungle", "field": "in a field", "park": "in a park", "city": "in a city",
    "street": "on a street", "mountains": "in the mountains", "space": "in space", "outer space": "in outer space",
    "underwater": "underwater", "indoors": "indoors", "outdoors": "outdoors", "sky": "in the sky",
    "kitchen": "in a kitchen", "garden": "in a garden", "village": "in a village", "cave": "in a cave",
    "swamp": "in a swamp", "lake": "by a lake", "river": "by a river", "countryside": "in the countryside",
    "harbour": "in a harbour", "studio": "in a studio", "library": "in a library", "room": "in a room",
    "snow": "in the snow", "water": "in the water", "lawn": "on a lawn", "background": "on a plain background",
}  # fmt: skip
TIMES = {
    "night": "at night", "night sky": "under the night sky", "starry sky": "under a starry sky", "day": "by day",
    "daytime": "in daytime", "sunset": "at sunset", "sunrise": "at sunrise", "dawn": "at dawn", "dusk": "at dusk",
    "noon": "at noon", "midday": "at midday", "midnight": "at midnight", "morning": "in the morning",
    "evening": "in the evening", "afternoon": "in the afternoon", "twilight": "at twilight",
    "nighttime": "at night", "night time": "at night", "daylight": "in daylight",
    "moonlight": "in moonlight", "golden hour": "at golden hour",
}  # fmt: skip
WEATHERS = {
    "rain": "in the rain", "fog": "in the fog", "mist": "in the mist", "storm": "in a storm",
    "sunshine": "in sunshine", "blizzard": "in a blizzard", "winter": "in winter", "summer": "in summer",
    "autumn": "in autumn", "spring": "in spring", "snowfall": "in snowfall", "wind": "in the wind",
}  # fmt: skip
HAPPENING = {
    "outside": "outdoors", "snowing": "snow", "snowy": "snow", "raining": "rain", "rainy": "rain", "foggy": "fog",
    "misty": "mist",
    "stormy": "storm", "sunny": "sunshine", "wintry": "winter", "nightly": "night", "night-time": "night",
}  # fmt: skip
"""How people say a setting as an adjective or a verb."""
STYLES = words(
    "3d_render abstract_art anime art_deco art_nouveau black_and_white cartoon ceramic chalk charcoal charcoal_drawing "
    "claymation clay collage colour_pencil comic comic_book coloured_pencil crayon crayon_drawing cubism cubist "
    "cyberpunk digital_art doodle embroidery engraving etching film_noir film_photo fresco gouache "
    "graffiti impressionism impressionist ink ink_drawing ink_wash isometric lego line_art line_drawing "
    "linocut low_poly "
    "manga minimalist mosaic mural neon_sign noir oil oil_paint oil_painting origami paper_cut papercut "
    "pastel_drawing pencil pencil_drawing pencil_sketch photo photograph photorealistic pixel_art "
    "pop_art polaroid realistic retro "
    "risograph sepia sketch stained_glass steampunk surrealism surrealist tapestry ukiyo-e vaporwave vector_art "
    "vintage watercolour watercolour_painting woodcut woodblock_print studio_ghibli children's_book picture_book"
)
MEDIA = words(
    "picture image photo photograph drawing painting portrait sketch illustration render rendering close-up closeup "
    "closeup wallpaper poster print artwork depiction scene shot view"
)
"""What the whole picture is: 'it' never means these."""
ADJECTIVES = {
    "size": "big large huge giant gigantic enormous small little tiny miniature",
    "height": "tall short", "length": "long", "width": "wide narrow", "weight": "fat thin slim chubby skinny",
    "age": "old ancient young new modern", "mood": "happy sad angry smiling crying scary friendly spooky cute",
    "material": "wooden golden stone brick glass metal marble plastic paper straw knitted crystal steel",
    "finish": "shiny matte glossy rusty dusty", "pattern": "striped dotted spotted checkered chequered patterned plaid",
    "shape": "round square triangular curved crooked", "beauty": "beautiful ugly pretty elegant fancy",
    "light": "glowing shining sparkling", "state": "broken ruined burning frozen melting sleeping flying open closed",
    "speed": "fast slow", "texture": "fluffy furry smooth rough curly straight", "clean": "dirty clean",
}  # fmt: skip
COMPARED = {
    "bigger": "big", "larger": "large", "smaller": "small", "tinier": "tiny", "taller": "tall", "shorter": "short",
    "longer": "long", "wider": "wide", "narrower": "narrow", "older": "old", "younger": "young", "newer": "new",
    "warmer": "warm", "cooler": "cool", "colder": "cold", "sharper": "sharp", "softer": "soft", "blurrier": "blurry",
    "detail": "detailed", "details": "detailed", "smile": "smiling", "laugh": "laughing", "sleep": "sleeping",
    "glow": "glowing", "shine": "shining",
    "dance": "dancing",
    "jump": "jumping", "happier": "happy", "sadder": "sad", "scarier": "scary", "spookier": "spooky",
    "cuter": "cute", "rounder": "round",
    "fatter": "fat", "thinner": "thin", "shinier": "shiny", "fluffier": "fluffy", "prettier": "pretty", "huger": "huge",
    "darker": "dark", "brighter": "bright", "lighter": "light", "paler": "pale", "friendlier": "friendly",
}  # fmt: skip
COMPARED |= {
    plain[:-1] + "ier": plain
    for plain in words(
        "cosy cozy lively moody dreamy creepy funny silly fancy messy angry grumpy sleepy hairy furry "
        "fuzzy curly skinny busy "
        "dirty dusty rusty icy snowy sunny cloudy stormy foggy misty rainy windy tasty yummy juicy "
        "crunchy creamy chubby "
        "crazy gloomy hazy smoky sandy muddy rocky grassy leafy flowery bushy spiky pointy wavy shady "
        "glossy gritty grainy "
        "edgy classy jolly merry noisy mighty sturdy bulky lofty lovely lonely homely cheery dressy sparkly wrinkly"
    )
} | {
    plain.removesuffix("e") + "er": plain
    for plain in words(
        "crisp clean clear rich bold neat simple calm wild rough smooth gentle kind deep thick plump full plain "
        "strange fierce brave proud steep sleek grand quiet loud fine sweet warm cool vivid fresh pure rare dense tight"
    )
}
ARTICLES = words("a an")
DETERMINERS = words(
    "a an the this that these those her his its their my your our some another no any every each both all same"
)
PREPOSITIONS = words(
    "of with without in on at by under over above below behind beside between near inside outside into onto from "
    "against around through across along among beneath underneath atop next to beyond towards toward for as like "
    "in_front_of"
)
CONJUNCTIONS = words("and or & plus while but")
VERBS = words(
    "wearing holding riding sitting standing lying looking playing eating drinking carrying walking running flying "
    "floating swimming sleeping hanging growing driving jumping dancing reading surrounded covered made dressed is are "
    "has have facing leaning climbing chasing hugging that who which"
)
SIDES = words("left right middle centre background foreground corner top bottom distance side front back")
