"""The gallery keeps pictures whole, whatever happens to the processes and the disk around it."""

from __future__ import annotations

import contextlib
import hashlib
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from knowledge.gallery import Gallery
from knowledge.image_files import encode_plain, read_provenance
from knowledge.picture import Picture, Provenance
from knowledge.problems import GiveUp, TryAgain
from knowledge.recipe import LoraUse, Recipe

UNKNOWN = "0" * 64


def noise(seed: int, side: int = 64) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8))


def owl(seed: int = 0, prompt: str = "an owl", **fields: object) -> Provenance:
    wish = str(fields.pop("wish", ""))
    parent_id = fields.pop("parent_id", None)
    recipe = Recipe.model_validate({"prompt": prompt, "seed": seed} | fields)
    return Provenance(recipe=recipe, wish=wish, parent_id=parent_id)  # type: ignore[arg-type]


def assert_whole(gallery: Gallery) -> list[str]:
    """Every picture listed opens, and its bytes are those its id was made from."""
    ids = [picture.id for picture in gallery.recent(100_000)]
    for picture_id in ids:
        assert hashlib.sha256(gallery.path(picture_id).read_bytes()).hexdigest() == picture_id
        gallery.image(picture_id)
    return ids


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path / "gallery")


def test_a_picture_comes_back_with_its_pixels_its_record_and_its_seconds(gallery: Gallery) -> None:
    added = gallery.add(noise(1), owl(wish="an owl, please"), {"render": 1.5})
    assert added == gallery.get(added.id) == Picture(added.id, owl(wish="an owl, please"), {"render": 1.5})
    assert gallery.image(added.id).tobytes() == noise(1).tobytes()
    assert read_provenance(gallery.path(added.id)) == (added.provenance, {})
    assert assert_whole(gallery) == [added.id]


def test_another_gallery_on_the_same_folder_has_the_same_pictures(gallery: Gallery) -> None:
    added = gallery.add(noise(1), owl(), {})
    assert Gallery(gallery.folder).get(added.id) == added


def test_the_same_recipe_drawn_twice_gives_the_same_id_whatever_time_it_took(gallery: Gallery, tmp_path: Path) -> None:
    first = gallery.add(noise(1), owl(), {"render": 1})
    again = gallery.add(noise(1), owl(), {"render": 2})
    assert first.id == again.id == Gallery(tmp_path / "other").add(noise(1), owl(), {"render": 3}).id
    assert gallery.recent(9) == [again]
    assert gallery.find("owl", 9) == [again]


def test_other_pixels_or_another_record_give_another_id(gallery: Gallery) -> None:
    pictures = [gallery.add(noise(1), owl(), {}), gallery.add(noise(2), owl(), {}), gallery.add(noise(1), owl(3), {})]
    assert len({picture.id for picture in pictures}) == 3


def test_the_newest_comes_first(gallery: Gallery) -> None:
    ids = [gallery.add(noise(seed), owl(seed), {}).id for seed in range(4)]
    assert [picture.id for picture in gallery.recent(3)] == ids[:0:-1]


def test_a_picture_knows_its_parent_and_its_children(gallery: Gallery) -> None:
    parent = gallery.add(noise(0), owl(), {})
    children = [gallery.add(noise(seed), owl(seed, parent_id=parent.id), {}) for seed in (1, 2)]
    assert gallery.children(parent.id) == children
    assert {child.provenance.parent_id for child in children} == {parent.id}
    assert gallery.children(children[0].id) == []


def test_pictures_are_found_by_the_words_of_wish_and_recipe(gallery: Gallery) -> None:
    ink = LoraUse(name="Ink Wash", sha256="a" * 64)
    fox = gallery.add(noise(1), owl(1, "a red fox, snowy hills", negative_prompt="fog", loras=[ink]), {})
    cafe = gallery.add(noise(2), owl(2, "a café at dawn", wish="where I drink coffee"), {})
    newer = gallery.add(noise(3), owl(3, "two foxes"), {})
    for words, found in {
        "fox": [newer, fox],
        "FOXES": [newer, fox],
        "fox snow": [fox],
        "hil": [fox],
        "ink wash": [fox],
        "fog": [fox],
        "cafe": [cafe],
        "coffee": [cafe],
        "fox café": [],
        "picturebook": [newer, cafe, fox],
        "": [],
    }.items():
        assert gallery.find(words, 9) == found, words
    assert gallery.find("fox", 1) == [newer]


@pytest.mark.parametrize(
    "text", ['"', "' OR 1=1 --", "NEAR(a b)", "a AND", "text:fox", "*", "-fox", "{fox}", "\0", "_", "🦊", "fox " * 9999]
)
def test_any_text_can_be_looked_for(gallery: Gallery, text: str) -> None:
    gallery.add(noise(1), owl(1, "a red fox"), {})
    assert gallery.find(text, 9) in ([], gallery.recent(9))


def test_a_kept_image_comes_back_and_has_one_id(gallery: Gallery, tmp_path: Path) -> None:
    image_id = gallery.keep(noise(1))
    noise(1).save(tmp_path / "mine.bmp")
    assert image_id == gallery.keep(noise(1)) == gallery.keep_file(tmp_path / "mine.bmp")
    assert image_id == hashlib.sha256(encode_plain(noise(1))).hexdigest()
    assert gallery.image(image_id).tobytes() == noise(1).tobytes()
    assert gallery.recent(9) == []


def test_a_file_that_is_no_image_is_not_kept(gallery: Gallery, tmp_path: Path) -> None:
    (tmp_path / "mine.png").write_text("not an image")
    with pytest.raises(TryAgain, match=r"'mine\.png' cannot be read as an image"):
        gallery.keep_file(tmp_path / "mine.png")


def test_a_picture_carries_its_inputs_into_an_empty_gallery(gallery: Gallery, tmp_path: Path) -> None:
    fields = {"controls": [{"kind": "canny", "image_id": gallery.keep(noise(1))}], "mask_id": gallery.keep(noise(2))}
    init = gallery.add(noise(3), owl(), {}).id
    picture = gallery.add(noise(4), owl(init_image_id=init, **fields), {})
    provenance, inputs = read_provenance(gallery.path(picture.id))

    empty = Gallery(tmp_path / "empty")
    empty.keep_inputs(inputs)
    assert set(inputs) == set(picture.recipe.image_ids)
    for image_id in picture.recipe.image_ids:
        assert empty.image(image_id).tobytes() == gallery.image(image_id).tobytes()
    assert empty.add(noise(4), provenance, {}).id == picture.id


def test_inputs_that_are_no_images_or_not_those_named_are_not_kept(gallery: Gallery) -> None:
    for data in (b"not an image", encode_plain(noise(1))):
        with pytest.raises(TryAgain):
            gallery.keep_inputs({UNKNOWN: data})
        with pytest.raises(TryAgain):
            gallery.image(UNKNOWN)


def test_a_recipe_that_needs_an_image_nobody_kept_is_refused(gallery: Gallery) -> None:
    with pytest.raises(TryAgain, match=UNKNOWN):
        gallery.add(noise(1), owl(init_image_id=UNKNOWN), {})
    assert gallery.recent(9) == []


@pytest.mark.parametrize("name", [UNKNOWN, "", "../../etc/passwd", "A" * 64, "x" * 9999, "\0", f"{UNKNOWN}\n"])
def test_an_unknown_id_is_refused_and_never_a_path(gallery: Gallery, name: str) -> None:
    for ask in (gallery.get, gallery.path, gallery.image):
        with pytest.raises(TryAgain, match=r"^There is no picture or image "):
            ask(name)


def test_a_half_written_picture_never_shows(gallery: Gallery) -> None:
    whole = gallery.add(noise(1), owl(1), {})
    folder = gallery.path(whole.id).parent
    (folder / ".0123456789abcdef.tmp").write_bytes(gallery.path(whole.id).read_bytes()[:999])
    shutil.copy(gallery.path(whole.id), folder / f"{whole.id[:2]}{UNKNOWN[2:]}.png")
    assert Gallery(gallery.folder).recent(9) == [whole]
    with pytest.raises(TryAgain):
        gallery.path(f"{whole.id[:2]}{UNKNOWN[2:]}")


ADDING = """
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from knowledge.gallery import Gallery
from knowledge.picture import Provenance
from knowledge.recipe import Recipe

gallery = Gallery(Path(sys.argv[1]))
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    pixels = np.random.default_rng(seed).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    provenance = Provenance(recipe=Recipe(prompt="an owl", seed=seed))
    print(gallery.add(Image.fromarray(pixels), provenance, {}).id, flush=True)
"""


def adding(folder: Path, first: int, last: int) -> subprocess.Popen[str]:
    """Another process that adds pictures and prints the id of each once it is kept."""
    command = [sys.executable, "-c", ADDING, str(folder), str(first), str(last)]
    root = Path(__file__).parent.parent
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)


def killed_while_adding(process: subprocess.Popen[str], after: int, seconds: float) -> list[str]:
    """Kill it `seconds` after its first pictures; all it said it kept."""
    with process:
        assert process.stdout is not None
        kept = [process.stdout.readline().strip() for _ in range(after)]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        return [*kept, *process.stdout.read().split()]


def test_no_kill_leaves_a_picture_that_is_listed_and_broken_or_loses_one_that_was_kept(tmp_path: Path) -> None:
    chance = random.Random(0)
    processes = [adding(tmp_path, 10_000 * number, 10_000 * (number + 1)) for number in range(4)]
    for after, process in enumerate(processes, start=1):
        kept = killed_while_adding(process, after, chance.uniform(0, 0.03))
        assert process.returncode == -signal.SIGKILL
        assert set(kept) <= set(assert_whole(Gallery(tmp_path)))
    with contextlib.closing(sqlite3.connect(tmp_path / "gallery.sqlite")) as index:
        assert index.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_several_processes_add_at_once(tmp_path: Path) -> None:
    processes = [adding(tmp_path / "new", first, first + 8) for first in (0, 4, 8)]
    printed = [process.communicate()[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(assert_whole(Gallery(tmp_path / "new"))) == sorted({name for names in printed for name in names})
    assert len({name for names in printed for name in names}) == 16


def test_several_threads_add_and_look_at_once(gallery: Gallery) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda seed: gallery.add(noise(seed), owl(seed), {}).id, range(24)))
        found = list(pool.map(lambda _: len(gallery.find("owl", 99)), range(8)))
    assert sorted(assert_whole(gallery)) == sorted(added)
    assert found == [24] * 8


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "sqlite" not in path.name)


def test_a_file_too_large_for_the_disk_leaves_nothing_behind(gallery: Gallery) -> None:
    kept = gallery.add(noise(1), owl(1), {})
    before = files(gallery.folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        for fill in (lambda: gallery.add(noise(2, 400), owl(2), {}), lambda: gallery.keep(noise(2, 400))):
            with pytest.raises(GiveUp, match=r"could not be written \(.*\): free some space or .*\.$"):
                fill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(gallery.folder) == before
    assert assert_whole(gallery) == [kept.id]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("only the system's administrator can make a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("side", [32, 128])
def test_a_full_disk_is_said_in_one_sentence_and_nothing_is_half_written(small_disk: Path, side: int) -> None:
    gallery = Gallery(small_disk / "gallery")
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(500_000))
    ids: list[str] = []
    with pytest.raises(GiveUp, match=r"^[^\n]*: free some space[^\n]*\.$"):
        ids.extend(gallery.add(noise(seed, side), owl(seed), {}).id for seed in range(1000))
    assert [path for path in files(small_disk) if path.suffix == ".tmp"] == []
    ballast.unlink()
    ids.append(gallery.add(noise(2000, side), owl(2000), {}).id)
    assert assert_whole(Gallery(gallery.folder)) == ids[::-1]


def test_a_disk_that_is_full_from_the_start_is_said_so(small_disk: Path) -> None:
    with pytest.raises(OSError, match="space"):
        (small_disk / "ballast").write_bytes(bytes(2_000_000))
    with pytest.raises(GiveUp, match=r"^The gallery cannot be used "):
        Gallery(small_disk / "gallery")


def test_a_folder_that_cannot_be_made_is_said_so_at_once(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(GiveUp, match=r"^The gallery cannot be used \(.*\): .* ATELIER_DATA .*\.$") as refused:
        Gallery(tmp_path / "a file" / "gallery")
    assert str(tmp_path) not in str(refused.value)


def test_a_folder_that_stops_being_one_is_said_so(gallery: Gallery) -> None:
    (gallery.folder / "pictures").write_text("in the way")
    (gallery.folder / "inputs").write_text("in the way")
    for fill in (lambda: gallery.add(noise(1), owl(), {}), lambda: gallery.keep(noise(1))):
        with pytest.raises(GiveUp, match="could not be written"):
            fill()
    assert gallery.recent(9) == []


def test_an_index_that_is_none_is_said_so(gallery: Gallery) -> None:
    (gallery.folder / "gallery.sqlite").write_bytes(b"not a database" * 100)
    for ask in (lambda: Gallery(gallery.folder), lambda: gallery.recent(9)):
        with pytest.raises(GiveUp, match=r"^The gallery cannot be used \(file is not a database\)"):
            ask()
