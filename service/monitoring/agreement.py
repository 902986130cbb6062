"""How often persons and the machine say the same, so that trust rests on numbers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reader import Kappa, Share, kappa, share
from service.monitoring.counts import Tally

__all__ = ["Agreement", "agreement"]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement on the tests that a person has looked at.

    Attributes
    ----------
    key : str
        What these tests have in common.
    same : Share
        Tests of which both said the same.
    kappa : Kappa
        The same beyond chance.
    pairs : tuple of (str, str, int)
        What the machine said, what the person said, how often; the most frequent first.

    Notes
    -----
    Who looks at a test sees the machine's answer, and doubtful tests are looked at first. So this is not
    the accuracy of either: `lfa evaluate` measures that, on tests whose truth is known.
    """

    key: str
    same: Share
    kappa: Kappa
    pairs: tuple[tuple[str, str, int], ...]


def agreement(tallies: Iterable[Tally], key: str = "") -> Agreement:
    """Compare what persons and the machine said.

    Parameters
    ----------
    tallies : iterable of Tally
        Tests; those no person has looked at are left out.
    key : str
        What they have in common.
    """
    table: Counter[tuple[str, str]] = Counter()
    for tally in tallies:
        if tally.person:
            table[tally.machine, tally.person] += tally.number
    same = sum(number for (machine, person), number in table.items() if machine == person)
    pairs = sorted(((*pair, number) for pair, number in table.items()), key=lambda pair: (-pair[2], pair))
    return Agreement(key, share(same, table.total()), kappa(table), tuple(pairs))
