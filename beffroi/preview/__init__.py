"""Preview: one local page that shows an item on every channel side by side, before anybody else sees it.

::

    stage.Stage        the files as they are now, drafts and future items included, at any instant
    panes.PANES        name → pane: each channel fills its own
    app.application    the page, the panes, the built site below them; reloads when a file is saved

Nothing here writes to `output/`, to `var/www` or to the ledger.
"""
