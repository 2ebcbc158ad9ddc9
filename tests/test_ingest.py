"""Ingestion loses nothing: every file is in the collection exactly once or listed with a reason, however it ended."""

from __future__ import annotations

import json
import queue
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from benchmarks.cheap_encoder import CheapEncoder
from benchmarks.ingestion import ingestion as opened
from benchmarks.ingestion import k8
from benchmarks.mixed_files import lora, make
from knowledge.base import Item, Query, Report
from knowledge.embedded import EmbeddedBase
from knowledge.embedders import Encoders
from knowledge.ingestion import Ingestion, Summary
from knowledge.ingestion_lot import ENDED
from knowledge.lora_files import read_card
from knowledge.problems import GiveUp, TryAgain
from knowledge.pruning import EMPTY
from knowledge.readers.readers import Readers
from knowledge.readers.source import Reading, Source
from knowledge.records import Reference
from knowledge.watching import Watch, watch
from knowledge.web import Web
from tests.command_line import atelier
from tests.loopback_pages import page, serving


@pytest.fixture
def ingestion(tmp_path: Path) -> Iterator[Ingestion]:
    made = opened(tmp_path / "data")
    yield made
    made.ingester.base.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def put(path: Path, said: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(said, "utf-8")
    return path


def run(ingestion: Ingestion, *asked: Path | str, collection: str = "lore") -> Summary:
    return ingestion.run([str(one) for one in asked], collection)


def kept(ingestion: Ingestion, collection: str = "lore") -> list[str]:
    """The bodies and captions in the collection."""
    base = ingestion.ingester.base
    records = base.get(collection, base.ids(collection))
    return sorted(record.caption if isinstance(record, Reference) else record.text for record in records)


def with_base(ingestion: Ingestion, base: EmbeddedBase) -> Ingestion:
    return replace(ingestion, ingester=replace(ingestion.ingester, base=base))


class Counting(CheapEncoder):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen += texts
        return super().texts(texts)


# What gets in


def test_a_folder_of_everything_is_stored_and_what_cannot_be_read_is_listed(ingestion: Ingestion, folder: Path) -> None:
    made = [make(folder, number) for number in range(14)]
    put(folder / "tool.exe", "MZ")
    summary = run(ingestion, folder)
    assert (summary.stored, summary.unchanged) == (sum(bool(one.records) for one in made), 0)
    assert {name.rpartition("/")[2] for name, _ in summary.failed} == {one.path.name for one in made if not one.records}
    assert [name for name, _ in summary.skipped] == ["tool.exe"]
    assert all(why.endswith(".") for _, why in (*summary.failed, *summary.skipped))
    assert summary.records == len(kept(ingestion)) == sum(one.records for one in made)


def test_a_new_record_is_found_by_the_very_next_query(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "a.txt", "a quoll is a small spotted animal")
    run(ingestion, folder)
    base, encoders = ingestion.ingester.base, ingestion.ingester.encoders
    for query in (Query("quoll"), Query(vectors=encoders.said(["a quoll is a small spotted animal"])[0])):
        (record,) = base.search("lore", query).records.values()
        assert record.source == "a.txt"
    put(folder / "b.txt", "a numbat is striped")
    run(ingestion, folder)
    assert [record.source for record in base.search("lore", Query("numbat")).records.values()] == ["b.txt"]


def test_progress_is_told_up_to_the_end(ingestion: Ingestion, folder: Path) -> None:
    for number in range(40):
        put(folder / f"{number}.txt", f"words {number}")
    told: list[tuple[int, int]] = []
    ingestion.run([str(folder)], "lore", lambda done, total: told.append((done, total)))
    assert told[0] == (0, 40)
    assert told[-1] == (40, 40)
    assert told == sorted(told)


def test_files_folders_and_the_same_thing_twice_may_be_named_together(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "one" / "a.txt", "first")
    put(folder / "b.txt", "second")
    summary = run(ingestion, folder / "one", folder / "b.txt", folder, folder / "one" / "a.txt")
    assert (summary.stored, summary.records) == (2, 2)


# What is not done twice


def test_what_is_unchanged_is_neither_read_nor_encoded_again(ingestion: Ingestion, folder: Path) -> None:
    encoder = Counting()
    counting = replace(ingestion, ingester=replace(ingestion.ingester, encoders=Encoders(encoder, encoder)))
    put(folder / "a.md", "# One\n\nfirst\n\n# Two\n\nsecond")
    run(counting, folder)
    (folder / "a.md").touch()
    again = run(counting, folder)
    assert (again.stored, again.unchanged, again.records) == (0, 1, 0)
    assert len(encoder.seen) == 2
    put(folder / "a.md", "# One\n\nfirst\n\n# Two\n\nchanged")
    run(counting, folder)
    assert encoder.seen[2:] == ["Two. changed "]


def test_a_new_version_is_stored_before_the_old_one_goes(ingestion: Ingestion, folder: Path) -> None:
    seen: list[list[str]] = []

    class Watched(EmbeddedBase):
        def delete(self, collection: str, ids: Sequence[str]) -> int:
            seen.append(kept(ingestion))
            return super().delete(collection, ids)

    put(folder / "a.txt", "the old words")
    run(ingestion, folder)
    put(folder / "a.txt", "the new words")
    run(with_base(ingestion, Watched(ingestion.ingester.base.folder)), folder)  # pyright: ignore[reportAttributeAccessIssue]
    assert seen == [["a. the new words ", "a. the old words "]]
    assert kept(ingestion) == ["a. the new words "]


def test_a_version_that_cannot_be_read_leaves_the_old_one_in_place(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "a.jsonl", '{"title": "good"}')
    run(ingestion, folder)
    put(folder / "a.jsonl", '{"title": torn')
    assert [name for name, _ in run(ingestion, folder).failed] == ["a.jsonl"]
    assert kept(ingestion) == ["good. good good"]


def test_what_was_taken_away_stays_known(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "a.txt", "kept")
    put(folder / "b.txt", "too")
    run(ingestion, folder)
    (folder / "a.txt").unlink()
    assert run(ingestion, folder).unchanged == 1
    assert len(kept(ingestion)) == 2


def test_with_prune_what_left_the_folder_is_forgotten_and_nothing_else(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "sub" / "a.txt", "first")
    put(folder / "b.txt", "second")
    put(folder.with_name("in-other") / "c.txt", "third")
    run(ingestion, folder, folder.with_name("in-other"))
    for path in (folder / "sub" / "a.txt", folder.with_name("in-other") / "c.txt"):
        path.unlink()
    summary = ingestion.run([str(folder)], "lore", prune=True)
    assert (summary.forgotten, summary.removed, summary.unchanged) == (1, 1, 1)
    assert len(kept(ingestion)) == 2
    assert not any("first" in text for text in kept(ingestion))
    assert ingestion.run([str(folder)], "lore", prune=True).forgotten == 0


def test_a_moved_file_is_known_by_its_new_place_alone(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "keep.txt", "kept")
    old = put(folder / "old.txt", "a quoll")
    run(ingestion, folder)
    old.rename(folder / "new.txt")
    summary = ingestion.run([str(folder)], "lore", prune=True)
    assert (summary.stored, summary.forgotten, len(kept(ingestion))) == (1, 1, 2)


def test_a_record_that_another_file_has_too_outlives_the_first(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "other.txt", "words")
    first, second = folder / "one.safetensors", folder / "two.safetensors"
    for path in (first, second):
        lora(path, "inkwash", random.Random(0))
    run(ingestion, folder)
    for path, removed in ((first, 0), (second, 1)):
        path.unlink()
        path.with_suffix(".json").unlink()
        summary = ingestion.run([str(folder)], "lore", prune=True)
        assert (summary.forgotten, summary.removed) == (1, removed)


def test_a_folder_that_holds_nothing_at_all_is_taken_for_one_whose_drive_is_away(
    ingestion: Ingestion, folder: Path
) -> None:
    path = put(folder / "a.txt", "first")
    run(ingestion, folder)
    path.unlink()
    summary = ingestion.run([str(folder)], "lore", prune=True)
    assert (summary.forgotten, len(kept(ingestion))) == (0, 1)
    assert [why for _, why in summary.skipped] == [EMPTY]


def test_what_failed_and_is_gone_is_no_longer_listed(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "a.txt", "first")
    bad = put(folder / "bad.png", "no picture")
    run(ingestion, folder)
    bad.unlink()
    assert ingestion.run([str(folder)], "lore", prune=True).removed == 0
    assert ingestion.ledger.unfinished("lore") == []


def test_a_caption_written_later_replaces_the_guess(ingestion: Ingestion, folder: Path) -> None:
    Image.effect_noise((30, 30), 90).save(folder / "img-1.png")
    run(ingestion, folder)
    assert kept(ingestion) == ["img 1"]
    put(folder / "img-1.txt", "a stormy sea")
    assert run(ingestion, folder).stored == 1
    assert kept(ingestion) == ["a stormy sea"]


def test_a_collection_that_was_dropped_is_filled_again(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "a.txt", "first")
    put(folder / "b.txt", "second")
    run(ingestion, folder)
    base = ingestion.ingester.base
    base.delete("lore", base.ids("lore")[:1])
    assert (run(ingestion, folder).stored, len(kept(ingestion))) == (1, 2)


def test_collections_know_nothing_of_each_other(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "a.txt", "words")
    assert [run(ingestion, folder, collection=name).stored for name in ("lore", "noir", "lore")] == [1, 1, 0]
    put(folder / "a.txt", "other words")
    run(ingestion, folder, collection="noir")
    assert (kept(ingestion), kept(ingestion, "noir")) == (["a. words "], ["a. other words "])


# Whose record is whose


def test_a_record_of_another_source_is_never_replaced(ingestion: Ingestion, folder: Path) -> None:
    record = {"kind": "lore", "id": "mine", "title": "t", "body": "first"}
    put(folder / "a.jsonl", json.dumps(record))
    put(folder / "b.jsonl", json.dumps(record | {"body": "second"}))
    for _ in range(2):
        ((name, why),) = run(ingestion, folder).failed
        assert (name, "'mine'" in why) == ("b.jsonl", True)
        assert kept(ingestion) == ["t. first "]
    put(folder / "a.jsonl", json.dumps(record | {"body": "changed"}))
    run(ingestion, folder)
    assert kept(ingestion) == ["t. changed "]


def test_the_same_record_of_two_sources_goes_only_with_both(ingestion: Ingestion, folder: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        put(folder / name, '{"kind": "lore", "id": "shared", "title": "t", "body": "b"}')
    assert run(ingestion, folder).stored == 2
    put(folder / "a.jsonl", '{"title": "else"}')
    run(ingestion, folder)
    assert "t. b " in kept(ingestion)
    put(folder / "b.jsonl", '{"title": "else"}')
    run(ingestion, folder)
    assert "t. b " not in kept(ingestion)


def test_the_same_lora_under_two_names_is_one_card(ingestion: Ingestion, folder: Path) -> None:
    for name in ("a.safetensors", "b.safetensors"):
        lora(folder / name, "inkwash", random.Random(0))
    summary = run(ingestion, folder)
    assert (summary.stored, summary.failed, len(kept(ingestion))) == (2, (), 1)


def test_posts_that_left_a_feed_stay_and_changed_ones_are_replaced(ingestion: Ingestion, folder: Path) -> None:
    def feed(**posts: str) -> None:
        items = "".join(f"<item><guid>{id}</guid><title>{said}</title>x</item>" for id, said in posts.items())
        items = items.replace("x</item>", "<description>words</description></item>")
        put(folder / "feed.rss", f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>')
        assert run(ingestion, folder).stored == 1

    feed(a="first", b="second")
    feed(b="second, changed", c="third")
    assert [said.partition(".")[0] for said in kept(ingestion)] == ["first", "second, changed", "third"]


# What fails


def test_a_failure_is_tried_three_times_then_left_alone_until_it_changes(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "a.jsonl", "torn")
    for attempts in (1, 2, 3, 3, 3):
        ((name, why),) = run(ingestion, folder).failed
        ((entry),) = ingestion.ledger.unfinished()
        assert (name, entry.reason, entry.attempts) == ("a.jsonl", why, attempts)
    put(folder / "a.jsonl", '{"title": "whole"}')
    assert run(ingestion, folder).stored == 1
    assert ingestion.ledger.unfinished() == []


def test_retrying_tries_everything_that_failed_once_more(ingestion: Ingestion, folder: Path, tmp_path: Path) -> None:
    put(folder / "sub" / "a.jsonl", "torn")
    put(folder / "gone.jsonl", "torn")
    put(tmp_path / "elsewhere.jsonl", "torn")
    for _ in range(4):
        run(ingestion, folder, tmp_path / "elsewhere.jsonl")
    (folder / "gone.jsonl").unlink()
    (tmp_path / "elsewhere.jsonl").unlink()
    summary = ingestion.retry("lore")
    assert [name for name, _ in summary.failed] == ["sub/a.jsonl"]
    assert [(entry.name, entry.attempts) for entry in ingestion.ledger.unfinished()] == [("sub/a.jsonl", 1)]
    put(folder / "sub" / "a.jsonl", '{"title": "whole"}')
    assert ingestion.retry("lore").stored == 1
    assert ingestion.retry("lore").stored == 0


def test_nothing_is_begun_if_one_of_the_things_named_is_not_there(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "a.txt", "words")
    with pytest.raises(TryAgain, match="nowhere"):
        run(ingestion, folder, folder / "nowhere")
    assert ingestion.ledger.unfinished() == []


def test_records_that_the_store_refuses_make_their_file_fail(ingestion: Ingestion, folder: Path) -> None:
    class Picky(EmbeddedBase):
        def upsert(self, collection: str, items: Sequence[Item]) -> Report:
            good = [item for item in items if "bad" not in item.record.text]
            bad = tuple((item.record.id, "it is bad") for item in items if "bad" in item.record.text)
            return Report(super().upsert(collection, good).stored, bad)

    picky = with_base(ingestion, Picky(ingestion.ingester.base.folder))  # pyright: ignore[reportAttributeAccessIssue]
    put(folder / "a.csv", "title\ngood\nbad one\n")
    put(folder / "b.txt", "good as well")
    summary = run(picky, folder)
    assert summary.failed == (("a.csv", "1 of its 2 records could not be kept: it is bad"),)
    assert summary.stored == 1
    assert (run(ingestion, folder).stored, len(kept(ingestion))) == (1, 3)


# What ends in the middle


def test_a_store_that_gives_up_ends_the_run_and_the_next_goes_on(ingestion: Ingestion, folder: Path) -> None:
    class Full(EmbeddedBase):
        def upsert(self, collection: str, items: Sequence[Item]) -> Report:
            raise GiveUp("The disk is full.")

    for number in range(3):
        put(folder / f"{number}.txt", f"words {number}")
    with pytest.raises(GiveUp, match="disk is full"):
        run(with_base(ingestion, Full(ingestion.ingester.base.folder)), folder)  # pyright: ignore[reportAttributeAccessIssue]
    assert {entry.state for entry in ingestion.ledger.unfinished()} == {"encoded"}
    assert (run(ingestion, folder).stored, len(kept(ingestion))) == (3, 3)


class Ending(Readers):
    """As if the process ended while it reads some files."""

    def read(self, source: Source) -> Reading:
        if "poison" in source.name:
            raise KeyboardInterrupt
        return super().read(source)


def test_a_file_that_ends_the_process_is_found_out_and_the_others_get_in(ingestion: Ingestion, folder: Path) -> None:
    for name in ("a", "poison", "z"):
        put(folder / f"{name}.txt", name)
    ending = replace(ingestion, readers=Ending(ingestion.readers.gallery))
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            run(ending, folder)
    summary = run(ending, folder)
    assert summary.failed == (("poison.txt", ENDED),)
    assert len(kept(ingestion)) == 2
    assert ingestion.retry("lore").stored == 1


def test_records_of_a_version_that_was_never_finished_do_not_stay(ingestion: Ingestion, folder: Path) -> None:
    class Torn(EmbeddedBase):
        """Ends after a batch of a file was stored and before the file was finished."""

        def upsert(self, collection: str, items: Sequence[Item]) -> Report:
            super().upsert(collection, items)
            raise KeyboardInterrupt

    put(folder / "a.csv", "title\n" + "".join(f"old {row}\n" for row in range(100)))
    with pytest.raises(KeyboardInterrupt):
        run(with_base(ingestion, Torn(ingestion.ingester.base.folder)), folder)  # pyright: ignore[reportAttributeAccessIssue]
    assert len(kept(ingestion)) == 64
    put(folder / "a.csv", "title\nnew\n")
    run(ingestion, folder)
    assert kept(ingestion) == ["new. new new"]


def test_what_a_killed_run_left_is_listed_until_its_file_is_gone(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "poison.txt", "x")
    with pytest.raises(KeyboardInterrupt):
        run(replace(ingestion, readers=Ending(ingestion.readers.gallery)), folder)
    assert [entry.name for entry in ingestion.ledger.unfinished()] == ["poison.txt"]
    (folder / "poison.txt").unlink()
    run(ingestion, folder)
    assert ingestion.ledger.unfinished() == []


def test_no_file_is_lost_or_doubled_when_the_process_is_killed_again_and_again() -> None:
    row = k8(files=200, interruptions=3)
    assert row.value == 0
    assert "42 listed in all" in row.note


# Pages


def open_web(ingestion: Ingestion) -> Ingestion:
    web = Web(True, allowed=lambda found: found == ip_address("127.0.0.1"), resolve=lambda host, port: ["127.0.0.1"])
    return replace(ingestion, web=web)


def test_a_page_of_the_web_is_stored_with_where_it_is_from(ingestion: Ingestion) -> None:
    said = "<html><body><main><h1>Light</h1><p>What the page says of light.</p></main></body></html>"
    with serving(page(said.encode())) as served:
        summary = run(open_web(ingestion), f"{served.url('/light')}#part")
        (record,) = ingestion.ingester.base.get("lore", ingestion.ingester.base.ids("lore"))
        assert record.source == f"{served.url('/light')} § Light"
        assert (summary.stored, run(open_web(ingestion), served.url("/light")).unchanged) == (1, 1)
        gone = served.url("/light")
    assert "try again later" in run(open_web(ingestion), gone).failed[0][1]
    assert len(kept(ingestion)) == 1


def test_pages_are_refused_before_anything_is_done_unless_they_are_allowed(ingestion: Ingestion, folder: Path) -> None:
    put(folder / "a.txt", "words")
    for url in ("https://example.org/", "file:///etc/passwd"):
        with pytest.raises(TryAgain, match="--allow-urls"):
            run(ingestion, folder, url)
    assert ingestion.ledger.unfinished() == []
    put(folder / "t.csv", "image,caption\nhttps://example.org/x.png,words\n")
    assert [name for name, _ in run(ingestion, folder).failed] == ["https://example.org/x.png"]


# Watching


def test_a_file_is_taken_when_it_has_come_to_rest(folder: Path) -> None:
    watched = Watch([folder])
    assert watched.look() == set()
    path = put(folder / "sub" / "a.txt", "half")
    assert watched.look() == set()
    put(path, "half a file")
    assert watched.look() == set()
    assert watched.look() == {path}
    assert watched.look() == set()
    put(path, "changed once more")
    assert [watched.look(), watched.look(), watched.look()] == [set(), {path}, set()]
    path.unlink()
    assert (watched.look(), watched.gone) == (set(), set())
    assert (watched.look(), watched.gone) == (set(), {path})
    assert (watched.look(), watched.gone) == (set(), set())


def test_what_is_taken_out_of_a_watched_folder_is_forgotten_if_that_is_asked_for(
    ingestion: Ingestion, folder: Path
) -> None:
    put(folder / "a.txt", "stays")
    path = put(folder / "b.txt", "goes")
    told: queue.Queue[Summary] = queue.Queue()
    stop = threading.Event()
    asked = (ingestion, [str(folder)], "lore", stop, told.put, 0.01, True)
    watching = threading.Thread(target=watch, args=asked)
    watching.start()
    try:
        assert told.get(timeout=60).stored == 2
        path.unlink()
        assert told.get(timeout=60).forgotten == 1
        assert len(kept(ingestion)) == 1
    finally:
        stop.set()
        watching.join(timeout=60)


def test_a_watched_folder_is_taken_in_and_then_whatever_is_put_into_it(ingestion: Ingestion, folder: Path) -> None:
    Image.effect_noise((30, 30), 90).save(folder / "sea.png")
    put(folder / "a.txt", "there before")
    told: queue.Queue[Summary] = queue.Queue()
    stop = threading.Event()
    watching = threading.Thread(target=watch, args=(ingestion, [str(folder)], "lore", stop, told.put, 0.01))
    watching.start()
    try:
        assert told.get(timeout=60).stored == 2
        put(folder / "sub" / "b.txt", "put there")
        assert (told.get(timeout=60).stored, len(kept(ingestion))) == (1, 3)
        put(folder / "sea.txt", "a stormy sea")
        assert told.get(timeout=60).stored == 1
        assert "a stormy sea" in kept(ingestion)
    finally:
        stop.set()
        watching.join(timeout=60)
    assert not watching.is_alive()
    assert told.empty()


def test_only_folders_are_watched(ingestion: Ingestion, folder: Path) -> None:
    for asked in (str(put(folder / "a.txt", "x")), "https://example.org/"):
        with pytest.raises(TryAgain, match="is no folder"):
            watch(ingestion, [asked], "lore", threading.Event(), lambda summary: None)


# The command


def test_a_word_that_was_ingested_is_found_and_used_by_the_very_next_prompt(filled: Path, folder: Path) -> None:
    put(folder / "quolls.md", "---\nterm: quoll\nadds: black cat\n---\nA marsupial with spots, at home in Australia.")
    first = atelier("ingest", folder)
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("stored      1 (1 records) in ")
    found = atelier("knowledge", "search", "an Australian animal with spots", "--collection", "lore")
    assert "quoll" in found.stdout.splitlines()[0]
    drawn = json.loads(atelier("draw", "a quoll in the snow", "--steps", "1", "--json").stdout)["pictures"][0]
    assert drawn["recipe"]["prompt"] == "a quoll in the snow, black cat"
    assert [cited["source"] for cited in drawn["citations"] if cited["title"] == "quoll"] == ["quolls.md"]
    assert "unchanged   1" in atelier("ingest", folder).stdout


def test_a_lora_that_was_ingested_from_where_it_lies_is_drawn_with(filled: Path, folder: Path, book: Path) -> None:
    file, known = folder / "wash.safetensors", book / "models" / "loras" / "watercolour.safetensors"
    with safe_open(known, "np") as opened_file:
        header = opened_file.metadata() | {"ss_output_name": "my wash"}
    save_file(load_file(known), file, header)
    assert atelier("ingest", folder, "--collection", "loras").exit_code == 0
    asked = ("draw", "a boat", "--lora", "my wash", "--steps", "1", "--seed", "1", "-o", "one.png")
    drawn = atelier(*asked)
    assert drawn.exit_code == 0, drawn.output
    with Image.open("one.png") as picture:
        assert f"my wash: {read_card(file).autov3}" in picture.info["parameters"]
    file.unlink()
    refused = atelier(*asked)
    assert refused.exit_code == 2
    assert "The LoRA 'my wash' is known, but its file is not on this machine" in refused.stderr


def test_a_folder_is_pruned_by_the_command_and_the_count_told(filled: Path, folder: Path) -> None:
    put(folder / "a.txt", "stays")
    gone = put(folder / "b.txt", "goes")
    atelier("ingest", folder)
    gone.unlink()
    assert "forgotten   1 (1 records)" in atelier("ingest", folder, "--prune").stdout
    assert "name the folder" in atelier("ingest", "--failed", "--prune").stderr


def test_what_failed_is_told_listed_and_tried_again(filled: Path, folder: Path) -> None:
    put(folder / "a.jsonl", "torn")
    put(folder / "b\x1b[2J.exe", "MZ")
    result = atelier("ingest", folder)
    assert result.exit_code == 2
    assert "Line 1 of 'a.jsonl'" in result.stdout
    assert "\x1b" not in result.output
    listed = atelier("ingest", "--failed").stdout
    assert listed.startswith("lore        a.jsonl: Line 1 of 'a.jsonl'")
    assert listed.rstrip().endswith("(tried once)")
    assert atelier("ingest", "--retry").exit_code == 2
    put(folder / "a.jsonl", "\n")
    (folder / "a.jsonl").unlink()
    assert atelier("ingest", "--retry").exit_code == 0
    assert atelier("ingest", "--failed").stdout == "Nothing failed.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name files, folders or URLs"),
        (["nowhere"], "'nowhere'"),
        (["a.txt", "--retry"], "no files"),
        (["a.txt", "--failed"], "no files"),
        (["--watch", "--failed"], "one of"),
        (["https://example.org/"], "--allow-urls"),
        (["file:///etc/passwd", "--allow-urls"], "http or https"),
        (["--watch", "https://example.org/", "--allow-urls"], "is no folder"),
        (["."], "cannot name a collection"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(filled: Path, folder: Path, arguments: list[str], said: str) -> None:
    put(folder / "a.txt", "x")
    result = atelier("ingest", *arguments, "--collection", "a/b" if arguments == ["."] else "lore")
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]
    assert result.stdout == ""
    assert atelier("ingest", "--failed").stdout == "Nothing failed.\n"
