"""The picture process: opens one picture that a stranger sent and writes it anew in our sizes.

Started by `pictures` as `python -m catalog.services.picture_reader REQUEST`, REQUEST being JSON.
No Django here. It sets its own limits of memory and time before it touches the file, so that a
hostile file can end this process and nothing else. It writes one WebP a size into the folder
that it is given and answers with one line of JSON: {"sizes": [[80, 120], …]} or {"error": code}.
"""

import contextlib
import io
import json
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageCms

from catalog.pictures import MOST_HEIGHT, MOST_WIDTH, height_at, widths

LEAST_SIDE = 32  # pixels: less is a dot, an icon or a slip
QUALITY = 82
MEMORY_MB = 1024
CPU_SECONDS = 20
LARGEST_RESULT = 16 << 20
# Of a progressive JPEG, each of which is decoded over the whole picture. libjpeg writes ten.
MOST_SCANS = 100

# What a picture needs to stand upright, by its EXIF orientation; 5 and above lie on their side.
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112


class Unusable(Exception):
    """The picture cannot be taken; `args[0]` is the code of the sentence that says why."""


def limit_resources() -> None:
    for kind, soft, hard in (
        (resource.RLIMIT_AS, MEMORY_MB << 20, MEMORY_MB << 20),
        (resource.RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 2),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, LARGEST_RESULT, LARGEST_RESULT),
    ):
        # macOS knows RLIMIT_AS and refuses to set it; a lower limit may be in force already.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


def rewrite(path: str, folder: str, kind: str, most_pixels: int) -> list[tuple[int, int]]:
    """Check the header, then decode, then write every size; raises Unusable."""
    if kind == "JPEG" and Path(path).read_bytes().count(b"\xff\xda") > MOST_SCANS:
        raise Unusable("damaged")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = most_pixels
    try:
        with Image.open(path, formats=(kind,)) as source:  # reads the header only
            check(source, most_pixels)
            picture = prepare(source)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Unusable("too_many_pixels") from error
    except MemoryError as error:
        raise Unusable("too_much") from error
    except (OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError) as error:
        # Pillow's readers raise all of these for files that are not as they should be.
        raise Unusable("damaged") from error
    sizes = [(width, height_at(width, *picture.size)) for width in widths(picture.width)]
    for size in sizes:
        smaller = picture if size == picture.size else resize(picture, size)
        target = Path(folder, f"{size[0]}x{size[1]}.webp")
        smaller.save(target, "WEBP", quality=QUALITY, method=4)
    return sizes


def check(source: Image.Image, most_pixels: int) -> None:
    """What can be said before a single pixel is decoded."""
    width, height = source.size
    if width * height > most_pixels:
        raise Unusable("too_many_pixels")
    if min(width, height) < LEAST_SIDE:
        raise Unusable("too_small")


def prepare(source: Image.Image) -> Image.Image:
    """Upright, in sRGB, without transparency or metadata, no larger than the largest size.

    Everything costly is done after the picture has been made small. Of an animation the first
    picture is taken.
    """
    orientation = source.getexif().get(_ORIENTATION, 1)
    profile = source.info.get("icc_profile")
    target = fitting(source.size, on_its_side=orientation in (5, 6, 7, 8))
    # A JPEG is decoded at a half, quarter or eighth of its size if that is still twice ours.
    source.draft(None, (2 * target[0], 2 * target[1]))
    source.load()
    small = resize(plain(source), target)
    if orientation in _TURNS:
        small = small.transpose(_TURNS[orientation])
    alpha = small.getchannel("A") if small.mode == "RGBA" else None
    colours = to_srgb(small.convert("RGB") if alpha else small, profile)
    picture = Image.new("RGB", colours.size, "white")  # a new one carries no metadata
    picture.paste(colours, mask=alpha)
    return picture


def fitting(size: tuple[int, int], *, on_its_side: bool) -> tuple[int, int]:
    """The size of the stored picture as it lies in the file: before it is turned upright."""
    width, height = size
    most_width, most_height = (
        (MOST_HEIGHT, MOST_WIDTH) if on_its_side else (MOST_WIDTH, MOST_HEIGHT)
    )
    scale = min(1.0, most_width / width, most_height / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def plain(source: Image.Image) -> Image.Image:
    """In a mode that can be made smaller: palettes, bits and 16-bit greys cannot."""
    if source.mode.startswith("I"):  # greys of 16 bits; Pillow's own conversion cuts them off
        return source.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
    if source.has_transparency_data:
        return source if source.mode == "RGBA" else source.convert("RGBA")
    if source.mode in ("P", "1"):
        return source.convert("RGB")
    return source


def resize(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def to_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """By the profile in the file if it is a usable one."""
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = ImageCms.profileToProfile(
                picture,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
            if converted is not None:
                return converted
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def main(argument: str) -> None:
    request: dict[str, Any] = json.loads(argument)
    limit_resources()
    answer: dict[str, Any]
    try:
        sizes = rewrite(request["path"], request["folder"], request["kind"], request["most_pixels"])
        answer = {"sizes": sizes}
    except Unusable as reason:
        answer = {"error": reason.args[0]}
        if reason.__cause__:  # for the log of whoever runs this; the person gets the sentence
            sys.stderr.write(f"{type(reason.__cause__).__name__}: {reason.__cause__}\n")
    except OSError as error:  # while writing
        answer = {"error": "not_written", "errno": error.errno}
    except MemoryError:
        answer = {"error": "too_much"}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    finally:
        os._exit(0)  # without the interpreter's tidying up
