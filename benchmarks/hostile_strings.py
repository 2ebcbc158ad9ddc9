"""Strings that have broken somebody's search: quotes, operators, wildcards, other alphabets, ends of strings."""

from __future__ import annotations

# fmt: off
SQL = (
    "'", '"', "`", "''", '""', "\\", "\\'", "';", '";', "--", "/*", "*/", "#", ";", "||", "%", "_", "%%", "[a-z]", "?",
    ":a", "@a", "$a", "?1", "NULL", "1=1", "x' OR '1'='1", 'x" OR "1"="1', "') OR ('1'='1", "') OR 1=1 --", "1 OR 1=1",
    "' UNION SELECT 1", "' UNION SELECT body FROM record --", "'; DROP TABLE record; --", "'); DELETE FROM record; --",
    "' AND 1=0", "x') IN (SELECT id FROM record) --", "' COLLATE NOCASE", "' LIKE '%", "' GLOB '*", "CHAR(39)", "0x27",
    "' || '", "\\x27", "' OR licence IS NOT NULL --", "x'; ATTACH 'y' AS z; --", "load_extension('x')",
    "randomblob(1e9)", "PRAGMA user_version",
)
FULL_TEXT = (
    "*", "a*", '"a', 'a"', "NEAR", "NEAR(a b)", "NEAR(a b, 5)", "AND", "OR", "NOT", "a AND", "AND a", "a OR", "NOT a",
    "a NOT", "a AND NOT b", "(", ")", "(a", "a)", "()", "(((", "^a", "^", "a:b", "text:a", "body : a", "{a b}: c", "-a",
    "+a", "- -", "a + b", "rank", "rowid", "words", "a -b", '"a" "b"', '"a"*', "~", "a~2", "a^2", "[a TO b]", "the",
    "_exists_:a", "a/b", "title:*", "{", "}", "[", "]", "...", "the of and", "a", "…", ".", ",", "!", "?!", "&&", "<a>",
    "=", "a=b",
)
GRAPHQL = (
    '"}', '"}]}', "{Get{}}", '") {', "where:{}", 'valueText: "', "operator: Or", "}}}", "${x}", "{{x}}", "__typename",
    "$where", '{"$ne": null}', '{"$gt": ""}', "*:*", "query { }", '", limit: 1000, x: "', "\\u0022", "nearText",
    'path: ["licence"]',
)
UNICODE = (
    "浮世絵", "浮世絵 №5", "é", "e\u0301", "ß", "İ", "ı", "ﬁ", "Å", "א", "عربى", "हिन्दी", "🍄", "👩\u200d👧", "\u200b",
    "\u202e", "\ufeff", "\u2028", "\u2029", "\x85", "\xa0", "\uffff", "\U0010ffff", "ＳＥＬＥＣＴ", "ʼ OR 1=1",
    "＇ OR ＇1＇=＇1", "‘’", "“”", "\ud800", "\udfff", "\x00", "a\x00", "\x00a", "public\x00", "public\x00secret",
    "\n", "\r\n", "\t", "\x1b[31m", "\x7f", "\b", "a\nb", "\x1a",
)
NEAR_MISSES = (
    "public ", " public", "Public", "PUBLIC", "publi", "public'", 'public"', "public--", "public\\", "pub*", "p%",
    "_ublic", "public,secret",
)
# fmt: on
LONG = ("a" * 10_000, "'" * 5_000, "word " * 5_000, "(" * 5_000, " ".join(map(str, range(5_000))), "浮" * 5_000)
BEFORE = ("", "public' ", "secret ", "x")
"""What stands before each: nothing, or a value that would end there."""


def hostile_strings() -> tuple[str, ...]:
    """More than three hundred, all different, none of which is `public` or `secret`."""
    led = (first + text for first in BEFORE for text in (*SQL, *FULL_TEXT, *GRAPHQL))
    return tuple(dict.fromkeys((*led, *UNICODE, *LONG, *NEAR_MISSES)))
