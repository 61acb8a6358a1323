import re
import string
from collections.abc import Iterator, Mapping

import pytest
from babel.core import Locale, get_cldr_version

from config.errors import CatalogueError
from config.words import Words, languages, load_words, page_words, serbian_latin
from tests.nonempty import nonempty

OTHERS = tuple(language for language in languages() if language != "en")


def forms(text: str | Mapping[str, str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def everything(language: str) -> Iterator[tuple[str, str]]:
    """Every form of every text, with its key."""
    for key, text in load_words(language).texts.items():
        yield from ((key, form) for form in forms(text))


def test_eight_languages_are_there_and_another_is_refused_with_the_choice() -> None:
    assert languages() == ("mk", "sr-Cyrl", "sr-Latn", "hr", "bs", "sl", "sq", "en")
    for language in ("de", "EN", "../en", "", "en-US", "sr"):
        with pytest.raises(CatalogueError, match="expected mk, sr-Cyrl"):
            load_words(language)


@pytest.mark.parametrize("language", languages())
def test_the_plural_forms_are_those_of_cldr(language: str) -> None:
    assert get_cldr_version() == "47"
    rule = Locale.parse(language, sep="-").plural_form
    found = {rule(number) for number in range(1001)}
    words = Words(language, {"a": {category: category for category in found}})
    assert [words.count("a", number) for number in range(1001)] == [rule(number) for number in range(1001)]


def test_one_and_many_differ() -> None:
    words = load_words("en")
    assert words.count("report.items", 1) == "This file shows 1 item."
    for number in (0, 2, 11, 21):
        assert words.count("report.items", number) == f"This file shows {number} items."


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("mk", {1: "1 ставка", 2: "2 ставки", 11: "11 ставки", 21: "21 ставка"}),
        ("sr-Cyrl", {1: "1 ставку", 3: "3 ставке", 5: "5 ставки", 12: "12 ставки", 21: "21 ставку"}),
        ("sl", {1: "1 postavko", 2: "2 postavki", 4: "4 postavke", 5: "5 postavk", 102: "102 postavki"}),
        ("sq", {1: "1 element", 2: "2 elemente", 21: "21 elemente"}),
    ],
)
def test_a_number_takes_the_form_of_its_language(language: str, told: Mapping[int, str]) -> None:
    words = load_words(language)
    for number, said in nonempty(told.items()):
        assert said in words.count("report.items", number)


def test_a_text_that_is_missing_or_lacks_a_value_is_refused() -> None:
    words = load_words("en")
    for attempt in (
        lambda: words.say("no.such.text"),
        lambda: words.say("report.items"),
        lambda: words.count("report.title", 1),
        lambda: words.say("report.proven"),
    ):
        with pytest.raises(CatalogueError):
            attempt()


def test_plural_forms_of_another_language_are_refused() -> None:
    with pytest.raises(CatalogueError, match="plural"):
        Words("en", {"a": {"one": "x", "few": "y", "other": "z"}})


def test_values_are_filled_in_by_plain_names_only() -> None:
    for _, form in nonempty(everything("en")):
        names = [name for _, name, _, _ in string.Formatter().parse(form) if name is not None]
        assert all(name.isidentifier() for name in names)


FIELDS = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_text_with_the_same_fields(language: str) -> None:
    english = load_words("en").texts
    texts = load_words(language).texts
    assert texts.keys() == english.keys()
    for key, text in nonempty(texts.items()):
        counts = not isinstance(english[key], str)
        assert isinstance(text, str) is not counts, key
        filled_in = {"number"} if counts else set()  # in every form, whether the form names it or not
        wanted = {name for form in forms(english[key]) for name in FIELDS.findall(form)} - filled_in
        for form in forms(text):
            assert form.strip() == form != ""
            assert (key, set(FIELDS.findall(form)) - filled_in) == (key, wanted)
            assert not re.search("[{}]", FIELDS.sub("", form))


def test_a_form_that_stands_for_more_than_one_number_names_it() -> None:
    for language in nonempty(set(OTHERS) - {"sq"}):
        for key, text in nonempty(load_words(language).texts.items()):
            assert isinstance(text, str) or all("{number}" in form for form in text.values()), (language, key)


SAME_WORD = """
    administrator album audio cashtag emoji formula hashtag HTML link parameter program Standard video {kind}:{number}
    {which}:{what} Program:{names} {says}({source}) {kind}{id} {at}:{sheet}({same}) -{number}:{why}
    """
"""What is written in the same way in English and in another of the languages."""


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_was_left_in_english(language: str) -> None:
    english = {key: form for key, form in everything("en") if " " in form or form.isalpha()}
    same = {form for key, form in everything(language) if form == english.get(key)}
    assert {form.replace(" ", "") for form in same} <= set(SAME_WORD.split())


ALPHABETS = {
    "mk": "абвгдѓежзѕијклљмнњопрстќуфхцчџшѐѝ",
    "sr-Cyrl": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "sr-Latn": "abcčćdđefghijklmnoprsštuvzž",
    "hr": "abcčćdđefghijklmnoprsštuvzž",
    "bs": "abcčćdđefghijklmnoprsštuvzž",
    "sl": "abcčdefghijklmnoprsštuvzž",
    "sq": "abcçdeëfghijklmnopqrstuvxyz",
}
STAYS = """
    A ACPO ASiC B BagIt Base Berkeley CAdES Chrome Desktop E EN ETSI Edge Ed Escape F FAILED FILE FINGERPRINT
    Firefox HTML IEC ISO INDETERMINATE INF JPEG JavaScript Linux META OpenSSL PASSED PDF PNG Passport Premium Python
    README RFC ROOT ROOTS SHA SWGDE Shift Stamping TON Telegram Time UTC VERIFY WSL Windows XXXX U ZIP a asice asn
    attime bash bundle case cat certs content coreutils crypto cryptography csv data digests disclosures e entries
    events f grep items json jsonl log metadata nisisama only pages pdf pem report schema seal sed sh stamps trust
    txt u unzip verify web zip IP QR USB b c html pyz verifier CASE JSON LD UCO jsonld
    """
"""Names of programs, files and options, verdicts and abbreviations: the same in every language and script."""


@pytest.mark.parametrize("language", OTHERS)
def test_each_word_is_in_the_letters_of_its_language_or_is_a_name(language: str) -> None:
    letters = set(ALPHABETS[language])
    words = {word for _, form in everything(language) for word in re.findall(r"[^\W\d_]+", FIELDS.sub("", form))}
    strange = {word for word in words if set(word.lower()) - letters}
    kept = set(STAYS.split())
    assert {word for word in strange if word not in kept and not word.startswith(("Chrom", "Firefox"))} == set()


def test_the_letters_that_get_lost_first_are_there() -> None:
    of = {"mk": "ѓќѕљњѐѝ", "sr-Cyrl": "ђћџ", "sr-Latn": "đćčžš", "hr": "đćčžš", "bs": "đćčžš", "sl": "čžš", "sq": "ëç"}
    for language, letters in nonempty(of.items()):
        whole = "".join(form for _, form in everything(language)).lower()
        assert [letter for letter in letters if letter not in whole] == []


BLAMING = {
    "en": ("why did you", "perpetrator", "revenge", "victim", "offender", "culprit", "scandal"),
    "mk": ("зошто сте", "жртва", "сторител", "одмазд", "виновн", "скандал"),
    "sr-Cyrl": ("зашто сте", "жртва", "учинилац", "извршилац", "осветнич", "кривац", "скандал"),
    "sr-Latn": ("zašto ste", "žrtva", "učinilac", "izvršilac", "osvetnič", "krivac", "skandal"),
    "hr": ("zašto ste", "žrtva", "počinitelj", "osvetnič", "krivac", "skandal"),
    "bs": ("zašto ste", "žrtva", "počinilac", "izvršilac", "osvetnič", "krivac", "skandal"),
    "sl": ("zakaj ste", "žrtev", "storilec", "maščev", "krivec", "škandal"),
    "sq": ("pse e", "viktim", "autorit", "hakmarr", "fajtor", "skandal"),
}
JARGON = {
    "en": ("checkpoint", "witness", "custodian", "timestamp", "merkle", "hash tree", "ciphertext", "tombstone"),
    "mk": ("контролна точка", "меркле", "чекпоинт", "сведок"),
    "sr-Cyrl": ("контролна тачка", "меркле", "чекпоинт", "сведок"),
    "sr-Latn": ("kontrolna tačka", "merkle", "čekpoint", "svedok"),
    "hr": ("kontrolna točka", "merkle", "checkpoint", "svjedok"),
    "bs": ("kontrolna tačka", "merkle", "checkpoint", "svjedok"),
    "sl": ("kontrolna točka", "merkle", "checkpoint", "priča"),
    "sq": ("pikë kontrolli", "merkle", "checkpoint", "dëshmitar"),
}
"""Words of the trade: STYLE says what people read instead."""


@pytest.mark.parametrize("language", languages())
def test_the_words_blame_nobody_before_a_judgment_and_are_not_of_the_trade(language: str) -> None:
    whole = " ".join(form for _, form in everything(language)).lower()
    assert [word for word in (*BLAMING[language], *JARGON[language]) if word in whole] == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("mk", ("временски жиг", "дневниот печат", "отпечаток", "согласност", "празнина", "хеш-вредност")),
        ("sr-Cyrl", ("временски жиг", "дневни печат", "отисак", "пристанак", "празнина", "хеш-вредност")),
        ("hr", ("vremenski žig", "dnevni pečat", "otisak", "privola", "praznina", "hash-vrijednost")),
        ("bs", ("vremenski pečat", "dnevni pečat", "otisak", "saglasnost", "praznina", "hash-vrijednost")),
        ("sl", ("časovni žig", "dnevni žig", "prstni odtis", "privolitev", "vrzel", "zgoščena vrednost")),
        ("sq", ("vula kohore", "vula ditore", "gjurma", "pëlqimi", "boshllëk", "vlera hash")),
    ],
)
def test_each_language_uses_the_terms_of_its_own_practice(language: str, words: tuple[str, ...]) -> None:
    whole = " ".join(form for _, form in everything(language)).lower()
    assert [word for word in words if word not in whole] == []
    foreign = {"bs": ("vremenski žig", "privola"), "hr": ("vremenski pečat", "saglasnost")}.get(language, ())
    assert [word for word in foreign if word in whole] == []


def test_only_english_is_no_draft() -> None:
    assert {language for language in languages() if not load_words(language).draft} == {"en"}


def test_an_unknown_language_of_the_page_is_refused() -> None:
    with pytest.raises(CatalogueError, match="mk"):
        page_words("de")


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("инјекција", "injekcija"),
        ("надживети", "nadživeti"),
        ("танјуг", "tanjug"),
        ("ЏЕП Џеп Љубав ЊЕГОШ Његош Ђ", "DŽEP Džep Ljubav NJEGOŠ Njegoš Đ"),
        ("Шаље {org}: „да“ (JPEG).", "Šalje {org}: „da“ (JPEG)."),
    ],
)
def test_serbian_is_written_in_latin_letter_by_letter(cyrillic: str, latin: str) -> None:
    assert serbian_latin(cyrillic) == latin


def test_serbian_in_latin_has_no_cyrillic_left_and_keeps_what_was_latin() -> None:
    cyrillic, latin = load_words("sr-Cyrl").texts, load_words("sr-Latn").texts
    assert re.search("[\u0400-\u04ff]", str(cyrillic))
    assert not re.search("[\u0400-\u04ff]", str(latin))
    for key, text in nonempty(cyrillic.items()):
        for one, other in zip(forms(text), forms(latin[key]), strict=True):
            kept = re.findall(r"[!-~]*[A-Za-z][!-~]*", one)
            assert [word for word in kept if word not in other] == []
