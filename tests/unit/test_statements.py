"""PartiQL: what a statement does and how much it reads, judged from its words alone."""

import pytest

from provisioning.blueprints.masking import parse_path
from provisioning.items.masking import Mask
from provisioning.items.query import Shape, View
from provisioning.items.statement_tokens import BadStatementError, place_of
from provisioning.items.statements import NOT_UNDERSTOOD, Select, Target, Verb, read_select, verb_of, why_hidden
from provisioning.items.values import Value

SHAPE = Shape(
    "dev-messages",
    View("", "id", "at"),
    (View("user-index", "user", "timestamp"), View("by-size", "size")),
    {"id": "S", "at": "N", "user": "S", "timestamp": "N", "size": "N"},
)


def select(rest: str, *parameters: Value, columns: str = "*", table: str = '"dev-messages"') -> Select:
    return read_select(" ".join(["SELECT", columns, "FROM", table, rest]), Target(SHAPE, parameters))


def refused(text: str, *parameters: Value) -> BadStatementError:
    with pytest.raises(BadStatementError) as bad:
        read_select(text, Target(SHAPE, parameters))
    return bad.value


class TestQueryOrScan:
    """What reads one partition, or a few, and what reads everything."""

    @pytest.mark.parametrize(
        ("where", "partitions"),
        [
            ("WHERE id = 'a'", 1),
            ("where ID_ > 1 and id = 'a'", 1),
            ("WHERE \"id\" = 'a' AND at BETWEEN -1 AND 5", 1),
            ("WHERE (at > 1 AND (id = 'a'))", 1),
            ("WHERE id IN ['a', 'b', 'c']", 3),
            ("WHERE id IN ('a') AND NOT at = 1", 1),
            ("WHERE note = 'a OR id = ''b''' AND id = 'c' ORDER BY at DESC", 1),
            ("WHERE id = 'a' AND (note = 1 OR NOT contains(tags, 'x'))", 1),
            ("WHERE x IS NOT MISSING AND id = 'a' AND y IS NULL;", 1),
        ],
    )
    def test_pitfall_28_equality_with_the_partition_key_is_a_query(self, where: str, partitions: int) -> None:
        found = select(where)
        assert (found.is_scan, found.partitions, found.why) == (False, partitions, "")

    @pytest.mark.parametrize(
        "where",
        [
            "",
            "ORDER BY at",
            "WHERE at = 1",
            "WHERE id = 'a' OR at = 1",
            "WHERE id = 'a' OR id = 'b'",
            "WHERE at = 1 AND id = 'a' OR at = 2",
            "WHERE NOT id = 'a'",
            "WHERE NOT NOT id = 'a'",
            "WHERE NOT (id = 'a' AND at = 1)",
            "WHERE id NOT IN ['a']",
            "WHERE id > 'a'",
            "WHERE id <> 'a'",
            "WHERE id BETWEEN 'a' AND 'a'",
            "WHERE begins_with(id, 'a')",
            "WHERE id = other",
            "WHERE id = id",
            "WHERE 'a' = id",
            "WHERE id IN ['a', other]",
            "WHERE id = 5",
            "WHERE id = NULL",
            "WHERE id IN []",
            "WHERE id.x = 'a'",
            "WHERE id[0] = 'a'",
            "WHERE x.id = 'a'",
            "WHERE ID = 'a'",
            "WHERE note = 'id = ''a'''",
            "WHERE \"note = 'x' AND id\" = 'a'",
            "WHERE (at = 1 OR (id = 'a' AND at = 2))",
        ],
    )
    def test_pitfall_28_everything_else_is_a_scan(self, where: str) -> None:
        found = select(where)
        assert found.is_scan
        assert '"id" = …' in found.why

    @pytest.mark.parametrize(
        "where",
        [
            "WHERE id = 'a' + 'b'",
            "WHERE id = 'a' AND x = 1 + 2",
            "WHERE id = 'a' AND at BETWEEN 1 AND id = 'b'",
            "WHERE id = 'a' AND magic(x)",
            "WHERE id = 'a' AND x IS STRING",
            "WHERE id = 'a' AND",
            "WHERE id = 'a' ORDER at",
            "WHERE id = 'a' x = 1",
            "WHERE (id = 'a'",
            "WHERE id IN ?",
        ],
    )
    def test_what_is_not_understood_counts_as_a_scan_and_says_so(self, where: str) -> None:
        found = select(where, *[{"L": [{"S": "a"}]}] * where.count("?"))
        assert found.is_scan
        assert found.why.startswith(NOT_UNDERSTOOD)

    def test_an_index_has_its_own_partition_key(self) -> None:
        index = '"dev-messages"."user-index"'
        assert select("WHERE user = 'u'", table=index).partitions == 1
        assert select("WHERE user = 'u'", table=index).index == "user-index"
        assert select("WHERE id = 'a'", table=index).is_scan
        assert select("WHERE size = -5", table='"dev-messages"."by-size"').partitions == 1
        assert select("WHERE size = '5'", table='"dev-messages"."by-size"').is_scan

    def test_a_parameter_says_the_partition_as_a_value_does(self) -> None:
        assert select("WHERE id = ? AND at > ?", {"S": "a"}, {"N": "1"}).partitions == 1
        assert select("WHERE id = ?", {"N": "1"}).is_scan
        assert select("WHERE id IN [?, ?]", {"S": "a"}, {"S": "b"}).partitions == 2


class TestRefused:
    """What is not run at all, each with the place that it is about."""

    @pytest.mark.parametrize(
        ("text", "sentence", "at"),
        [
            ("", "Write a statement", None),
            ("  ;", "Write a statement", None),
            ('SELECT * FROM "dev-messages" -- all', "Comments are not taken", 29),
            ('SELECT /* all */ * FROM "dev-messages"', "Comments are not taken", 7),
            ('SELECT * FROM "dev-messages"; DROP', "One statement at a time", 30),
            ('SELECT * FROM "dev-messages" WHERE id = \'a', "does not end", 40),
            ('SELECT * FROM "dev-messages', "does not end", 14),
            ('SELECT * FROM "dev-messages" WHERE id = `a`', "back-ticks", 40),
            ('SELECT * FROM "dev-messages" WHERE é = 1', "“é” has no meaning", 35),
            ('SELECT *\N{NO-BREAK SPACE}FROM "dev-messages"', "U+00A0", 8),
            ('SELECT * FROM "dev-messages" WHERE "" = 1', "A name is empty", 35),
            ('SELECT * FROM "dev-messages" WHERE id = 1a', "right behind a number", 40),
            ('SELECT * FROM "dev-messages" m', "where WHERE or the end", 29),
            ('SELECT * FROM "dev-messages", other', "where WHERE or the end", 28),
            ('SELECT * FROM "dev-messages" AS m', "where WHERE or the end", 29),
            ('SELECT * FROM "dev-messages" WHERE id IN (SELECT id FROM other)', "“SELECT” is not taken", 42),
            ('SELECT * FROM "dev-messages" WHERE user LIKE 1', "“LIKE” is not taken", 40),
            ('SELECT FROM "dev-messages"', "the name of an attribute", 7),
            ("SELECT 'x' FROM \"dev-messages\"", "the name of an attribute", 7),
            ('SELECT a AS b FROM "dev-messages"', "“FROM” is needed", 9),
            ("SELECT * FROM \"dev-messages\" WHERE a['x'] = 1", "a place in a list", 37),
            ("SELECT * FROM \"dev-messages\" WHERE s = <<1, 'a'>>", "members of one type", 39),
            ('SELECT * FROM "dev-messages" WHERE s = <<1, 1.0>>', "each member once", 39),
            ('SELECT * FROM "dev-messages" WHERE n = ' + "1" * 39, "38 digits", 39),
            ('SELECT * FROM "dev-messages" WHERE a = ?', "1 parameter (?), and 0 are given", 39),
            ('SELECT * FROM "dev-messages" WHERE ' + "(" * 61, "60 levels deep", 95),
            ('SELECT * FROM "dev-messages" WHERE id = \'' + "x" * 9000, "8,192 characters", None),
        ],
    )
    def test_with_its_place(self, text: str, sentence: str, at: int | None) -> None:
        bad = refused(text)
        assert sentence in bad.sentence
        assert bad.at == at

    @pytest.mark.parametrize(
        ("table", "hint"),
        [
            ('"prod-messages"', 'Write "dev-messages"'),
            ("dev-messages", "stands in quotation marks"),
            ('"DEV-MESSAGES"', "no other table"),
            ('"dev-messages.user-index"', "no other table"),
            ('"dev-messages"."other-index"', "has no index “other-index”"),
            ('"arn:aws:dynamodb:us-east-1:1:table/dev-messages"', "no other table"),
        ],
    )
    def test_pitfall_42_no_other_table_is_reached(self, table: str, hint: str) -> None:
        assert hint in refused(" ".join(["SELECT * FROM", table])).sentence

    def test_more_partitions_than_an_in_takes(self) -> None:
        fifty = ", ".join(f"'{number}'" for number in range(50))
        assert select(f"WHERE id IN [{fifty}]").partitions == 50
        with pytest.raises(BadStatementError, match="50 values"):
            select(f"WHERE id IN [{fifty}, 'x']")

    def test_a_given_value_too_many(self) -> None:
        assert "0 parameters (?), and 1 are given" in refused('SELECT * FROM "dev-messages"', {"S": "a"}).sentence

    def test_a_deep_pile_of_nots_is_no_trouble(self) -> None:
        assert select("WHERE " + "NOT " * 2000 + "id = 'a'").is_scan

    def test_lines_and_columns(self) -> None:
        text = "SELECT *\n FROM other"
        at = refused(text).at
        assert at is not None
        assert place_of(text, at) == (2, 7)


@pytest.mark.parametrize("name", ["value", "by", "desc", "asc", "all", "left", "end", "group", "ASC"])
def test_attributes_may_be_called_as_words_are_elsewhere(name: str) -> None:
    found = select(f"WHERE id = 'a' AND {name} = 1 ORDER BY {name} DESC", columns=f"{name}, id")
    assert found.sent.text.count(f'"{name}"') == 3
    assert found.sent.text.endswith(f'ORDER BY "{name}" DESC')
    assert not found.is_scan
    assert [path.steps for path in found.conditions] == [(name,), (name,)]


class TestVerbs:
    """What a statement does, by its first word."""

    @pytest.mark.parametrize("verb", list(Verb))
    def test_the_first_word_says(self, verb: Verb) -> None:
        assert verb_of(f"{verb.lower()} x") is verb

    def test_others_are_refused(self) -> None:
        for text in ("DROP TABLE x", '"SELECT" x', "BEGIN"):
            with pytest.raises(BadStatementError, match="begins with SELECT"):
                verb_of(text)
        with pytest.raises(BadStatementError, match="transactions only"):
            verb_of("EXISTS(SELECT * FROM x)")


class TestSent:
    """What AWS gets: written anew, with every value a parameter."""

    def test_names_are_quoted_and_values_are_parameters(self) -> None:
        found = select(
            "where user in ['x', ?] and a.\"b c\"[0] = 'it''s' AND begins_with(note, '?') and n <> -1.5e3"
            " AND m = {'a': [1, TRUE, <<'x'>>], 'b': NULL} and flag = true ORDER BY \"timestamp\" desc;",
            {"S": "y"},
            table='"dev-messages"."user-index"',
            columns="id, a.b[1], size(note)",
        )
        assert found.sent.text == (
            'SELECT "id", "a"."b"[1], size("note") FROM "dev-messages"."user-index" WHERE "user" IN [?, ?]'
            ' AND "a"."b c"[0] = ? AND begins_with("note", ?) AND "n" <> ? AND "m" = ? AND "flag" = TRUE'
            ' ORDER BY "timestamp" DESC'
        )
        assert found.sent.parameters == (
            {"S": "x"},
            {"S": "y"},
            {"S": "it's"},
            {"S": "?"},
            {"N": "-1.5e3"},
            {"M": {"a": {"L": [{"N": "1"}, {"BOOL": True}, {"SS": ["x"]}]}, "b": {"NULL": True}}},
        )

    def test_what_is_not_understood_is_sent_in_the_same_form(self) -> None:
        found = select('WHERE "id" = \'a\' AND x = 1 + 2 AND "q""q" = \'z\'')
        assert found.sent.text.endswith('WHERE "id" = ? AND "x" = ? + ? AND "q""q" = ?')
        assert found.sent.parameters == ({"S": "a"}, {"N": "1"}, {"N": "2"}, {"S": "z"})

    def test_a_place_that_aws_names_is_found_in_what_was_typed(self) -> None:
        text = "SELECT *\nFROM   \"dev-messages\"\nWHERE  id = 'abc' AND magic(x)"
        found = read_select(text, Target(SHAPE))
        column = found.sent.text.index("magic") + 1
        at = found.sent.typed_place(
            f"Statement wasn't well formed, can't be processed: Unexpected term at 1:{column}:5"
        )
        assert at == text.index("magic")
        assert found.sent.typed_place("Something else went wrong") is None


class TestMasked:
    """What somebody may ask from whom something is hidden (pitfall 41)."""

    MASK = Mask(frozenset({"id", "at"}), (parse_path("email"), parse_path("profile.phone")))

    @pytest.mark.parametrize(
        ("columns", "where"),
        [
            ("*", "WHERE id = 'a'"),
            ("id, email, profile", "WHERE id = 'a' AND note = 'x'"),
            ("*", "WHERE id = 'a' AND profile.name = 'x' ORDER BY at"),
        ],
    )
    def test_attributes_by_their_names_may_be_asked_for(self, columns: str, where: str) -> None:
        assert why_hidden(select(where, columns=columns), self.MASK) == ""

    @pytest.mark.parametrize(
        ("columns", "where", "said"),
        [
            ("profile.phone", "", "whole attributes"),
            ("size(email)", "", "whole attributes"),
            ("*", "WHERE id = 'a' AND email = 'a@b.c'", "“email” is hidden"),
            ("*", "WHERE id = 'a' AND begins_with(email, 'a')", "“email” is hidden"),
            ("*", "WHERE id = 'a' AND NOT (x = 1 OR size(profile.phone) > 3)", "“profile” is hidden"),
            ("*", "WHERE id = 'a' AND profile = {'phone': '1'}", "“profile” is hidden"),
            ("*", "WHERE id = 'a' AND magic(email)", "“email” is hidden"),
            ("*", "WHERE id = 'a' ORDER BY email", "“email” is hidden"),
        ],
    )
    def test_nothing_that_would_tell_a_hidden_value(self, columns: str, where: str, said: str) -> None:
        assert said in why_hidden(select(where, columns=columns), self.MASK)
        assert why_hidden(select(where, columns=columns), Mask()) == ""

    def test_the_partition_of_an_index_is_asked_for_as_a_whole(self) -> None:
        mask = Mask(frozenset({"id", "at"}), everything=True)
        index = '"dev-messages"."user-index"'
        assert why_hidden(select("WHERE user = 'u'", table=index), mask) == ""
        assert "hidden" in why_hidden(select("WHERE user = 'u' AND user = other", table=index), mask)
        assert "hidden" in why_hidden(select("WHERE user > 'u'", table=index), mask)
