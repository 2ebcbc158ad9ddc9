"""Everyday nouns that pictures are of, in the singular: what can be told of, and what a slip may have meant."""

from __future__ import annotations

ANIMALS = (
    "alligator alpaca ant anteater antelope armadillo badger bat beaver beetle bison bug bull "
    "bumblebee bunny buffalo calf "
    "canary caterpillar chameleon cheetah chick chicken chimpanzee cobra cockatoo cod crab crane "
    "cricket crocodile crow "
    "dachshund dalmatian donkey dove dragonfly eagle eel elk ferret finch firefly flamingo foal "
    "fly gazelle gecko gerbil "
    "goat goldfish goose gorilla grasshopper guinea_pig gull hamster hare hawk hedgehog hen heron "
    "hippo hippopotamus hyena "
    "iguana jaguar jellyfish kangaroo kitten koala ladybird ladybug lamb lemur leopard lizard "
    "llama lobster lynx magpie "
    "meerkat mole moose mosquito moth mule narwhal newt octopus orangutan orca ostrich otter ox oyster parakeet parrot "
    "peacock pelican pigeon platypus pony poodle porcupine puffin puma puppy raccoon ram rat raven reindeer rhino "
    "rhinoceros robin rooster salamander salmon scorpion seagull seahorse seal shrimp skunk sloth "
    "spider squid squirrel "
    "stallion starfish stork swallow swan tadpole terrier toad toucan trout turkey vulture walrus wasp weasel wombat "
    "woodpecker yak zebra"
)
MYTHS = (
    "alien centaur cyborg demon dwarf elf genie giant gnome goblin griffin hobbit leprechaun "
    "minotaur monster mummy ninja "
    "nymph ogre pegasus phoenix pixie santa skeleton snowflake sorcerer superhero troll vampire "
    "werewolf yeti zombie ufo"
)
PEOPLE = (
    "actor archer artist aunt baker ballerina barber bride butcher carpenter chef clerk cook cowboy cyclist dancer "
    "daughter dentist diver doctor drummer emperor farmer father fireman firefighter fisherman "
    "friend gardener gentleman "
    "grandfather grandma grandmother grandpa groom guard hero hunter husband jockey judge juggler kid lawyer librarian "
    "magician maid mechanic merchant miner model monk mother musician neighbour nun nurse painter "
    "peasant pianist pilot "
    "player policeman postman priest prince princess prisoner professor sailor scientist sculptor "
    "shepherd singer sister "
    "skater skier soldier son student surfer swimmer tailor teacher teenager tourist twin violinist waiter waitress "
    "warrior wife worker writer baby toddler samurai geisha viking gladiator detective spy thief hiker runner"
)
PLANTS = (
    "acorn bamboo berry blossom bonsai bouquet branch bush carnation cherry_tree clover coral daffodil daisy dandelion "
    "fern fir fruit_tree grape hedge herb holly iris ivy jasmine lavender lilac lily log lotus maple moss oak "
    "oak_tree orchid palm palm_tree pansy petal pine pine_tree pinecone plant poppy reed root "
    "seaweed seedling shrub stem "
    "thistle trunk tulip twig vine violet water_lily weed wheat willow wreath"
)
FOOD = (
    "almond apricot avocado bagel banana basil bean beer biscuit blackberry blueberry bread "
    "broccoli bun burger burrito "
    "butter cabbage candy carrot cauliflower celery cereal cheese cheesecake cherry chilli chocolate cocktail coconut "
    "coffee cookie corn crab croissant cucumber cupcake curry doughnut donut dumpling egg fig fries garlic gingerbread "
    "grapefruit ham hamburger hazelnut honey hot_dog ice_cream jam juice kebab kiwi lasagna leek "
    "lemon lemonade lettuce "
    "lime lollipop mango marshmallow meatball melon milk milkshake muffin noodle nut olive "
    "omelette onion orange pancake "
    "papaya pasta pastry pea peach peanut pear pepper pickle pie pineapple pizza plum pomegranate "
    "popcorn potato pretzel "
    "pudding radish raspberry rice roll salad sandwich sausage soup spaghetti spinach steak "
    "strawberry sushi taco tart tea "
    "toast tomato truffle waffle walnut watermelon wine yoghurt"
)
HOUSEHOLD = (
    "alarm_clock armchair backpack bag barrel basket bath bathtub bed bell belt bench bin blanket "
    "blender board bookcase "
    "bookshelf bottle bowl box broom brush bucket bulb cabinet cage calendar camera can "
    "candlestick cane card carpet case "
    "chandelier chess_board chest chimney clothes coin comb compass computer cooker couch cradle "
    "crate crystal cup cupboard "
    "curtain cushion desk diamond dice diary dish doll drawer dresser drum easel envelope fan faucet feather fireplace "
    "fork frame fridge gate gem globe goblet guitar hammer hammock handbag handle hook hourglass iron jar jewel jug "
    "kettle keyboard knife ladder lamp_post lantern laptop letter light lightbulb lock magnet map "
    "mask mat mattress medal "
    "microphone mirror mop mug nail napkin necklace needle newspaper oven paintbrush pan parcel pen pencil phone piano "
    "picture_frame pillow pipe plate playing_card plug pot potato present puppet purse puzzle quilt radio razor "
    "ribbon ring rope rug ruler sack saucer saw scissors screen screw shelf shower sink soap sofa spade spoon stairs "
    "staircase stool stove suitcase tablecloth tap tape teacup teapot teddy teddy_bear telephone telescope television "
    "thread throne tile toaster toilet tool torch towel toy tray treasure treasure_chest trophy "
    "tub tv typewriter vacuum "
    "wall wallet wardrobe watch watering_can wheel whistle windowsill wool yarn"
)
WORN = (
    "apron beret bikini blouse boot bow bow_tie bracelet brooch cap cape cardigan cloak collar costume crown "
    "dress earring gown hat headphones headscarf heel helmet hood hoodie jacket jeans jumper kilt kimono "
    "leggings mitten monocle moustache mustache overalls pocket pyjamas raincoat robe sandal sash shawl shorts skirt "
    "slipper sneaker sock stocking sweater swimsuit t-shirt tail tiara tie top_hat trousers tutu uniform "
    "veil vest wig wing sombrero turban bonnet bandana poncho waistcoat tuxedo coat scarf suit shirt armour"
)
OUTSIDE = (
    "airport alley altar anchor aqueduct arch archway avalanche balcony barn bay beach_hut "
    "birdhouse bonfire border boulder "
    "brick brook cabin campfire canal canyon cathedral cavern cemetery chapel cliff coast column "
    "comet cottage courtyard "
    "crater dam deck dock dome driveway factory farm ferris_wheel fjord flag flame footprint fort "
    "fortress fountain fog "
    "gallery garage gazebo geyser glacier grave gravestone greenhouse haystack hut iceberg igloo inn jetty lagoon "
    "lake_house lamppost lane lava ledge letterbox lightning log_cabin maze meteor mill monastery monument moat mosque "
    "mud museum oasis pagoda parasol path pavement pebble picket_fence pier pillar pit playground pool porch postbox "
    "puddle pyramid railway rainbow ramp reef ridge rock roundabout ruin runway sand_dune sandcastle scarecrow "
    "school shed shell shack shop shore signpost skyscraper slide snowdrift spire stall statue stone stone_wall stream "
    "street_lamp streetlight sundial swamp swing synagogue temple terrace tombstone trail treehouse tunnel "
    "valley veranda volcano waterfall watchtower wave well wharf wishing_well yard"
)
MOVING = (
    "aeroplane airplane airship ambulance anchor barge bulldozer cab cable_car canoe caravan "
    "carriage cart chariot coach "
    "convertible digger dinghy drone excavator ferry fire_engine fire_truck forklift galleon gondola helicopter "
    "hot_air_balloon hovercraft jeep jet kayak limousine locomotive lorry minibus moped motorbike motorcycle paddle "
    "parachute plane raft rickshaw rowing_boat rowboat saddle scooter skateboard ski sled sleigh spaceship steamboat "
    "submarine surfboard tank taxi tractor trailer tram tricycle trolley tugboat van wagon wheelbarrow yacht zeppelin "
    "bicycle sailing_boat"
)
PLAYED = (
    "accordion axe ball banjo baseball basketball bow cannon cello chessboard clarinet dagger dart "
    "flute football golf_ball "
    "harmonica harp horn kite marble marionette racket rattle saxophone sceptre shield spear staff "
    "surfboard sword tambourine tennis_ball trampoline trombone trumpet tuba ukulele violin wand whip xylophone yo-yo"
)
BODY = (
    "antler arm back beak belly bone brain cheek chin claw ear eyebrow eyelash fang fin finger fist foot forehead "
    "hand head hoof jaw knee leg lip mane mouth muscle neck nose paw pigtail ponytail scale shoulder skull smile spike "
    "stripe tentacle toe tongue tooth tusk whisker braid"
)
EVERYDAY = f"{ANIMALS} {MYTHS} {PEOPLE} {PLANTS} {FOOD} {HOUSEHOLD} {WORN} {OUTSIDE} {MOVING} {PLAYED} {BODY}"
