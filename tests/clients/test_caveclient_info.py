"""caveclient from the package index: its client of datastacks, every method, pointed at our server by HTTPS."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from karst_info.main import create_app
from karst_local.authority import Certificates, certificates
from karst_platform.cave.guard.push import LocalChanges
from karst_platform.cave.guard.remember import Remembering
from karst_platform.testing import embedded_postgres
from services_src.info.tests.conftest import info_template, read_dsn
from services_src.info.tests.support import TOKEN_OF, Told, settings
from tests.clients.python import Python, PythonError
from tests.clients.up import NO_PROXY

__all__ = ["embedded_postgres", "info_template", "read_dsn"]
IMAGES, MIRRORED = "precomputed://gs://fish/em", "precomputed://gs://fish-mirror/em"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("authority"), "localhost")


@pytest.fixture(scope="module")
def address(read_dsn: str, made: Certificates) -> Iterator[str]:
    """The service by HTTPS, with an auth that knows some people."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    app = create_app(settings(read_dsn), Remembering(Told(), LocalChanges()))
    told = uvicorn.Config(
        app,
        port=port,
        log_level="warning",
        ssl_certfile=made.certificate,
        ssl_keyfile=str(made.key),
        timeout_graceful_shutdown=1,  # clients keep their connections open
    )
    server = uvicorn.Server(told)
    thread = threading.Thread(target=server.run)
    thread.start()
    end_s = time.monotonic() + 60
    trusted = ssl.create_default_context(cafile=made.bundle)
    with httpx.Client(verify=trusted, trust_env=False) as asking:
        while time.monotonic() < end_s:
            try:
                if asking.get(f"https://localhost:{port}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.05)
    yield f"https://localhost:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def python(made: Certificates) -> Iterator[Python]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    bundle = {"REQUESTS_CA_BUNDLE": str(made.bundle), "SSL_CERT_FILE": str(made.bundle)}
    with Python(kept | NO_PROXY | bundle) as user:
        user("from caveclient import CAVEclient")
        yield user


@pytest.fixture(scope="module", params=["", "/"], ids=["plain", "slash"])
def client(python: Python, address: str, request: pytest.FixtureRequest) -> Iterator[Python]:
    """A session with a client, whose user wrote the address with a slash at its end or without."""
    python(f"client = CAVEclient('fish', server_address={address + request.param!r}, auth_token={TOKEN_OF['both']!r})")
    yield python
    python("del client")


def test_it_knows_its_datastack_from_the_start(client: Python) -> None:
    assert client("[client.datastack_name, client.info.aligned_volume_name, client.info.aligned_volume_id]") == [
        "fish",
        "fish_v1",
        1,
    ]
    assert client("str(client.info.server_version)").startswith("4.3.3")


def test_it_lists_what_its_user_may_see(client: Python) -> None:
    assert client("client.info.get_datastacks()") == ["fish", "fish_flat", "mouse"]
    assert client("client.info.get_aligned_volumes()") == ["fish_v1", "mouse_v1"]
    assert client("client.info.get_datastacks_by_aligned_volume()") == ["fish", "fish_flat"]
    assert client("client.info.get_datastacks_by_aligned_volume('mouse_v1')") == ["mouse"]


def test_it_reads_whole_datastacks_and_volumes(client: Python) -> None:
    full = client("client.info.get_datastack_info(use_stored=False)")
    assert full["aligned_volume"]["image_source"] == IMAGES
    assert client("client.info.get_datastack_info('mouse')")["segmentation_source"] == "precomputed://gs://mouse/seg"
    assert client("client.info.get_aligned_volume_info()")["name"] == "fish_v1"
    assert client("client.info.get_aligned_volume_info_by_id()")["name"] == "fish_v1"
    assert client("client.info.get_aligned_volume_info_by_id(2)")["name"] == "mouse_v1"


def test_it_takes_images_of_a_mirror(client: Python) -> None:
    assert client("client.info.get_image_mirror_names()") == ["fish_gcp", "fish_aws"]
    assert client("client.info.get_image_mirrors()")[0]["image_source"] == MIRRORED
    with_mirror = client("client.info.get_datastack_info(image_mirror='fish_gcp')")
    assert with_mirror["aligned_volume"]["image_source"] == MIRRORED
    client("client.info.refresh_stored_data()")
    assert client("client.info.image_source()") == IMAGES
    assert client("client.info.image_source(image_mirror='fish_gcp')") == MIRRORED


def test_what_it_reads_of_the_whole(client: Python) -> None:
    client("client.info.refresh_stored_data()")
    assert client("client.info.segmentation_source()").endswith("local.example.org/segmentation/table/fish_v2")
    assert client("client.info.viewer_site()") == "https://viewer.example.org"
    assert client("client.info.local_server()") == "https://local.example.org"
    assert client("client.info.annotation_endpoint()").startswith("https://local.example.org")
    assert client("[float(each) for each in client.info.viewer_resolution()]") == [8, 8, 40]
    assert client("client.info.synapse_segmentation_source()") is None


def test_refusals_are_those_that_it_explains(client: Python, address: str) -> None:
    with pytest.raises(PythonError, match="400 Client Error"):
        client("client.info.get_datastack_info('nothing')")
    with pytest.raises(PythonError, match="404 Client Error"):
        client("client.info.get_aligned_volume_info_by_id(99)")
    unknown = f"CAVEclient('fish', server_address={address!r}, auth_token={'e' * 32!r})"
    with pytest.raises(PythonError, match="401 Client Error"):
        client(unknown)
    waiting = f"CAVEclient('fish', server_address={address!r}, auth_token={TOKEN_OF['waiting']!r})"
    client("import webbrowser; opened = []; webbrowser.open = lambda url, *more, **others: opened.append(url)")
    with pytest.raises(PythonError, match=r"(?i)terms of service"):
        client(waiting)
    assert client("opened") == ["https://auth.example.org/sticky_auth/api/v1/tos/7/accept"]
    stranger = f"CAVEclient('fish', server_address={address!r}, auth_token={TOKEN_OF['stranger']!r})"
    with pytest.raises(PythonError, match="Missing permission: view for dataset fish"):
        client(stranger)
