"""Our pictures carry how they were made, in every format; and no image file, however made, does harm."""

from __future__ import annotations

import contextlib
import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import ExifTags, Image
from sd_parsers import ParserManager

from knowledge.image_files import FileFormat, decode_image, encode_plain, open_image, read_provenance, write_picture
from knowledge.picture import Citation, Provenance
from knowledge.problems import TryAgain
from knowledge.recipe import LoraUse, Recipe
from tests.foreign_pictures import png_bytes
from tests.recipes import every, provenances

FORMATS: tuple[FileFormat, ...] = ("PNG", "JPEG", "WEBP")
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def drawing(width: int = 64, height: int = 64) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def owl(**fields: object) -> Provenance:
    return Provenance(recipe=Recipe.model_validate({"prompt": "an owl"} | fields), versions={"atelier": "0.1.0"})


def saved(folder: Path, data: bytes) -> Path:
    path = folder / "picture"
    path.write_bytes(data)
    return path


def by_id(*images: bytes) -> dict[str, bytes]:
    return {hashlib.sha256(data).hexdigest(): data for data in images}


LONG = Provenance(
    recipe=Recipe(prompt="🦉" * 2000, negative_prompt="梟" * 2000),
    wish='"</atelier:record>&lt;]]>\x00\x1f\x85\ufffe\uffff\r\n\t' + "ß" * 2000,
    citations=(Citation(record_id="\u2028", collection="lore", kind="lore", title="'", score=1e-300),),
)


@every
@given(provenances, st.sampled_from(FORMATS))
@example(LONG, "PNG")
@example(LONG, "JPEG")
@example(LONG, "WEBP")
def test_every_record_is_read_back_exactly_from_every_format(
    tmp_path_factory: pytest.TempPathFactory, provenance: Provenance, format: FileFormat
) -> None:
    path = saved(tmp_path_factory.mktemp("any"), write_picture(drawing(8, 8), provenance, {}, format))
    assert read_provenance(path) == (provenance, {})


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_pixels_come_back_exactly_from_png_and_webp(tmp_path: Path, format: FileFormat) -> None:
    path = saved(tmp_path, write_picture(drawing(), owl(), {}, format))
    assert open_image(path).tobytes() == drawing().tobytes()


def test_a_jpeg_keeps_its_colours_at_full_resolution(tmp_path: Path) -> None:
    with Image.open(saved(tmp_path, write_picture(drawing(), owl(), {}, "JPEG"))) as image:
        assert image.format == "JPEG"
        assert {layer[1:3] for layer in image.layer} == {(1, 1)}  # type: ignore[attr-defined]


@pytest.mark.parametrize("format", FORMATS)
def test_the_bytes_of_a_file_depend_on_nothing_but_picture_and_record(format: FileFormat) -> None:
    image = drawing()
    image.info = {"dpi": (300, 300), "comment": b"made at noon", "icc_profile": b"x", "exif": b"Exif\0\0"}
    assert write_picture(image, owl(), {}, format) == write_picture(drawing(), owl(), {}, format)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("init", "label"), [(None, "trainedAlgorithmicMedia"), ("a" * 64, "compositeWithTrainedAlgorithmicMedia")]
)
def test_every_file_is_labelled_as_generated(tmp_path: Path, format: FileFormat, init: str | None, label: str) -> None:
    with Image.open(saved(tmp_path, write_picture(drawing(), owl(init_image_id=init), {}, format))) as image:
        described = image.getxmp()["xmpmeta"]["RDF"]["Description"]
    assert described["DigitalSourceType"] == SOURCE + label


FOX = owl(
    negative_prompt="fog",
    width=512,
    height=768,
    num_inference_steps=30,
    guidance_scale=6.5,
    scheduler="dpmpp_2m_karras",
    seed=7,
    model="someone/sd15",
    clip_skip=1,
    loras=[LoraUse(name="ink", sha256="ab" * 32, weight=0.8), LoraUse(name="wash", sha256="cd" * 32)],
)
FOX_TEXT = (
    "an owl <lora:ink:0.8> <lora:wash:1>\n"
    "Negative prompt: fog\n"
    "Steps: 30, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 7, Size: 512x768, Model: someone/sd15, "
    'Clip skip: 2, Lora hashes: "ink: abababababab, wash: cdcdcdcdcdcd", Version: Atelier 0.1.0'
)


def test_a_png_carries_the_parameters_text_that_a1111_would_write(tmp_path: Path) -> None:
    with Image.open(saved(tmp_path, write_picture(drawing(), FOX, {}, "PNG"))) as image:
        assert image.info["parameters"] == FOX_TEXT


@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_a_jpeg_or_webp_carries_it_as_exif_comment(tmp_path: Path, format: FileFormat) -> None:
    with Image.open(saved(tmp_path, write_picture(drawing(), FOX, {}, format))) as image:
        comment = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
    assert comment == b"UNICODE\0" + FOX_TEXT.encode("utf-16-be")


@pytest.mark.parametrize("format", FORMATS)
def test_other_tools_read_our_settings(tmp_path: Path, format: FileFormat) -> None:
    found = ParserManager().parse(saved(tmp_path, write_picture(drawing(), FOX, {}, format)))
    assert found is not None
    sampler = found.samplers[0]
    assert (found.full_prompt, found.full_negative_prompt) == ("an owl <lora:ink:0.8> <lora:wash:1>", "fog")
    assert (sampler.name, sampler.parameters["scheduler"]) == ("DPM++ 2M", "Karras")
    assert [sampler.parameters[name] for name in ("steps", "cfg_scale", "seed")] == ["30", "6.5", "7"]
    assert found.metadata["Size"] == "512x768"
    assert str(sampler.model) == "someone/sd15"


def test_a_model_name_with_a_comma_is_quoted_as_a1111_does(tmp_path: Path) -> None:
    with Image.open(saved(tmp_path, write_picture(drawing(), owl(model="a, b: c"), {}, "PNG"))) as image:
        assert 'Model: "a, b: c"' in image.info["parameters"]


def test_the_images_a_recipe_needs_travel_inside_the_png(tmp_path: Path) -> None:
    inputs = by_id(encode_plain(drawing(512, 512)), encode_plain(Image.new("RGB", (64, 64), "red")))
    one, other = inputs
    provenance = owl(init_image_id=one, references=[{"image_id": other}])
    path = saved(tmp_path, write_picture(drawing(), provenance, inputs, "PNG"))
    assert read_provenance(path) == (provenance, inputs)
    assert open_image(path).size == (64, 64)


@pytest.mark.parametrize("size", [(64, 64), (600, 600), (1100, 1100)])
def test_a_file_with_images_inside_opens_in_any_reader(tmp_path: Path, size: tuple[int, int]) -> None:
    inputs = by_id(encode_plain(drawing(*size)))
    path = saved(tmp_path, write_picture(drawing(), owl(init_image_id=next(iter(inputs))), inputs, "PNG"))
    with Image.open(path) as image:
        image.load()
    assert read_provenance(path)[1] == inputs


def test_images_of_more_than_four_megabytes_stay_out(tmp_path: Path) -> None:
    inputs = by_id(encode_plain(drawing(1300, 1300)))
    provenance = owl(init_image_id=next(iter(inputs)))
    path = saved(tmp_path, write_picture(drawing(), provenance, inputs, "PNG"))
    assert read_provenance(path) == (provenance, {})
    assert path.stat().st_size < 100_000


def test_images_stay_out_of_a_jpeg(tmp_path: Path) -> None:
    inputs = by_id(encode_plain(drawing(200, 200)))
    provenance = owl(init_image_id=next(iter(inputs)))
    assert read_provenance(saved(tmp_path, write_picture(drawing(), provenance, inputs, "JPEG"))) == (provenance, {})


def test_a_record_too_long_for_a_jpeg_is_refused_in_one_sentence() -> None:
    with pytest.raises(TryAgain, match=r"too long for a JPEG: save it as PNG or WEBP\.$"):
        write_picture(drawing(), Provenance(recipe=Recipe(prompt="an owl"), wish="x" * 70_000), {}, "JPEG")


def test_an_image_inside_that_is_not_the_one_named_is_refused(tmp_path: Path) -> None:
    inputs = {"a" * 64: encode_plain(drawing())}
    path = saved(tmp_path, write_picture(drawing(), owl(init_image_id="a" * 64), inputs, "PNG"))
    with pytest.raises(TryAgain, match=r"^The input images inside 'picture' were changed"):
        read_provenance(path)


@pytest.mark.parametrize("record", [b"{}", b"[" * 100_000, b'{"recipe":{"prompt":"x","stepz":1}}', b"\xff", b"null"])
def test_a_record_of_ours_that_was_changed_is_refused(tmp_path: Path, record: bytes) -> None:
    whole = encode_plain(drawing())
    text = b"atelier\0\0\0\0\0" + record
    path = saved(tmp_path, whole[:33] + chunk(b"iTXt", text) + whole[33:])
    with pytest.raises(TryAgain):
        read_provenance(path)


def test_xmp_that_grows_without_end_is_refused(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    xmp = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><x xmlns:a="urn:atelier:record:1/"><a:record>&l9;</a:record></x>'
    drawing().save(tmp_path / "x.jpg", xmp=xmp.encode())
    with pytest.raises(TryAgain):
        read_provenance(tmp_path / "x.jpg")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header_only(width: int, height: int) -> bytes:
    """A PNG of that size in its header, and next to nothing behind it."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "size", [(8001, 8001), (1, 64_000_001), (10_000, 9_500), (30_000, 30_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path, size: tuple[int, int]) -> None:
    path = saved(tmp_path, header_only(*size))
    for read in (open_image, read_provenance):
        with pytest.raises(TryAgain, match=r"^'picture' (is too large|cannot be read)"):
            read(path)


def webp_bytes() -> bytes:
    out = io.BytesIO()
    drawing().save(out, "WEBP", lossless=True)
    return out.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "a text": b"this is not an image\n",
    "a program": b"MZ" + bytes(1000),
    "an svg": SVG,
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "half a png": encode_plain(drawing())[:5000],
    "half a webp": webp_bytes()[:5000],
    "a png without its pixels": header_only(64, 0),
    "a png of noise": png_bytes(64, 64)[:60] + bytes(range(256)),
    "a signature alone": b"\x89PNG\r\n\x1a\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_whole_image_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(TryAgain, match=r"^'picture' cannot be read as an image: use a whole PNG, .* file\.$"):
        open_image(saved(tmp_path, BROKEN[name]))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(TryAgain, match=r"^'gone.png' is not there: "):
        open_image(tmp_path / "gone.png")
    with pytest.raises(TryAgain, match=" is a folder: "):
        open_image(tmp_path)
    with pytest.raises(TryAgain):
        open_image(tmp_path / ("x" * 5000))
    with pytest.raises(TryAgain):
        open_image(tmp_path / "nul\0.png")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = saved(tmp_path, png_bytes(64, 64))
    with path.open("r+b") as file:
        file.truncate(300 * 2**20)
    with pytest.raises(TryAgain, match="is too large"):
        open_image(path)


@every
@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]), st.data())
def test_a_damaged_file_is_an_image_or_refused_and_nothing_else(format: str, data: st.DataObject) -> None:
    out = io.BytesIO()
    drawing(16, 16).save(out, format)
    damaged = bytearray(out.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=5)):
        damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(TryAgain):
        assert decode_image(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]), "x").mode == "RGB"


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(tmp_path: Path, format: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "x", format, save_all=True, append_images=frames[1:])
    red, green, blue = np.asarray(open_image(tmp_path / "x"))[8, 8]
    assert red > 200
    assert max(green, blue) < 50


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "x.jpg", exif=exif)
    assert open_image(tmp_path / "x.jpg").size == (20, 40)


def test_transparency_becomes_white(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "x.png")
    assert open_image(tmp_path / "x.png").getpixel((4, 4)) == (255, 255, 255)


def test_sixteen_bits_of_grey_keep_their_shades(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 0x8000, dtype=np.uint16)).save(tmp_path / "x.png")
    assert open_image(tmp_path / "x.png").getpixel((4, 4)) == (128, 128, 128)


def test_an_opened_image_brings_nothing_but_its_pixels(tmp_path: Path) -> None:
    drawing().save(tmp_path / "x.jpg", comment="who made it", dpi=(72, 72))
    assert open_image(tmp_path / "x.jpg").info == {}
