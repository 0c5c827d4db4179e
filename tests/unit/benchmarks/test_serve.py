"""bench.serve measures the real serving process and reports medians."""

import io
import json
import socket
import threading

import pytest
from invoke import Context
from invoke.exceptions import Exit
from rich.console import Console

from benchmarks import serve
from benchmarks.serve import Load, Served
from imageclassification.errors import ArtifactError
from scones.tasks import bench

pytestmark = pytest.mark.slow

MACHINE = {"processor": "a processor", "cores": 2, "torch": "2"}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return serve.fresh(tmp_path_factory.mktemp("small"), num_layers=20, image_shape=(3, 8, 8))


def test_measures_a_real_serving_process(small):
    rounds = []
    found = serve.measure("small", small, clients=(1, 2), seconds=0.1, rounds=2, on_round=lambda: rounds.append(1))
    assert len(rounds) == 4
    assert [load.clients for load in found.loads] == [1, 2]
    for load in found.loads:
        assert 0 < load.p50 <= load.p90 <= load.p99
        assert load.requests >= 2 * load.clients
        assert load.per_second > 0
    assert found.start > 0


def test_an_artifact_that_cannot_be_served_says_why(tmp_path):
    with pytest.raises(ArtifactError, match=r"cannot be served: .*lacks image-classification-symbol\.json"):
        serve.measure("none", tmp_path)


def test_a_refusal_is_not_counted_as_an_answer(small):
    with pytest.raises(ArtifactError, match=r"400.*neither a PNG nor a JPEG"):
        serve.measure("small", small, seconds=0.1, image=b"no image")


def test_an_answer_may_come_in_parts():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        parts = (b"HTTP/1.1 200 OK\r\nContent-", b"Length: 4\r\n\r\n[1", b"]\n")
        sender = threading.Thread(target=lambda: [theirs.sendall(part) for part in parts])
        sender.start()
        serve._answer(ours)
        sender.join()
        theirs.close()
        with pytest.raises(ConnectionError, match="closed"):
            serve._answer(ours)


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 5), (0.9, 9), (0.99, 10), (0.01, 1)])
def test_a_quantile_is_what_so_many_do_not_exceed(share, wanted):
    assert serve._quantile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == wanted


def test_a_figure_is_the_median_of_its_rounds():
    rounds = [Load(2, p50, 9, 99, 100 * p50, processor, 10) for p50, processor in ((3, 1.0), (1, 2.0), (50, 1.5))]
    assert serve._median(rounds) == Load(2, 3, 9, 99, 300, 1.5, 30)
    assert serve._median([Load(1, 1, 1, 1, 1, None, 1)]).processor is None


def test_the_table_and_the_file_have_every_figure(tmp_path):
    found = [Served("[b]ours[/oops]", 1.25, (Load(1, 2.5, 3.5, 4.5, 400, 2.25, 9), Load(4, 8, 9, 10, 444, None, 9)))]
    console = Console(width=80, file=io.StringIO())
    console.print(serve.table(found, MACHINE))
    text = console.file.getvalue()
    for shown in ("[b]ours[/oops]", "starts in 1.2 s", "2.5", "3.5", "4.5", "444", "2 cores"):
        assert shown in text
    kept = json.loads(serve.save(tmp_path / "bench/serve.json", found, MACHINE).read_text())
    assert kept["served"][0]["loads"][1] == {"clients": 4, "p50": 8, "p90": 9, "p99": 10, "per_second": 444,
                                             "processor": None, "requests": 9}  # fmt: skip
    assert kept["machine"] == MACHINE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clients": "0"}, "--clients must be a whole number from 1 to 64, not '0'"),
        ({"clients": "1,many"}, "not 'many'"),
        ({"seconds": "0"}, "--seconds must be more than 0"),
        ({"rounds": "x"}, "--rounds must be a whole number"),
        ({"artifact": "absent.tar.gz"}, "no model artifact at absent.tar.gz"),
    ],
)
def test_refuses_what_it_cannot_use(options, message):
    with pytest.raises(Exit) as refused:
        bench.serve(Context(), **options)
    assert message in refused.value.message
