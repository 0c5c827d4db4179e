"""The serving process and the predictor behind it."""

import http.client
import io
import json
import re
import signal
import subprocess
import sys
import threading
from email.message import Message

import numpy as np
import pytest
from PIL import Image

from imageclassification import artifact
from imageclassification.artifact import Artifact
from imageclassification.errors import ArtifactError, ImageError
from imageclassification.network import Network
from imageclassification.predictor import Predictor
from imageclassification.serve import Server, refusal
from imageclassification.symbol import resnet

pytestmark = pytest.mark.slow

SHAPE = (3, 8, 8)
HUGE = b"\xff\xd8\xff\xc0\0\x0b\x08\xff\xff\xff\xff\1\1\x11\0"  # the header of a JPEG of 65,535 x 65,535
NEED_NO_DECODING = {
    "empty": b"",
    "text": b"no image",
    "a bomb": HUGE,
    "cut short": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1",
}


def encoded(color, size=(8, 8), form="PNG"):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, form)
    return file.getvalue()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    symbol = resnet(20, 3, SHAPE)
    parameters = Network.fresh(symbol, SHAPE, seed=0).parameter_arrays()
    made = Artifact(symbol, parameters, [{"shape": [4, *SHAPE], "name": "data"}], 1)
    return artifact.write(tmp_path_factory.mktemp("model") / "model.tar.gz", made)


def start(path):
    return subprocess.Popen(
        [sys.executable, "-m", "imageclassification.serve", "--artifact", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def port(model, finish):
    with start(model) as process:
        yield json.loads(process.stdout.readline())["port"]
        process.send_signal(signal.SIGTERM)
        finish(process)
        assert process.returncode == 0


@pytest.fixture
def ask(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def request(body, content_type="image/png", path="/invocations", **headers):
        connection.request("POST", path, body, {"Content-Type": content_type} | headers)
        response = connection.getresponse()
        return response.status, response.read().decode(), response.headers["Content-Type"]

    yield request
    connection.close()


def test_is_ready_once_it_has_said_its_port(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/ping")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    ("form", "content_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("PNG", "application/x-image"), ("JPEG", "image/png; q=1")],
)
def test_answers_probabilities_as_a_json_array(ask, model, form, content_type):
    body = encoded("orange", (20, 30), form)
    status, text, kind = ask(body, content_type)
    assert (status, kind) == (200, "application/json")
    found = json.loads(text)
    assert sum(found) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(found, Predictor.load(model).probabilities([body])[0], atol=1e-6)


def test_answers_json_lines_where_they_are_accepted(ask):
    status, text, kind = ask(encoded("red"), Accept="application/jsonlines;verbose=true")
    assert (status, kind) == (200, "application/jsonlines")
    assert len(json.loads(text)["prediction"]) == 3
    assert text.endswith("\n")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, */*;q=0.8"])
def test_answers_json_to_whoever_takes_it(ask, accept):
    status, _, kind = ask(encoded("red"), Accept=accept)
    assert (status, kind) == (200, "application/json")


@pytest.mark.parametrize(
    ("body", "content_type", "headers", "status", "reason"),
    [
        (b"[1, 2]", "application/json", {}, 415, "application/json.*use image/png, image/jpeg, application/x-image"),
        (b"no image", "image/png", {}, 400, "neither a PNG nor a JPEG"),
        (b"", "image/png", {}, 400, "0 bytes"),
        (encoded("red", (99, 99), "JPEG")[:640], "image/jpeg", {}, 400, "cut short"),
        (HUGE, "image/jpeg", {}, 400, "too large: 65535 x 65535"),
        (encoded("red"), "image/png", {"Accept": "text/csv"}, 406, "text/csv"),
    ],
)
def test_refuses_with_the_containers_status_and_the_reason(ask, body, content_type, headers, status, reason):
    found, text, _ = ask(body, content_type, **headers)
    assert found == status
    assert re.search(reason, text)
    assert ask(encoded("red"))[0] == 200  # the same connection still works


def test_refuses_a_body_that_the_endpoint_would_not_pass_on(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", "/invocations")
    connection.putheader("Content-Length", str(26 * 1024 * 1024))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.fixture
def unwilling():
    """A server in this process whose predictor fails. Returns a function that sends it a request."""
    server = Server(0, None)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)

    def request(body, content_type, *, method="POST", path="/invocations", **headers):
        connection.request(method, path, body, {"Content-Type": content_type} | headers)
        response = connection.getresponse()
        response.read()
        return response.status

    yield request
    connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_asked_wrongly_never_reaches_the_model(unwilling):
    image = encoded("red")
    assert unwilling(image, "image/png") == 500  # a request that reaches the predictor fails visibly
    assert unwilling(image, "image/gif") == 415
    assert unwilling(image, "") == 415
    assert unwilling(image, "image/png", Accept="image/png") == 406


@pytest.mark.parametrize("data", NEED_NO_DECODING.values(), ids=NEED_NO_DECODING.keys())
def test_what_is_no_bearable_image_is_refused_without_decoding_it(model, monkeypatch, data):
    """The predictor raises an ImageError, which the server answers with 400."""
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(ImageError):
        Predictor.load(model).probabilities([data])


def headers_of(pairs):
    headers = Message()
    for name, value in pairs:
        headers[name] = value
    return headers


@pytest.mark.parametrize(
    "pairs",
    [
        [],  # HTTP/1.0
        [("Host", "127.0.0.1:40123")],
        [("Host", "localhost")],
        [("Host", "LocalHost:80")],
        [("Host", "runtime.sagemaker.localhost:4566")],
        [("Host", "[::1]:80")],
        [("Host", "127.0.0.1"), ("Sec-Fetch-Site", "none")],
    ],
)
def test_a_program_on_this_machine_may_ask(pairs):
    assert refusal(headers_of(pairs)) is None


@pytest.mark.parametrize(
    ("pairs", "named"),
    [
        ([("Host", "127.0.0.1"), ("Origin", "https://example.com")], "Origin 'https://example.com'"),
        ([("Origin", "null")], "Origin 'null'"),
        ([("Origin", "")], "Origin ''"),
        ([("Origin", "http://localhost:3000")], "Origin 'http://localhost:3000'"),
        ([("Sec-Fetch-Site", "cross-site")], "Sec-Fetch-Site 'cross-site'"),
        ([("Sec-Fetch-Site", "same-origin")], "Sec-Fetch-Site 'same-origin'"),
        ([("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "same-site")], "Sec-Fetch-Site 'same-site'"),
        ([("Host", "example.com")], "host 'example.com'"),
        ([("Host", "127.0.0.1.example.com:80")], "host '127.0.0.1.example.com:80'"),
        ([("Host", "notlocalhost")], "host 'notlocalhost'"),
        ([("Host", "localhost.example.com")], "host 'localhost.example.com'"),
        ([("Host", "user@localhost")], "host 'user@localhost'"),
        ([("Host", "127.0.0.1"), ("Host", "example.com")], "host 'example.com'"),
        ([("Host", "")], "host ''"),
    ],
)
def test_web_pages_and_foreign_host_names_are_refused(pairs, named):
    assert named in refusal(headers_of(pairs))


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/ping"), ("POST", "/invocations"), ("OPTIONS", "/invocations"), ("HEAD", "/ping")]
)
@pytest.mark.parametrize("headers", [{"Origin": "https://example.com"}, {"Host": "example.com"}])
def test_what_is_refused_gets_403_and_a_line_in_the_log(unwilling, capfd, method, path, headers):
    assert unwilling(b"", "image/png", method=method, path=path, **headers) == 403
    assert "refused: the request " in capfd.readouterr().err


def test_there_is_nothing_elsewhere(ask):
    assert ask(encoded("red"), path="/models")[0] == 404


def test_answers_many_at_once(ask, port):
    wanted = ask(encoded("blue"))[1]
    found = []

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(5):
            connection.request("POST", "/invocations", encoded("blue"), {"Content-Type": "image/png"})
            found.append(connection.getresponse().read().decode())
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(8)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    assert found == [wanted] * 40


def test_an_artifact_that_cannot_be_loaded_is_the_last_line_of_errors(tmp_path, finish):
    (tmp_path / "model.tar.gz").write_bytes(b"no archive")
    with start(tmp_path / "model.tar.gz") as process:
        output, errors = finish(process)
    assert process.returncode == 1
    assert output == ""
    assert "is not a model.tar.gz" in errors.splitlines()[-1]
    assert "Traceback" not in errors


def test_leaves_with_the_process_that_started_it(model):
    with start(model) as process:
        assert process.stdout.readline()
        process.stdin.close()
        assert process.wait(timeout=60) != 0


def test_a_batch_is_answered_as_its_images_are(model):
    predictor = Predictor.load(model)
    images = [encoded(color, (9, 9)) for color in ("red", "green", "blue")] * 30
    found = predictor.probabilities(images)
    assert found.shape == (90, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[1], predictor.probabilities(images[1:2])[0], atol=1e-6)
    assert predictor.probabilities([]).shape == (0, 3)


def made(folder, shape, **options):
    """An untrained artifact for images of this shape."""
    symbol = resnet(20, 2, shape, **options)
    parameters = Network.fresh(symbol, shape, seed=0).parameter_arrays()
    return artifact.write(folder, Artifact(symbol, parameters, [{"shape": [1, *shape], "name": "data"}], 1))


def test_says_which_images_and_artifacts_cannot_be_used(model, tmp_path):
    with pytest.raises(ImageError):
        Predictor.load(model).probabilities([b"no image"])
    with pytest.raises(ArtifactError, match=r"images of 4 channels; supported are 3 \(RGB\) and 1 \(grey\)"):
        Predictor.load(made(tmp_path, (4, 8, 8)))


def test_a_grey_network_sees_any_image_as_grey(tmp_path):
    predictor = Predictor.load(made(tmp_path, (1, 8, 8)))
    grey = Image.new("RGB", (8, 8), (200, 100, 50)).convert("L")
    file = io.BytesIO()
    grey.save(file, "PNG")
    found = predictor.probabilities([encoded((200, 100, 50)), file.getvalue()])
    np.testing.assert_array_equal(found[0], found[1])


def test_logits_are_what_softmax_makes_the_probabilities_of(model):
    predictor = Predictor.load(model)
    images = [encoded("red"), encoded("blue")]
    found = predictor.logits(images).astype(np.float64)
    scores = np.exp(found - found.max(1, keepdims=True))
    assert (predictor.num_classes, predictor.multi_label) == (3, False)
    np.testing.assert_allclose(scores / scores.sum(1, keepdims=True), predictor.probabilities(images), atol=1e-6)
    assert predictor.logits([]).shape == (0, 3)


def test_several_labels_an_image_have_probabilities_of_their_own(tmp_path):
    predictor = Predictor.load(made(tmp_path, SHAPE, multi_label=True))
    images = [encoded("red"), encoded("blue")]
    assert predictor.multi_label
    sigmoid = 1 / (1 + np.exp(-predictor.logits(images).astype(np.float64)))
    np.testing.assert_allclose(predictor.probabilities(images), sigmoid, atol=1e-6)


def test_an_answer_that_is_no_number_is_an_error_and_no_answer(tmp_path):
    """Weights can be finite and so large that their products are not."""
    symbol = resnet(20, 3, SHAPE)
    parameters = Network.fresh(symbol, SHAPE, seed=0).parameter_arrays()
    parameters["arg:fc1_weight"] = np.full_like(parameters["arg:fc1_weight"], 3e38)
    model = artifact.write(
        tmp_path / "model", Artifact(symbol, parameters, [{"shape": [4, *SHAPE], "name": "data"}], 1)
    )
    with pytest.raises(ArtifactError, match="no numbers"):
        Predictor.load(model).probabilities([encoded("orange")])
