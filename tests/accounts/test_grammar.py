from django.utils import translation

from accounts.templatetags.grammar import mid_sentence


def test_a_label_is_small_within_an_english_sentence():
    assert mid_sentence("On hold") == "on hold"


def test_german_nouns_keep_their_capitals():
    with translation.override("de"):
        assert mid_sentence("Formular") == "Formular"
