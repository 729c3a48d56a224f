"""Firefox driven over Marionette with the standard library alone: the only browser whose Push API works on loopback.

::

    with PushService() as push, Firefox(push.websocket_url) as browser:
        browser.go(site.url)
        browser.click("#subscribe")
        browser.wait_for_text("#state", "Abonné")
        ...
        browser.wait_for_notification(title="Crue")
        browser.click_notification()
        browser.wait_for_url(site.url + "/alerte.html")

Each wait is a script in the page that resolves when the thing is there, with a deadline of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Literal

_SHOWN = """(await (await navigator.serviceWorker.ready).getNotifications())
    .map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, data }))"""
_POPUPS = "[...Services.wm.getEnumerator('alert:alert')].filter((one) => one.gIsActive)"
_TITLE = "one.document.getElementById('alertTitleLabel').value"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element's reference, in the WebDriver standard
Permission = Literal["ask", "granted", "refused"]

_PREFS: dict[str, object] = {
    "marionette.port": 0,
    "dom.push.testing.allowInsecureServerURL": True,
    "dom.push.connection.enabled": True,
    "dom.push.retryBaseInterval": 200,
    "alerts.useSystemBackend": False,  # so that getNotifications() lists what is shown, without a desktop
    "dom.disable_open_during_load": False,
    # Nothing but loopback: no update, no telemetry, no blocklist, no captive portal, no new-tab page.
    "app.update.disabledForTesting": True,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.blocklist.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "services.settings.server": "data:,",
    "toolkit.telemetry.server": "",
}


class MarionetteError(RuntimeError):
    """Firefox answered with an error."""


class Firefox:
    """A headless Firefox with a fresh profile (or `profile`, which then survives it). Always killed at the end."""

    def __init__(
        self, push_url: str = "", *, notifications: Permission = "granted", profile: Path | None = None, **prefs: object
    ) -> None:
        self.profile = profile or Path(tempfile.mkdtemp(prefix="beffroi-firefox-"))
        self._own_profile = profile is None
        permission = {"ask": 0, "granted": 1, "refused": 2}[notifications]
        self._prefs = {**_PREFS, "permissions.default.desktop-notification": permission, **prefs}
        if push_url:
            self._prefs["dom.push.serverURL"] = push_url
        self._ids = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Firefox:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        self.profile.mkdir(parents=True, exist_ok=True)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in self._prefs.items()]
        (self.profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        port_file = self.profile / "MarionetteActivePort"
        port_file.unlink(missing_ok=True)
        command = ["firefox-esr", "--headless", "--marionette", "--remote-allow-system-access", "--no-remote"]
        # HOME apart: crash reports and caches of the person at this machine are not ours to touch.
        environment = {**os.environ, "HOME": str(self.profile), "MOZ_CRASHREPORTER_DISABLE": "1", "LANG": "C.UTF-8"}
        log = (self.profile / "firefox.log").open("wb")
        with log:
            self._process = subprocess.Popen(
                [*command, "--profile", str(self.profile)],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        self._connect(self._wait_for_port(port_file))
        self._receive()  # the greeting
        self.call("WebDriver:NewSession", {"capabilities": {}})
        self.call("WebDriver:SetTimeouts", {"script": 90_000, "pageLoad": 60_000, "implicit": 30_000})

    def _wait_for_port(self, file: Path) -> int:
        """A file of another program: nothing announces it, so look again until it is whole."""
        assert self._process is not None
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if file.exists() and (text := file.read_text().strip()):
                return int(text)
            try:
                status = self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise MarionetteError(f"Firefox ended with {status}: {(self.profile / 'firefox.log').read_text()[-2000:]}")
        raise MarionetteError("Firefox opened no Marionette port within 60 s")

    def _connect(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self._stream = self._socket.makefile("rb")

    def close(self) -> None:
        """Ask politely, so that the profile is written; then kill, with every child."""
        if self._process is None:
            return
        try:
            self.call("Marionette:Quit", {"flags": ["eAttemptQuit"]})
            self._process.wait(15)
        except (OSError, AttributeError, MarionetteError, subprocess.TimeoutExpired):
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(15)
        if hasattr(self, "_socket"):
            self._stream.close()
            self._socket.close()
        if self._own_profile:
            shutil.rmtree(self.profile, ignore_errors=True)

    # The protocol: LENGTH:[0, id, command, parameters] and LENGTH:[1, id, error, result]

    def call(self, command: str, parameters: dict[str, Any] | None = None) -> Any:
        """One command; its result, bare."""
        number = next(self._ids)
        data = json.dumps([0, number, command, parameters or {}]).encode()
        self._socket.sendall(b"%d:%s" % (len(data), data))
        _, answered, error, result = self._receive()
        if answered != number:
            raise MarionetteError(f"answer {answered} to command {number}")
        if error:
            raise MarionetteError(f"{command}: {error['error']}: {error['message']}")
        return result.get("value", result) if isinstance(result, dict) and set(result) == {"value"} else result

    def _receive(self) -> Any:
        length = bytearray()
        while (char := self._stream.read(1)) != b":":
            if not char:
                raise MarionetteError("Firefox closed the connection")
            length += char
        return json.loads(self._stream.read(int(length)))

    # Pages

    def go(self, url: str) -> None:
        """Open a page and wait for its load event."""
        self.call("WebDriver:Navigate", {"url": url})

    @property
    def url(self) -> str:
        """Where the current tab is."""
        return str(self.call("WebDriver:GetCurrentURL"))

    def find(self, selector: str) -> str:
        """The reference of the first element, waiting up to 30 s for it."""
        found = self.call("WebDriver:FindElement", {"using": "css selector", "value": selector})
        return str(found[ELEMENT])

    def click(self, selector: str) -> None:
        """A real click: a user gesture, as permission prompts ask for."""
        self.call("WebDriver:ElementClick", {"id": self.find(selector)})

    def click_button(self, label: str) -> None:
        """Click the button with this text."""
        xpath = {"using": "xpath", "value": f"//button[normalize-space()={json.dumps(label, ensure_ascii=False)}]"}
        self.call("WebDriver:ElementClick", {"id": self.call("WebDriver:FindElement", xpath)[ELEMENT]})

    def run(self, script: str, *arguments: object) -> Any:
        """The value of an async function's body in the page: `return await ...`."""
        return self._run_async(script, arguments)

    def chrome(self, script: str, *arguments: object) -> Any:
        """The same in the browser's own context, where Services and windows are."""
        self.call("Marionette:SetContext", {"value": "chrome"})
        try:
            return self._run_async(script, arguments)
        finally:
            self.call("Marionette:SetContext", {"value": "content"})

    def _run_async(self, script: str, arguments: tuple[object, ...]) -> Any:
        wrapped = (
            "const resolve = arguments[arguments.length - 1];"
            f"(async (...args) => {{ {script} }})(...[...arguments].slice(0, -1))"
            ".then((value) => resolve({ value }), (error) => resolve({ error: String(error) }));"
        )
        answer = self.call(
            "WebDriver:ExecuteAsyncScript", {"script": wrapped, "args": list(arguments), "newSandbox": True}
        )
        if "error" in answer:
            raise MarionetteError(answer["error"])
        return answer.get("value")

    def wait_until(self, expression: str, timeout: float = 60, *, chrome: bool = False) -> Any:
        """Wait until a JavaScript expression (`await` allowed) is true; its value."""
        script = f"""
            const end = Date.now() + {timeout * 1000};
            while (Date.now() < end) {{
              const found = {expression};
              if (found) return found;
              await new Promise((next) => setTimeout(next, 25));
            }}
            throw new Error("not seen within {timeout} s: " + args[0] + "\\n" + (document.body?.innerText ?? ""));"""
        if chrome:
            script = (
                "const { setTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');" + script
            )
        return (self.chrome if chrome else self.run)(script, expression)

    def wait_for_text(self, selector: str, text: str, timeout: float = 60) -> None:
        """Wait until an element holds a text."""
        self.wait_until(
            f"document.querySelector({json.dumps(selector)})?.textContent.includes({json.dumps(text)})", timeout
        )

    # Notifications

    def notifications(self) -> list[dict[str, Any]]:
        """What this page's registration shows now: title, body, tag, lang, data."""
        found: list[dict[str, Any]] = self.run(f"return {_SHOWN};")
        return found

    def wait_for_notification(self, timeout: float = 60, **wanted: object) -> dict[str, Any]:
        """Wait until a notification shows whose fields are `wanted`: `title="..."`, `tag="..."`; none means any."""
        # getNotifications() forgets one that it finds between its record and its display: first the popup, then ask.
        self.wait_for_popup(str(wanted["title"]) if "title" in wanted else None, timeout)
        match = f"(one) => Object.entries({json.dumps(wanted)}).every(([key, value]) => one[key] === value)"
        found: dict[str, Any] = self.wait_until(f"({_SHOWN}).find({match})", timeout)
        return found

    def wait_for_popup(self, title: str | None = None, timeout: float = 60) -> None:
        """Wait until a popup shows, with this title if there is one; it then stays until it is clicked or replaced."""
        still = f"(one) => {{ one.document.getElementById('alertBox').style.animation = 'none'; return {_TITLE}; }}"
        wanted = "true" if title is None else f"{_TITLE} === {json.dumps(title)}"
        self.wait_until(f"{_POPUPS}.filter((one) => {wanted}).map({still})[0]", timeout, chrome=True)

    def wait_for_popups(self, *titles: str) -> None:
        """Wait until the popups on the screen are these: a newer notification takes the place of the one of its tag."""
        wanted = json.dumps(sorted(titles), ensure_ascii=False, separators=(",", ":"))
        found = f"JSON.stringify({_POPUPS}.map((one) => {_TITLE}).sort())"
        self.wait_until(f"{found} === {json.dumps(wanted)}", chrome=True)

    def click_notification(self, title: str) -> None:
        """Click the popup with this title, as a citizen does; `wait_for_tab` then sees where it leads."""
        self.wait_for_popup(title)
        box = f"{_POPUPS}.find((one) => {_TITLE} === {json.dumps(title)}).document.getElementById('alertBox')"
        self.chrome(f"{box}.click();")

    def wait_for_tab(self, url: str, timeout: float = 60) -> None:
        """Wait until a tab of this address has loaded."""
        tabs = "[...Services.wm.getMostRecentWindow('navigator:browser').gBrowser.tabs]"
        loaded = f"one.currentURI.spec === {json.dumps(url)} && !one.webProgress.isLoadingDocument"
        self.wait_until(f"{tabs}.some(({{ linkedBrowser: one }}) => {loaded})", timeout, chrome=True)
