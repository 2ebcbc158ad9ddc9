"""Filters of the knowledge base as filters of Weaviate."""

from __future__ import annotations

import math
from collections.abc import Sequence

from weaviate.classes.query import Filter as By
from weaviate.classes.query import FilterReturn

from knowledge.base import And, Eq, Filter, In, Least, Most, Not, Or
from knowledge.field_index import NUMBERS, known, numbers_in
from knowledge.records import LoraCard, Lore, Reference
from knowledge.weaviate_names import FACTS, fact

KINDS = (Lore, Reference, LoraCard)


def condition(where: Filter, holds: bool = True) -> FilterReturn:
    """
    What lets through the records for which the filter holds, or does not.

    Servers have a general negation only since 1.33, so that `Not` moves inwards to what is compared.
    """
    match where:
        case Not(part):
            return condition(part, not holds)
        case And(parts):
            return joined([condition(part, holds) for part in parts], every=holds)
        case Or(parts):
            return joined([condition(part, holds) for part in parts], every=not holds)
        case Eq(name, value):
            return among(known(name), (value,), holds)
        case In(name, values):
            return among(known(name), values, holds)
        case Least(name, value) | Most(name, value):
            return beyond(where, holds) if known(name) in NUMBERS and not math.isnan(value) else always(not holds)


def always(yes: bool) -> FilterReturn:
    return of_kinds([kind_of(kind) for kind in KINDS] if yes else [""])


def joined(parts: Sequence[FilterReturn], every: bool) -> FilterReturn:
    if not parts:
        return always(every)
    return By.all_of(list(parts)) if every else By.any_of(list(parts))


def among(name: str, values: Sequence[str], holds: bool) -> FilterReturn:
    number = name in NUMBERS
    wanted: list[float] | list[str] = list(numbers_in(values)) if number else [fact(name, value) for value in values]
    if not wanted:
        return always(not holds)
    field = By.by_property(name if number else FACTS)
    if holds:
        return field.contains_any(wanted)
    others = By.all_of([field.not_equal(value) for value in wanted])
    return or_lacking(name, others) if number else others


def beyond(where: Least | Most, holds: bool) -> FilterReturn:
    field, value = By.by_property(where.field), float(where.value)
    match where, holds:
        case Least(), True:
            return field.greater_or_equal(value)
        case Most(), True:
            return field.less_or_equal(value)
        case Least(), False:
            return or_lacking(where.field, field.less_than(value))
    return or_lacking(where.field, field.greater_than(value))


def or_lacking(name: str, others: FilterReturn) -> FilterReturn:
    """As well the records that have no such field: for them nothing holds that is said of it."""
    kinds = [kind_of(kind) for kind in KINDS if name not in kind.model_fields]
    return By.any_of([others, of_kinds(kinds)]) if kinds else others


def of_kinds(kinds: Sequence[str]) -> FilterReturn:
    return By.by_property(FACTS).contains_any([fact("kind", kind) for kind in kinds])


def kind_of(record: type[Lore | Reference | LoraCard]) -> str:
    return record.model_fields["kind"].default
