"""Debian's Chromium through Playwright, watched: no request leaves the site's own origin, nothing fails in the console.

::

    with Chromium(site.url) as browser:
        browser.page.goto(site.url)
        browser.push({"web_push": 8030, "notification": {"title": "Crue", "navigate": "/alerte.html"}})
        browser.notification(title="Crue")
        browser.assert_installable()
    # leaving the block fails on a request to a third party, a console error, an uncaught exception

A persistent context, because push is refused in a private one. Without a reachable push service Chromium's
`pushManager.subscribe()` never settles: the real subscription is tested in Firefox, the worker's handler here, through
the DevTools protocol.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# Whatever the page asks for, no name but loopback's is ever resolved. The rest stops the browser's own calls home.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
_REGISTRATION = """const registration = await Promise.race([
  navigator.serviceWorker.ready,
  new Promise((_, reject) => setTimeout(reject, 60000, new Error('no service worker is ready after 60 s'))),
]);"""
_SHOWN = f"""async () => {{ {_REGISTRATION}
  return (await registration.getNotifications()).map(({{ title, body, tag, lang, data }}) =>
    ({{ title, body, tag, lang, data }})); }}"""


class Chromium:
    """One browser on one site. `profile` keeps its data for a second start; `options` go to Playwright's context."""

    def __init__(self, origin: str, *, profile: Path | None = None, guard: bool = True, **options: Any) -> None:
        parts = urlsplit(origin)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.third_party: list[str] = []
        self.console_errors: list[str] = []
        self._guard = guard
        self._profile = profile
        self._options = {"locale": "fr-FR", "timezone_id": "Europe/Paris", **options}

    def __enter__(self) -> Chromium:
        self._folder = tempfile.TemporaryDirectory(prefix="beffroi-chromium-", ignore_cleanup_errors=True)
        self._playwright = sync_playwright().start()
        try:
            self.context = self._launch()
        except BaseException:
            self._playwright.stop()
            self._folder.cleanup()
            raise
        self.context.set_default_timeout(60_000)
        self.context.grant_permissions(["notifications"], origin=self.origin)
        # The context also tells of the worker's own requests, which the page does not see.
        self.context.on("request", self._saw)
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self.console_errors.append(str(error.error)))
        self._active: list[str] = []
        self._handled: list[str] = []
        self.page: Page = self.context.pages[0] if self.context.pages else self.context.new_page()
        self._workers = self.session()
        self._workers.on("ServiceWorker.workerVersionUpdated", self._worker_changed)
        self._workers.on("ServiceWorker.workerErrorReported", self._worker_failed)
        self._workers.send("ServiceWorker.enable")
        self._workers.on("BackgroundService.backgroundServiceEventReceived", self._logged)
        self._workers.send("BackgroundService.setRecording", {"shouldRecord": True, "service": "pushMessaging"})
        self._workers.send("BackgroundService.startObserving", {"service": "pushMessaging"})
        return self

    def _launch(self) -> BrowserContext:
        return self._playwright.chromium.launch_persistent_context(
            str(self._profile or self._folder.name),
            executable_path=CHROMIUM,
            headless=True,
            args=list(ARGUMENTS),
            **self._options,
        )

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.context.close()
        finally:
            self._playwright.stop()
            self._folder.cleanup()
        # A test that already fails keeps its own reason.
        if self._guard and kind is None:
            self.assert_clean()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(f"{message.text} ({message.location.get('url')})")

    def _saw(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"data", "blob", "about", "chrome", "chrome-extension"}:
            return
        if f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.third_party.append(f"{request.method} {request.url}")

    def assert_clean(self) -> None:
        """No request left the site's origin; nothing failed in the console."""
        assert not self.third_party, "requests to third parties:\n  " + "\n  ".join(self.third_party)
        assert not self.console_errors, "errors in the console:\n  " + "\n  ".join(self.console_errors)

    def wait_until(self, expression: str, timeout: float = 60) -> None:
        """Wait until a JavaScript expression is true. Playwright's own way is an eval(), which our pages forbid."""
        script = f"""async () => {{
            const end = Date.now() + {timeout * 1000};
            while (!({expression})) {{
              if (Date.now() > end) throw new Error("not seen within {timeout} s\\n" + document.body.innerText);
              await new Promise((next) => setTimeout(next, 25));
            }} }}"""
        self.page.evaluate(script)

    # Install

    def session(self) -> CDPSession:
        """A DevTools session of the current page."""
        return self.context.new_cdp_session(self.page)

    def manifest_errors(self) -> list[str]:
        """What Chromium finds wrong in the page's web app manifest."""
        answer = self.session().send("Page.getAppManifest")
        if not answer.get("url"):
            return ["no manifest"]
        return [str(one["message"]) for one in answer["errors"]]

    def installability_errors(self) -> list[str]:
        """Why Chromium would not offer to install the site: its error ids, with their arguments."""
        found = self.session().send("Page.getInstallabilityErrors")["installabilityErrors"]
        return [f"{one['errorId']} {json.dumps(one['errorArguments'])}" for one in found]

    def assert_installable(self) -> None:
        """The manifest is whole and the site can be installed."""
        assert self.manifest_errors() + self.installability_errors() == []

    # Push

    def push(self, payload: object) -> None:
        """Deliver a push to the page's worker, and wait for the end of its handler; a handler that throws fails.

        The payload: a value as JSON, or a str as it is ("" for no payload).
        """
        data = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
        order = {"origin": self.origin, "registrationId": self._active_registration(), "data": data}
        self._handled.clear()
        self._workers.send("ServiceWorker.deliverPushMessage", order)
        # getNotifications() forgets a notification that it finds between its record and its display: nobody may look
        # before the handler's waitUntil is over, which DevTools' own log of background services tells.
        self._wait(lambda: bool(self._handled), "the worker's push handler did not end")
        assert self._handled[0] == "Success", f"the worker's push handler failed: {self._handled[0]}"

    def _wait(self, there: Callable[[], bool], otherwise: str, timeout: float = 60) -> None:
        """Events arrive while Playwright runs: a breath of the page lets it."""
        end = time.monotonic() + timeout
        while not there() and time.monotonic() < end:
            self.page.evaluate("() => new Promise((next) => setTimeout(next, 20))")
        assert there(), f"{otherwise} within {timeout} s"

    def _active_registration(self) -> str:
        """The site's registration, once its worker is activated: delivered earlier, a push is lost without a word."""
        self._wait(lambda: bool(self._active), f"no service worker of {self.origin} was active")
        return self._active[-1]

    def _worker_failed(self, event: dict[str, Any]) -> None:
        self.console_errors.append(f"service worker: {event['errorMessage']['errorMessage']}")

    def _worker_changed(self, event: dict[str, Any]) -> None:
        for version in event["versions"]:
            if version["scriptURL"].startswith(self.origin + "/") and version["status"] == "activated":
                self._active.append(str(version["registrationId"]))

    def _logged(self, event: dict[str, Any]) -> None:
        logged = event["backgroundServiceEvent"]
        if logged["eventName"] == "Push event completed":
            metadata = {one["key"]: one["value"] for one in logged["eventMetadata"]}
            self._handled.append(str(metadata.get("Status", metadata)))

    def notifications(self) -> list[dict[str, Any]]:
        """What the page's registration shows now."""
        found: list[dict[str, Any]] = self.page.evaluate(_SHOWN)
        return found

    def notification(self, **wanted: object) -> dict[str, Any]:
        """The notification shown whose fields are `wanted`: `title="..."`, `tag="..."`; none means any."""
        shown = self.notifications()
        for one in shown:
            if all(one[name] == value for name, value in wanted.items()):
                return one
        raise AssertionError(f"no notification with {wanted}; shown: {shown}")

    def close_notifications(self) -> None:
        """Wipe what is shown, as a citizen does."""
        script = "(await registration.getNotifications()).forEach((one) => one.close());"
        self.page.evaluate(f"async () => {{ {_REGISTRATION} {script} }}")
