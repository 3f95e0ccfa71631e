"""Books that nobody wrote: realistic in their proportions, the same every time for a seed.

What matters for measuring is like in life: a few words, authors and publishers are everywhere
and most are rare (Zipf), there are accents and other scripts, some values are missing.
"""

import random
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from catalog.text import fold

BATCH = 1_000  # books that share a random generator: any of them can be made without the rest


def split(text: str) -> list[str]:
    return text.split()


ENGLISH = split("""
life world love death war house night guide time secret art story book new light dark city river
garden heart king queen daughter son man woman girl boy last first lost journey road sea island
mountain winter summer spring autumn golden black white red blue silver stone fire water wind
shadow science theory practice introduction principles modern ancient collected complete poems
essays letters handbook history mystery murder stranger silence memory dream truth power money
family friend enemy soldier doctor teacher detective dragon witch ghost angel devil magic kingdom
empire republic revolution freedom justice peace nation children mother father brother sister
wedding kitchen cooking travel nature birds flowers trees horses dogs cats stars moon sun earth
space machine computer mathematics physics chemistry biology psychology philosophy religion
politics economics music painting photography architecture language grammar dictionary atlas
café naïve façade château résumé crème protégé fiancée Brontë Gödel Dvořák Málaga Québec Zürich
""")


@dataclass(frozen=True)
class Language:
    share: int  # books in a thousand
    articles: list[str]  # the first is the usual one
    between: list[str]
    words: list[str]


LANGUAGES = {
    "eng": Language(
        580, split("The A An"), ["of the", "and the", "in the", "of", "and", "for"], ENGLISH
    ),
    "ger": Language(100, split("Der Die Das Ein Eine"), split("der und im von"), split("""
        Zauberberg Verwandlung Leben Straße Mädchen Königin Geschichte Wörterbuch Frühling Schloß
        Übergang Größe Nacht Liebe Krieg Frieden Natur Seele Wanderer Bücher Gespräche""")),
    "fre": Language(90, split("Le La Les Un Une"), ["de la", "et le", "de", "sans"], split("""
        étranger château misérables éducation forêt mémoires été hiver île rêve cœur lumière
        siècle voyage enfance âme pensées théâtre poésie règle bibliothèque""")),
    "spa": Language(70, split("El La Los Las"), ["de la", "y el", "de"], split("""
        años soledad corazón casa espíritu niña señor montaña canción río sueño ciudad perros
        sombra viento laberinto amor cólera historia""")),
    "ita": Language(35, split("Il La I Le"), ["della", "e il", "di"], split("""
        nome rosa città invisibili coscienza gattopardo deserto sposi giardino verità""")),
    "por": Language(20, split("O A Os"), ["do", "e a", "de"], split("""
        ensaio cegueira coração memórias conto ilha desconhecida estação""")),
    "dut": Language(15, split("De Het"), ["van de", "en"], split("""
        avonden aanslag ontdekking hemel reünie geschiedenis""")),
    "rus": Language(20, [], ["и", "в"], split("""
        война мир преступление наказание мастер отцы дети вишнёвый сад идиот""")),
    "jpn": Language(15, [], ["の", "と"], split("""
        雪国 こころ 春 吾輩 猫 人間 失格 海 物語 東京""")),
    "chi": Language(10, [], ["与", "的"], split("""
        红楼 梦 三国 演义 西游 记 水浒 传 论语 中国""")),
    "": Language(45, ["The"], ["of the", "and"], ENGLISH),
}  # fmt: skip
FIRST = split("""
James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Richard
Susan José María Joaquín Núria Jörg Jürgen Käthe Björn Åsa Søren Zoë Chloé François Hélène André
Łukasz Agnieszka Tomáš Žofie Ömer Ayşe Haruki Yoko Wei Ming Ivan Olga Nikolai Anna Peter Paul
Gabriel Isabel Carlos Lucía Giovanni Elena Marco Sofía Chinua Ngũgĩ Wisława Orhan Svetlana
""")
HOUSES = ["Press", "Books", "Verlag", "Éditions", "Publishing", "House", "& Sons", "Editorial"]
PLACES = [
    ("London", "United Kingdom"), ("New York", "United States"), ("Paris", "France"),
    ("Berlin", "Germany"), ("Madrid", "Spain"), ("Milano", "Italy"), ("", ""),
    ("São Paulo", "Brazil"), ("Toronto", "Canada"), ("Tokyo", "Japan"),
]  # fmt: skip
ENDINGS = split("son ton ley ford man berg stein wood field ville ski ova ez ini eau sen ström")
ONSETS = split("b br c ch d dr f fl g gr h j k kr l m n p pl pr qu r s sh st t tr v w z th sk")
VOWELS = split("a e i o u a e i o u ai ea ou ie oo á é ö ü ñe")
CODAS = [*[""] * 14, *split("n r l s t m nd rt ck lt x")]
CURRENCIES = ["EUR", "USD", "GBP", "EUR", "USD", "JPY"]


def zipf(chance: float, size: int, flat: int) -> int:
    """A rank below `size`, rank r about as often as 1 / (r + flat); from a chance of 0 to 1."""
    return min(size - 1, int(flat * ((size + flat) / flat) ** chance - flat))


@dataclass(slots=True)
class MadeUp:
    """A book; authors and publisher are numbers, whose names `Maker` knows."""

    number: int
    title: str
    subtitle: str
    language: str
    year: int | None
    isbn: str
    isbn_repaired: bool
    publisher: int | None
    people: list[tuple[int, str]]  # author's number, role
    pages: int | None
    price: str | None
    currency: str
    description: str


class Maker:
    """Makes books for a catalogue of `size`: the larger it is, the more names it has."""

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self.authors = max(50, int(size * 0.4))
        self.publishers = max(20, int(size * 0.03))

    @cached_property
    def rare(self) -> list[str]:
        return self.invented(24_000, 2, 4)

    @cached_property
    def surnames(self) -> list[str]:
        rng = random.Random(self.seed)  # noqa: S311 - not for secrets
        return [(word + rng.choice(ENDINGS)).capitalize() for word in self.invented(9_000, 1, 3)]

    @cached_property
    def vocabulary(self) -> dict[str, list[str]]:
        return {code: [*each.words, *self.rare] for code, each in LANGUAGES.items()}

    def invented(self, count: int, shortest: int, longest: int) -> list[str]:
        """Words that could be, no two alike without their accents."""
        rng = random.Random(f"{self.seed} {count}")  # noqa: S311
        found: dict[str, str] = {}
        while len(found) < count:
            syllables = rng.randint(shortest, longest)
            word = "".join(
                rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
                for _syllable in range(syllables)
            )
            found.setdefault(fold(word), word)
        return list(found.values())

    def author(self, number: int) -> tuple[str, str]:
        """Name and sort name; every number has another name."""
        again, rest = divmod(number, len(FIRST) * len(self.surnames))
        first = FIRST[rest % len(FIRST)]
        # 7,919 is prime: neighbours in number have nothing in common.
        place = rest // len(FIRST) * 7_919 + rest % len(FIRST) * 31
        surname = self.surnames[place % len(self.surnames)]
        if again:
            first += f" {chr(ord('A') + again % 26)}."
        return f"{first} {surname}", f"{surname}, {first}"

    def publisher(self, number: int) -> tuple[str, str, str]:
        """Name, city, country."""
        again, rest = divmod(number, len(self.surnames))
        surname = self.surnames[rest * 5_003 % len(self.surnames)]
        city, country = PLACES[number % len(PLACES)]
        return f"{surname} {HOUSES[(number + again) % len(HOUSES)]}", city, country

    def books(self, start: int, stop: int) -> Iterator[MadeUp]:
        """The books of these numbers."""
        for first in range(start - start % BATCH, stop, BATCH):
            rng = random.Random(f"{self.seed} {first}")  # noqa: S311
            for number in range(first, first + BATCH):
                book = self.book(number, rng)
                if start <= number < stop:
                    yield book

    def book(self, number: int, rng: random.Random) -> MadeUp:
        chance = rng.random
        language = _language(chance())
        year = _year(chance())
        has_isbn = chance() < 0.9
        credited = (1, 1, 1, 2, 2, 3)[int(chance() * 6)]
        people = [(self.some_author(chance()), "aut") for _ in range(credited)]
        extra = chance()
        if extra < 0.06:
            people.append((self.some_author(chance()), "trl"))
        elif extra < 0.1:
            people.append((self.some_author(chance()), "edt"))
        has_price = chance() < 0.5
        return MadeUp(
            number=number,
            title=self.title(language, chance),
            subtitle=self.phrase(language, chance, 3) if chance() < 0.3 else "",
            language=language,
            year=year,
            isbn=made_up_isbn(number) if has_isbn else "",
            isbn_repaired=has_isbn and chance() < 0.02,
            publisher=zipf(chance(), self.publishers, 10) if chance() < 0.97 else None,
            people=list(dict.fromkeys(people)),
            pages=30 + int(chance() ** 2 * 900) if chance() < 0.85 else None,
            price=f"{5 + int(chance() * 60)}.{int(chance() * 100):02d}" if has_price else None,
            currency=CURRENCIES[int(chance() * 6)] if has_price else "",
            description=f"{self.phrase(language, chance, 12)}." if chance() < 0.1 else "",
        )

    def some_author(self, chance: float) -> int:
        return zipf(chance, self.authors, 200)

    def title(self, language: str, chance: Callable[[], float]) -> str:
        """An article more often than not, two to four words, something between two of them."""
        articles, between = LANGUAGES[language].articles, LANGUAGES[language].between
        parts = [self.word(language, chance) for _ in range((1, 2, 2, 3, 3, 4)[int(chance() * 6)])]
        if len(parts) > 1 and chance() < 0.6:
            parts.insert(1, between[int(chance() * len(between))])
        if articles and chance() < 0.55:
            parts.insert(0, articles[int(chance() ** 2 * len(articles))])
        text = " ".join(parts)
        return text[0].upper() + text[1:]

    def phrase(self, language: str, chance: Callable[[], float], most: int) -> str:
        words = (self.word(language, chance) for _ in range(1 + int(chance() * most)))
        return " ".join(words).capitalize()

    def word(self, language: str, chance: Callable[[], float]) -> str:
        words = self.vocabulary[language]
        return words[zipf(chance(), len(words), 6)]


SHARES = list(accumulate(each.share for each in LANGUAGES.values()))
CODES = list(LANGUAGES)


def _language(chance: float) -> str:
    return CODES[bisect(SHARES, chance * SHARES[-1] * 0.999_999)]


def _year(chance: float) -> int | None:
    """Some unknown, a few very old, most of the last decades."""
    if chance < 0.05:
        return None
    if chance < 0.06:
        return int(-800 + (chance - 0.05) * 100 * 2_200) or 1
    if chance < 0.12:
        return int(1_450 + (chance - 0.06) / 0.06 * 450)
    return int(2_026 - ((chance - 0.12) / 0.88) ** 2 * 126)


def made_up_isbn(number: int) -> str:
    """Every number has another one; neighbours differ from the start."""
    body = f"978{(number + 1) * 387_420_489 % 1_000_000_007 % 10**9:09d}"
    digits = [int(digit) for digit in body]
    return f"{body}{-(sum(digits[::2]) + 3 * sum(digits[1::2])) % 10}"
