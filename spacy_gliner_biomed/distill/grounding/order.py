"""Which occurrence each mention gets, when a text has several: those that keep the order of the list.

A model lists what it finds more or less as it reads. So of all ways to place the mentions the one is taken that goes back the
fewest times, and of these the one whose starts have the smallest sum. Mentions listed by type go back once a type. This is a
shortest path over (mention, occurrence), found with prefix minima:

    aspirin … fever … aspirin      list: fever, aspirin      aspirin gets its second place, not its first

Mentions of the same words and type then share no occurrence while one is free.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Dict, Hashable, List, Sequence, Tuple

Cost = Tuple[int, int]  # times gone back, sum of the starts


def place_in_order(starts: Sequence[Sequence[int]], groups: Sequence[Hashable]) -> List[int]:
    """Choose an occurrence for each mention.

    starts (sequence): of each mention, the starts of its occurrences, ascending, at least one.
    groups (sequence): of each mention, what it shares with those that mean the same; two neighbours of a group go forward only
        where the second starts later, neighbours of different groups also where they start together. Mentions of one group
        have the same occurrences.
    RETURNS (list): of each mention, the number of its occurrence.
    """
    return _spread(starts, groups, shortest_path(starts, groups))


def shortest_path(starts: Sequence[Sequence[int]], groups: Sequence[Hashable]) -> List[int]:
    """RETURNS (list): of each mention the number of its occurrence, so that `cost` is smallest; a group may share one."""
    ways: List[List[int]] = []  # of each mention and occurrence, the mention before's
    costs: List[Cost] = []
    for number, own in enumerate(starts):
        if not number:
            costs, ways = [(0, start) for start in own], [[-1] * len(own)]
            continue
        before = starts[number - 1]
        best_until: List[int] = []  # of the first 1, 2, … occurrences before, the cheapest
        for place in range(len(before)):
            cheapest = best_until[-1] if best_until and costs[best_until[-1]] <= costs[place] else place
            best_until.append(cheapest)
        limit = bisect_left if groups[number] == groups[number - 1] else bisect_right
        new_costs: List[Cost] = []
        new_ways: List[int] = []
        for start in own:
            back = best_until[-1]
            cost, way = (costs[back][0] + 1, costs[back][1] + start), back
            reachable = limit(before, start)
            if reachable:
                forward = best_until[reachable - 1]
                cost_forward = (costs[forward][0], costs[forward][1] + start)
                if cost_forward <= cost:
                    cost, way = cost_forward, forward
            new_costs.append(cost)
            new_ways.append(way)
        costs = new_costs
        ways.append(new_ways)
    chosen: List[int] = []
    if ways:
        chosen.append(min(range(len(costs)), key=lambda place: costs[place]))
        for number in range(len(ways) - 1, 0, -1):
            chosen.append(ways[number][chosen[-1]])
    return chosen[::-1]


def cost(placed: Sequence[int], groups: Sequence[Hashable]) -> Cost:
    """RETURNS (tuple): how often a list of starts goes back, and the sum of the starts."""
    back = sum(
        after < before or (after == before and groups[number] == groups[number + 1])
        for number, (before, after) in enumerate(zip(placed, placed[1:], strict=False))
    )
    return back, sum(placed)


def _spread(starts: Sequence[Sequence[int]], groups: Sequence[Hashable], chosen: List[int]) -> List[int]:
    """Move mentions that share an occurrence with one of their group to a free one, the first behind it, or else the first."""
    members: Dict[Hashable, List[int]] = {}
    for number, group in enumerate(groups):
        members.setdefault(group, []).append(number)
    for numbers in members.values():
        if len(numbers) == 1:
            continue
        taken: List[int] = []
        for number in numbers:
            place, n_places = chosen[number], len(starts[number])
            if place in taken and len(taken) < n_places:
                free = [each for each in range(n_places) if each not in taken]
                place = next((each for each in free if each > place), free[0])
            if place not in taken:
                taken.append(place)
        in_order = sorted(taken)
        for rank, number in enumerate(numbers):
            chosen[number] = in_order[min(rank, len(in_order) - 1)]
    return chosen
