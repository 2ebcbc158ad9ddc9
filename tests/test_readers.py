"""What files say, as records: every kind is read, whatever is beyond the limits is refused in one sentence."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from benchmarks.mixed_files import lora, pdf
from knowledge.gallery import Gallery
from knowledge.image_files import encode_plain
from knowledge.problems import TryAgain
from knowledge.readers.limits import Limits
from knowledge.readers.page_process import PageProcess
from knowledge.readers.plan import Plan
from knowledge.readers.readers import Readers
from knowledge.readers.source import Source
from knowledge.records import LoraCard, Lore, Reference
from tests.foreign_pictures import A1111


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    made = Readers(Gallery(tmp_path_factory.mktemp("gallery")))
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def put(path: Path, said: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(said if isinstance(said, bytes) else said.encode())
    return path


def planned(path: Path, limits: Limits | None = None) -> Plan:
    plan = Plan(limits or Limits())
    plan.add(str(path))
    return plan


def read(readers: Readers, path: Path) -> list[Lore | Reference | LoraCard]:
    """The records of everything at the path."""
    readings = [readers.read(source) for source in planned(path, readers.limits).sources.values()]
    return [record for reading in readings for records in reading.values() for record in records]


def lore(readers: Readers, path: Path) -> list[Lore]:
    return [record for record in read(readers, path) if isinstance(record, Lore)]


def reference(readers: Readers, path: Path) -> Reference:
    (found,) = read(readers, path)
    assert isinstance(found, Reference)
    return found


def refused(readers: Readers, path: Path) -> str:
    with pytest.raises(TryAgain) as said:
        read(readers, path)
    sentence = str(said.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert str(path.parent) not in sentence
    return sentence


def picture(path: Path, colour: str = "red") -> Path:
    Image.new("RGB", (40, 30), colour).save(path)
    return path


# Words


def test_a_text_is_lore_under_its_name(readers: Readers, folder: Path) -> None:
    (found,) = lore(
        readers,
        put(folder / "rim-light.txt", "\ufeffA line of light\r\nalong an\u00a0edge.\x00".replace("\x00", "\x07")),
    )
    assert (found.title, found.body, found.source) == ("rim light", "A line of light\nalong an edge.", "rim-light.txt")


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_is_read_in_every_coding_that_names_itself(readers: Readers, folder: Path, coding: str) -> None:
    (found,) = lore(readers, put(folder / "a.txt", "浮世絵 – l’été".encode(coding)))
    assert found.body == "浮世絵 – l’été"


@pytest.mark.parametrize(
    "said", ["Straße".encode("latin-1"), b"\x80\x81\x82", b"MZ\0\0binary", "x".encode("utf-16-le")]
)
def test_text_that_would_have_to_be_guessed_is_refused(readers: Readers, folder: Path, said: bytes) -> None:
    assert "'a.txt'" in refused(readers, put(folder / "a.txt", said))


def test_markdown_is_lore_by_headings(readers: Readers, folder: Path) -> None:
    head = "---\ntitle: Craft\nlicense: CC0\n---\nFirst.\n\n"
    said = f"{head}# Light\n\n## Rim\n\nAn edge.\n\n```\n# no heading\n```\n\n# Ink\n\nBlack.\n\n---\n\nWet."
    found = lore(readers, put(folder / "notes" / "craft.md", said).parent)
    assert [one.title for one in found] == ["Craft", "Craft › Light › Rim", "Craft › Ink"]
    assert [one.body for one in found] == ["First.", "An edge.\n\n```\n# no heading\n```", "Black.\n\n---\n\nWet."]
    assert found[1].source == "craft.md § Rim"
    assert {one.licence for one in found} == {"CC0"}


def test_the_front_of_a_note_says_what_a_prompt_gains_by_it(readers: Readers, folder: Path) -> None:
    said = "---\nterm: quoll\ntags: [tiger cat]\nadds: spotted marsupial\nurl: https://example.org/q\n---\nAn animal."
    (found,) = lore(readers, put(folder / "quoll.md", said))
    assert (found.title, found.terms, found.adds) == ("quoll", ("quoll", "tiger cat"), "spotted marsupial")
    assert (found.body, found.source) == ("An animal.", "https://example.org/q")


def test_markdown_that_begins_with_a_line_or_has_only_headings_loses_nothing(readers: Readers, folder: Path) -> None:
    (found,) = lore(readers, put(folder / "a.md", "---\nnot yaml: [\n---\nwords"))
    assert "not yaml" in found.body
    (found,) = lore(readers, put(folder / "b.md", "# One\n# Two\n"))
    assert found.body == "# One\n# Two"


def test_a_long_text_is_cut_between_sentences_and_no_word_is_lost(readers: Readers, folder: Path) -> None:
    said = " ".join(f"Sentence {number} speaks of light number {number}." for number in range(300))
    found = lore(readers, put(folder / "long.txt", said))
    assert len(found) > 10
    assert all(len(one.body) <= 1000 and one.body.endswith(".") for one in found)
    assert {word for one in found for word in one.body.split()} == set(said.split())
    assert len({one.id for one in found}) == len(found)


def test_a_text_without_any_place_to_cut_is_cut_all_the_same(readers: Readers, folder: Path) -> None:
    for said in ("a" * 5000, "光" * 5000, "é" * 2500 + "\n" + "x " * 2000):
        found = lore(readers, put(folder / "dense.txt", said))
        assert all(len(one.body) <= 1000 for one in found)
        assert set("".join(one.body for one in found)) == set(said) - {"\n"} or "\n" in said


def test_words_keep_their_records_when_other_words_change(readers: Readers, folder: Path) -> None:
    path = put(folder / "a.md", "# One\n\nfirst\n\n# Two\n\nsecond")
    before = {one.id: one for one in lore(readers, path)}
    put(path, "# One\n\nfirst\n\n# Two\n\nchanged")
    after = {one.id: one for one in lore(readers, path)}
    assert len(before.keys() & after.keys()) == 1
    put(folder / "b.md", "# One\n\nfirst\n\n# Two\n\nchanged")
    assert after.keys().isdisjoint(one.id for one in lore(readers, folder / "b.md"))


# Pages


def test_a_pdf_is_lore_by_pages(readers: Readers, folder: Path) -> None:
    found = lore(readers, put(folder / "on-paper.pdf", pdf(["Chiaroscuro is light against dark", "Sfumato is smoke"])))
    assert [(one.title, one.body, one.source) for one in found] == [
        ("on paper", "Chiaroscuro is light against dark", "on-paper.pdf, page 1"),
        ("on paper", "Sfumato is smoke", "on-paper.pdf, page 2"),
    ]


def test_a_locked_pdf_is_told_from_a_damaged_one(readers: Readers, folder: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(PdfReader(put(folder / "open.pdf", pdf(["secret"]))))
    writer.encrypt("word", algorithm="RC4-128")
    writer.write(folder / "locked.pdf")
    assert "is locked" in refused(readers, folder / "locked.pdf")
    assert "is damaged" in refused(readers, put(folder / "torn.pdf", pdf(["x" * 500])[:300]))


def test_html_is_lore_without_what_surrounds_it(readers: Readers, folder: Path) -> None:
    said = """<html><head><title>Light</title><script>evil()</script></head><body><nav><a href="/">Home</a></nav><main>
    <h1>Light</h1><p>The words of the page &amp; more.</p><h2>Rim light</h2><p>A narrow line along an edge.</p>
    <ul><li>key</li><li>fill</li></ul></main><footer>Cookies</footer></body></html>"""
    found = lore(readers, put(folder / "page.html", said))
    assert [one.title for one in found] == ["Light", "Light › Rim light"]
    assert "The words of the page & more." in found[0].body
    assert "- key\n- fill" in found[1].body
    assert not any(word in one.body for one in found for word in ("evil", "Home", "Cookies"))


def test_a_feed_is_a_part_for_each_post(readers: Readers, folder: Path) -> None:
    said = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>F</title>
    <entry><id>urn:1</id><title>Gouache</title><link href="https://example.org/1"/>
    <content type="html">&lt;p&gt;Opaque &lt;b&gt;paint&lt;/b&gt;.&lt;/p&gt;</content></entry>
    <entry><id>urn:2</id><title>Glaze</title></entry><entry><id>urn:3</id></entry>
    </feed>"""
    (source,) = planned(put(folder / "news.atom", said)).sources.values()
    reading = readers.read(source)
    assert list(reading) == ["urn:1", "urn:2"]
    (gouache,), (glaze,) = reading.values()
    assert (gouache.title, gouache.source) == ("Gouache", "https://example.org/1")
    assert "Opaque" in gouache.text
    assert "<" not in gouache.text
    assert (glaze.title, glaze.source) == ("Glaze", "news.atom")


def test_one_broken_page_does_not_spoil_the_next(readers: Readers, folder: Path) -> None:
    put(folder / "a.pdf", b"%PDF-1.7 nonsense")
    put(folder / "b.pdf", pdf(["whole"]))
    assert "'a.pdf' is damaged, or no PDF" in refused(readers, folder / "a.pdf")
    assert [one.body for one in lore(readers, folder / "b.pdf")] == ["whole"]


def test_a_parser_that_ended_meanwhile_is_started_again(readers: Readers, folder: Path) -> None:
    put(folder / "a.pdf", pdf(["whole"]))
    process = PageProcess(readers.limits)
    for _ in range(2):
        ((document),) = process.documents(folder / "a.pdf", "pdf")
        assert document.texts == (("page 1", "whole"),)
        for running in process._running:
            running.kill()
            running.wait()
    process.close()


def test_a_page_that_takes_too_long_is_given_up(readers: Readers, folder: Path) -> None:
    hasty = replace(readers, limits=replace(readers.limits, seconds=0.01))
    assert "takes longer than the 0.01 seconds" in refused(hasty, put(folder / "a.pdf", pdf(["slow"])))


def stream_bomb() -> bytes:
    """A page whose few bytes unpack to a gigabyte of spaces."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 10_000_000) for _ in range(100)) + packer.flush()
    plain = pdf(["x"])
    start, end = plain.index(b"<< /Length"), plain.index(b"\nendstream")
    head = b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed)
    return plain[:start] + head + packed + plain[end:]


HOSTILE = {
    "billion.rss": b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><rss version='2.0'><channel><item><title>&j;</title></item></channel></rss>",
    "outside.rss": b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<rss version='2.0'><channel><item><title>t</title><description>&x;</description></item></channel></rss>",
    "plain.xml": b"<?xml version='1.0'?><note>no feed</note>",
    "deep.html": b"<div>" * 100_000 + b"deep" + b"</div>" * 100_000,
    "wide.html": b"<p" + b" a='1'" * 200_000 + b">",
    "empty.html": b"<html></html>",
    "no-words.pdf": pdf(["", ""]),
    "bomb.pdf": stream_bomb(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_are_refused_or_say_nothing_of_this_machine(readers: Readers, folder: Path, name: str) -> None:
    path = put(folder / name, HOSTILE[name])
    try:
        said = " ".join(one.text for one in lore(readers, path))
    except TryAgain as problem:
        said = str(problem)
    assert len(said) < 100_000
    assert "root:" not in said


# Tables


def test_rows_are_lore_by_the_names_of_their_columns(readers: Readers, folder: Path) -> None:
    head = "Term;Definition;Tags;License;Adds;unknown"
    rows = 'bokeh;"soft; out\nof focus";lens, blur;CC0;soft background;x\nglaze;thin paint;;;;\n'
    bokeh, glaze = lore(readers, put(folder / "words.csv", f"{head}\n{rows}"))
    assert (bokeh.title, bokeh.body, bokeh.terms) == ("bokeh", "soft; out\nof focus", ("bokeh", "lens", "blur"))
    assert (bokeh.licence, bokeh.adds, glaze.source) == ("CC0", "soft background", "words.csv, line 4")


def test_json_lines_are_records_or_rows(readers: Readers, folder: Path) -> None:
    record = Lore(id="own", title="t", body="b", terms=("x",))
    rows = [record.model_dump(), {"title": "row", "text": "a\u2028b", "tags": ["p", "q"]}, {"caption": "only words"}]
    path = put(folder / "a.jsonl", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n")
    first, second, third = lore(readers, path)
    assert first == record
    assert (second.body, second.terms) == ("a b", ("row", "p", "q"))
    assert third.body == "only words"


def test_the_same_row_twice_is_one_record(readers: Readers, folder: Path) -> None:
    assert len(lore(readers, put(folder / "a.tsv", "title\tbody\nx\ty\nx\ty\n"))) == 1


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("a.jsonl", '{"title": "x"}\n{"title": ', "Line 2 of 'a.jsonl'"),
        ("a.jsonl", "[1, 2]", "not an object"),
        ("a.jsonl", '{"kind": "lore", "id": "x"}', "Line 1"),
        ("a.jsonl", '{"kind": "spell", "id": "x"}', "Line 1"),
        ("a.jsonl", '{"kind": "lore", "id": "x", "title": "t", "body": "b", "command": "rm"}', "Line 1"),
        ("a.jsonl", '{"kind":"lore","id":"x","title":"t","body":"b"}\n' * 2, "its id 'x' was used before"),
        ("a.jsonl", "[" * 100_000, "Line 1"),
        ("a.jsonl", '{"title": "\\ud800"}', "Line 1"),
        ("a.csv", "price,size\n1,2\n", "no title, body, caption or image"),
        ("a.csv", "title,body\na,b,c\n", "3 cells for 2 columns"),
        ("a.csv", 'title,body\n"torn,b\n', "Line"),
        ("a.csv", "title,body\n" + "x" * 200_000 + ",y\n", "Line 2"),
    ],
)
def test_a_table_with_a_wrong_line_is_refused_whole(
    readers: Readers, folder: Path, name: str, said: str, why: str
) -> None:
    assert why in refused(readers, put(folder / name, said))


# Pictures


def test_a_picture_is_a_reference_that_the_gallery_keeps(readers: Readers, folder: Path) -> None:
    found = reference(readers, picture(folder / "a_red-door.png"))
    assert (found.caption, found.source, found.consent) == ("a red door", "a_red-door.png", "unknown")
    assert readers.gallery.image(found.image_id).size == (40, 30)
    assert len(found.phash) == 16


def test_pictures_that_look_the_same_have_hashes_that_nearly_agree(readers: Readers, folder: Path) -> None:
    noise = Image.effect_noise((200, 200), 80).resize((20, 20)).resize((200, 200))
    noise.save(folder / "a.png")
    noise.resize((90, 90)).save(folder / "b.jpg", quality=80)
    Image.effect_noise((200, 200), 80).resize((20, 20)).resize((200, 200)).save(folder / "c.png")
    a, b, c = (int(reference(readers, folder / name).phash, 16) for name in ("a.png", "b.jpg", "c.png"))
    assert (a ^ b).bit_count() <= 4 < (a ^ c).bit_count()


def test_captions_come_from_beside_then_a_table_then_inside_then_a_captioner_then_the_name(
    readers: Readers, folder: Path
) -> None:
    class Sees:
        def caption(self, image: Image.Image) -> str:
            return f"seen, {image.width} wide"

    seeing = replace(readers, captioner=Sees())
    path = folder / "cat.png"
    picture(path)
    assert reference(seeing, path).caption == "seen, 40 wide"
    said = PngInfo()
    said.add_text("parameters", A1111)
    Image.new("RGB", (40, 30)).save(path, pnginfo=said)
    assert reference(seeing, path).caption.endswith("a red fox in the snow")
    put(folder / "captions.csv", "file_name,text\ncat.png,told by a table\n")
    assert reference(seeing, path).caption == "told by a table"
    put(folder / "cat.json", '{"caption": "told by facts"}')
    assert reference(seeing, path).caption == "told by facts"
    put(folder / "cat.txt", "told beside\nNegative prompt: blurry\nSteps: 20")
    assert reference(seeing, path).caption == "told beside"


def test_licence_and_consent_come_with_the_picture(readers: Readers, folder: Path) -> None:
    picture(folder / "a.png")
    facts = {
        "license": "CC-BY-4.0",
        "consent": "Refused",
        "rating": 4,
        "url": "https://example.org/a",
        "tags": ["x", "y"],
    }
    put(folder / "a.json", json.dumps(facts))
    found = reference(readers, folder / "a.png")
    assert (found.licence, found.consent, found.rating) == ("CC-BY-4.0", "refused", 4)
    assert (found.source, found.caption) == ("https://example.org/a", "x; y")
    put(folder / "a.json", '{"consent": "maybe", "rating": "safe"}')
    assert "consent" in refused(readers, folder / "a.png")
    put(folder / "a.json", "{torn")
    assert "'a.json'" in refused(readers, folder / "a.png")


def test_a_picture_is_upright_and_plain(readers: Readers, folder: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGBA", (40, 30), (0, 0, 0, 0)).convert("RGB").save(folder / "a.jpg", exif=exif)
    assert readers.gallery.image(reference(readers, folder / "a.jpg").image_id).size == (30, 40)


# LoRAs


def test_a_lora_is_its_card_and_what_lies_beside_it_is_no_source(readers: Readers, folder: Path) -> None:
    import random

    lora(folder / "ink.safetensors", "inkwash", random.Random(0))
    picture(folder / "ink.preview.png")
    plan = planned(folder)
    assert [source.name for source in plan.sources.values()] == ["ink.safetensors"]
    assert plan.skipped == {}
    (card,) = read(readers, folder)
    assert isinstance(card, LoraCard)
    assert (card.trigger_words, card.base_model) == (("inkwash",), "sd1")


# What is found in a folder


def test_a_folder_is_searched_by_name_and_the_rest_is_listed_with_a_reason(folder: Path) -> None:
    put(folder / "b" / "two.md", "two")
    put(folder / "a.txt", "one")
    put(folder / ".hidden" / "x.txt", "no")
    put(folder / ".x.txt", "no")
    put(folder / "tool.exe", "MZ")
    put(folder / "no suffix", "x")
    os.mkfifo(folder / "pipe.txt")
    plan = planned(folder)
    assert [source.name for source in plan.sources.values()] == ["a.txt", "b/two.md"]
    assert {name: why.split()[0] for name, why in plan.skipped.items()} == {
        "tool.exe": "Files",
        "no suffix": "Files",
        "pipe.txt": "It",
    }


def test_links_lead_nowhere_but_to_files_inside(folder: Path, tmp_path: Path) -> None:
    put(tmp_path / "secret.txt", "secret")
    put(folder / "real.txt", "real")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "in.txt").symlink_to(folder / "real.txt")
    (folder / "self").symlink_to(folder)
    (folder / "up").symlink_to(tmp_path)
    (folder / "dead.txt").symlink_to(folder / "gone.txt")
    (folder / "loop.txt").symlink_to(folder / "loop.txt")
    put(folder / "cat.png", "?")
    (folder / "cat.txt").symlink_to(tmp_path / "secret.txt")
    plan = planned(folder)
    assert [(source.name, source.beside) for source in plan.sources.values()] == [("cat.png", ()), ("real.txt", ())]
    assert plan.skipped.keys() == {"out.txt", "self", "up", "dead.txt", "loop.txt", "cat.txt"}


def test_a_table_speaks_for_pictures_inside_the_folder_only(folder: Path, tmp_path: Path) -> None:
    picture(tmp_path / "outside.png")
    (folder / "images").mkdir()
    picture(folder / "images" / "a.png")
    rows = ["images/a.png", "gone.png", "../outside.png", "/etc/passwd", "https://example.org/x.png"]
    put(folder / "table.csv", "image,caption\n" + "".join(f"{row},words\n" for row in rows))
    for asked in (folder, folder / "table.csv"):
        sources = {source.name: source for source in planned(asked).sources.values()}
        troubles = {name: source.trouble for name, source in sources.items() if source.trouble}
        assert sources["images/a.png"].row["caption"] == "words"
        assert sources["https://example.org/x.png"].is_page
        assert "no such file" in troubles.pop("table.csv: gone.png")
        assert all("outside the folder" in why for why in troubles.values())
        assert troubles.keys() == {"table.csv: ../outside.png", "table.csv: /etc/passwd"}


def test_names_of_any_bytes_are_read(readers: Readers, folder: Path) -> None:
    odd = (b"caf\xe9.txt", b'it\'s "x".txt', b"line\nbreak.txt", "浮世絵.txt".encode(), b"-rf.txt", b"%2e%2e.txt")
    for name in odd:
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(b"words")
    found = lore(readers, folder)
    assert len(found) == len(odd)
    assert len({one.id for one in found}) == len(odd)
    assert all(json.dumps(one.model_dump(), ensure_ascii=False).encode() for one in found)


@pytest.mark.parametrize("asked", ["nowhere", "", "  ", "a\0b", "x" * 5000, "~nobody-of-this-name/x"])
def test_what_is_not_there_is_told(tmp_path: Path, asked: str) -> None:
    with pytest.raises(TryAgain, match="There is no file or folder"):
        Plan(Limits()).add(asked)


# Limits


def small(**limits: int) -> Limits:
    whole = MappingProxyType(dict.fromkeys(Limits().bytes, limits.pop("bytes", 10_000)))
    return replace(Limits(), bytes=whole, **limits)


@pytest.mark.parametrize(
    ("name", "said", "limits", "why"),
    [
        ("a.txt", "x" * 101, {"bytes": 100}, "has 101 bytes, more than the 100"),
        ("a.txt", "x" * 101, {"characters": 100}, "has 101 characters, more than the 100"),
        ("a.md", "\n".join(f"# {n}\n{n}" for n in range(9)), {"pieces": 8}, "more than 8 pieces"),
        ("a.csv", "title\n" + "x\n" * 9, {"rows": 8}, "more than the 8 rows"),
        ("a.pdf", pdf(["x"] * 3), {"pages": 2}, "has 3 pages, more than the 2"),
        ("a.pdf", pdf(["long " * 30]), {"characters": 100}, "more than the 100 characters"),
        ("a.rss", "<rss version='2.0'>" + "<item><title>x</title></item>" * 3 + "</rss>", {"posts": 2}, "2 posts"),
        ("a.txt", "", {}, "is empty"),
        ("a.png", "", {}, "is empty"),
        ("a.txt", " \n\t\u00a0", {}, "holds no words"),
        ("a.png", encode_plain(Image.new("RGB", (900, 900)))[:-900], {}, "cannot be read as an image"),
    ],
)
def test_what_is_beyond_the_limits_is_refused_in_a_sentence(
    readers: Readers, folder: Path, name: str, said: str | bytes, limits: dict[str, int], why: str
) -> None:
    within = replace(readers, limits=small(**limits))
    (source,) = planned(put(folder / name, said), within.limits).sources.values()
    with pytest.raises(TryAgain, match=why):
        taken(source, within)


def taken(source: Source, readers: Readers) -> None:
    """As ingestion does it: first the mark, which costs no more than reading, then the records."""
    source.digest(readers.limits)
    readers.read(source)


def test_a_gigabyte_is_refused_without_being_read(folder: Path) -> None:
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(2**30)
    (source,) = planned(folder).sources.values()
    with pytest.raises(TryAgain, match="more than the 16,777,216"):
        source.digest(Limits())


def test_more_files_than_may_be_are_refused(folder: Path) -> None:
    for number in range(4):
        put(folder / str(number % 2) / f"{number}.txt", "x")
    with pytest.raises(TryAgain, match="more than 3 files"):
        planned(folder, small(files=3))


def test_the_mark_changes_with_everything_a_record_is_made_from(readers: Readers, folder: Path) -> None:
    picture(folder / "a.png")
    marks = [mark(folder / "a.png")]
    for path, said in (
        (folder / "a.txt", "one"),
        (folder / "a.txt", "two"),
        (folder / "t.csv", "image,title\na.png,x\n"),
    ):
        put(path, said)
        marks.append(mark(folder / "a.png"))
    picture(folder / "a.png", "blue")
    marks.append(mark(folder / "a.png"))
    assert len(set(marks)) == len(marks)
    assert mark(folder / "a.png") == marks[-1]


def mark(path: Path) -> str:
    (source,) = planned(path).sources.values()
    assert isinstance(source, Source)
    return source.digest(Limits())
