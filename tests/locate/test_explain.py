"""Why windows were ranked as they were: the same windows as the search's, and sums that hold."""

from __future__ import annotations

import pytest

from reader.locate.explain import FEATURE_WORDS, decisive, explained
from reader.locate.find import LINED_ODDS, RANK_WEIGHT, find_strips
from reader.locate.rank import FEATURES, rank_model
from reader.view import View
from tests.locate import scenes

PICTURES = {
    "cassette": scenes.cassette_picture,
    "pair": scenes.pair_picture,
    "crop": scenes.crop_picture,
    "table": scenes.table_picture,
}


@pytest.fixture(scope="module", params=PICTURES)
def seen(request):
    view = View(PICTURES[request.param]().pixels)
    return view, explained(view)


def test_what_the_search_returns_comes_first_and_is_marked(seen):
    view, windows = seen
    strips = find_strips(view)
    assert [w.window for w in windows if w.taken] == [c.hypotheses[0].window for c in strips]
    assert [w.taken for w in windows] == sorted((w.taken for w in windows), reverse=True)
    assert [w.number for w in windows] == list(range(1, len(windows) + 1))


def test_the_other_rectangles_of_a_place_are_those_that_the_search_weighed(seen):
    view, windows = seen
    for window, candidate in zip(windows, find_strips(view), strict=False):
        weighed = [(h.window, h.weight) for h in candidate.hypotheses[1:]]
        assert [(other.window, other.weight) for other in window.others] == weighed


def test_scores_are_the_sum_of_ranker_sight_and_ends(seen):
    for window in seen[1]:
        assert window.score == pytest.approx(window.ranker + window.seen + window.ends)


def test_log_odds_are_the_sum_of_their_parts_and_make_the_ranker_s_share(seen):
    for window in seen[1]:
        assert [part.name for part in window.parts] == list(FEATURE_WORDS)
        total = rank_model()[1] + sum(part.worth for part in window.parts)
        assert window.log_odds == pytest.approx(total)
        if not window.close_up:
            assert window.ranker == pytest.approx(RANK_WEIGHT * window.log_odds)


def test_what_was_left_is_ordered_by_score_and_says_what_it_lacks(seen):
    left = [w for w in seen[1] if w.looked and not w.taken]
    assert [w.score for w in left] == sorted((w.score for w in left), reverse=True)
    for window in left:
        assert window.standing.startswith("it ")
        assert not window.standing.startswith("it was taken")


def test_what_was_not_worth_a_close_look_comes_last_and_says_so(seen):
    looked = [w.looked for w in seen[1]]
    assert looked == sorted(looked, reverse=True)
    for window in seen[1]:
        assert window.standing.startswith("it was not worth a close look") is not window.looked
        if not window.looked:
            assert window.log_odds <= LINED_ODDS


def test_every_feature_has_words_and_squares_go_with_what_they_are_of():
    assert set(FEATURE_WORDS) == {name.removesuffix("_squared") for name in FEATURES}


def test_the_winner_is_compared_with_the_best_that_was_left():
    windows = explained(View(scenes.cassette_picture().pixels))
    rival = next(w for w in windows if not w.taken and not w.close_up)
    said = decisive(windows)
    assert said.startswith(f"Number 1 scores {windows[0].score:.1f}, number {rival.number}")
    assert any(words in said for words in FEATURE_WORDS.values())


def test_where_nothing_was_taken_the_nearest_is_named():
    windows = explained(View(scenes.table_picture().pixels))
    assert not any(w.taken for w in windows)
    assert decisive(windows).startswith("No place was taken. Number 1 came nearest: it ")


def test_a_picture_without_places_says_so():
    assert decisive(()) == "Nothing in the picture has the shape of a window."


def test_a_winner_without_a_rival_is_told_by_what_it_is(seen):
    taken = [w for w in seen[1] if w.taken]
    if taken:
        assert decisive(taken) == f"Number 1 had no rival of its kind: {taken[0].standing}."
