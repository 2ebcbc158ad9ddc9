"""Broad names, such as 'the animal', and the things that they may stand for."""

from __future__ import annotations

from agent.offline import english, things

PEOPLE = english.words(things.PEOPLE) | english.words(
    "man woman boy girl king queen knight witch wizard lady astronaut pirate clown person samurai"
)
ANIMALS = english.words(things.ANIMALS) | english.words(
    "bear bee bird butterfly camel cat cow deer dinosaur dog dolphin duck elephant fish fox frog "
    "giraffe horse lion monkey "
    "mouse owl panda penguin pig rabbit shark sheep snail snake tiger turtle whale wolf"
)
MOVING = english.words(things.MOVING) | english.words("car truck bus train boat ship bike bicycle sailboat rocket")
BUILDINGS = english.words("house castle church palace cottage tower lighthouse hut cabin barn school temple")
PLANTS = english.words(things.PLANTS) | english.words("flower rose sunflower cactus tree")
FOOD = english.words(things.FOOD) | english.words("apple cake pumpkin")
CALLED = {
    "person human figure character guy man woman lady gentleman fellow kid child people": PEOPLE,
    "animal creature pet beast critter bird": ANIMALS,
    "vehicle car ship boat plane": MOVING,
    "building house": BUILDINGS,
    "flower plant bloom": PLANTS,
    "fruit food dish meal": FOOD,
}
KINDS = {name: kind for names, kind in CALLED.items() for name in names.split()}
