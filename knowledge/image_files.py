"""Image files in and out: any file opened safely; our pictures written and read with how they were made."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from pydantic import ConfigDict, TypeAdapter, ValidationError

from knowledge.a1111 import parameters_text
from knowledge.foreign_files import foreign_provenance
from knowledge.picture import Provenance
from knowledge.problems import TryAgain
from knowledge.recipe import Identifier
from knowledge.xmp import packet, record_in

FileFormat = Literal["PNG", "JPEG", "WEBP"]

READABLE = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MOST_PIXELS = 64_000_000
MOST_BYTES = 256 * 2**20
MOST_INPUT_BYTES = 4 * 2**20
"""Of all input images inside one picture; beyond it they stay out, and drawing again needs the gallery."""
LONGEST_RECORD = 2 * MOST_INPUT_BYTES
COMPRESSIBLE = 2**20
"""Pillow, and so most other readers, refuse a file whose compressed text grows beyond this many bytes."""
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
BROKEN = (
    *(EOFError, LookupError, OSError, OverflowError, SyntaxError, TypeError, ValueError),
    *(struct.error, zlib.error),
)
"""What Pillow's decoders raise on files that are damaged or made to harm."""
INPUTS = TypeAdapter(dict[Identifier, bytes], config=ConfigDict(val_json_bytes="base64"))


def open_image(path: Path) -> Image.Image:
    """Upright RGB, the first frame of an animation, transparency on white. Raises `TryAgain` for whatever is not an
    image of at most 64 megapixels, before its pixels are decoded."""
    with _opened(path, path.name) as image:
        return _upright(image)


def decode_image(data: bytes, name: str) -> Image.Image:
    """As `open_image`, from memory; `name` is what the failure calls it."""
    with _opened(io.BytesIO(data), name) as image:
        return _upright(image)


def transparent_parts(data: bytes, name: str) -> Image.Image:
    """RGB, white where the image is more transparent than not, else black. Raises `TryAgain` where it is so nowhere."""
    with _opened(io.BytesIO(data), name) as image:
        alpha = ImageOps.exif_transpose(image).convert("RGBA").getchannel("A")
    clear = alpha.point([255] * 128 + [0] * 128)
    if not clear.getbbox():
        raise TryAgain(f"{name!r} is transparent nowhere: make it transparent where to repaint.")
    return clear.convert("RGB")


def encode_plain(image: Image.Image) -> bytes:
    """A PNG of the pixels alone: equal pixels give equal bytes."""
    return _encoded(image, "PNG", compress_level=1)


def write_picture(image: Image.Image, provenance: Provenance, inputs: Mapping[str, bytes], format: FileFormat) -> bytes:
    """The bytes of an image file that depend on nothing but the arguments: no date, no machine.

    `inputs` are encoded images by the SHA-256 of their bytes, at most 4 MB together; only PNG has room for them."""
    if format == "PNG":
        return _encoded(image, format, compress_level=1, pnginfo=_png_text(provenance, inputs))
    exif = Image.Exif()
    comment = b"UNICODE\0" + parameters_text(provenance).encode("utf-16-be")
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = comment
    beside = {"exif": exif, "xmp": packet(provenance, with_record=True)}
    if format == "WEBP":
        return _encoded(image, format, lossless=True, **beside)
    try:
        return _encoded(image, format, quality=95, subsampling="4:4:4", **beside)
    except ValueError as error:  # a segment of a JPEG holds 64 kB
        raise TryAgain("The record of this picture is too long for a JPEG: save it as PNG or WEBP.") from error


def read_provenance(path: Path) -> tuple[Provenance, Mapping[str, bytes]]:
    """How a picture was made, and its input images by SHA-256: ours exactly, other tools' as near as it goes.
    Raises `TryAgain` if the file does not say, or says something that cannot be trusted."""
    with _opened(path, path.name) as image:
        size, inputs = image.size, image.info.get("atelier_inputs", "{}")
        record = image.info.get("atelier") or _record_beside(image)
        texts = {} if record else _texts(image)
    if record:
        provenance = _own(record, path.name)
        return provenance, _own_inputs(inputs, provenance, path.name)
    return foreign_provenance(texts, size, path.name), {}


@contextmanager
def _opened(source: Path | io.BytesIO, name: str) -> Iterator[Image.Image]:
    """The image, its header read and its pixels not yet; everything Pillow raises meanwhile becomes `TryAgain`."""
    too_large = f"{name!r} is too large: use an image of at most {MOST_PIXELS // 1_000_000} megapixels and 256 MB."
    try:
        if isinstance(source, Path):
            if not source.is_file():
                raise TryAgain(f"{name!r} is {'a folder' if source.is_dir() else 'not there'}: name an image file.")
            if source.stat().st_size > MOST_BYTES:
                raise TryAgain(too_large)
        with Image.open(source, formats=READABLE) as image:
            if image.width * image.height > MOST_PIXELS:
                raise TryAgain(too_large)
            yield image
    except BOMBS as error:
        raise TryAgain(too_large) from error
    except BROKEN as error:
        kinds = "PNG, JPEG, WebP, GIF, BMP or TIFF"
        raise TryAgain(f"{name!r} cannot be read as an image: use a whole {kinds} file.") from error


def _upright(image: Image.Image) -> Image.Image:
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of grey, which convert() would clip to white
        image = Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return _pixels(image)


def _pixels(image: Image.Image) -> Image.Image:
    """RGB without anything that an encoder would copy into a file."""
    plain = image.convert("RGB")
    plain.info = {}
    return plain


def _encoded(image: Image.Image, format: FileFormat, **options: object) -> bytes:
    out = io.BytesIO()
    _pixels(image).save(out, format, **options)
    return out.getvalue()


def _png_text(provenance: Provenance, inputs: Mapping[str, bytes]) -> PngInfo:
    text = PngInfo()
    text.add_text("parameters", parameters_text(provenance))
    text.add_itxt("atelier", provenance.canonical())
    text.add_itxt("XML:com.adobe.xmp", packet(provenance, with_record=False))
    if inputs and sum(map(len, inputs.values())) <= MOST_INPUT_BYTES:
        encoded = json.dumps({name: base64.b64encode(inputs[name]).decode() for name in sorted(inputs)})
        text.add_itxt("atelier_inputs", encoded, zip=len(encoded) <= COMPRESSIBLE)
    return text


def _record_beside(image: Image.Image) -> str | None:
    xmp = image.info.get("xmp")
    return record_in(xmp) if isinstance(xmp, bytes) else None


def _texts(image: Image.Image) -> dict[str, str]:
    """By PNG keyword; the EXIF comment of other formats under the keyword it has in a PNG."""
    image.load()  # texts may follow the pixels
    texts = {str(key): str(text) for key, text in image.info.items() if isinstance(text, str)}
    comment = image.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
    if isinstance(comment, bytes) and "parameters" not in texts:
        texts["parameters"] = _comment_text(comment)
    return texts


def _comment_text(comment: bytes) -> str:
    """EXIF leaves the byte order open: big-endian is usual, and every known text speaks of its steps."""
    code, body = comment[:8], comment[8:]
    if code != b"UNICODE\0":
        return body.decode(errors="replace")
    readings = [body.decode(order, errors="replace") for order in ("utf-16-be", "utf-16-le")]
    return next((reading for reading in readings if "steps" in reading.lower()), readings[0])


def _own(record: str, name: str) -> Provenance:
    try:
        return Provenance.model_validate_json(str(record))
    except ValidationError as error:
        said = f"The record in {name!r} was changed, or written by another version of Atelier"
        raise TryAgain(f"{said}: use the original file, or describe the picture in words.") from error


def _own_inputs(text: str, provenance: Provenance, name: str) -> Mapping[str, bytes]:
    damaged = TryAgain(f"The input images inside {name!r} were changed: use the original file.")
    if len(text) > LONGEST_RECORD:
        raise damaged
    try:
        inputs = INPUTS.validate_json(str(text))
    except ValidationError as error:
        raise damaged from error
    if any(hashlib.sha256(data).hexdigest() != image_id for image_id, data in inputs.items()):
        raise damaged
    return {image_id: inputs[image_id] for image_id in provenance.recipe.image_ids if image_id in inputs}
