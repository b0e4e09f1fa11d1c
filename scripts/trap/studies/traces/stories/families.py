"""The families: what each story may tell, with its own words. About one in five is held out of training.

A family says which events it has and what it calls them. Two families of one expert differ in their events, in what
they start from and in their words. `held` families are asked in evaluation alone, and in the pool that shows what it
does to write families for the questions that are asked.
"""

from __future__ import annotations

from typing import NamedTuple


class Family(NamedTuple):
    """`kind`: how the story starts or what it asks; `events`: what may happen; `things`: what is counted."""

    name: str
    expert: str
    kind: str
    events: tuple[str, ...]
    things: tuple[str, ...]
    words: dict[str, str]
    held: bool = False


def _rows(expert: str, names: tuple[str, ...], text: str) -> list[Family]:
    """Families of lines `name | kind | events | things | word | …`; a name with a * is held out."""
    found = []
    for line in text.strip().splitlines():
        name, kind, events, things, *words = (part.strip() for part in line.split("|"))
        found.append(
            Family(
                name.rstrip("*"), expert, kind, tuple(events.split()), tuple(part.strip() for part in things.split(",")),
                dict(zip(names, words, strict=True)), name.endswith("*"),
            )
        )  # fmt: skip
    return found


FAMILIES: tuple[Family, ...] = (
    *_rows("entity_track", ("lose", "gain", "give"), """
        eaten      | own   | consume           | apples, pears, plums       | eats        | picks       | hands
        collected  | own   | gain              | stamps, labels, tickets    | loses       | collects    | sends
        toys       | own   | consume gain      | marbles, toys, dice        | breaks      | buys        | gives
        given      | giver | give              | stickers, beads, buttons   | drops       | finds       | gives
        lent       | giver | give consume      | books, comics, maps        | sells       | borrows     | lends
        spent      | giver | give gain         | coins, tokens, chips       | spends      | earns       | pays
        received   | taker | take              | letters, cards, notes      | burns       | writes      | sends
        won        | taker | take consume      | shells, stones, pebbles    | throws away | digs up     | passes
        fed        | taker | take gain         | nuts, seeds, grains        | plants      | gathers     | brings
        traded     | both  | give take         | badges, medals, pins       | swaps away  | receives    | trades
        shared     | both  | give take consume | sweets, cookies, muffins   | eats        | bakes       | offers
        juggled*   | own   | consume gain      | balls, rings, hoops        | damages     | orders      | tosses
        shipped*   | giver | give consume gain | crates, barrels, parcels   | unpacks     | loads       | ships
        exchanged* | both  | give take gain    | records, films, puzzles    | discards    | adds        | exchanges
    """),
    *_rows("arithmetic", ("place", "groups", "come", "go", "sharers"), """
        shelf      | plain  | add             | cups, bowls, plates       | a kitchen    | stacks  | arrive          | leave            | cooks
        library    | plain  | sub             | atlases, novels, guides   | a library    | rows    | are returned    | are borrowed     | readers
        garden     | plain  | add sub         | tulips, roses, lilies     | a garden     | beds    | open            | fade             | gardeners
        copies     | plain  | mul sub         | copies, prints, photos    | an office    | piles   | are made        | are torn         | clerks
        parking    | plain  | sub add         | cars, vans, bikes         | a car park   | lines   | drive in        | drive off        | guards
        bakery     | groups | sub             | rolls, loaves, buns       | a bakery     | trays   | are baked       | are sold         | bakers
        cinema     | groups | add sub         | seats, places, stools     | a cinema     | rows    | are set up      | are removed      | helpers
        store      | groups | add             | pens, rulers, erasers     | a store      | boxes   | are delivered   | are sold         | buyers
        farm       | groups | sub div         | eggs, carrots, onions     | a barn       | baskets | are brought in  | are carried away | farmers
        school     | sum    | add div         | pupils, children, players | a school     | teams   | join            | go home          | teachers
        harbour    | sum    | sub add         | boats, ships, canoes      | a harbour    | docks   | sail in         | sail away        | crews
        museum*    | groups | sub add         | vases, masks, swords      | a museum     | halls   | are put up      | are put away     | guides
        airport*   | plain  | add mul         | bags, suitcases, trunks   | an airport   | belts   | land            | are claimed      | porters
        forest*    | sum    | mul sub         | owls, foxes, deer         | a forest     | packs   | appear          | move away        | rangers
    """),
    *_rows("rate_equation", ("work", "unit", "units", "shares"), """
        driving   | leg | more      | kilometres, miles        | drives     | hour   | hours   | days
        typing    | leg | add       | words, lines, letters    | types      | minute | minutes | pages
        pumping   | leg | sub       | litres, gallons, pints   | pumps      | minute | minutes | tanks
        earning   | leg | more sub  | dollars, euros, pounds   | earns      | hour   | hours   | weeks
        printing  | leg | more add  | posters, flyers, forms   | prints     | minute | minutes | parcels
        reading   | leg | add sub   | chapters, poems, stories | reads      | day    | days    | evenings
        picking   | leg | sub div   | cherries, grapes, figs   | picks      | hour   | hours   | baskets
        knitting  | leg | more div  | scarves, socks, gloves   | knits      | week   | weeks   | shops
        paying    | leg | add div   | cents, crowns, francs    | pays       | ticket | tickets | friends
        cycling*  | leg | more sub  | laps, rounds, circuits   | cycles     | hour   | hours   | riders
        digging*  | leg | more add  | metres, feet, yards      | digs       | day    | days    | groups
    """),
    *_rows("comparison", ("hold",), """
        taller    | difference | add         | bricks, blocks, tiles     | stacks
        shorter   | difference | sub         | steps, jumps, turns       | makes
        richer    | difference | mul         | diamonds, rubies, pearls  | holds
        quicker   | difference | add mul     | goals, points, hits       | scores
        fuller    | difference | twice add   | jars, bottles, cans       | fills
        pairs     | together   | add sub     | hats, caps, scarfs        | wears
        flocks    | together   | mul sub     | sheep, goats, cows        | feeds
        fleets    | together   | twice       | kites, drones, planes     | flies
        halves    | together   | half add    | lamps, candles, torches   | lights
        contests  | difference | sub twice   | votes, prizes, cups       | wins
        hunts*    | difference | add twice   | clues, keys, coins        | finds
        choirs*   | together   | mul add     | songs, tunes, verses      | sings
    """),
    *_rows("percentage", ("see", "what", "count"), """
        discount  | price | off           | dollars, euros      | sees      | a price      | is paid
        raise     | price | increase      | dollars, pounds     | gets      | a wage       | is saved
        tip       | price | of            | dollars, crowns     | pays      | a bill       | is the tip
        sale      | price | off sub       | dollars, francs     | checks    | an offer     | is left
        tax       | price | increase add  | dollars, cents      | reads     | a receipt    | is due
        exam      | count | of add        | points, marks       | knows     | a test       | is scored
        survey    | count | of off        | answers, replies    | studies   | a survey     | is kept
        battery   | count | off increase  | units, cells        | measures  | a charge     | is usable
        village   | count | increase sub  | people, voters      | describes | a village    | votes
        orchard   | count | of sub        | trees, bushes       | plants    | a field      | bears fruit
        stock*    | price | increase off  | dollars, shares     | follows   | a stock      | is held
        mixture*  | count | of increase   | grams, drops        | mixes     | a mixture    | is sugar
    """),
)  # fmt: skip

BY_EXPERT = {
    expert: tuple(family for family in FAMILIES if family.expert == expert)
    for expert in dict.fromkeys(family.expert for family in FAMILIES)
}

# Compositions: the experts of the parts, in order. A * holds the composition out.
COMPOSITIONS: tuple[tuple[str, tuple[str, ...], bool], ...] = tuple(
    (name.rstrip("*"), tuple(experts.split()), name.endswith("*"))
    for name, experts in (
        ("track_then_share", "entity_track arithmetic"),
        ("track_then_percent", "entity_track percentage"),
        ("track_then_compare", "entity_track comparison"),
        ("count_then_percent", "arithmetic percentage"),
        ("count_then_compare", "arithmetic comparison"),
        ("work_then_share", "rate_equation arithmetic"),
        ("work_then_percent", "rate_equation percentage"),
        ("percent_then_share", "percentage arithmetic"),
        ("percent_then_compare", "percentage comparison"),
        ("track_share_percent", "entity_track arithmetic percentage"),
        ("work_then_compare*", "rate_equation comparison"),
        ("work_share_percent*", "rate_equation arithmetic percentage"),
    )
)
