import base64
import csv
import hashlib
import io
import json
import re
import struct
import zlib
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scones import drawing
from scones.errors import SconesError
from scones.service import capture
from scones.service.capture import AnsweringModel, charts
from scones.service.capture.labels import KnownImage, KnownImages
from scones.service.capture.records import Event
from scones.service.capture.report import thumbnail

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)
CLASSES = ("bicycle", "motorcycle")
ATTACK = "<script>alert(1)</script>\"'><img src=http://evil.example/x onerror=alert(1)>{{ 7 * 7 }}"


class Page(HTMLParser):
    """The page as a browser reads it: tags with attributes, and the text between them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    @property
    def sources(self) -> list[str]:
        return [value for _, attributes in self.tags for name, value in attributes.items() if name in ("src", "srcset")]


def make(folder: Path, tmp_path: Path, *, classes=CLASSES, models=None, **options) -> Page:
    found = capture.read(folder, models=models or capture.Models(classes=classes))
    return Page(capture.report.write(found, tmp_path / "report", **{"threshold": 0.8, "now": NOW, **options}))


def many(count: int, classes: int = 2, names: tuple[str, ...] = CLASSES) -> list[Event]:
    model = AnsweringModel(classes=names)
    random = np.random.default_rng(7)
    return [
        Event(
            str(number),
            NOW + timedelta(minutes=number),
            tuple(row.tolist()),
            None,
            (),
            False,
            Path("f"),
            number + 1,
            0,
            model=model,
        )
        for number, row in enumerate(random.dirichlet(np.full(classes, 0.3), count))
    ]


def test_shows_the_numbers_the_pictures_and_the_least_sure_images(folder, capture_line, png, tmp_path):
    page = make(
        folder(
            capture_line((0.95, 0.05), customAttributes=["images/sure.png"], image=png(colour="red")),
            capture_line((0.45, 0.55), customAttributes=["images/unsure.png"], image=png()),
            capture_line((0.30, 0.70), event_id="no-image", time="2026-11-22T12:30:00Z"),
            "broken",
        ),
        tmp_path,
        subject="scones-dev",
    )
    assert "scones-dev" in page.text
    assert "22 November 2026, 12:00 to 12:30 UTC" in page.text
    assert "33.3%passed the threshold of 0.8" in page.text
    assert "1 line could not be read" in page.text
    assert "00-00-000-a.jsonl:4: not JSON" in page.text
    assert page.text.index("images/unsure.png") < page.text.index("no-image") < page.text.index("images/sure.png")
    assert len([source for source in page.sources if source.startswith("data:image/png")]) == 8 + 2
    assert "no image captured" in page.text


def test_says_how_often_each_model_was_right_and_cuts_at_the_change(folder, capture_line, png, tmp_path):
    """Version 1 knew two classes and answered before the change; version 2 knows a third."""
    bike, square = png(colour="red"), png(colour="blue")
    hour = "e/AllTraffic/2026/11/22/12/a.jsonl"
    folder(
        capture_line((0.9, 0.1), image=bike, time="2026-11-22T12:00:00Z"),
        capture_line((0.6, 0.4), image=square, time="2026-11-22T12:01:00Z"),
        name=f"e/AllTraffic.scones.1/{hour}",
    )
    root = folder(
        capture_line((0.9, 0.05, 0.05), image=bike, time="2026-11-22T13:00:00Z"),
        capture_line((0.1, 0.0, 0.9), image=square, time="2026-11-22T13:01:00Z"),
        name=f"e/AllTraffic.scones.2/{hour}",
    )
    known = {
        "scones/1": AnsweringModel("scones/1", CLASSES),
        "scones/2": AnsweringModel("scones/2", (*CLASSES, "square")),
    }
    labels = {
        hashlib.sha256(data).hexdigest(): (KnownImage(label, f"{label} 1.jpg"),)
        for data, label in ((bike, "bicycle"), (square, "square"))
    }
    page = make(root, tmp_path, models=capture.Models(known), labels=KnownImages(labels))
    assert "Version 2 is right on 100 % of 2 images with a known label" in page.text
    assert "At 0.80 version 2 answers 100 % of images; none of these are wrong" in page.text
    assert "version 2 has answered since 2026-11-22 13:00 UTC" in page.text
    assert page.text.index("Version 2: what was taken for what") < page.text.index("Version 1: what was taken for what")
    assert "square 1.jpg" in page.text
    first, second = json.loads((tmp_path / "report/report.json").read_text())["models"]
    assert (first["model_package"], first["class_labels"]) == ("scones/1", ["bicycle", "motorcycle"])
    assert (first["events"], first["labelled"]["images"], first["labelled"]["right"]) == (2, 2, 1)
    assert (second["class_labels"], second["labelled"]["right"]) == ([*CLASSES, "square"], 2)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "report/events.csv").read_text())))
    assert [(row["model"], row["predicted"], row["true_class"]) for row in rows] == [
        ("scones/1", "bicycle", "bicycle"),
        ("scones/1", "bicycle", "square"),
        ("scones/2", "bicycle", "bicycle"),
        ("scones/2", "square", "square"),
    ]


def test_a_phone_gets_narrow_pictures_with_letters_of_the_same_size(folder, capture_line, tmp_path):
    page = make(folder(capture_line()), tmp_path)
    sources = [attributes for tag, attributes in page.tags if tag == "source"]
    narrow = [one for one in sources if "max-width: 640px" in one["media"]]
    assert len(narrow) == 4
    widths = {Image.open(io.BytesIO(base64.b64decode(one["srcset"].partition(",")[2]))).width for one in narrow}
    assert widths == {672}  # shown in about 340 pixels, where 1600 would leave letters of 2 pixels


def test_the_page_is_self_contained_and_beside_it_lies_the_data(folder, capture_line, png, tmp_path):
    page = make(folder(capture_line(image=png()), capture_line((0.3, 0.7), inferenceId="run-1")), tmp_path)
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "object", "a", "form")]
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "confidence-by-class.png",
        "confidence-over-time.png",
        "events.csv",
        "index.html",
        "report.json",
    ]
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert (report["events"], report["passed"], report["classes"][1]["name"]) == (2, 1, "motorcycle")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "report/events.csv").read_text())))
    assert [(row["predicted"], row["p(motorcycle)"], row["inference_id"]) for row in rows] == [
        ("bicycle", "0.1", ""),
        ("motorcycle", "0.7", "run-1"),
    ]


def test_hostile_text_is_shown_and_never_becomes_markup(folder, capture_line, tmp_path):
    root = folder(
        capture_line((0.5, 0.4), customAttributes=[ATTACK], inferenceId=ATTACK, event_id=ATTACK),
        capture_line(ATTACK),
    )
    page = make(root, tmp_path, classes=(ATTACK, "$\\frac{$"), subject=ATTACK, notes=[ATTACK])
    assert page.text.count(ATTACK) >= 5
    assert not [tag for tag, attributes in page.tags if tag == "script" or "onerror" in attributes]
    assert all(source.startswith("data:image/png;base64,") for source in page.sources)
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_no_cell_of_the_csv_becomes_a_formula(folder, capture_line, tmp_path):
    begins = ["=", "@", " =", "\uff1d", " \uff0b", "\ufe62", "\uff20", "  -"]  # also behind spaces or in full width
    lines = [capture_line(inferenceId=f"{begin}1+1", event_id=str(n)) for n, begin in enumerate(begins)]
    lines.append(capture_line(customAttributes=['=HYPERLINK("http://evil.example")'], event_id="link"))
    make(folder(*lines), tmp_path)
    table = csv.DictReader(io.StringIO((tmp_path / "report/events.csv").read_text()))
    rows = {row["event_id"]: row for row in table}
    assert rows["link"]["custom_attributes"] == '\'=HYPERLINK("http://evil.example")'
    assert [rows[str(n)]["inference_id"] for n in range(len(begins))] == [f"'{begin}1+1" for begin in begins]


def test_one_line_with_many_values_makes_no_columns(folder, capture_line, tmp_path):
    many = [1.0, *[0.0] * 999]
    lines = [capture_line((0.9, 0.1), event_id=str(n)) for n in range(3)]
    make(
        folder(*lines, capture_line(many, event_id="many"), capture_line([*many, *many * 10], event_id="more")),
        tmp_path,
    )
    table = csv.DictReader(io.StringIO((tmp_path / "report/events.csv").read_text()))
    rows = {row["event_id"]: row for row in table}
    assert len(table.fieldnames) == 14
    assert "more" not in rows, "a line with more classes than any model is broken"
    assert len(rows["many"]["further probabilities"].split()) == 998
    assert rows["0"]["further probabilities"] == ""


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims a very large size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def test_images_that_cannot_be_decoded_are_named_so_and_break_nothing(folder, capture_line, tmp_path):
    images = [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0 not a jpeg",
        bomb(100_000, 100_000),
        bomb(9_000, 9_000),
        bomb(0, 5),
    ]
    assert [thumbnail(image) for image in images] == [None] * len(images)
    lines = [capture_line(image=b"\x89PNG\r\n\x1a\n" + image, event_id=str(n)) for n, image in enumerate(images)]
    page = make(folder(*lines), tmp_path)
    assert page.text.count("unreadable image") == len(images)


def test_an_image_is_drawn_anew_so_that_nothing_hidden_in_it_is_passed_on():
    file = io.BytesIO()
    Image.new("RGB", (400, 200), "red").save(file, "JPEG", comment=b"secret")
    small = thumbnail(file.getvalue() + b"<script>trailer</script>")
    assert b"secret" not in small
    assert b"trailer" not in small
    with Image.open(io.BytesIO(small)) as opened:
        assert (opened.format, opened.size) == ("PNG", (112, 56))
        red, green, blue = opened.getpixel((50, 20))
    assert red > 240
    assert max(green, blue) < 15


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_images_of_every_colour_mode_get_a_thumbnail(mode):
    file = io.BytesIO()
    Image.new(mode, (20, 20)).save(file, "JPEG" if mode == "CMYK" else "PNG")
    assert thumbnail(file.getvalue()).startswith(b"\x89PNG")


def test_says_what_to_do_when_no_event_has_an_answer(folder, capture_line, png, tmp_path):
    whole = json.loads(capture_line(image=png()))
    del whole["captureData"]["endpointOutput"]
    with pytest.raises(SconesError, match=r"(?s)none of 1 captured events holds an answer.*must include Output"):
        make(folder(json.dumps(whole)), tmp_path)


def test_certainty_is_not_claimed_by_rounding(folder, capture_line, tmp_path):
    page = make(folder(capture_line((0.99999, 0.00001))), tmp_path)
    assert "99.99%" in page.text
    assert "<0.1%" in page.text
    assert "100.0%" not in page.text


@pytest.mark.parametrize(
    ("count", "classes", "theme"),
    [
        (1, 2, drawing.LIGHT),
        (5, 2, drawing.DARK),
        (300, 2, drawing.LIGHT),
        (5000, 2, drawing.DARK),
        (500, 10, drawing.LIGHT),
        (400, 40, drawing.LIGHT),
    ],
)
def test_pictures_are_drawn_for_one_event_and_for_thousands(count, classes, theme):
    events = many(count, classes)
    for draw in (charts.over_time, charts.by_class):
        with Image.open(io.BytesIO(draw(events, threshold=0.8, theme=theme))) as picture:
            assert picture.width == 1600
            assert picture.convert("RGB").getpixel((1, 1)) == tuple(bytes.fromhex(theme.background[1:]))


def red_line(picture: bytes) -> int:
    """The row with the most pixels of the threshold's colour."""
    with Image.open(io.BytesIO(picture)) as opened:
        pixels = np.asarray(opened.convert("RGB")).astype(int)
    near = np.abs(pixels - np.frombuffer(bytes.fromhex(drawing.LIGHT.threshold[1:]), np.uint8)).sum(axis=2) < 30
    return int(near[:, :1450].sum(axis=1)[60:].argmax()) + 60


def test_the_threshold_line_lies_where_the_threshold_is():
    """On an axis from 45 % to 102 %, the line's height is in proportion to the threshold, here 60 %, 75 % and 90 %."""
    events = many(50)
    rows = [
        red_line(charts.over_time(events, threshold=threshold, theme=drawing.LIGHT)) for threshold in (0.6, 0.75, 0.9)
    ]
    assert rows[0] > rows[1] > rows[2]
    assert rows[0] - rows[1] == pytest.approx(rows[1] - rows[2], abs=3)


def test_requests_of_one_second_are_spread_over_it_in_their_order():
    """Captured times are whole seconds, so a burst would otherwise be one vertical line."""
    times = [NOW, NOW, NOW, NOW, NOW + timedelta(seconds=1), NOW + timedelta(seconds=2.5), NOW + timedelta(seconds=2.5)]
    offsets = [(time - NOW).total_seconds() for time in charts.spread(times)]
    assert offsets == [0, 0.25, 0.5, 0.75, 1, 2.5, 2.5]


def test_a_class_name_in_another_script_raises_no_warning():
    names = ("自転車", "オートバイ")
    assert charts.by_class(many(10, names=names), threshold=0.8, theme=drawing.LIGHT)


def test_the_same_events_give_the_same_page(folder, capture_line, png, tmp_path):
    root = folder(*(capture_line((p, 1 - p), image=png()) for p in (0.5, 0.7, 0.9)))
    make(root, tmp_path)
    first = (tmp_path / "report/index.html").read_bytes()
    make(root, tmp_path)
    assert (tmp_path / "report/index.html").read_bytes() == first


def test_reports_on_the_traffic_that_aws_captured(real_traffic, tmp_path):
    page = make(real_traffic, tmp_path, classes=())
    assert "88.9%passed" in page.text
    assert page.text.index("eaf8d79f-945b-4d58-884f-d3afbd882e69") < page.text.index(
        "6d0ea076-fb21-4820-832d-1986013cc1af"
    )
    thumbnails = [source for source in page.sources if len(source) < 12_000]
    assert len(thumbnails) == 9
    for source in thumbnails:
        with Image.open(io.BytesIO(base64.b64decode(re.sub("^.*,", "", source)))) as opened:
            assert opened.size == (32, 32)
