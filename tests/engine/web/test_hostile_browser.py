"""What a real browser does with the token, and what another site can do in it."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="pip install -e '.[web]' runs this")

from engine.web.ports import bind
from tests.engine.web.hostile_rig import Site, serving
from tests.support import PATIENCE


@contextlib.contextmanager
def other_site(page: str) -> Iterator[str]:
    """Serve a page on another site and yield its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def address(site: Site) -> str:
    return f"http://localhost:{site.client.port}"


@pytest.mark.slow
def test_links_on_another_site_and_the_token(chromium: Any) -> None:
    with serving(needs_token=True, bound=bind("0.0.0.0", 0)) as site:
        ours = address(site)
        first = f'<a id="first" href="{ours}/pages/a{site.access.query}&b=1">.</a>'
        links = f'{first}<a id="later" href="{ours}/pages/b">.</a>'
        with other_site(links) as theirs, contextlib.closing(chromium.new_context()) as context:
            page = context.new_page()
            page.set_default_timeout(1000 * PATIENCE)
            assert page.goto(f"{ours}/").status == 401
            for link, end in (("#first", "/pages/a?b=1"), ("#later", "/pages/b")):
                page.goto(theirs)
                page.click(link)
                page.wait_for_selector("p")
                assert page.url == ours + end
            assert page.evaluate("document.cookie") == ""
            assert page.goto(f"{ours}/pages/c").status == 200


@pytest.mark.slow
def test_another_site_reads_and_changes_nothing(chromium: Any) -> None:
    with serving() as site:
        ours = address(site)
        attempts = f"""
            <form id="form" method="post" action="{ours}/do"><input name="csrf" value="{site.access.page}"></form>
            <iframe id="frame" src="{ours}/"></iframe><img id="image" src="{ours}/">
            <script src="{ours}/static/a.js"></script>"""
        read = f"fetch('{ours}/').then(answer => answer.text(), error => 'nothing')"
        blind = f"fetch('{ours}/do', {{method: 'POST', mode: 'no-cors', body: 'x'}}).then(() => 'sent', () => '')"
        socket = f"""new Promise(done => {{
            const socket = new WebSocket('{ours.replace("http", "ws")}/');
            socket.onerror = () => done('nothing');
            socket.onopen = () => done('open');
        }})"""
        with other_site(attempts) as theirs, contextlib.closing(chromium.new_context()) as context:
            page = context.new_page()
            page.set_default_timeout(1000 * PATIENCE)
            page.goto(theirs)
            assert page.evaluate(read) == "nothing"
            assert page.evaluate(blind) in {"sent", ""}
            assert page.evaluate(socket) == "nothing"
            assert page.evaluate("document.getElementById('image').naturalWidth") == 0
            assert not any("<p>{}</p>" in frame.content() for frame in page.frames[1:])
            with page.expect_navigation():
                page.evaluate("document.getElementById('form').submit()")
            assert "other sites" in page.content()
        assert site.done == []
