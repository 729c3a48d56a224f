"""Images: what citizens download holds the picture and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from beffroi.check.files import decodes
from beffroi.errors import BuildError
from beffroi.site.images import Images


def photograph(path: Path, size: tuple[int, int] = (2000, 1200), orientation: int = 1) -> Path:
    """A JPEG as a phone writes it: with the place, the device and a turned sensor in its EXIF."""
    image = Pillow.new("RGB", size, "#336699")
    image.paste("#ffcc00", (0, 0, size[0] // 2, size[1] // 2))
    exif = Pillow.Exif()
    exif[0x0110] = "TELEPHONE-DE-JEANNE"
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (45.0, 14.0, 20.0), 3: "E", 4: (5.0, 53.0, 24.0)})
    image.save(path, exif=exif, comment=b"maison de Jeanne")
    return path


def test_no_place_nor_device_is_published(tmp_path: Path) -> None:
    """EXIF, GPS and comments of the original are in none of the encoded files."""
    images = Images(tmp_path / "cache")
    for picture in images.pictures(photograph(tmp_path / "jeanne.jpg")):
        path = images.used[picture.url.lstrip("/")]
        with Pillow.open(path) as image:
            assert {} == dict(image.getexif())
        assert b"JEANNE" not in path.read_bytes()
        assert b"Jeanne" not in path.read_bytes()


def test_formats_and_widths(tmp_path: Path) -> None:
    """Best format first, three widths each, never larger than the original; sizes told are the real ones."""
    images = Images(tmp_path / "cache", base="/commune")
    made = images.pictures(photograph(tmp_path / "a.jpg", (1000, 500)))
    assert [480, 960, 1000] * 3 == [picture.width for picture in made]
    assert ["image/avif", "image/webp", "image/jpeg"] == list(dict.fromkeys(picture.type for picture in made))
    for picture in made:
        path = images.used[picture.url.removeprefix("/commune/")]
        with Pillow.open(path) as image:
            assert (picture.width, picture.height) == image.size
        assert picture.length == path.stat().st_size


def test_a_turned_photograph_stands_upright(tmp_path: Path) -> None:
    """The sensor's orientation is applied to the pixels, since the tag that tells it is dropped."""
    images = Images(tmp_path / "cache")
    last = images.pictures(photograph(tmp_path / "a.jpg", (400, 200), orientation=6))[-1]
    assert (200, 400) == (last.width, last.height)


def test_transparency_is_kept(tmp_path: Path) -> None:
    """A logo with transparency falls back to PNG, not to JPEG on black."""
    Pillow.new("RGBA", (64, 64), (255, 0, 0, 0)).save(tmp_path / "logo.png")
    assert "image/png" == Images(tmp_path / "cache").pictures(tmp_path / "logo.png")[-1].type


def test_another_picture_has_another_address(tmp_path: Path) -> None:
    """Replacing an image changes its address: no cache on a phone keeps the old one."""
    first = Images(tmp_path / "cache").pictures(photograph(tmp_path / "a.jpg", (300, 200)))[0].url
    photograph(tmp_path / "a.jpg", (300, 201))
    assert first != Images(tmp_path / "cache").pictures(tmp_path / "a.jpg")[0].url


def test_a_vector_image_is_made_harmless(tmp_path: Path) -> None:
    """Scripts, handlers, comments and outside addresses of an SVG are left out; its size comes from its viewBox."""
    (tmp_path / "a.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" viewBox="0 0 30 20" '
        'onload="steal()"><!-- SECRET --><metadata>SECRET</metadata><script>steal()</script>'
        '<a x:href="https://x.example"><rect width="3" height="2" onclick="steal()"/></a></svg>',
        encoding="utf-8",
    )
    images = Images(tmp_path / "cache")
    picture = images.pictures(tmp_path / "a.svg")[0]
    text = images.used[picture.url.lstrip("/")].read_text("utf-8")
    assert (30, 20) == (picture.width, picture.height)
    assert "rect" in text
    for trace in ("SECRET", "steal", "script", "x.example"):
        assert trace not in text


def test_what_is_not_an_image_is_an_error(tmp_path: Path) -> None:
    """A text file named .jpg is refused with its name."""
    (tmp_path / "faux.jpg").write_text("bonjour", encoding="utf-8")
    with pytest.raises(BuildError, match=r"faux\.jpg : image illisible"):
        Images(tmp_path / "cache").pictures(tmp_path / "faux.jpg")


def test_encoding_does_not_depend_on_the_machine(tmp_path: Path) -> None:
    """Two caches, encoded apart (one of them over several threads), hold the same bytes."""
    original = photograph(tmp_path / "a.jpg")
    one, other = Images(tmp_path / "un"), Images(tmp_path / "deux")
    one.prepare([original, photograph(tmp_path / "b.jpg", (900, 900))])
    one.pictures(original)
    other.pictures(original)
    assert {n: p.read_bytes() for n, p in other.used.items()} == {n: p.read_bytes() for n, p in one.used.items()}


@pytest.mark.parametrize("size", [(1000, 20000), (1, 20000), (20000, 1)])
def test_a_strip_that_a_format_cannot_hold(tmp_path: Path, size: tuple[int, int]) -> None:
    """`check` lets it pass, so the build makes something of it: narrower, no taller than a WebP may be."""
    Pillow.new("RGB", size, "#336699").save(tmp_path / "frise.png")
    made = Images(tmp_path / "cache").pictures(tmp_path / "frise.png")
    assert 3 <= len(made)
    assert all(1 <= picture.height <= 16_000 and 1 <= picture.width <= 1600 for picture in made)


def test_a_scan_of_sixteen_bits(tmp_path: Path) -> None:
    """A plan scanned in 65,536 greys keeps them: it is not all white."""
    grey = Pillow.linear_gradient("L").resize((300, 200))
    grey.convert("I").point(lambda value: value * 257).convert("I;16").save(tmp_path / "plan.png")
    images = Images(tmp_path / "cache")
    for picture in images.pictures(tmp_path / "plan.png"):
        with Pillow.open(images.used[picture.url.lstrip("/")]) as image:
            top, middle, bottom = (image.convert("L").getpixel((150, row)) for row in (2, 100, 197))
        assert top < 10 < 120 < middle < 136 < 245 < bottom  # type: ignore[operator]  # of one band


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_profile_of_other_colours(tmp_path: Path, mode: str) -> None:
    """A profile of inks, or of greys, is not given to browsers with the colours of a screen; nor does one that is broken
    stop the build."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    spaces = {"L": b"GRAY", "CMYK": b"CMYK"}
    wrong = profile[:16] + spaces[mode] + profile[20:]
    Pillow.new(mode, (40, 30), 77 if mode == "L" else (0, 200, 0, 30)).save(tmp_path / "affiche.jpg", icc_profile=wrong)
    images = Images(tmp_path / "cache")
    for picture in images.pictures(tmp_path / "affiche.jpg"):
        with Pillow.open(images.used[picture.url.lstrip("/")]) as image:
            assert ("RGB", None) == (image.mode, image.info.get("icc_profile"))


def test_a_profile_of_screens_is_kept(tmp_path: Path) -> None:
    """The colours of a wide screen are those of the original."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Pillow.new("RGB", (40, 30), "#336699").save(tmp_path / "vue.jpg", icc_profile=profile)
    images = Images(tmp_path / "cache")
    for picture in images.pictures(tmp_path / "vue.jpg"):
        with Pillow.open(images.used[picture.url.lstrip("/")]) as image:
            assert profile == image.info.get("icc_profile")


def test_broken_exif_says_nothing(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """A photograph whose EXIF was cut is shown, and no library speaks English to the agent."""
    original = photograph(tmp_path / "a.jpg", (64, 48), orientation=6)
    data = original.read_bytes()
    at = data.index(b"Exif")
    original.write_bytes(data[: at + 20] + b"\xff" * 30 + data[at + 50 :])
    assert decodes(original)
    assert Images(tmp_path / "cache").pictures(original)
    assert [] == [str(one.message) for one in recwarn]
