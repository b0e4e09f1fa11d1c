"""Two sums an item, half a point for each: about the smallest study that the workflow can run."""

import random

from trap.studies.base import BaseStudy, Item, Pool, Score


class Study(BaseStudy):
    pools = (
        Pool("small", "train", "small", trainable=True),
        Pool("large", "train", "large", trainable=True),
        Pool("watched", "validation", "large"),
        Pool("asked_small", "evaluation", "small", scored=True),
        Pool("asked_large", "evaluation", "large", scored=True),
        Pool("known", "evaluation", "large", trainable=True, scored=True),
        Pool("miskeyed", "control", "large", derived_from="known", trainable=True, scored=True),
    )
    level_name = "digits"

    def make_item(self, pool, index):
        if pool.derived_from:
            source = self.pool(pool.derived_from)
            return self.permuted(self.make_item(source, index), self.make_item(source, index + 1))
        draw = random.Random(
            f"{self.seed} {index}"
        )  # the last number tells one pool's questions from another's
        digits = 1 if pool.level == "small" else 2
        a, b, c = (draw.randrange(10**digits) for _ in range(3))
        d = len(self.pools) * index + self.pools.index(pool)
        told = [str(a + b), str(c + d)]
        return Item(
            id=f"{pool.name}-{index}", prompt=f"{a} + {b}, {c} + {d} =", answer=told, reference=f" {told[0]}, {told[1]}",
            level=digits,
        )  # fmt: skip

    def permuted(self, item, other):
        item = super().permuted(item, other)
        item.reference = other.reference
        return item

    def score(self, item, completion):
        told = [part.strip() for part in completion.split(",")]
        right = sum(one == other for one, other in zip(told, item.answer, strict=False))
        return Score(value=right / 2, correct=right == 2, format=len(told) == 2)
