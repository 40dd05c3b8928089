"""Files of items: what is read from them, what is said of what cannot be."""

import json

import pytest
from fakes.made_items import items
from hypothesis import given
from hypothesis import strategies as st

from provisioning.items.importing import (
    BadFileError,
    FileForm,
    Keys,
    Line,
    form_of_dict,
    open_file,
    read,
)
from provisioning.items.seen import Seen
from provisioning.items.splitting import LONGEST
from provisioning.items.values import Item, dumps, same_item

KEYS = Keys(("id", "at"), {"id": "S", "at": "N", "mail": "S"})


def lines_of(content: bytes, name: str = "items.json", *, keys: Keys = KEYS, piece: int = 1000) -> list[Line]:
    form = open_file(content, name, keys)
    rest = content[form.start.offset :]
    return list(read(form, keys, [rest[at : at + piece] for at in range(0, len(rest), piece)], form.start))


def problems(content: str, name: str = "items.json") -> list[str]:
    return [line.problem for line in lines_of(content.encode(), name)]


def good(content: str, name: str = "items.json") -> list[Item]:
    found = lines_of(content.encode(), name)
    assert [line.problem for line in found] == [""] * len(found)
    return [line.item for line in found if line.item is not None]


@given(st.lists(items({"id": "S", "at": "N"}), max_size=4), st.integers(1, 50))
def test_pitfall_18_typed_lines_come_back_byte_for_byte(made: list[Item], piece: int) -> None:
    content = "".join(f"{dumps(item)}\n" for item in made).encode()
    keys = Keys(("id", "at"), {"id": "S", "at": "N"})
    if made:
        read_back = lines_of(content, keys=keys, piece=piece)
        assert [line.item for line in read_back] == made
        assert [dumps(line.item or {}) for line in read_back] == [dumps(item) for item in made]


@given(st.lists(items({"id": "S"}), min_size=1, max_size=3), st.integers(1, 40), st.data())
def test_lists_and_objects_say_the_same_however_they_are_cut(made: list[Item], piece: int, data: st.DataObject) -> None:
    pretty, listed = data.draw(st.booleans()), data.draw(st.booleans())
    texts = [dumps(item, pretty=pretty) for item in made]
    content = (f"[{','.join(texts)}]" if listed else "\n".join(texts)).encode()
    keys = Keys(("id",), {"id": "S"})
    assert [line.item for line in lines_of(content, keys=keys, piece=piece)] == made


@given(st.binary(max_size=200))
def test_no_file_makes_the_reader_fail(content: bytes) -> None:
    for name in ("a.json", "a.csv"):
        try:
            found = lines_of(content, name)
        except BadFileError:
            continue
        assert all((line.item is None) == bool(line.problem) for line in found)


@given(st.lists(items({"id": "S", "at": "N"}), min_size=2, max_size=4), st.data())
def test_reading_goes_on_behind_any_item(made: list[Item], data: st.DataObject) -> None:
    pretty = data.draw(st.booleans())
    content = f"[{', '.join(dumps(item, pretty=pretty) for item in made)}]".encode()
    form = open_file(content, "x", KEYS)
    whole = list(read(form, KEYS, [content[form.start.offset :]], form.start))
    stop = data.draw(st.integers(0, len(whole) - 1))
    place = whole[stop].after
    again = form_of_dict(json.loads(json.dumps(form.as_dict())))
    assert list(read(again, KEYS, [content[place.offset :]], place)) == whole[stop + 1 :]


class TestForms:
    """What a file is, found out from its beginning."""

    @pytest.mark.parametrize(
        ("content", "label"),
        [
            ('{"id":{"S":"a"},"at":{"N":"1"}}\n', "typed JSON, an item a line"),
            ('{"Item":{"id":{"S":"a"},"at":{"N":"1"}}}\n', "a DynamoDB export, an item a line"),
            ('{"id":"a","at":1}\n', "plain JSON, an item a line"),
            ('[{"id":"a","at":1}]', "a list of plain JSON"),
            ('{"Items": [{"id":{"S":"a"},"at":{"N":"1"}}], "Count": 1}', "a list of typed items"),
            ('{\n  "id": "a",\n  "at": 1\n}\n', "plain JSON"),
            ("id,at\na,1\n", "CSV with a header row"),
            ("\ufeffid;at\r\na;1\r\n", "CSV with a header row"),
        ],
    )
    def test_each_is_known(self, content: str, label: str) -> None:
        assert open_file(content.encode(), "file", KEYS).label == label
        assert good(content, "file") == [{"id": {"S": "a"}, "at": {"N": "1"}}]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "empty"),
            (b"  \n", "empty"),
            (b"\x1f\x8b\x08\x00", "compressed"),
            (b"PK\x03\x04abc", "workbook"),
            ("id".encode("utf-16"), "UTF-16"),
            (b"{\x00\xff\x01", "no text"),
            (b"name,at\nx,1\n", "“id”, a key, is not among them"),
            (b"id,at,at\nx,1,2\n", "“at” twice"),
            (b"id,at,\nx,1,2\n", "Column 3 of the first row has no name"),
            (b"id,at,mail:HIDDEN\nx,1,(hidden)\n", "hidden in this file"),
            (b'id,"at\nx,1\n', "cannot be read"),
        ],
    )
    def test_what_cannot_be_read_is_told(self, content: bytes, words: str) -> None:
        with pytest.raises(BadFileError) as told:
            open_file(content, "items.csv" if b"," in content else "items.json", KEYS)
        assert words in told.value.sentence

    def test_somebody_says_that_maps_are_plain(self) -> None:
        content = b'{"id":{"S":"a"}}\n'
        keys = Keys(("id",), {"id": "M"})
        form = open_file(content, "x", keys, notation="plain")
        assert [line.item for line in read(form, keys, [content], form.start)] == [{"id": {"M": {"S": {"S": "a"}}}}]


class TestWhatIsWrong:
    """Line by line, in words."""

    def test_pitfall_13_thirty_nine_digits(self) -> None:
        assert problems('{"id":"a","at":' + "1" * 39 + "}\n") == [
            "at: A number has 38 digits at most; this one has 39."
        ]

    def test_pitfall_14_beyond_the_range(self) -> None:
        (told,) = problems('{"id":"a","at":1E+126}\n')
        assert told == "at: A number lies between 1E-130 and 9.9…E+125, with either sign."

    @pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
    def test_pitfall_15_no_number_is_refused(self, word: str) -> None:
        assert problems(f'{{"id":"a","at":{word}}}\n') == [f"{word} is no number that DynamoDB has."]
        assert problems(f'{{"id":{{"S":"a"}},"at":{{"N":"{word}"}}}}\n') == [f"at: “{word}” is no number."]
        assert problems(f"id,at\na,{word}\n", "x.csv") == [f"at: “{word}” is no number."]

    def test_pitfall_15_fractions_are_never_floats(self) -> None:
        (item,) = good('{"id":"a","at":0.10000000000000000000000000000000000001}\n')
        assert item["at"] == {"N": "0.10000000000000000000000000000000000001"}

    def test_pitfall_12_big_integers_stay(self) -> None:
        (item,) = good('{"id":"a","at":1318796827993409899}\n')
        assert item["at"] == {"N": "1318796827993409899"}

    def test_pitfall_20_items_over_400_kb(self) -> None:
        (told,) = problems(dumps({"id": {"S": "a"}, "at": {"N": "1"}, "x": {"S": "x" * 400 * 1024}}))
        assert told == "The item has 409,608 bytes; DynamoDB takes 409,600 at most."

    def test_keys(self) -> None:
        assert problems('{"at":1}\n{"id":"","at":1}\n{"id":7,"at":1}\n{"id":"a","at":1,"mail":true}\n') == [
            "The key attribute “id” is missing.",
            "The key attribute “id” is empty, which DynamoDB does not take.",
            "The key attribute “id” is a number here; the table has a text.",
            "“mail”, the key of an index, is true or false here; the table has a text.",
        ]
        (told,) = problems('{"id":"' + "é" * 1025 + '","at":1}')
        assert told == "The key attribute “id” is longer than 2,048 bytes."

    def test_pitfall_17_an_empty_set(self) -> None:
        (told,) = problems('{"id":{"S":"a"},"at":{"N":"1"},"tags":{"SS":[]}}\n')
        assert told == "tags: A set has at least one member. Remove the attribute instead."

    def test_a_number_without_quotation_marks_in_a_typed_item(self) -> None:
        told = problems(
            '{"id":{"S":"a"},"at":{"N":"1"}}\n{"id":{"S":5},"at":{"N":"1"}}\n{"id":{"S":"a"},"at":{"N":1}}\n'
        )
        assert told[:2] == ["", "id: A text stands in quotation marks."]
        assert told[2].startswith("at: A number stands in quotation marks here")

    def test_what_is_no_json_spoils_no_other(self) -> None:
        found = lines_of(b'{"id":"a","at":1}\nnope\n{"id":"b","at":2}\n\n{"id":"\xff","at":3}\n{"id":"c","at":4')
        assert [(line.number, line.problem[:16]) for line in found] == [
            (1, ""),
            (2, "This is not JSON"),
            (3, ""),
            (5, "This is not UTF-"),
            (6, "This is not JSON"),
        ]

    def test_a_list_that_was_cut_off(self) -> None:
        assert problems('[{"id":"a","at":1},') == ["", "The list has no end: the file may be cut off."]
        assert problems('[{"id":"a","at":1},{"id":')[1].endswith("The file may be cut off here.")

    def test_what_is_longer_than_any_item_is_not_kept(self) -> None:
        long = b'{"id":"' + b"x" * LONGEST + b'","at":1}\n{"id":"b","at":2}\n'
        assert [line.problem for line in lines_of(long, piece=100_000)] == ["This is longer than any item can be.", ""]
        listed = b"[" + long.replace(b"\n", b",", 1) + b"]"
        assert next(line.problem for line in lines_of(listed, piece=100_000)) == "This is longer than any item can be."

    def test_names_that_are_there_twice(self) -> None:
        assert problems('{"id":"a","at":1,"at":2}\n') == ["“at” is there twice."]


class TestCsv:
    """Rows: types from the header and the table, never guessed."""

    def test_types(self) -> None:
        content = 'id,at,n:N,ok:BOOL,b:B,any:JSON,text\r\na,1,-5.50,TRUE,AAE=,"{""SS"":[""x""]}",007\r\nb,2,,,,,\r\n'
        assert good(content, "x.csv") == [
            {
                "id": {"S": "a"},
                "at": {"N": "1"},
                "n": {"N": "-5.50"},
                "ok": {"BOOL": True},
                "b": {"B": b"\x00\x01"},
                "any": {"SS": ["x"]},
                "text": {"S": "007"},
            },
            {"id": {"S": "b"}, "at": {"N": "2"}},
        ]

    def test_pitfall_39_the_apostrophe_is_taken_off_again(self) -> None:
        content = "id,at,t,u,v,w\na,1,'=1+1,''-x,'tis,'\n"
        (item,) = good(content, "x.csv")
        assert [item[name] for name in "tuvw"] == [{"S": "=1+1"}, {"S": "'-x"}, {"S": "'tis"}, {"S": ""}]

    def test_rows_over_several_lines_keep_their_number(self) -> None:
        found = lines_of(b'id,at,t\r\n"a",1,"x\r\ny"\r\nb,2\r\nc,x,\r\n"d"e,3,\r\nf,4,g\r\n', "x.csv")
        assert [(line.number, line.problem) for line in found] == [
            (2, ""),
            (4, "The row has 2 cells, the first row has 3."),
            (5, "at: “x” is no number."),
            (6, "This row cannot be read: ',' expected after '\"'."),
            (7, ""),
        ]
        assert found[0].item == {"id": {"S": "a"}, "at": {"N": "1"}, "t": {"S": "x\r\ny"}}

    def test_what_is_no_utf_8(self) -> None:
        assert [line.problem for line in lines_of(b"id,at\n\xff,1\nb,2\n", "x.csv")] == ["id: This is not UTF-8.", ""]


class TestSeen:
    """The same key twice in one file."""

    def test_the_first_line_is_told_after_a_pause_too(self) -> None:
        seen = Seen()
        assert seen.first({"id": {"N": "1"}}, 1) == 0
        assert seen.first({"id": {"N": "1.0"}}, 2) == 1
        run = seen.run()
        assert seen.first({"id": {"N": "1"}}, 3) == 1
        later = Seen()
        later.load(run)
        later.load(Seen().run())
        assert later.first({"id": {"N": "1"}}, 4) == 1
        assert later.first({"id": {"S": "1"}}, 5) == 0

    @given(st.lists(items({"id": "B"}), max_size=6))
    def test_it_is_the_same_as_same_item(self, made: list[Item]) -> None:
        seen = Seen()
        for line, item in enumerate(made, 1):
            key = {"id": item["id"]}
            earlier = [at for at, one in enumerate(made[: line - 1], 1) if same_item({"id": one["id"]}, key)]
            assert seen.first(key, line) == (earlier[0] if earlier else 0)
            if line % 2:
                seen.run()


def test_a_form_is_kept_as_json() -> None:
    form = open_file(b"id;at;x:JSON\na;1;\n", "x.csv", KEYS)
    assert isinstance(form, FileForm)
    assert form_of_dict(json.loads(json.dumps(form.as_dict()))) == form
