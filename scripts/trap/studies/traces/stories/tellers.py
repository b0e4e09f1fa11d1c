"""How each expert's stories go: from a family and a number of steps to sentences and a program.

Each function tells a part of exactly so many steps and returns how its question is asked. It raises Again where the
family cannot be told in so many steps, or where a number does not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from trap.studies.traces.quantities import Number, whole
from trap.studies.traces.stories.families import Family
from trap.studies.traces.stories.telling import LEAST, Again, Teller
from trap.studies.traces.stories.words import ARITHMETIC, COMPARISON, ENTITY, PERCENTAGE, RATE

RATES = (5, 10, 15, 20, 25, 30, 40, 50, 60, 75)
FACTORS = (2, 3, 4, 5, 6)
PARTS = tuple(range(2, 13))

Ask = Callable[[], None]


def _thing(tell: Teller, family: Family) -> None:
    """What is counted: the family's own, or that of the part before."""
    tell.things = tell.things or tell.draws.one(family.things)


def entity(tell: Teller, family: Family, steps: int) -> Ask:
    """Things change hands."""
    _thing(tell, family)
    tell.begin("entity_track")
    hero, other = tell.person(), tell.person()
    events = [tell.draws.one(family.events) for _ in range(steps)]
    has = tell.draws.between(8, 90)
    tell.say(ENTITY["start"], A=hero, n=tell.number(has))
    tell.line(f"op: init, var: {hero.lower()}, value: {has}")
    owns = tell.draws.between(20, 99)
    if "take" in events:
        tell.say(ENTITY["start"], A=other, n=tell.number(owns))
        tell.line(f"op: init, var: {other.lower()}, value: {owns}")
    for event in events:
        spare = {"gain": 60, "take": owns - 2}.get(event, has - 2)
        if spare < 2:
            raise Again
        n = tell.draws.between(2, min(spare, 40))
        tell.told.append(event)
        shown = tell.number(n)
        if event == "take":
            tell.say(ENTITY["give"], A=other, B=hero, n=shown, **family.words)
            tell.line(f"op: transfer, from_entity: {other.lower()}, to_entity: {hero.lower()}, amount: {n}")
            has, owns = has + n, owns - n
        elif event == "give":
            tell.say(ENTITY["give"], A=hero, B=other, n=shown, **family.words)
            tell.line(f"op: transfer, from_entity: {hero.lower()}, to_entity: {other.lower()}, amount: {n}")
            has, owns = has - n, owns + n
        elif event == "gain":
            tell.say(ENTITY["gain"], A=hero, n=shown, **family.words)
            tell.line(f"op: add_entity, entity: {hero.lower()}, amount: {n}")
            has += n
        else:
            tell.say(ENTITY["consume"], A=hero, n=shown, **family.words)
            tell.line(f"op: consume, entity: {hero.lower()}, amount: {n}")
            has -= n
        tell.steps += 1
    tell.reach(has)
    tell.query(hero.lower())
    return lambda: tell.say(ENTITY["ask"], A=hero)


def arithmetic(tell: Teller, family: Family, steps: int) -> Ask:
    """A number grows, shrinks and is shared."""
    _thing(tell, family)
    goal = tell.steps + steps
    if tell.begin("arithmetic"):
        name = tell.init(None)
    elif family.kind == "plain":
        n = tell.draws.between(12, 240)
        tell.say(ARITHMETIC["plain"], A=tell.person(), n=tell.number(n), **family.words)
        name = tell.init(n)
        tell.reach(n)
    else:
        op = "mul" if family.kind == "groups" else "add"
        most = 12 if family.kind == "groups" else 90
        n, m = tell.draws.between(3, most), tell.draws.between(4, most)
        tell.say(ARITHMETIC[family.kind], A=tell.person(), n=tell.number(n), m=tell.number(m), **family.words)
        name = tell.compute(op, tell.init(n), tell.init(m))
        tell.reach(_applied(op, n, m))
    while tell.steps < goal:
        event = tell.draws.one(family.events)
        n = _operand(tell, event)
        tell.say(ARITHMETIC[event], n=tell.number(n), **family.words)
        name = tell.compute(event, name, tell.init(n))
        tell.reach(_applied(event, tell.value, n))
    tell.query(name)
    return lambda: tell.say(ARITHMETIC["ask"])


def _operand(tell: Teller, event: str) -> int:
    """A number that the event can have here. Raises Again if there is none."""
    if event == "mul":
        return tell.draws.one(FACTORS)
    if event == "div":
        fitting = [n for n in PARTS if whole(Fraction(tell.value) / n).denominator == 1]
        if not fitting:
            raise Again
        return tell.draws.one(fitting)
    most = int(tell.value) - LEAST if event == "sub" else 90
    if most < LEAST:
        raise Again
    return tell.draws.between(LEAST, min(most, 90))


def _applied(op: str, value: Number, n: Number) -> Number:
    return whole({"add": value + n, "sub": value - n, "mul": value * n, "div": Fraction(value) / n}[op])


def rate(tell: Teller, family: Family, steps: int) -> Ask:
    """So much a unit, for so many units; then perhaps more of it."""
    tell.things = tell.draws.one(family.things)
    goal = tell.steps + steps
    tell.begin("rate_equation")
    hero = tell.person()
    name = _leg(tell, RATE["leg"], hero, family)
    while tell.steps < goal:
        fitting = [event for event in family.events if event != "more" or goal - tell.steps > 1]
        if not fitting:
            raise Again
        event = tell.draws.one(fitting)
        if event == "more":
            before = tell.value
            leg = _leg(tell, RATE["more"], hero, family)
            name = tell.compute("add", name, leg)
            tell.reach(before + tell.value)
            continue
        n = _operand(tell, event)
        tell.say(RATE[event], n=tell.number(n), **family.words)
        name = tell.compute(event, name, tell.init(n))
        tell.reach(_applied(event, tell.value, n))
    tell.query(name)
    return lambda: tell.say(RATE["ask"])


def _leg(tell: Teller, templates: tuple[str, ...], hero: str, family: Family) -> str:
    """A rate and how long it lasts, in the order of the sentence; the value is their product."""
    n, m = tell.draws.between(3, 60), tell.draws.between(2, 12)
    shown = {"n": tell.shown(n), "m": tell.shown(m)}
    template = tell.say(templates, A=hero, **shown, **family.words)
    order = sorted((("n", n), ("m", m)), key=lambda pair: template.index(f"{{{pair[0]}}}"))
    names = []
    for _, value in order:
        tell.needs.append(value)
        tell.told.append(str(value))
        names.append(tell.init(value))
    tell.reach(n * m)
    return tell.compute("mul", *names)


def comparison(tell: Teller, family: Family, steps: int) -> Ask:
    """One has so many, the next has that in relation to it; two of them are compared."""
    _thing(tell, family)
    if tell.begin("comparison"):
        hero, value = tell.cast[0], tell.value
        first = name = tell.init(None)
    else:
        hero, value = tell.person(), tell.draws.between(6, 120)
        tell.say(COMPARISON["start"], A=hero, n=tell.number(value), **family.words)
        first = name = tell.init(value)
    tell.reach(value)
    last = hero
    if steps == 1:
        last, n = tell.person(), tell.draws.between(6, 120)
        tell.say(COMPARISON["other"], B=last, n=tell.number(n), **family.words)
        name = tell.init(n)
        tell.reach(n)
    for _ in range(steps - 1):
        name, last = _relation(tell, family, name, last)
    people = [(value, first, hero), (tell.value, name, last)]
    if family.kind == "together":
        tell.reach(value + tell.value)
        result = tell.compute("add", first, name, "compare")
    else:
        people.sort(key=lambda one: one[0])
        tell.reach(people[1][0] - people[0][0])
        result = tell.compute("sub", people[1][1], people[0][1], "compare")
    tell.query(result)
    ask = COMPARISON["together" if family.kind == "together" else "difference"]
    return lambda: tell.say(ask, A=people[0][2], B=people[1][2])


def _relation(tell: Teller, family: Family, name: str, before: str) -> tuple[str, str]:
    """The next person, whose number stands in a relation to the one before."""
    event, person = tell.draws.one(family.events), tell.person()
    op = {"twice": "mul", "half": "div"}.get(event, event)
    n = 2 if event in ("twice", "half") else _operand(tell, event)
    slots = {} if event in ("twice", "half") else {"n": tell.number(n)}
    tell.say(COMPARISON[event], A=before, B=person, **slots, **family.words)
    value = _applied(op, tell.value, n)
    if value.denominator != 1:
        raise Again
    result = tell.compute(op, name, tell.init(n))
    tell.reach(value)
    return result, person


def percentage(tell: Teller, family: Family, steps: int) -> Ask:
    """So many percent more, less, or of it."""
    goal = tell.steps + steps
    _thing(tell, family)
    if tell.begin("percentage"):
        name, words = tell.init(None), {**family.words, "what": "it"}
    else:
        words = family.words
        n = 20 * tell.draws.between(2, 49)
        tell.say(PERCENTAGE["start"], A=tell.person(), n=tell.number(n), **words)
        name = tell.init(n)
        tell.reach(n)
    while tell.steps < goal:
        event = tell.draws.one(family.events)
        if event in ("add", "sub"):
            n = _operand(tell, event)
            tell.say(PERCENTAGE[event], n=tell.number(n), **words)
            name = tell.compute(event, name, tell.init(n))
            tell.reach(_applied(event, tell.value, n))
            continue
        fitting = [rate for rate in RATES if _percent(event, tell.value, rate).denominator in (1, 2, 5, 10)]
        if not fitting:
            raise Again
        n = tell.draws.one(fitting)
        tell.say(PERCENTAGE[event], n=tell.number(n, plain=True), **words)
        value = _percent(event, tell.value, n)
        base, name = name, tell.result()
        tell.line(f"op: percent_{event}, base: {base}, rate: {n}, var: {name}")
        tell.told.append(event)
        tell.reach(value)
    tell.query(name)
    return lambda: tell.say(PERCENTAGE["ask"], **words)


def _percent(event: str, value: Number, rate: int) -> Number:
    share = {"off": 100 - rate, "increase": 100 + rate, "of": rate}[event]
    return whole(Fraction(value) * share / 100)


TELLERS: dict[str, Callable[[Teller, Family, int], Ask]] = {
    "entity_track": entity,
    "arithmetic": arithmetic,
    "rate_equation": rate,
    "comparison": comparison,
    "percentage": percentage,
}
